package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/fixture/smb3"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/proto/smb2"
)

// sessionKeys are those of Wireshark's own captures of SMB 3, by the id of the session (its test suite, suite_decryption.py), and that of the fixtures.
var sessionKeys = []string{
	"2900009c003c0000,f1fa528d3cd182cca67bd4596dabd885,,",
	"3900000000400000,e79161ded03bda1449b2c8e58f753953,,",
	"d6fdb96d00000000,6b559c2e60519e344581d086a6d3d050,,",
	"56dc03ab00000000,6a5004adfbdef1abd5879800675324e5,,",
	"2211000000000000,000102030405060708090a0b0c0d0e0f,,",
}

var fixtureKey = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// opening compares what SMB 3 shows when its keys are known.
func opening(t *testing.T, least int) *comparison {
	c := &comparison{
		filter: "smb2", least: least, secrets: new(secrets.Store), take: carriesSMB, accepted: smbAccepted,
		names: append([]string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}, fieldsOf(t, "smb2.", "nbss.")...),
	}
	if err := c.secrets.Read(strings.NewReader(strings.Join(sessionKeys, "\n")), "keys"); err != nil {
		t.Fatal(err)
	}
	for _, k := range sessionKeys {
		c.options = append(c.options, "-o", "uat:smb2_seskey_list:"+strings.TrimSuffix(k, ",,")+`,"",""`)
	}
	return c
}

// TestOpenedCapturesAreTsharks compares the captures that are encrypted.
func TestOpenedCapturesAreTsharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	c := opening(t, 20)
	c.patterns = []string{"smb2/ws_smb3*"}
	files, _ := filepath.Glob(filepath.Join(captures, c.patterns[0]))
	if len(files) == 0 {
		t.Skip("../shared/captures is not here: no captures to compare")
	}
	each(files, func(file string) { c.file(t, file) })
	c.done(t)
}

// capture writes a connection with these messages of SMB.
func recorded(t *testing.T, name string, messages []smb3.Message) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("-- " + name + ".pcap --\n0 connect 0 out 10.0.0.1:50000 > 10.0.0.2:445\n")
	for i, m := range messages {
		who := [2]string{"request", "response"}[m.Dir]
		frame := append([]byte{0, byte(len(m.Bytes) >> 16), byte(len(m.Bytes) >> 8), byte(len(m.Bytes))}, m.Bytes...)
		var quoted strings.Builder
		for _, b := range frame {
			fmt.Fprintf(&quoted, `\x%02x`, b)
		}
		fmt.Fprintf(&text, "%d.1 send 0 %s \"%s\"\n", i+1, who, quoted.String())
	}
	traces, err := fixture.Parse([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOpenedMessagesAreTsharks compares messages of every dialect and cipher, and of every compression that tshark has.
func TestOpenedMessagesAreTsharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	ask := smb3.Plain(smb2.Read, 0, 0, 9, smb3.Body(49, 49, map[int]uint32{2: 80, 4: 4096, 8: 65536, 16: 7, 24: 9}))
	data := bytes.Repeat([]byte("what compresses well, and "), 158)[:4096]
	answer := append(smb3.Plain(smb2.Read, smb2.Response, 0, 9, smb3.Body(16, 17, map[int]uint32{2: 80, 4: 4096})), data...)
	write := append(smb3.Plain(smb2.Write, 0, 0, 10, smb3.Body(48, 49, map[int]uint32{2: 112, 4: 4096, 16: 7, 24: 9})), data...)
	pattern := append(bytes.Clone(write[:112]), make([]byte, 4096)...)
	c := opening(t, 60)
	for _, of := range [][2]uint16{{0x0300, 1}, {0x0302, 1}, {0x0311, 1}, {0x0311, 2}, {0x0311, 3}, {0x0311, 4}} {
		s := smb3.Meet(of[0], of[1], 1, fixtureKey)
		messages := append(s.Setup, smb3.Message{Bytes: s.Encrypt(0, ask)}, smb3.Message{Dir: 1, Bytes: s.Encrypt(1, answer)},
			smb3.Message{Bytes: s.Encrypt(0, smb3.Unchained(smb2.LZ77, write, 112))})
		c.file(t, recorded(t, fmt.Sprintf("encrypted%d%x", of[1], of[0]), messages))
	}
	s := smb3.Meet(0x0311, smb2.AES128GCM, 1, fixtureKey)
	messages := append(s.Setup, smb3.Message{Bytes: ask})
	for _, algorithm := range []uint16{smb2.LZNT1, smb2.LZ77, smb2.LZ77Huffman} {
		messages = append(messages, smb3.Message{Dir: 1, Bytes: smb3.Unchained(algorithm, answer, 80)}, smb3.Message{Bytes: smb3.Unchained(algorithm, write, 0)},
			smb3.Message{Bytes: smb3.Chained(len(pattern), smb3.Payload(smb2.Uncompressed, true, pattern[:112]), smb3.Payload(smb2.PatternV1, false, pattern[112:]))},
			smb3.Message{Bytes: smb3.Chained(len(write), smb3.Payload(smb2.Uncompressed, true, write[:100]), smb3.Payload(algorithm, false, write[100:]))})
	}
	c.file(t, recorded(t, "compressed", messages))
	c.done(t)
}
