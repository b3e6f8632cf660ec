package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/proto"
)

// mailComparison holds protocol, Info and all fields of a protocol of mail against tshark's.
func mailComparison(t *testing.T, name string, id proto.ID, accepted func(name, got, want string, row []string) string) *comparison {
	return &comparison{
		filter: name, names: append([]string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}, fieldsOf(t, name+".")...),
		take: carries(id), accepted: func(field, got, want string, row []string) string {
			if field == "frame.protocols" && strings.HasPrefix(want, got+":") {
				return "body-layers"
			}
			return accepted(field, got, want, row)
		},
	}
}

// say runs a comparison over a connection: lines that begin with C: or S:, each a segment; in it \n ends a line. skip is how many of the segments are not compared.
func (c *comparison) says(t *testing.T, port uint16, text string, skip int) {
	t.Helper()
	k := segmentTalk{ports: [2]uint16{40000, port}}
	for one := range strings.Lines(text) {
		dir := strings.Index("CS", one[:1])
		k.say(dir, strings.ReplaceAll(strings.TrimSuffix(one[3:], "\n"), `\n`, "\r\n"))
	}
	file := filepath.Join(t.TempDir(), c.filter+".pcap")
	if err := os.WriteFile(file, pcapOf(k.frames), 0o600); err != nil {
		t.Fatal(err)
	}
	c.file(t, file)
	t.Logf("%d rows and %d values of %d fields compared; accepted differences: %v", c.rows, c.values, len(c.names), c.reasons)
	if c.rows != len(k.frames)-skip {
		t.Errorf("%d of %d rows compared", c.rows, len(k.frames)-skip)
	}
}

// smtpAccepted is why a value of SMTP may differ.
func smtpAccepted(name, got, want string, row []string) string {
	switch {
	case name == listColumn+"Info" && strings.HasPrefix(want, got) && strings.HasPrefix(row[2], "SMTP/IMF"):
		return "inner"
	case name == "smtp.req.command" && len(want) == 4 && strings.HasPrefix(got, want), name == "smtp.req.parameter" && strings.HasSuffix(want, got):
		return "whole-word"
	}
	return ""
}

// TestSMTPIsTsharks compares the captures that have SMTP.
func TestSMTPIsTsharks(t *testing.T) {
	t.Parallel()
	c := mailComparison(t, "smtp", proto.SMTP, smtpAccepted)
	c.patterns, c.least = []string{"app/zeek_smtp*"}, 40
	c.run(t)
}

const smtpTalk = `S: 220 mx ESMTP ready\n
C: EHLO me\n
S: 250-mx\n250-PIPELINING\n
S: 250 8BITMIME\n
C: AUTH PLAIN AHVzZXIAcGFzcw==\n
S: 535 5.7.8 no\n
C: AUTH LOGIN dXNlcg==\n
S: 334 UGFzc3dvcmQ6\n
C: cGFzcw==\n
S: 535 no\n
C: auth login\n
S: 334 VXNlcm5hbWU6\n
C: dXNlcg==\n
S: 334 UGFzc3dvcmQ6\n
C: cGFzcw==\n
S: 235 yes\n
C: AUTH PLAIN\n
S: 334 \n
C: AHVzZXIAcGFzcw==\n
S: 235-5.7.0 a\n235 5.7.0 yes\n
C: XYZZY what  is\n
S: 500 5.5.1 what\n
C: MAIL FROM:<a@b> SIZE=10\nRCPT TO:<c@d>\nDATA\n
S: 250 ok\n250-one\n250 two\n354 go\n
C: From: A <a@b>\nSubject: hi\nContent-Type: text/plain\n\nline one\n
C: .. dots\n
C: end\n.\n
S: 250 queued\n
C: NOOP\n
S: 250\n
C: RSET\n
S: 250 \n
C: STARTTLS\n
S: 454 not now\n
C: quit\n
S: 221-bye\n221 bye\n
`

// TestGeneratedSMTPIsTsharks compares a connection that has each kind of line.
func TestGeneratedSMTPIsTsharks(t *testing.T) {
	t.Parallel()
	mailComparison(t, "smtp", proto.SMTP, smtpAccepted).says(t, 25, smtpTalk, 0)
}

// popAccepted is why a value of POP may differ.
func popAccepted(name, got, want string, row []string) string {
	switch {
	case strings.HasPrefix(row[2], "POP/IMF"):
		return "inner"
	case (name == "pop.request" || name == "pop.response" || strings.HasSuffix(name, ".data")) && strings.Trim(want, "|") == "":
		return "no-text"
	}
	return ""
}

