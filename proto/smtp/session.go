package smtp

import (
	"bytes"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto"
)

// Stream finds SMTP in connections: on the ports that Wireshark takes for it, and on any other by a greeting that names it.
var Stream = proto.Stream{ID: proto.SMTP, Ports: []uint16{25, 587}, Looks: looks, First: "2", New: func() proto.Session { return new(session) }}

// looks reports whether b begins with a greeting that names the protocol (RFC 5321, 4.3.1).
func looks(b []byte) bool {
	end, next := line.End(b, 0)
	return next != 0 && len(b) > 4 && (string(b[:4]) == "220 " || string(b[:4]) == "220-") && bytes.Contains(b[:end], []byte("SMTP"))
}

const (
	// maxLine is the longest line that is waited for.
	maxLine = 1 << 16
	// maxOpen bounds the commands without a reply that are remembered; the oldest is given up.
	maxOpen = 128
	// maxHead is how much of the head of a message is kept.
	maxHead = 1 << 13
)

// end is what ends a message (RFC 5321, 4.1.1.4).
const end = "\r\n.\r\n"

// A mode is what a client sends.
type mode uint8

const (
	commands mode = iota
	message       // after DATA
	chunk         // after BDAT (RFC 3030)
	sealed        // TLS
)

type session struct {
	known  bool
	client int // direction
	mode   mode
	tail   int    // bytes of what ends a message that went by last
	left   int    // bytes of a chunk that are to come
	whole  bool   // a message ends with the chunk
	open   []byte // what the commands without a reply are, the oldest first
	login  login
	head   []byte // of a message, up to its first empty line
	headed bool   // that went by
	length int64  // of what there was of the message
}

// A login is what the next line of a client answers.
type login uint8

const (
	none login = iota
	wantsUser
	wantsPassword
	wantsBoth
	wantsOther // of a mechanism whose lines are told by nobody
)

// What a command is, as far as its reply needs to know.
const (
	plainCommand = iota
	dataCommand
	authCommand
	tlsCommand
	lastChunk
)

// server reports whether a direction is that of the server. It is found by a code at the begin of the first line that is seen.
func (s *session) server(dir int, b []byte) bool {
	if s.known {
		return dir != s.client
	}
	_, _, ok := code(b)
	return ok
}

// Extent is all lines that are whole, or all there is of a message.
func (s *session) Extent(p *proto.Piece) proto.Extent {
	b := p.Data
	if len(b) == 0 && p.Len > 0 || s.mode == sealed {
		return proto.NotThis
	}
	if s.server(p.Dir, b) {
		return s.lines(p, s.answersTLS())
	}
	switch s.mode {
	case message:
		if n := s.ends(b); n > 0 {
			return proto.Extent(n)
		}
		return proto.Extent(p.Len)
	case chunk:
		return proto.Extent(min(s.left, p.Len))
	}
	return s.lines(p, changes)
}

// lines are those that are whole, up to one after which something else follows.
func (s *session) lines(p *proto.Piece, last func(b []byte) bool) proto.Extent {
	b, n := p.Data, 0
	if len(b) > 0 && (b[0] >= 20 && b[0] <= 24 && (len(b) < 2 || b[1] == 3) || b[0] == 0) { // a record of TLS
		return proto.NotThis
	}
	whole := line.Whole(b)
	line.Each(b[:whole], func(at, end, next int) bool {
		n = next
		return !last(b[at:end])
	})
	switch {
	case n > 0:
		return proto.Extent(n)
	case p.Last || len(b) < p.Len || p.Len > maxLine:
		return proto.Extent(p.Len)
	}
	return proto.More
}

// changes reports whether other things than commands follow a line.
func changes(b []byte) bool {
	end, _ := line.Token(b, 0)
	switch line.Upper(b[:end], verbs) {
	case "DATA", "BDAT", "STARTTLS":
		return true
	}
	return false
}

// answersTLS holds for the line that agrees to go over to TLS.
func (s *session) answersTLS() func([]byte) bool {
	at := bytes.IndexByte(s.open, tlsCommand)
	return func(b []byte) bool {
		n, more, ok := code(b)
		return at == 0 && ok && !more && n == 220
	}
}

