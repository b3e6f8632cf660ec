package erf

import (
	"encoding/binary"
	"io"
	"testing"

	"github.com/wiretale/wiretale/format/formattest"
	"github.com/wiretale/wiretale/trace"
)

// record is one ERF record; extensions is how many headers follow the first.
func record(kind byte, sec uint64, extensions int, frame string) []byte {
	b := binary.LittleEndian.AppendUint64(nil, sec<<32|1<<31)
	sub := layouts[kind].sub
	k := kind
	if extensions > 0 {
		k |= 0x80
	}
	b = append(b, k, 2)
	b = binary.BigEndian.AppendUint16(b, uint16(headerLen+extensions*extensionLen+sub+len(frame)))
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(frame)+4))
	for i := range extensions {
		more := byte(0)
		if i+1 < extensions {
			more = 0x80
		}
		b = append(b, more, 0, 0, 0, 0, 0, 0, 0)
	}
	return append(append(b, make([]byte, sub)...), frame...)
}

func file() []byte {
	b := append(record(2, 1000, 0, "ethernet"), record(22, 1000, 2, "E ip")...)
	b = append(b, record(typePad, 0, 0, "pad")...)
	return append(append(b, record(1, 1001, 0, "\x0f\x00hdlc")...), record(typeMeta, 1001, 1, "meta")...)
}

func TestRecords(t *testing.T) {
	res := formattest.Read(t, Format, file(), true)
	if res.Err != io.EOF || len(res.Records) != 4 {
		t.Fatalf("%d records, %v", len(res.Records), res.Err)
	}
	links := []trace.LinkType{trace.LinkEthernet, trace.LinkIPv4, trace.LinkCHDLC, 0}
	data := []string{"ethernet", "E ip", "\x0f\x00hdlc", "meta"}
	for i, r := range res.Records {
		if r.Link != links[i] || string(r.Data) != data[i] || r.Interface != 2 {
			t.Errorf("record %d: %+v", i, r)
		}
	}
	if r := res.Records[0]; r.Time != 1000_500_000_000 || r.FCS != 4 || r.WireLen != 12 {
		t.Errorf("%+v", r)
	}
	if !Sniff(file()) || Sniff([]byte("some text that is no capture at all, of more than one header")) {
		t.Error("sniff")
	}
}

func TestCutAtEveryByte(t *testing.T) { formattest.Cut(t, Format, file()) }

func FuzzERF(f *testing.F) { formattest.Fuzz(f, Format, file(), record(2, 5, 1, "x")) }
