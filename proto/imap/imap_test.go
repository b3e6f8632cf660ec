package imap

import (
	"testing"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/prototest"
)

var tested = &prototest.Protocol{
	Begin:  func() proto.Session { return new(session) },
	Fields: &Fields,
	Kind: func(l *proto.UnitLayer) string {
		return []string{"client", "server"}[l.Note[noteServer]]
	},
	Bound: func(t *testing.T, s proto.Session) {
		if s := s.(*session); len(s.open) > maxOpen {
			t.Fatalf("%d commands wait", len(s.open))
		}
	},
	Talks: talks,
}

func TestTalk(t *testing.T)         { tested.Run(t) }
func TestCut(t *testing.T)          { tested.Cut(t) }
func FuzzSession(f *testing.F)      { tested.Fuzz(f) }
func BenchmarkSession(b *testing.B) { tested.Bench(b, "a1 NOOP\\n", "a1 OK done\\n") }

var talks = []prototest.Talk{
	{Text: `S: * OK IMAP4\n
C: a1 LOGIN me secret\n
S: * CAPABILITY IMAP4rev1\na1 OK in\n
C: a2 SELECT INBOX\na3 UID FETCH 1 BODY[]\n
S: * 2 EXISTS\na2 OK\n* 1 FETCH (BODY[] {5}\nab
S: \nc)\n
S: a3 OK\n
C: a4 APPEND INBOX {5}\n
S: + go\n
C: hel
C: lo\n
S: a4 NO full\n
C: a5 LOGIN {2+}\nme {6+}\nsecret\n
S: a5 OK\n
C: a6 IDLE\n
S: + idling\n* 3 EXISTS\n
C: DONE\n
S: a6 OK\n
C: a7 STARTTLS\n
S: a7 OK\n
C: \x16\x03\x01
`, Want: []string{
		"server 12", "client 20", "1 LOGIN me", "server 34", "2   ...", "2   OK", "client 40", "1 SELECT INBOX", "1 UID FETCH 1 BODY[]", "server 19", "2   ...", "2   OK", "server 31", "2   ...", "server 7", "2   OK", "client 21", "1 APPEND INBOX {5} ...", "server 6", "client 3", "1   ...", "client 4", "1   ...", "1", "server 12", "2   NO", "client 32", "1 LOGIN {2+} ...", "1   ...", "1", "server 7", "2   OK", "client 9", "1 IDLE", "server 22", "client 6", "server 7", "2   OK", "client 13", "1 STARTTLS", "server 7", "2   OK", "over to tls", "not this",
	}},
}