// ends is how many bytes of b belong to a message that ends in them, 0 when it goes on.
func (s *session) ends(b []byte) int {
	if rest := end[s.tail:]; s.tail > 0 && bytes.HasPrefix(b, []byte(rest)) {
		return len(rest)
	}
	if s.tail > 2 && bytes.HasPrefix(b, []byte(end[2:])) { // the line before the dot was not the one that was taken for it
		return len(end) - 2
	}
	if i := bytes.Index(b, []byte(end)); i >= 0 {
		return i + len(end)
	}
	return 0
}

// Unit takes in lines, or a part of a message.
func (s *session) Unit(u *proto.Unit) {
	fromServer := s.server(u.Dir, u.Data)
	if !s.known && len(u.Data) > 0 {
		s.known, s.client = true, u.Dir
		if fromServer {
			s.client = 1 - u.Dir
		}
	}
	u.Layers = append(u.Layers, proto.UnitLayer{ID: proto.SMTP, Len: u.Len})
	l := &u.Layers[len(u.Layers)-1]
	switch {
	case fromServer:
		l.Note[noteKind] = uint64(Replies)
		s.answers(u)
	case s.mode == message || s.mode == chunk:
		s.body(u, l)
	default:
		l.Note[noteKind] = uint64(s.asks(u))
	}
}

// body takes in a part of a message.
func (s *session) body(u *proto.Unit, l *proto.UnitLayer) {
	if s.keep(u.Data); u.Gap {
		s.head = s.head[:0]
	}
	s.length += int64(u.Len)
	last := false
	if s.mode == chunk {
		if s.left -= u.Len; s.left <= 0 {
			s.mode, last = commands, true
		}
	} else if s.ends(u.Data) == u.Len && u.Len > 0 {
		s.mode, last = commands, true
	} else {
		s.tail = tail(s.tail, u.Data)
	}
	t := proto.Turn{Kind: proto.Ask, Command: "DATA", More: !last, Offset: -1, Size: int64(u.Len), Layer: len(u.Layers) - 1}
	u.Turns = append(u.Turns, t)
	l.Note[noteKind] = uint64(Fragment)
	if last && s.whole {
		l.Note[noteKind] = uint64(Message)
		if text := summary(s.head); text != "" {
			l.Texts = []string{text}
		}
		s.head, s.length, s.headed = nil, 0, false
	}
}

// tail is how many bytes of what ends a message the bytes before, of which there were so many, and b end with.
func tail(before int, b []byte) int {
	if len(b) < len(end) {
		b = append([]byte(end[:before]), b...)
	}
	for n := min(len(end)-1, len(b)); n > 0; n-- {
		if bytes.HasSuffix(b, []byte(end[:n])) {
			return n
		}
	}
	return 0
}

// keep keeps the head of a message.
func (s *session) keep(b []byte) {
	if s.headed || len(s.head) >= maxHead {
		return
	}
	s.head = append(s.head, b[:min(len(b), maxHead-len(s.head))]...)
	s.headed = bytes.Contains(s.head, []byte("\r\n\r\n"))
}

// summary is who wrote a message and what about, in the order of its head.
func summary(head []byte) (text string) {
	line.Each(head, func(at, end, _ int) bool {
		name, value, ok := bytes.Cut(head[at:end], []byte(":"))
		switch {
		case at == end:
			return false
		case ok && bytes.EqualFold(name, []byte("from")):
			text += "from: " + string(bytes.TrimSpace(value)) + ", "
		case ok && bytes.EqualFold(name, []byte("subject")):
			text += "subject: " + string(bytes.TrimSpace(value)) + ", "
		}
		return true
	})
	return text
}

// Summary is who wrote the message that a layer ends and what about, "" where that is not known.
func Summary(note *field.Note, texts []string) string {
	if KindOf(note) == Message && len(texts) > 0 {
		return texts[0]
	}
	return ""
}
