package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/proto"
)

// tdsComparison holds protocol, Info and all fields of TDS against tshark's.
func tdsComparison(t *testing.T) *comparison {
	return &comparison{
		filter: "tds", patterns: []string{"app/*tds*"},
		names: append([]string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}, fieldsOf(t, "tds.")...),
		take:  carries(proto.TDS), accepted: tdsAccepted, least: 6,
	}
}

// tdsAccepted is why a value may differ: tshark shows a message of several packets with the last one.
func tdsAccepted(name, got, want string, row []string) string {
	switch {
	case name == "frame.protocols" && want == got+":data":
		return "first-packet"
	case name == "tds.query" && (strings.Contains(row[3], "Not last") || strings.HasPrefix(want, "SELECT 2")):
		return "first-packet"
	case name == listColumn+"Info" && strings.TrimSuffix(want, "[Malformed Packet]") == got:
		return "broken-off"
	}
	return ""
}

// TestTDSIsTsharks compares the captures that have TDS.
func TestTDSIsTsharks(t *testing.T) {
	t.Parallel()
	tdsComparison(t).run(t)
}

// A segmentTalk writes the segments of a connection.
type segmentTalk struct {
	ports  [2]uint16 // of the client, and of the server
	seq    [2]uint32
	frames [][]byte
}

// say adds a segment of TCP from one side: 0 is the client.
func (k *segmentTalk) say(dir int, payload string) {
	hosts := [2]byte{1, 2}
	b := append(make([]byte, 12), 8, 0, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(40+len(payload)))
	b = append(b, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, hosts[dir], 192, 0, 2, hosts[1-dir])
	b = binary.BigEndian.AppendUint16(b, k.ports[dir])
	b = binary.BigEndian.AppendUint16(b, k.ports[1-dir])
	b = binary.BigEndian.AppendUint32(b, k.seq[dir])
	b = binary.BigEndian.AppendUint32(b, k.seq[1-dir])
	b = append(b, 0x50, 0x18, 32, 0, 0, 0, 0, 0)
	k.frames = append(k.frames, append(b, payload...))
	k.seq[dir] += uint32(len(payload))
}

func tdsPacket(kind, status, number byte, payload string) string {
	n := 8 + len(payload)
	return string([]byte{kind, status, byte(n >> 8), byte(n), 0, 0, number, 0}) + payload
}

// tdsText is UTF-16 of ASCII.
func tdsText(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.Write([]byte{c, 0})
	}
	return b.String()
}

// tdsSaid is an error or a message.
func tdsSaid(kind byte, number uint64, text string) string {
	body := littleNumber(number, 4) + "\x01\x10" + littleNumber(uint64(len(text)), 2) + tdsText(text) + "\x03" + tdsText("SRV") + "\x00" + littleNumber(7, 4)
	return string([]byte{kind}) + littleNumber(uint64(len(body)), 2) + body
}

func tdsDone(kind byte, status, rows uint64) string {
	return string([]byte{kind}) + littleNumber(status, 2) + littleNumber(0xc1, 2) + littleNumber(rows, 8)
}

// TestGeneratedTDSIsTsharks compares a connection that has each kind of packet.
func TestGeneratedTDSIsTsharks(t *testing.T) {
	t.Parallel()
	c := tdsComparison(t)
	headers := littleNumber(22, 4) + littleNumber(18, 4) + littleNumber(2, 2) + littleNumber(0, 8) + littleNumber(1, 4)
	rows := "\x81\x01\x00" + littleNumber(0, 4) + "\x08\x00\x38\x01" + tdsText("a") + "\xd1" + littleNumber(5, 4)
	k := segmentTalk{ports: [2]uint16{40000, 1433}}
	k.say(0, tdsPacket(1, 1, 1, headers+tdsText("SELECT 1\nFROM x")))
	k.say(1, tdsPacket(4, 1, 1, tdsSaid(0xaa, 208, "Invalid object name 'x'.")+tdsDone(0xfd, 2, 0)))
	k.say(0, tdsPacket(1, 0, 1, headers+tdsText("SELECT 2"+strings.Repeat(" ", 100))))
	k.say(0, tdsPacket(1, 1, 2, tdsText("FROM y")))
	k.say(1, tdsPacket(4, 0, 1, tdsSaid(0xab, 5701, "info"))+tdsPacket(4, 1, 2, tdsDone(0xfd, 0x10, 3)))
	k.say(0, tdsPacket(3, 1, 1, headers+"\xff\xff\x0a\x00\x00\x00\x00\x00\xe7"+littleNumber(8000, 2)+"\x09\x04\xd0\x00\x34"+littleNumber(20, 2)+tdsText("SELECT @p1")))
	k.say(1, tdsPacket(4, 1, 1, "\x79"+littleNumber(0, 4)+tdsDone(0xfe, 0, 0)))
	k.say(0, tdsPacket(3, 1, 1, headers+littleNumber(7, 2)+tdsText("sp_help")+"\x02\x00"))
	k.say(1, tdsPacket(4, 1, 1, tdsDone(0xff, 1, 1)+tdsDone(0xfe, 0, 0)))
	k.say(0, tdsPacket(6, 1, 1, ""))
	k.say(1, tdsPacket(4, 1, 1, tdsDone(0xfd, 0x20, 0)))
	k.say(0, tdsPacket(14, 1, 1, headers+"\x05\x00\x00\x00"))
	k.say(1, tdsPacket(4, 1, 1, "\xe3\x0b\x00\x08\x08"+littleNumber(77, 8)+"\x00"+tdsDone(0xfd, 0, 0)))
	k.say(1, tdsPacket(4, 1, 1, rows+tdsDone(0xfd, 0x10, 1)))
	k.say(0, tdsPacket(18, 1, 1, "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"))
	file := filepath.Join(t.TempDir(), "tds.pcap")
	if err := os.WriteFile(file, pcapOf(k.frames), 0o600); err != nil {
		t.Fatal(err)
	}
	c.file(t, file)
	t.Logf("%d rows and %d values compared; accepted differences: %v", c.rows, c.values, c.reasons)
	if c.rows != len(k.frames) {
		t.Errorf("%d of %d rows compared", c.rows, len(k.frames))
	}
}
