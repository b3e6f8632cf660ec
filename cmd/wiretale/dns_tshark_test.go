package main

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// named are DNS and its kin.
var named = []proto.ID{proto.DNS, proto.DNSStream, proto.MDNS, proto.LLMNR}

func carriesDNS(p *packet.Packet) bool {
	return slices.ContainsFunc(p.Layers[:p.N], func(l packet.Layer) bool { return slices.Contains(named, l.Proto) })
}

// dnsColumns are what is compared of each frame.
func dnsColumns(t *testing.T) []string {
	return append([]string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}, fieldsOf(t, "dns.")...)
}

// dnsAccepted is why a value may differ.
func dnsAccepted(name, got, want string, row []string) string {
	info := row[3]
	broken := strings.Contains(info, "[Malformed Packet]") || strings.Contains(info, "[BoundErrorUnreassembled Packet]")
	switch {
	case name == listColumn+"Info" && strings.HasPrefix(want, "Destination unreachable"):
		return "requests"
	case name == "frame.protocols" && strings.HasPrefix(want, "netmon_header:"):
		return "recorder"
	case name == "dns.rr.udp_payload_size" && strings.HasPrefix(want, "0x"):
		return "one-base"
	case name == listColumn+"Info" && strings.Contains(want, "[Malformed Packet]") && strings.HasPrefix(got, strings.TrimSuffix(want, "[Malformed Packet]")):
		return "name-unchecked"
	case broken && strings.HasPrefix(name, "dns.") && (within(occurrences(got), occurrences(want)) || within(occurrences(want), occurrences(got))):
		return "broken-off"
	}
	return ""
}

// TestDNSIsTsharks compares protocol, Info and all fields of DNS, multicast DNS and LLMNR with what tshark prints for them.
func TestDNSIsTsharks(t *testing.T) {
	t.Parallel()
	c := comparison{
		filter: "dns || mdns || llmnr", patterns: []string{"app/*dns*", "app/*", "formats/*", "link/*", "smb2/*FASOD*", "smb2/ms/*", "tso/*", "bad/*", "netmon/*"},
		names: dnsColumns(t), take: carriesDNS, accepted: dnsAccepted, least: 100,
	}
	c.run(t)
}

// Generated messages: each type of record once with data that fits and some times with data that does not.
const (
	dnsTypes    = 112
	dnsMessages = 600
)

// A writer makes messages from random numbers.
type dnsWriter struct{ *rand.Rand }

func (w dnsWriter) name() []byte {
	names := []string{"\x01a\x02bc\x00", "\x00", "\x03www\x07example\x03com\x00", "\xc0\x0c", "\x05_ldap\x04_tcp\x02dc\x00", "\x04a\n\xffb\x00", "\x02\xc3\xa9\x00", "\x01*\x01x\x00"}
	if w.IntN(40) == 0 {
		names = []string{"\xc0\xff", "\x80", "\x61", "\x3f", "\xc0\x0e"}
	}
	return []byte(names[w.IntN(len(names))])
}

func (w dnsWriter) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(w.Uint32())
	}
	return b
}

// data is what fits a type, mostly.
func (w dnsWriter) data(kind uint16) []byte {
	pair := func(n int, more ...[]byte) []byte { return slices.Concat(append([][]byte{w.bytes(n)}, more...)...) }
	switch kind {
	case 1:
		return w.bytes(4)
	case 28:
		return w.bytes(16)
	case 2, 5, 12, 39:
		return w.name()
	case 6:
		return slices.Concat(w.name(), w.name(), w.bytes(20))
	case 15, 36:
		return pair(2, w.name())
	case 33:
		return pair(6, w.name())
	case 13, 16, 99:
		return []byte("\x03abc\x02de")
	case 43, 59:
		return pair(2, []byte{8, 1}, w.bytes(20))
	case 46, 24:
		return pair(18, w.name(), w.bytes(8))
	case 48, 60:
		return pair(2, []byte{3, 8}, w.bytes(12))
	case 47:
		return slices.Concat(w.name(), []byte("\x00\x02\x40\x01"))
	case 64, 65:
		return pair(2, []byte("\x01s\x00\x00\x01\x00\x03\x02h2\x00\x03\x00\x02\x01\xbb\x00\x04\x00\x08"), w.bytes(8))
	case 41:
		return slices.Concat([]byte("\x00\x0a\x00\x08"), w.bytes(8), []byte("\x00\x08\x00\x07\x00\x01\x18\x00"), w.bytes(3))
	}
	return nil
}

// known are the types with data of their own here.
var known = []uint16{1, 2, 5, 6, 12, 13, 15, 16, 24, 28, 33, 36, 39, 41, 43, 46, 47, 48, 59, 60, 64, 65, 99, 258, 12345}

func (w dnsWriter) message() []byte {
	flags := uint16(w.Uint32())
	if w.IntN(3) > 0 {
		flags &= 0x87ff
	}
	counts := [4]uint16{1, uint16(w.IntN(4)), uint16(w.IntN(2)), uint16(w.IntN(2))}
	b := binary.BigEndian.AppendUint16(nil, uint16(w.Uint32()))
	b = binary.BigEndian.AppendUint16(b, flags)
	for _, n := range counts {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	b = append(b, "\x03www\x07example\x03com\x00"...)
	b = binary.BigEndian.AppendUint16(b, uint16(w.IntN(dnsTypes)))
	b = append(b, byte(w.IntN(2)<<7), 1)
	for range counts[1] + counts[2] + counts[3] {
		kind := known[w.IntN(len(known))]
		data := w.data(kind)
		b = append(b, w.name()...)
		b = binary.BigEndian.AppendUint16(b, kind)
		b = append(b, byte(w.IntN(2)<<7), 1, 0, 0, 0, byte(w.Uint32()))
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(data))), data...)
	}
	return b
}

// datagram is a frame of Ethernet and IPv4 with a payload between ports.
func datagram(src, dst uint16, payload []byte) []byte {
	b := append(make([]byte, 12), 8, 0, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(28+len(payload)))
	b = append(b, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2)
	b = binary.BigEndian.AppendUint16(b, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	return append(append(b, 0, 0), payload...)
}

// pcapOf is a capture of frames, one a second.
func pcapOf(frames [][]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 1, 0, 0, 0)
	for i, f := range frames {
		for _, n := range []int{i, 0, len(f), len(f)} {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		}
		b = append(b, f...)
	}
	return b
}

// TestGeneratedDNSIsTsharks compares random messages, whole ones and such that contradict themselves.
func TestGeneratedDNSIsTsharks(t *testing.T) {
	t.Parallel()
	names := dnsColumns(t)
	w := dnsWriter{rand.New(rand.NewPCG(1, 2))}
	var frames [][]byte
	for range dnsMessages {
		port := []uint16{53, 5353, 5355}[w.IntN(3)]
		m := w.message()
		if w.IntN(20) == 0 {
			m = m[:12+w.IntN(len(m)-12)]
		}
		frames = append(frames, datagram(port, port, m))
	}
	file := filepath.Join(t.TempDir(), "dns.pcap")
	if err := os.WriteFile(file, pcapOf(frames), 0o600); err != nil {
		t.Fatal(err)
	}
	c := comparison{filter: "udp", names: names, take: carriesDNS, accepted: dnsAccepted}
	c.file(t, file)
	t.Logf("%d rows and %d values of %d fields compared; accepted differences: %v", c.rows, c.values, len(c.names), c.reasons)
	if c.rows != dnsMessages {
		t.Errorf("%d rows", c.rows)
	}
}
