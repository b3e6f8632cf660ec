package tds

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Stream finds packets in connections of TCP: on the ports that Wireshark takes for TDS, and on any other by a pre-login or login, for an instance with a name listens anywhere.
var Stream = proto.Stream{ID: proto.TDS, Ports: []uint16{1433, 2433}, Looks: looks, First: string([]byte{PreLogin, Login7}), New: func() proto.Session { return new(session) }}

// looks reports whether b begins a connection for sure: a pre-login message, or the login of a version without one.
func looks(b []byte) bool {
	if !header(b) || len(b) <= HeaderLen+4 || b[4]|b[5]|b[7] != 0 {
		return false
	}
	size := int(binary.BigEndian.Uint16(b[2:]))
	switch b[0] {
	case PreLogin:
		return size >= len(b) && b[1] == endOfMessage && isPreLogin(b[HeaderLen:])
	case Login7:
		return int(binary.LittleEndian.Uint32(b[HeaderLen:])) == size-HeaderLen && size > HeaderLen+login7Head
	}
	return false
}

type session struct {
	version uint64
	within  [2]bool // the next packet goes on with a message
	failed  proto.Turn
	shakes  shakes
	keys    bool    // there are such that TLS may be opened with
	records [2]bool // the last unit was of records, without a packet
}

// Unlock notes whether there is anything to open TLS with: only then it is followed as a connection of its own.
func (s *session) Unlock(keys proto.Secrets) {
	k, ok := keys.(proto.Keyring)
	s.keys = ok && !k.Empty()
}

// Whole holds for nothing: what is sealed is in records, and those are checked by who opens them.
func (*session) Whole(*proto.Piece) bool { return false }

// Ordered holds for what carries TLS that may be opened.
func (s *session) Ordered() bool { return s.keys && s.shakes.hello }

// Extent is one packet, or one record of TLS where the connection is encrypted. With keys it is all that is there behind bytes of records that are missing: whoever
// opens records finds where the next one begins.
func (s *session) Extent(p *proto.Piece) proto.Extent {
	b := p.Data
	switch {
	case len(b) == 0 && p.Len > 0: // not captured
		return proto.NotThis
	case len(b) < HeaderLen && len(b) < p.Len:
		return proto.Extent(p.Len)
	case len(b) < 2, len(b) < recordHead && b[0] >= 20 && b[0] <= 23 && b[1] == 3:
		return proto.More
	case record(b):
		return proto.Extent(recordHead + int(binary.BigEndian.Uint16(b[3:])))
	case !header(b) && s.keys && s.records[p.Dir]:
		return proto.Extent(p.Len)
	case !header(b):
		return proto.NotThis
	case len(b) < HeaderLen:
		return proto.More
	}
	return proto.Extent(binary.BigEndian.Uint16(b[2:]))
}

// Unit follows the messages, of which a packet may be a part.
func (s *session) Unit(u *proto.Unit) {
	if s.records[u.Dir] = record(u.Data) || s.keys && s.records[u.Dir] && !header(u.Data); s.records[u.Dir] {
		if s.sealed(u, 0); !record(u.Data) {
			return
		}
		if t, ok := s.shakes.record(u.Dir, u.Data); ok {
			u.Turns = append(u.Turns, t)
		}
		return
	}
	l := proto.UnitLayer{ID: proto.TDS, Len: u.Len, Head: HeaderLen}
	whole := len(u.Data) >= HeaderLen
	if goesOn := whole && s.shakes.goesOn(u); !whole || Encrypted(u.Data) || goesOn {
		u.Layers = append(u.Layers, l)
		if Encrypted(u.Data) || goesOn && s.keys {
			s.sealed(u, HeaderLen)
		}
		if t, ok := s.shakes.packet(u.Dir, u.Data); ok {
			u.Turns = append(u.Turns, t)
		}
		return
	}
	if u.Gap {
		s.within[u.Dir] = u.Data[6] > 1 // packets of a message are numbered from 1
	}
	if s.within[u.Dir] {
		l.Note[noteContinues] = 1
	}
	s.learn(u.Data, &l.Note)
	l.Note[noteVersion] = s.version
	u.Turns = append(u.Turns, s.turn(u, &l.Note))
	s.within[u.Dir] = !Last(u.Data)
	u.Layers = append(u.Layers, l)
}

// sealed takes in what a unit has of TLS, from off on: a layer, or with keys a piece of the connection that it carries.
func (s *session) sealed(u *proto.Unit, off int) {
	switch n := u.Len - off; {
	case n <= 0:
	case s.keys:
		u.Carried = append(u.Carried, proto.Carried{Off: off, Len: n, Protocol: proto.TLS, Again: true})
	default:
		u.Layers = append(u.Layers, proto.UnitLayer{ID: proto.TLS, Off: off, Len: n})
	}
}

