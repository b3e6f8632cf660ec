package view

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
	"github.com/wiretale/wiretale/trace"
)

// layered is a row whose packet consists of one layer, of which missing bytes were not captured.
func layered(id proto.ID, b string, missing int) *engine.Row {
	p := &packet.Packet{Record: &trace.Record{Data: []byte(b)}, N: 1}
	p.Layers[0] = packet.Layer{Proto: id, End: int32(len(b)), Wire: int32(len(b) + missing)}
	return &engine.Row{Record: p.Record, Packet: p}
}

const (
	question = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01"
	answer   = "\x12\x34\x81\x83\x00\x01\x00\x00\x00\x01\x00\x00\x01x\x00\x00\x1c\x80\x01\xc0\x0c\x00\x06\x00\x01\x00\x00\x00\x09\x00\x18\x01m\xc0\x0c\x00aaaaaaaaaaaaaaaaaaa"
	told     = "ServerName;A;InstanceName;I;IsClustered;No;Version;9.0;tcp;1433;;"
)

func TestInfoOfDatagrams(t *testing.T) {
	for _, c := range []struct {
		id      proto.ID
		bytes   string
		missing int
		want    string
	}{
		{proto.DNS, question, 0, "Standard query 0x1234 A www.example.com"},
		{proto.MDNS, question, 0, `Standard query 0x1234 A www.example.com, "QM" question`},
		{proto.LLMNR, question, 0, "Standard query 0x1234 A www.example.com"},
		{proto.DNSStream, "\x00\x21" + question, 0, "Standard query 0x1234 A www.example.com"},
		{proto.DNS, question[:20], 9, "Standard query 0x1234[Packet size limited during capture]"},
		{proto.DNS, question[:20], 0, "Standard query 0x1234[Malformed Packet]"},
		{proto.DNS, question[:7], 0, "Standard query 0x1234[Malformed Packet]"},
		{proto.DNS, answer, 0, "Standard query response 0x1234 No such name AAAA x SOA m.x"},
		{proto.MDNS, answer, 0, `Standard query response 0x1234 No such name AAAA x, "QU" question SOA m.x`},
		{proto.DNS, strings.Replace(answer, "\x81\x83", "\x98\x0f", 1), 0, "Unknown operation (3) response 0x1234 Unknown error (15) AAAA x SOA m.x"},
		{proto.SSRP, "\x02", 0, "SQL Browser query to all hosts"},
		{proto.SSRP, "\x03", 0, "SQL Browser query for all instances"},
		{proto.SSRP, "\x04\x11\x33CSa|\x00", 0, `SQL Browser query for instance \x113CSa|`},
		{proto.SSRP, "\x0f\x01SQL\x00", 0, "SQL Browser query for the administrator port of instance SQL"},
		{proto.SSRP, "\x05\x06\x00\x01\x9a\x05", 0, "SQL Browser response administrator port 1434"},
		{proto.SSRP, "\x05" + string(rune(len(told))) + "\x00" + told, 0, `SQL Browser response A\I tcp 1433`},
		{proto.SSRP, "\x05\x46\x01" + strings.Repeat(told, 5)[:300], 26, `SQL Browser response A\I tcp 1433, A\I tcp 1433, A\I tcp 1433, A\I tcp 1433, 1 more[Packet size limited during capture]`},
	} {
		if got := infos[c.id](layered(c.id, c.bytes, c.missing), 0); got != c.want {
			t.Errorf("%s %q:\n got %s\nwant %s", c.id, c.bytes, got, c.want)
		}
	}
}

// smbFrame is a frame with messages of SMB 2 in a chain.
func smbFrame(messages ...string) []byte {
	b := []byte{0, 0, 0, 0}
	for i, m := range messages {
		one := []byte(m)
		if i < len(messages)-1 {
			binary.LittleEndian.PutUint32(one[20:], uint32(len(one)))
		}
		b = append(b, one...)
	}
	b[3] = byte(len(b) - 4)
	return b
}

// smb2Message is a header of a command with a body.
func smb2Message(command, flags byte, status uint32, body string) string {
	b := append([]byte("\xfeSMB\x40\x00\x01\x00"), make([]byte, 56)...)
	binary.LittleEndian.PutUint32(b[8:], status)
	b[12], b[16] = command, flags
	return string(b) + body
}

func TestInfoOfSMB(t *testing.T) {
	fid := strings.Repeat("\xff", 16)
	create := smb2Message(5, 0, 0, "\x39\x00"+strings.Repeat("\x00", 42)+"\x78\x00\x04\x00"+strings.Repeat("\x00", 8)+"a\x00b\x00"+strings.Repeat("\x00", 4))
	info := smb2Message(16, 4, 0, "\x29\x00\x01\x12"+strings.Repeat("\x00", 20)+fid+"\x00")
	for _, c := range []struct {
		bytes []byte
		want  string
	}{
		{smbFrame(create), "Create Request File: ab"},
		{smbFrame(create, info), "Create Request File: ab;GetInfo Request FILE_INFO/SMB2_FILE_ALL_INFO"},
		{smbFrame(smb2Message(8, 1, 0xc0000011, "\x09\x00")), "Read Response, Error: STATUS_END_OF_FILE"},
		{smbFrame(smb2Message(8, 0, 0, "\x31\x00\x50\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00")), "Read Request Len:65536 Off:131072"},
		{smbFrame(smb2Message(18, 1, 0, "\x2c\x00"+strings.Repeat("\x00", 42))), "Lease Break Notification"},
		{smbFrame(smb2Message(11, 1, 0, "\x31\x00\x00\x00\xf2\x40\x14\x00")), "Ioctl Response FSCTL_SRV_COPYCHUNK"},
		{smbFrame(smb2Message(13, 0, 0, "\x04\x00")), "KeepAlive Request"},
		{[]byte("\x00\x00\x00\x34\xfdSMB" + strings.Repeat("x", 48)), "Encrypted SMB3"},
		{[]byte("\x00\x00\x00\x20\xffSMB\x72\x00\x00\x00\x00\x18\x53\xc8" + strings.Repeat("\x00", 20)), "Negotiate Protocol Request"},
		{[]byte("\x85\x00\x00\x00"), "Session keep-alive"},
		{[]byte("\x82\x00\x00\x00"), "Positive session response"},
	} {
		row := layered(proto.NBSS, string(c.bytes), 0)
		row.Packet.N = 0
		all.SMBLayers(c.bytes, len(c.bytes), func(l proto.UnitLayer) {
			row.Packet.Layers[row.Packet.N] = packet.Layer{Proto: l.ID, Off: int32(l.Off), End: int32(l.Off + l.Len), Wire: int32(l.Off + l.Len)}
			row.Packet.N++
		})
		got := ""
		for i := range row.Packet.N {
			got += infos[row.Packet.Layers[i].Proto](row, i)
		}
		if got != c.want {
			t.Errorf("%x:\n got %s\nwant %s", c.bytes, got, c.want)
		}
	}
}
