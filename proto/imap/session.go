package imap

import (
	"bytes"
	"hash/fnv"
	"strings"

	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto"
)

const (
	// maxLine is the longest line that is waited for.
	maxLine = 1 << 16
	// maxOpen bounds the commands without a response that are remembered; the oldest is given up.
	maxOpen = 64
	// maxName is how much of what follows a command names it.
	maxName = 200
)

type session struct {
	known  bool
	client int       // direction
	open   []command // without a tagged response, the oldest first
	latest uint64    // key of the command that the client is at
	left   int       // bytes of a literal of the client that are to come
	goesOn bool      // the next line of the client goes on with the command
	walked [2]int    // how far the line was looked at that a direction's bytes begin with
	sealed bool      // TLS
}

// A command waits for the response with its tag.
type command struct {
	key   uint64
	waits bool // IDLE: what the server says is no answer
	tls   bool
}

// verbs are the commands that are known (RFC 9051, 6; its extensions).
var verbs = func() map[string]string {
	m := map[string]string{}
	for v := range strings.FieldsSeq(`CAPABILITY NOOP LOGOUT STARTTLS AUTHENTICATE LOGIN ENABLE SELECT EXAMINE CREATE DELETE RENAME SUBSCRIBE UNSUBSCRIBE LIST LSUB NAMESPACE STATUS
		APPEND IDLE CHECK CLOSE UNSELECT EXPUNGE SEARCH SORT THREAD FETCH STORE COPY MOVE ID COMPRESS GETQUOTA GETQUOTAROOT NOTIFY`) {
		m[v] = v
	}
	return m
}()

// server reports whether a direction is that of the server: its lines begin with a star or a plus sign, or with a tag and a status.
func (s *session) server(dir int, b []byte) bool {
	if s.known {
		return dir != s.client
	}
	end, _ := line.End(b, 0)
	_, next := line.Token(b[:end], 0)
	to, _ := line.Token(b[:end], next)
	switch string(b[next:to]) {
	case "OK", "NO", "BAD":
		return true
	}
	return len(b) > 0 && (b[0] == '*' || b[0] == '+')
}

// Extent is all lines that are whole, with the literals of a server in them. A client that is asked for a literal sends it behind its line.
func (s *session) Extent(p *proto.Piece) proto.Extent {
	b := p.Data
	if len(b) == 0 && p.Len > 0 || s.sealed || len(b) > 0 && (b[0] == 0 || b[0] >= 20 && b[0] <= 24 && (len(b) < 2 || b[1] == 3)) {
		return proto.NotThis
	}
	server := s.server(p.Dir, b)
	at, done := s.walked[p.Dir], 0
	if !server && s.left > 0 {
		if at = s.left; p.Len <= s.left {
			return proto.Extent(p.Len)
		}
		done = s.left // what follows it may not be whole
	}
	for at < len(b) {
		end, next := line.End(b, at)
		if next == 0 {
			break
		}
		n, now, more := literal(b[at:end])
		switch {
		case !more:
			at, done = next, next
			continue
		case !server && !now:
			return proto.Extent(next)
		case next+n <= len(b):
			at = next + n
		case done > 0:
			return proto.Extent(done)
		case len(b) < p.Len: // cut
			return proto.Extent(p.Len)
		default:
			return proto.Extent(next + n + len("\r\n"))
		}
		if done == 0 {
			s.walked[p.Dir] = at
		}
	}
	switch {
	case done > 0:
		return proto.Extent(done)
	case p.Last || len(b) < p.Len || p.Len-s.walked[p.Dir] > maxLine:
		return proto.Extent(p.Len)
	}
	return proto.More
}

// Unit takes in lines, or a part of a literal of the client.
func (s *session) Unit(u *proto.Unit) {
	fromServer := s.server(u.Dir, u.Data)
	if !s.known && len(u.Data) > 0 {
		s.known, s.client = true, u.Dir
		if fromServer {
			s.client = 1 - u.Dir
		}
	}
	s.walked[u.Dir] = 0
	u.Layers = append(u.Layers, proto.UnitLayer{ID: proto.IMAP, Len: u.Len})
	l := &u.Layers[len(u.Layers)-1]
	if fromServer {
		l.Note[noteServer] = 1
		s.answers(u, l)
		return
	}
	if u.Gap {
		s.left, s.goesOn = 0, false
	}
	if l.Note[noteBefore] = uint64(min(s.left, u.Len)); s.goesOn {
		l.Note[noteGoesOn] = 1
	}
	s.asks(u, l)
}

