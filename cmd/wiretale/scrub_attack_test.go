package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// attacked are connections with names, addresses and passwords in all places that their protocols have for them, and what tshark is to find in them afterwards.
var attacked = []struct {
	name, talk string
	port       uint16
	fields     []string // that pass as filters
}{
	{"smtp", `S: 220 mail.acme.example ESMTP acme\n
C: EHLO laptop7.acme.example\n
S: 250-mail.acme.example hello laptop7 [10.1.2.3]\n250-SIZE 1000\n250 AUTH PLAIN LOGIN\n
C: AUTH PLAIN AGpvaG4AaHVudGVyMg==\n
S: 535 5.7.8 john is wrong\n
C: AUTH LOGIN\n
S: 334 VXNlcm5hbWU6\n
C: am9obg==\n
S: 334 UGFzc3dvcmQ6\n
C: aHVudGVyMg==\n
S: 235 2.7.0 hello john\n
C: MAIL FROM:<john@acme.example> SIZE=120 AUTH=john\n
S: 250 2.1.0 ok\n
C: RCPT TO:<mary@partner.example> NOTIFY=NEVER ORCPT=rfc822;mary@partner.example\n
S: 250 2.1.5 ok\n
C: DATA\n
S: 354 go on john\n
C: From: "John" <john@acme.example>\nX-Acme: merger\nSubject: merger\n\nhunter2 of John\n..\nTo: mary\n.\n
S: 250 2.0.0 queued for mary\n
C: john hunter2\n
S: 500 what is hunter2\n
C: QUIT\n
`, 25, []string{"smtp.req.command == EHLO", "smtp.req.command == MAIL", `smtp.req.parameter contains "FROM:<"`, "smtp.response.code == 250", `smtp.rsp.parameter contains "SIZE 1000"`, "smtp.eom || imf"}},
	{"pop", `S: +OK POP3 mail.acme.example <1896.697@acme.example>\n
C: USER john\n
S: +OK john\n
C: PASS hunter2\n
S: -ERR not hunter2\n
C: APOP john c4c9334bac560ecc979e58001b3e22fb\n
S: +OK\n
C: AUTH PLAIN\n
S: + \n
C: AGpvaG4AaHVudGVyMg==\n
S: +OK john\n
C: LIST\n
S: +OK 2 messages of john\n1 120\n2 200\n.\n
C: UIDL 1\n
S: +OK 1 john-merger-17\n
C: RETR 1\n
S: +OK 120 octets\nFrom: mary@partner.example\nReceived: from laptop7 (10.1.2.3)\n\nmerger\n+OK john\n.\n
C: hunter2\n
S: -ERR hunter2\n
`, 110, []string{"pop.request.command == USER", "pop.request.command == RETR", `pop.response.indicator == "+OK"`, `pop.response.indicator == "-ERR"`}},
	{"imap", `S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] IMAP4rev1 mail.acme.example [10.1.2.3]\n
C: a1 LOGIN john hunter2\n
S: a1 NO [ALERT] john is not hunter2\n
C: a2 LOGIN "john" {7}\n
S: + go on john\n
C: hunter2\n
S: a2 OK john\n
C: a3 SELECT "merger of acme"\n
S: * FLAGS (\Answered \Seen merger)\n* 3 EXISTS\n* OK [UIDNEXT 4392] john\na3 OK [READ-WRITE] done\n
C: a4 UID FETCH 1:3 (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT "x-acme")] "john")\n
S: * 1 FETCH (UID 7 FLAGS (\Seen) ENVELOPE ("1" "merger" (("John" NIL "john" "acme.example"))) BODY[] {30}\nFrom: mary@partner.example\n\nmm)\na4 OK\n
C: a6 AUTHENTICATE PLAIN\n
S: + am9obg==\n
C: AGpvaG4AaHVudGVyMg==\n
S: a6 OK\n
C: a7 hunter2 john\n
S: a7 BAD hunter2\n
`, 143, []string{"imap.request.command == LOGIN", `imap.request.command contains "FETCH" || imap.request.command == "uid"`, "imap.response.status == OK", "imap.request.command == SELECT"}},
}

// attackedSecrets are what must not be found in a scrubbed capture, however it is written.
func attackedSecrets() (list [][]byte) {
	for _, word := range []string{"john", "acme", "hunter2", "merger", "mary", "laptop7", "partner", "c4c9334bac560ecc979e58001b3e22fb", "AGpvaG4AaHVudGVyMg", "am9obg", "aHVudGVyMg"} {
		list = append(list, []byte(word))
		var wide []byte
		for _, u := range utf16.Encode([]rune(word)) {
			wide = binary.LittleEndian.AppendUint16(wide, u)
		}
		list = append(list, wide)
		for _, before := range []string{"", "a", "ab"} { // a word has three forms, by where it begins; what the bytes around it change is left out
			text := base64.RawStdEncoding.EncodeToString([]byte(before + word))
			if inner := text[(len(before)*4+2)/3 : len(text)-1]; len(inner) > 3 {
				list = append(list, []byte(strings.ToLower(inner)))
			}
		}
	}
	return append(list, []byte{10, 1, 2, 3}, []byte{0, 0x11, 0x22, 0x33, 0x44, 0x66}, []byte("10.1.2.3"), []byte{0x0a, 0x01, 0x02, 0x01})
}

