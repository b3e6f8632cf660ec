package smtp

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto"
)

// maxName is how much of what follows a command names it.
const maxName = 200

// asks takes in lines of a client and says what they are.
func (s *session) asks(u *proto.Unit) Kind {
	kind := Commands
	line.Each(u.Data, func(at, end, _ int) bool {
		b := u.Data[at:end]
		if s.login != none {
			kind = s.answersLogin(u)
			return true
		}
		s.command(u, b)
		return true
	})
	return kind
}

// answersLogin takes in a line of an authentication. It names nothing: it is a secret.
func (s *session) answersLogin(u *proto.Unit) Kind {
	kind := map[login]Kind{wantsUser: Username, wantsPassword: Password, wantsBoth: Credentials}[s.login]
	s.wait(u, proto.Turn{Command: "AUTH"}, authCommand)
	switch s.login {
	case wantsUser:
		s.login = wantsPassword
	case wantsPassword, wantsBoth:
		s.login = none
	}
	return max(kind, Commands)
}

// command takes in a command.
func (s *session) command(u *proto.Unit, b []byte) {
	verb, rest := line.Token(b, 0)
	t := proto.Turn{Command: line.Verb(b[:verb], verbs)}
	if t.Command != line.Unknown { // what may be a secret names nothing
		t.Name = text(b[rest:])
	}
	kind := byte(plainCommand)
	switch t.Command {
	case "DATA":
		s.mode, s.tail, s.whole, kind, t.More = message, 2, true, dataCommand, true
	case "BDAT":
		t.Name = ""
		kind, t.More = s.chunk(b[rest:])
	case "AUTH":
		kind = authCommand
		if end, _ := line.Token(b, rest); end < len(b) {
			t.Name = text(b[rest:end])
		}
		s.login = begins(b)
	case "STARTTLS":
		kind = tlsCommand
	case "RSET", "EHLO", "HELO":
		s.head, s.headed, s.length = nil, false, 0
	}
	s.wait(u, t, kind)
}

// chunk is for the size of a chunk of a message, and whether it is the last (RFC 3030, 2).
func (s *session) chunk(b []byte) (kind byte, more bool) {
	end, rest := line.Token(b, 0)
	n, ok := line.Number(b[:end])
	s.whole = bytes.EqualFold(b[rest:], []byte("LAST"))
	if ok && n > 0 {
		s.mode, s.left = chunk, n
	}
	return lastChunk, ok && n > 0
}

// begins is what the lines behind a command AUTH are, when it does not bring all.
func begins(b []byte) login {
	at, plain, with := credentials(b)
	switch {
	case with && !plain && at < len(b):
		return wantsPassword
	case with:
		return none
	case bytes.EqualFold(b, []byte("AUTH LOGIN")):
		return wantsUser
	case bytes.EqualFold(b, []byte("AUTH PLAIN")):
		return wantsBoth
	}
	return wantsOther
}

// wait notes that a command waits for its reply.
func (s *session) wait(u *proto.Unit, t proto.Turn, kind byte) {
	t.Kind, t.Offset, t.Size, t.Layer = proto.Ask, -1, -1, len(u.Layers)-1
	u.Turns = append(u.Turns, t)
	if len(s.open) == maxOpen {
		s.open = append(s.open[:0], s.open[1:]...)
	}
	s.open = append(s.open, kind)
}

// answers takes in replies. Those to no command, as a greeting, answer nothing.
func (s *session) answers(u *proto.Unit) {
	EachReply(u.Data, func(at, end, _ int, c Code) bool {
		if !c.Known || c.More || len(s.open) == 0 {
			return true
		}
		t := proto.Turn{Kind: proto.Answer, Status: strconv.Itoa(c.N), Code: uint32(c.N), Failed: c.N >= 400, Offset: -1, Size: -1, Layer: len(u.Layers) - 1}
		kind := s.open[0]
		switch {
		case kind == dataCommand && c.N == 354: // the one that counts follows the message
			t.Kind = proto.Interim
			u.Turns = append(u.Turns, t)
			s.open[0] = plainCommand
			return true
		case kind == dataCommand && s.mode == message:
			s.mode = commands
		case kind == authCommand && c.N != 334 && len(s.open) == 1:
			s.login = none
		case kind == tlsCommand && c.N == 220:
			s.mode = sealed
			u.Over, u.OverTo = &proto.UnitLayer{}, proto.TLS
		}
		u.Turns = append(u.Turns, t)
		s.open = append(s.open[:0], s.open[1:]...)
		return true
	})
}

// text is what follows a command, as far as it names something.
func text(b []byte) string { return strings.ToValidUTF8(string(b[:min(len(b), maxName)]), "\uFFFD") }