const popTalk = `S: +OK POP3 ready <1@x>\n
C: CAPA\n
S: +OK caps\nTOP\nUIDL\n.\n
C: USER me\n
S: +OK\n
C: PASS secret\n
S: -ERR [AUTH] no  way\n
C: AUTH PLAIN AHVzZXIAcGFzcw==\n
S: +OK in\n
C: APOP mrose c4c9334bac560ecc979e58001b3e22fb\n
S: +OK\n
C: STAT\nNOOP\n
S: +OK 2 320\n+OK\n
C: LIST\n
S: +OK 2 messages\n1 120\n2 200\n.\n
C: LIST 1\n
S: +OK 1 120\n
C: RETR 1\n
S: +OK 500 octets\nFrom: a\n
S: Subject: x\n\nbody\n
S: ..dots\nno end
S:  yet\n
S: .\n
C: RETR 9\n
S: -ERR no such\n
C: QUIT\n
S: +OK bye\n
`

// TestGeneratedPOPIsTsharks compares a connection that has each kind of line.
func TestGeneratedPOPIsTsharks(t *testing.T) {
	t.Parallel()
	mailComparison(t, "pop", proto.POP, popAccepted).says(t, 110, popTalk, 0)
}

// imapAccepted is why a value of IMAP may differ.
func imapAccepted(name, got, want string, row []string) string {
	values := func(s string) []string { return occurrences(strings.ReplaceAll(s, `\\`, `\`)) }
	switch {
	case strings.HasPrefix(row[2], "IMAP/IMF"):
		return "inner"
	case name == "imap.request.password":
		return "login-password"
	case strings.ReplaceAll(got, `\\`, `\`) == want:
		return "backslash"
	case name == listColumn+"Info" && strings.HasPrefix(want, got+`\r\n`):
		return "more-than-a-line"
	case (name == "imap.response_to" || name == "imap.time") && len(values(got)) > 0 && within(values(got), values(want)):
		return "once"
	case name == "imap.response_to" && want == "", name == "imap.time" && want == "":
		return "part-of-answer"
	case within(values(got), values(want)) && (name == listColumn+"Info" || strings.HasPrefix(name, "imap.")) && strings.Contains(row[3], ": )"):
		return "literal"
	}
	return ""
}

const imapTalk = `S: * OK IMAP4rev1 ready\n
C: a1 CAPABILITY\n
S: * CAPABILITY IMAP4rev1 STARTTLS\na1 OK done\n
C: a2 LOGIN me secret\n
S: a2 NO [AUTHENTICATIONFAILED] no\n
C: a3 AUTHENTICATE PLAIN\n
S: + \n
C: AHVzZXIAcGFzcw==\n
S: a3 OK\n
C: a4 SELECT INBOX\n
S: * 2 EXISTS\n* FLAGS (\Seen)\n
S: a4 OK [READ-WRITE] done\n
C: a5 UID FETCH 1:* (FLAGS)\n
S: * 1 FETCH (FLAGS (\Seen) UID 1)\n* 2 FETCH (FLAGS () UID 2)\na5 OK done\n
C: a6 fetch 1 BODY[]\n
S: * 1 FETCH (BODY[] {21}\nSubject: x\n\nhello\n)\na6 OK done\n
C: a7 IDLE\n
S: + idling\n
S: * 3 EXISTS\n
C: DONE\n
S: a7 OK done\n
C: a8 NO
C: OP\n
S: a8 OK
S:  done\n
C: a9 STATUS "ab" (MESSAGES)\nb1 LIST "" *\n
S: * STATUS "ab" (MESSAGES 1)\na9 OK x\n* LIST () "/" INBOX\nb1 OK y\n
C: b2 UID COPY 1 Trash\n
S: b2 OK\n
C: b3 COPY 1 Trash\n
S: b3 BAD what\n
C: b4 STARTTLS\n
S: b4 BAD no\n
C: b5 LOGOUT\n
S: * BYE\nb5 OK bye\n
`

// TestGeneratedIMAPIsTsharks compares a connection that has each kind of line.
func TestGeneratedIMAPIsTsharks(t *testing.T) {
	t.Parallel()
	mailComparison(t, "imap", proto.IMAP, imapAccepted).says(t, 143, imapTalk, 2)
}
