package packet

import (
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// sameAsWalk decodes the frame both ways, into packets that hold the rests of
// another one, and reports whether the short way took it.
func sameAsWalk(t *testing.T, r *trace.Record) bool {
	t.Helper()
	var d Decoder
	var short, long Packet
	stale := trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: staleFrame(), WireLen: len(staleFrame())}
	d.walk(&stale, &short)
	d.walk(&stale, &long)
	took := plain(r, &short)
	if _, ok := PairOf(r.Link, r.Data, r.WireLen); ok != took && r.FCS == 0 {
		t.Fatalf("frame %d % x\na pair is told: %v, the short way takes it: %v", r.Pos.Number, r.Data[:min(len(r.Data), 80)], ok, took)
	}
	if !took {
		return false
	}
	d.walk(r, &long)
	clear(short.Layers[short.N:])
	clear(long.Layers[long.N:])
	short.err, long.err = trace.Error{}, trace.Error{}
	if short.IPProto != protoTCP {
		short.TCP, long.TCP = tcp.Header{}, tcp.Header{}
	}
	if !reflect.DeepEqual(long, short) {
		t.Fatalf("frame %d % x\nthe walk (-) and the short way (+) differ:\n%s", r.Pos.Number, r.Data[:min(len(r.Data), 80)],
			cmp.Diff(long, short, cmp.AllowUnexported(Packet{}), cmpopts.EquateComparable(long.Src), cmpopts.IgnoreFields(Packet{}, "Record")))
	}
	return true
}

// staleFrame is an ICMP error inside a tunnel: it fills fields that others leave alone.
func staleFrame() []byte {
	quoted := []byte{0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 9, 9, 9, 9, 8, 8, 8, 8, 1, 2, 3, 4, 0, 8, 0, 0}
	icmp := append([]byte{3, 3, 0, 0, 0, 0, 0, 0}, quoted...)
	ip := append([]byte{0x45, 0, 0, byte(20 + len(icmp)), 0, 1, 0, 0, 64, 1, 0, 0, 7, 7, 7, 7, 6, 6, 6, 6}, icmp...)
	return append([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x81, 0, 0, 5, 8, 0}, ip...)
}

func TestPlainIsWalk(t *testing.T) {
	const root = "../../../shared/captures"
	if _, err := os.Stat(root); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	frames, short := 0, 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rd, err := formats.Open(path, formats.Options{})
		if err != nil {
			return nil
		}
		defer rd.Close()
		var r trace.Record
		for rd.Next(&r) == nil {
			if r.Kind == trace.Packet {
				frames++
				if sameAsWalk(t, &r) {
					short++
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d frames decode the short way, as the walk does", short, frames)
	if short == 0 {
		t.Error("no frame took the short way")
	}
}

// FuzzPlain bends a good frame of either transport.
func FuzzPlain(f *testing.F) {
	segment := make([]byte, 70)
	copy(segment[12:], []byte{8, 0, 0x45, 0, 0, 52, 0, 1, 0x40, 0, 64, 6, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 2, 0x60, 0x10})
	udp := make([]byte, 60)
	copy(udp[12:], []byte{8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 17, 0, 0, 1, 2, 3, 4, 224, 6, 7, 8, 0, 80, 0, 81, 0, 20})
	six := make([]byte, 80)
	copy(six[12:], []byte{0x86, 0xdd, 0x60, 0, 0, 0, 0, 21, 6, 64})
	six[66] = 0x50
	f.Add(six, uint16(0), uint8(0))
	f.Add(segment, uint16(0), uint8(0))
	f.Add(udp, uint16(0), uint8(0))
	f.Add(segment, uint16(16), uint8(53))
	f.Fuzz(func(t *testing.T, data []byte, at uint16, value uint8) {
		switch {
		case len(data) > 60 && data[12] == 0x86:
			copy(data[12:], []byte{0x86, 0xdd, 0x60})
			data[int(at)%len(data)] = value
		case len(data) > 24:
			copy(data[12:], []byte{8, 0, 0x45})
			binary.BigEndian.PutUint16(data[20:], binary.BigEndian.Uint16(data[20:])&0xc000)
			data[int(at)%len(data)] = value
		}
		r := trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: data, WireLen: len(data)}
		sameAsWalk(t, &r)
	})
}
