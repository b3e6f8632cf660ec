package pop

import (
	"testing"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/prototest"
)

var tested = &prototest.Protocol{
	Begin:  func() proto.Session { return new(session) },
	Fields: &Fields,
	Kind: func(l *proto.UnitLayer) string {
		return []string{"", "request", "response", "rest"}[KindOf(&l.Note)]
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
	tested.Bench(b, "RETR 12\\n", "+OK 20 octets\\nFrom: a\\n\\nb\\n.\\n")
}

var talks = []prototest.Talk{
	{Text: `S: +OK POP3\n
C: USER me\nPASS secret\n
S: +OK\n-ERR no\n
C: APOP me digest\n
S: +OK\n
C: LIST\nLIST 1\nRETR 1\n
S: +OK\n1 2\n.\n+OK 1 2\n+OK 9 octets\nab
S: c\n..\n.
S: \n
C: RETR 2\n
S: -ERR none\n
C: AUTH PLAIN\n
S: + \n
C: AHVzZXIAcGFzcw==\n
S: +OK\n
C: STLS\n
S: +OK\n
C: \x16\x03\x01
`, Want: []string{
		"response 10", "request 22", "1 USER me", "1 PASS", "response 14", "2   +OK", "2   -ERR", "request 16", "1 APOP me", "response 5", "2   +OK", "request 22", "1 LIST", "1 LIST 1", "1 RETR 1", "response 36", "2   +OK", "2   +OK", "2   +OK...", "rest 2", "2   ...", "rest 7", "2   ...", "rest 3", "2", "request 8", "1 RETR 2", "response 11", "2   -ERR", "request 12", "1 AUTH PLAIN", "response 4", "2   +", "request 18", "1 AUTH", "response 5", "2   +OK", "request 6", "1 STLS", "response 5", "2   +OK", "over to tls", "not this",
	}},
}
