package smtp

import (
	"testing"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/prototest"
)

var tested = &prototest.Protocol{
	Begin:  func() proto.Session { return new(session) },
	Fields: &Fields,
	Kind: func(l *proto.UnitLayer) string {
		return []string{"", "commands", "replies", "fragment", "message", "username", "password", "credentials"}[KindOf(&l.Note)]
	},
	Bound: func(t *testing.T, s proto.Session) {
		if s := s.(*session); len(s.open) > maxOpen {
			t.Fatalf("%d commands wait", len(s.open))
		}
	},
	Talks: talks,
}

func TestTalk(t *testing.T)    { tested.Run(t) }
func TestCut(t *testing.T)     { tested.Cut(t) }
func FuzzSession(f *testing.F) { tested.Fuzz(f) }
func BenchmarkSession(b *testing.B) {
	tested.Bench(b, "MAIL FROM:<somebody@example.test>\\n", "250 2.1.0 Ok\\n")
}

var talks = []prototest.Talk{
	{Text: `S: 220 mx ESMTP\n
C: EHLO me\n
S: 250-mx\n250-SIZE\n
S: 250 HELP\n
C: MAIL FROM:<a>\nRCPT TO:<b>\nDATA\n
S: 250 ok\n550 no\n354 go\n
C: From: A\nSubject: x\n\nhello\n
C: .. a dot\n.
C: \nQUIT\n
S: 250 queued\n221 bye\n
`, Want: []string{
		"replies 14", "commands 9", "1 EHLO me", "replies 18", "replies 10", "2   250", "commands 34", "1 MAIL FROM:<a>", "1 RCPT TO:<b>", "1 DATA  ...", "replies 24", "2   250", "2   550", "3   354", "fragment 30", "1 DATA  ...", "fragment 11", "1 DATA  ...", "message 2", "1 DATA", "commands 6", "1 QUIT", "replies 21", "2   250", "2   221",
	}},
	{Text: `C: AUTH PLAIN AHVzZXIAcGFzcw==\nauth login\n
S: 235 ok\n334 VXNlcm5hbWU6\n
C: dXNlcg==\n
S: 334 UGFzc3dvcmQ6\n
C: cGFzcw==\n
S: 535 no\n
C: AUTH CRAM-MD5\n
S: 334 abc\n
C: digest\n
S: 235 ok\n
C: NOOP\n
`, Want: []string{
		"commands 41", "1 AUTH PLAIN", "1 AUTH login", "replies 26", "2   235", "2   334", "username 10", "1 AUTH", "replies 18", "2   334", "password 10", "1 AUTH", "replies 8", "2   535", "commands 15", "1 AUTH CRAM-MD5", "replies 9", "2   334", "commands 8", "1 AUTH", "replies 8", "2   235", "commands 6", "1 NOOP",
	}},
	{Text: `C: DATA\n
S: 503 first\n
C: BDAT 5\nabcdeBDAT 3 LAST\nxyzRSET\n
S: 250 ok\n250 ok\n250 ok\n
C: STARTTLS\n
S: 220 go\n
C: \x16\x03\x01
`, Want: []string{
		"commands 6", "1 DATA  ...", "replies 11", "2   503", "commands 8", "1 BDAT  ...", "fragment 5", "1 DATA", "commands 13", "1 BDAT  ...", "message 3", "1 DATA", "commands 6", "1 RSET", "replies 24", "2   250", "2   250", "2   250", "commands 10", "1 STARTTLS", "replies 8", "2   220", "over to tls", "not this",
	}},
}
