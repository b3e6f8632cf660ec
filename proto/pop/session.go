package pop

import (
	"bytes"
	"strings"

	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto"
)

const (
	// maxLine is the longest line that is waited for.
	maxLine = 1 << 16
	// maxOpen bounds the commands without a response that are remembered; the oldest is given up.
	maxOpen = 128
	// maxName is how much of what follows a command names it.
	maxName = 200
)

type session struct {
	known  bool
	client int    // direction
	open   []byte // what the commands without a response are, the oldest first
	many   bool   // lines of a response follow, up to one with a dot
	mid    bool   // the last of them is not whole
	login  bool   // the next line of the client is a secret
	sealed bool   // TLS
}

// What a command is, as far as its response needs to know.
const (
	oneLine   = iota
	manyLines // when it succeeds
	authLines
	tls
)

// verbs are the commands that are known (RFC 1939, RFC 2449, RFC 2595, RFC 5034, RFC 6856).
var verbs = map[string]string{}

// kinds are what their responses are. Those of LIST and UIDL are one line when they have an argument.
var kinds = map[string]byte{"CAPA": manyLines, "RETR": manyLines, "TOP": manyLines, "LIST": manyLines, "UIDL": manyLines, "AUTH": authLines, "STLS": tls}

func init() {
	for _, v := range []string{"USER", "PASS", "APOP", "AUTH", "CAPA", "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "NOOP", "RSET", "LAST", "STLS", "QUIT", "UTF8", "LANG"} {
		verbs[v] = v
	}
}

// server reports whether a direction is that of the server. It is found by a response at the begin of the first line that is seen.
func (s *session) server(dir int, b []byte) bool {
	if s.known {
		return dir != s.client
	}
	end, _ := line.End(b, 0)
	return responds(b[:end])
}

// Extent is all lines that are whole, or all there is of lines behind a response.
func (s *session) Extent(p *proto.Piece) proto.Extent {
	b := p.Data
	switch {
	case len(b) == 0 && p.Len > 0, s.sealed, len(b) > 0 && (b[0] == 0 || b[0] >= 20 && b[0] <= 24 && (len(b) < 2 || b[1] == 3)): // not captured; TLS
		return proto.NotThis
	}
	n := line.Whole(b)
	server := s.server(p.Dir, b)
	if server && len(s.open) > 0 && s.open[0] == tls {
		_, n = line.End(b, 0)
	}
	rest := string(b[n:])
	switch {
	case server && s.many && len(b) == p.Len && rest != "." && rest != ".\r" && rest != "":
		return proto.Extent(p.Len)
	case n > 0:
		return proto.Extent(n)
	case p.Last || len(b) < p.Len || p.Len > maxLine:
		return proto.Extent(p.Len)
	}
	return proto.More
}

// Unit takes in lines.
func (s *session) Unit(u *proto.Unit) {
	fromServer := s.server(u.Dir, u.Data)
	if !s.known && len(u.Data) > 0 {
		s.known, s.client = true, u.Dir
		if fromServer {
			s.client = 1 - u.Dir
		}
	}
	u.Layers = append(u.Layers, proto.UnitLayer{ID: proto.POP, Len: u.Len})
	l := &u.Layers[len(u.Layers)-1]
	if !fromServer {
		l.Note[noteKind] = uint64(Request)
		line.Each(u.Data, func(at, end, _ int) bool {
			s.command(u, u.Data[at:end])
			return true
		})
		return
	}
	if l.Note[noteKind] = uint64(Rest); !s.many {
		l.Note[noteKind] = uint64(Response)
	}
	s.answers(u)
}

// command takes in a line of the client.
func (s *session) command(u *proto.Unit, b []byte) {
	end, rest := line.Token(b, 0)
	t := proto.Turn{Kind: proto.Ask, Command: line.Verb(b[:end], verbs), Offset: -1, Size: -1, Layer: len(u.Layers) - 1}
	kind := kinds[t.Command]
	switch t.Command {
	case "PASS", line.Unknown:
	case "APOP", "AUTH": // the word behind the command is no secret
		end, _ = line.Token(b, rest)
		t.Name = name(b[rest:end])
	case "LIST", "UIDL":
		if rest < len(b) {
			kind = oneLine
		}
		t.Name = name(b[rest:])
	default:
		t.Name = name(b[rest:])
	}
	if s.login {
		t.Command, t.Name, kind = "AUTH", "", authLines
		s.login = false
	}
	u.Turns = append(u.Turns, t)
	if len(s.open) == maxOpen {
		s.open = append(s.open[:0], s.open[1:]...)
	}
	s.open = append(s.open, kind)
}

func name(b []byte) string { return strings.ToValidUTF8(string(b[:min(len(b), maxName)]), "\uFFFD") }

// answers takes in responses and the lines behind them. A greeting answers nothing.
func (s *session) answers(u *proto.Unit) {
	t := proto.Turn{Kind: proto.Answer, Offset: -1, Size: -1, Layer: len(u.Layers) - 1}
	size := int64(0)
	line.Each(u.Data, func(at, end, next int) bool {
		b := u.Data[at:end]
		begins := !s.mid
		s.mid = s.many && next == len(u.Data) && (next == 0 || u.Data[next-1] != '\n')
		switch {
		case s.many && (!begins || string(b) != "."):
			size += int64(next - at)
		case s.many:
			s.many = false
			t.More, t.Size = false, size
			u.Turns = append(u.Turns, t)
			t, size = proto.Turn{Kind: proto.Answer, Offset: -1, Size: -1, Layer: len(u.Layers) - 1}, 0
		default:
			s.response(u, b, &t)
		}
		return true
	})
	if s.many && size+int64(len(t.Status)) > 0 {
		t.More, t.Size = true, size
		u.Turns = append(u.Turns, t)
	}
}

// response takes in the first line of a response.
func (s *session) response(u *proto.Unit, b []byte, t *proto.Turn) {
	if len(s.open) == 0 || !responds(b) {
		return
	}
	kind := s.open[0]
	s.open = append(s.open[:0], s.open[1:]...)
	word, _ := line.Token(b, 0)
	t.Status, t.Failed = "+OK", bytes.HasPrefix(b, []byte("-ERR"))
	switch {
	case t.Failed:
		t.Status = "-ERR"
	case word == 1:
		t.Status, s.login = "+", kind == authLines
	case kind == tls:
		s.sealed = true
		u.Over, u.OverTo = &proto.UnitLayer{}, proto.TLS
	case kind == manyLines:
		s.many = true
		return
	}
	u.Turns = append(u.Turns, *t)
	*t = proto.Turn{Kind: proto.Answer, Offset: -1, Size: -1, Layer: len(u.Layers) - 1}
}