// asks takes in lines of the client.
func (s *session) asks(u *proto.Unit, l *proto.UnitLayer) {
	if before := int(l.Note[noteBefore]); before > 0 {
		s.left -= before
		u.Turns = append(u.Turns, proto.Turn{Kind: proto.Ask, Key: s.latest, More: true, Offset: -1, Size: int64(before), Layer: len(u.Layers) - 1})
	}
	Each(u.Data, &l.Note, func(at, end, next int, fresh bool) bool {
		b := u.Data[at:end]
		n, _, more := literal(b)
		t := proto.Turn{Kind: proto.Ask, Key: s.latest, More: more, Offset: -1, Size: -1, Layer: len(u.Layers) - 1}
		if fresh && !s.command(b, &t) {
			return true // DONE, or a line of an authentication
		}
		u.Turns = append(u.Turns, t)
		if s.goesOn = more; more {
			s.left = max(0, n-(len(u.Data)-next))
		}
		return true
	})
}

// key is a number for a tag.
func key(tag []byte) uint64 {
	h := fnv.New64a()
	h.Write(tag)
	return h.Sum64() | 1
}

// command takes in a line that begins a command; false for one that is none.
func (s *session) command(b []byte, t *proto.Turn) bool {
	tag, at := line.Token(b, 0)
	if at >= len(b) {
		return false
	}
	to, rest := line.Token(b, at)
	if t.Command = line.Verb(b[at:to], verbs); t.Command == "UID" {
		at = rest
		if to, rest = line.Token(b, at); to > at {
			t.Command = "UID " + line.Verb(b[at:to], verbs)
		}
	}
	switch t.Command {
	case "LOGIN":
		to, _ = line.Token(b, rest)
		t.Name = name(b[rest:to])
	case "AUTHENTICATE": // the mechanism; what may follow it is a secret
		to, _ = line.Token(b, rest)
		t.Name = name(b[rest:to])
	case line.Unknown:
	default:
		t.Name = name(b[rest:])
	}
	t.Key, t.Waits = key(b[:tag]), t.Command == "IDLE"
	s.latest = t.Key
	if len(s.open) == maxOpen {
		s.open = append(s.open[:0], s.open[1:]...)
	}
	s.open = append(s.open, command{t.Key, t.Waits, t.Command == "STARTTLS"})
	return true
}

func name(b []byte) string { return strings.ToValidUTF8(string(b[:min(len(b), maxName)]), "\uFFFD") }

// answers takes in lines of the server. What has no tag belongs to the oldest command that waits for an answer.
func (s *session) answers(u *proto.Unit, l *proto.UnitLayer) {
	var part proto.Turn
	flush := func() {
		if part.Key != 0 {
			u.Turns = append(u.Turns, part)
		}
		part = proto.Turn{}
	}
	Each(u.Data, &l.Note, func(at, end, _ int, fresh bool) bool {
		b := u.Data[at:end]
		n, _, _ := literal(b)
		switch {
		case part.Key != 0 && (!fresh || bytes.HasPrefix(b, []byte("*"))):
			part.Size += int64(n)
		case !fresh || len(b) == 0 || len(s.open) == 0:
		case b[0] == '*' && !s.open[0].waits:
			part = proto.Turn{Kind: proto.Answer, Key: s.open[0].key, More: true, Offset: -1, Size: int64(n), Layer: len(u.Layers) - 1}
		case b[0] != '*' && b[0] != '+':
			flush()
			s.tagged(u, b)
		}
		return true
	})
	flush()
}

// tagged takes in the response to a command.
func (s *session) tagged(u *proto.Unit, b []byte) {
	tag, at := line.Token(b, 0)
	to, _ := line.Token(b, at)
	k := key(b[:tag])
	for i, c := range s.open {
		if c.key != k {
			continue
		}
		status := line.Upper(b[at:min(to, at+maxName)], statuses)
		u.Turns = append(u.Turns, proto.Turn{Kind: proto.Answer, Key: k, Status: status, Failed: status != "OK", Offset: -1, Size: -1, Layer: len(u.Layers) - 1})
		s.open = append(s.open[:i], s.open[i+1:]...)
		if c.tls && status == "OK" {
			s.sealed = true
			u.Over, u.OverTo = &proto.UnitLayer{}, proto.TLS
		}
		return
	}
}

var statuses = map[string]string{"OK": "OK", "NO": "NO", "BAD": "BAD"}