// learn takes the version from the login and its answer.
func (s *session) learn(b []byte, note *field.Note) {
	switch b[0] {
	case Login7:
		if len(b) >= HeaderLen+8 {
			s.version = uint64(b[HeaderLen+7])
		}
	case Response:
		tokens(b, note, func(t *token) bool {
			if t.kind == LoginAck && len(t.b) >= 8 {
				s.version = uint64(t.b[4])
			}
			return t.kind != LoginAck
		})
	}
}

// commands are what a client asks, by the type of its packets.
var commands = map[byte]string{
	Batch: "SQL Batch", LoginOld: LoginCommand, RPC: "RPC", BulkLoad: "Bulk Load", Transaction: "Transaction Manager", Query5: "Query",
	Login7: LoginCommand, SSPI: SSPICommand, PreLogin: PreLoginCommand,
}

// turn is the part of a packet in the conversation.
func (s *session) turn(u *proto.Unit, note *field.Note) proto.Turn {
	b := u.Data
	t := proto.Turn{Kind: proto.Tell, Command: commands[b[0]], More: !Last(b), Offset: -1, Size: int64(u.Len - HeaderLen)}
	switch {
	case b[0] == Response:
		t.Kind = proto.Answer
		s.answer(b, note, &t)
	case b[0] == Attention:
		t.Command, t.More, t.Size = "Attention", false, -1
	case t.Command != "":
		t.Kind = proto.Ask
		if note[noteContinues] == 0 {
			t.Name = name(b)
		}
	}
	return t
}

// answer reads how a request went: its first error, else what a login led to, else the last DONE.
func (s *session) answer(b []byte, note *field.Note, t *proto.Turn) {
	if note[noteContinues] == 0 {
		s.failed = proto.Turn{}
	}
	tokens(b, note, func(one *token) bool {
		switch {
		case one.kind == Error && len(one.b) >= errorHead && !s.failed.Failed:
			s.failed.Code, s.failed.Failed = binary.LittleEndian.Uint32(one.b[3:]), true
			s.failed.Status = "error " + strconv.Itoa(int(s.failed.Code))
			s.failed.Terms = []proto.Term{{Name: StateTerm, Value: uint64(one.b[7])}, {Name: ClassTerm, Value: uint64(one.b[8])}}
			s.failed.Text = one.message()
		case one.kind == LoginAck && s.failed.Status == "":
			s.failed.Status = LoggedIn
		case one.kind == EnvChange && !s.failed.Failed:
			if to := routing(one.b); to != "" {
				s.failed.Status, s.failed.Text = Routed, to
			}
		case one.kind == SSPIToken && s.failed.Status == "":
			s.failed.Status = Negotiates
			if challenge(one.b) {
				s.failed.Status = Challenged
			}
		case one.kind >= Done && len(one.b) >= shortDone && s.failed.Status == "":
			switch status := binary.LittleEndian.Uint16(one.b[1:]); {
			case status&doneCancel != 0:
				s.failed.Status, s.failed.Failed = "cancelled", true
			case status&(doneError|doneServer) != 0:
				s.failed.Status, s.failed.Failed = "error", true
			}
		}
		return true
	})
	if t.More {
		return
	}
	t.Status, t.Code, t.Failed, t.Text, t.Terms = s.failed.Status, s.failed.Code, s.failed.Failed, s.failed.Text, s.failed.Terms
	if t.Status == "" {
		t.Status = "done"
	}
}

// maxName bounds what a request is about, in characters.
const maxName = 200

// name is what a request is about: the first line of a batch, the procedure or the statement that it runs, the database of a login.
func name(b []byte) string {
	switch b[0] {
	case Batch:
		off, wide := Query(b)
		if off > len(b) {
			return ""
		}
		if !wide {
			return line(strings.ToValidUTF8(string(b[off:min(len(b), off+maxName)]), "\uFFFD"))
		}
		return line(text(b[off:], maxName))
	case RPC:
		p, ok := Call(b)
		switch {
		case !ok:
			return ""
		case p.Name != nil:
			return text(p.Name, maxName)
		case p.Number >= len(Procedures):
			return "procedure " + strconv.Itoa(p.Number)
		case p.Number == executeSQL:
			if statement := line(text(p.Statement(b), maxName)); statement != "" {
				return statement
			}
		}
		return Procedures[p.Number]
	case Login7:
		return text(login7(b, databaseAt), maxName)
	case SSPI:
		if authenticates(b[HeaderLen:]) {
			return Authenticates
		}
	}
	return ""
}

const executeSQL = 10

// line is the first line of a text that is not empty.
func line(s string) string {
	for one := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if one = strings.TrimSpace(one); one != "" {
			return one
		}
	}
	return ""
}