// dhcpOf is a datagram of DHCP with options, in a frame.
func dhcpOf(op, kind byte, options ...string) []byte {
	b := append([]byte{op, 1, 6, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0}, 10, 1, 2, 3, 10, 1, 2, 3, 10, 1, 2, 1, 0, 0, 0, 0)
	b = append(append(b, 0, 0x11, 0x22, 0x33, 0x44, 0x66), make([]byte, 10)...)
	b = append(append(b, "mail.acme.example"...), make([]byte, 64-17+128)...)
	b = append(b, 0x63, 0x82, 0x53, 0x63, 53, 1, kind)
	for _, o := range options {
		b = append(append(b, o[0], byte(len(o)-1)), o[1:]...)
	}
	b = append(b, 255)
	ports := []byte{0, 68, 0, 67}
	if op == 2 {
		ports = []byte{0, 67, 0, 68}
	}
	frame := append(make([]byte, 6), 0, 0x11, 0x22, 0x33, 0x44, 0x66, 8, 0, 0x45, 0)
	frame = binary.BigEndian.AppendUint16(frame, uint16(28+len(b)))
	frame = append(append(frame, 0, 1, 0, 0, 64, 17, 0, 0, 10, 1, 2, 3, 10, 1, 2, 1), ports...)
	return append(binary.BigEndian.AppendUint16(frame, uint16(8+len(b))), append([]byte{0, 0}, b...)...)
}

// TestScrubAttacked: nothing that was put into connections of mail and messages of DHCP is found in what scrub writes, and tshark reads what it is.
func TestScrubAttacked(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte("a key of 16 bytes or more"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(name string, frames [][]byte, filters []string) {
		file, out := filepath.Join(dir, name+".pcap"), filepath.Join(dir, name+".pcapng")
		if err := os.WriteFile(file, pcapOf(frames), 0o600); err != nil {
			t.Fatal(err)
		}
		var errs strings.Builder
		if code := run(t.Context(), []string{"scrub", "-q", "--key-file", key, file, "-w", out}, strings.NewReader(""), &errs, &errs); code != exitOK {
			t.Fatalf("%s: exit code %d: %s", name, code, errs.String())
		}
		for i, p := range packetsOf(t, out) {
			for _, secret := range attackedSecrets() {
				if at := bytes.Index(bytes.ToLower(p), bytes.ToLower(secret)); at >= 0 && at > 20 {
					t.Errorf("%s: packet %d has %q at byte %d: %q", name, i+1, secret, at, p[max(0, at-20):min(len(p), at+20)])
				}
			}
		}
		tshark, err := exec.LookPath("tshark")
		if err != nil {
			return
		}
		for _, filter := range append(filters, "not _ws.malformed") {
			if list, err := exec.Command(tshark, "-n", "-r", out, "-Y", filter).Output(); err != nil || len(list) == 0 {
				t.Errorf("%s: nothing passes %s: %v", name, filter, err)
			}
		}
		if list, err := exec.Command(tshark, "-n", "-r", out, "-Y", "_ws.malformed").Output(); err != nil || len(list) > 0 {
			t.Errorf("%s: malformed to tshark: %s %v", name, list, err)
		}
	}
	for _, c := range attacked {
		k := segmentTalk{ports: [2]uint16{40000, c.port}}
		for one := range strings.Lines(c.talk) {
			k.say(strings.Index("CS", one[:1]), strings.ReplaceAll(strings.TrimSuffix(one[3:], "\n"), `\n`, "\r\n"))
		}
		check(c.name, k.frames, c.fields)
	}
	check("dhcp", [][]byte{
		dhcpOf(1, 3, "\x0claptop7", "\x3d\x01\x00\x11\x22\x33\x44\x66", "\x3cacme", "\x51\x00\x00\x00laptop7.acme.example", "\x37\x01\x03\x06\x0f", "\x32\x0a\x01\x02\x03", "\x4d\x04john", "\x7d\x00\x00\x00\x00\x04acme"),
		dhcpOf(2, 5, "\x01\xff\xff\xff\x00", "\x03\x0a\x01\x02\x01", "\x06\x0a\x01\x02\x01\x0a\x01\x02\x03", "\x0facme.example", "\x33\x00\x00\x0e\x10", "\x36\x0a\x01\x02\x01", "\x77\x04acme\x07example\x00", "\x79\x18\x0a\x01\x02\x0a\x01\x02\x01", "\x51\x04\x00\x00\x07laptop7\x04acme\x00", "\x2b\x01\x04john", "\x52\x01\x04john\x02\x04mary"),
	}, []string{"dhcp.option.dhcp == 3", "dhcp.option.hostname", "dhcp.option.dhcp == 5 && dhcp.option.ip_address_lease_time == 3600", "dhcp.option.subnet_mask == 255.255.255.0 && dhcp.option.router", "dhcp.option.request_list_item == 6"})
}
