package dcerpc

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Stream finds units in connections of TCP: on the port of the endpoint mapper, and on any other by their header, for servers listen where they like.
var Stream = proto.Stream{
	ID: proto.DCERPC, Ports: []uint16{135},
	Looks: func(b []byte) bool { return len(b) >= HeaderLen && Is(b) },
	New:   func() proto.Session { return new(session) },
}

const (
	maxContexts = 64  // of a connection
	maxCalls    = 256 // that wait for an answer; the oldest is given up
)

// A call waits for its response.
type call struct {
	id        uint32
	context   uint16
	operation uint16
}

// A bound is a context that was offered.
type bound struct {
	id     uint16
	syntax Syntax
}

type session struct {
	bound []bound
	calls []call
}

// Extent is one unit.
func (*session) Extent(p *proto.Piece) proto.Extent {
	b := p.Data
	switch {
	case len(b) == 0 && p.Len > 0, !Is(b): // not captured, or none
		return proto.NotThis
	case len(b) < HeaderLen && len(b) < p.Len:
		return proto.Extent(p.Len)
	case len(b) < HeaderLen:
		return proto.More
	}
	return proto.Extent(length(b))
}

// Unit learns what contexts are for, and what responses answer.
func (s *session) Unit(u *proto.Unit) {
	l := proto.UnitLayer{ID: proto.DCERPC, Len: u.Len}
	var one Unit
	if one.Decode(u.Data) {
		s.learn(u.Data, &one, &l.Note)
		u.Turns = append(u.Turns, turn(u.Data, &one, &l.Note, u.Len))
	}
	u.Layers = append(u.Layers, l)
}

func (s *session) learn(b []byte, u *Unit, note *field.Note) {
	switch u.Type {
	case Bind, Alter:
		Contexts(b, func(c *Context) bool {
			s.bind(c.ID, c.Syntax)
			return true
		})
	case Request:
		if u.First() {
			s.ask(u)
		}
		s.note(u.Context, int(u.Operation), note)
	case Response, Fault:
		i := s.find(u.Call)
		if i < 0 {
			s.note(u.Context, -1, note)
			return
		}
		s.note(s.calls[i].context, int(s.calls[i].operation), note)
		if u.Last() {
			s.calls = append(s.calls[:i], s.calls[i+1:]...)
		}
	}
}

// bind notes what a context is for. One that is offered again, or in another way, keeps its place.
func (s *session) bind(id uint16, syntax Syntax) {
	for i := range s.bound {
		if s.bound[i].id == id {
			s.bound[i].syntax = syntax
			return
		}
	}
	if len(s.bound) < maxContexts {
		s.bound = append(s.bound, bound{id, syntax})
	}
}

func (s *session) ask(u *Unit) {
	if len(s.calls) == maxCalls {
		s.calls = append(s.calls[:0], s.calls[1:]...)
	}
	s.calls = append(s.calls, call{u.Call, u.Context, u.Operation})
}

func (s *session) find(id uint32) int {
	for i := range s.calls {
		if s.calls[i].id == id {
			return i
		}
	}
	return -1
}

// note notes the interface of a context and an operation.
func (s *session) note(context uint16, operation int, note *field.Note) {
	note[noteOperation] = uint64(operation + 1)
	for i := range s.bound {
		if b := &s.bound[i]; b.id == context {
			note[noteUUID] = binary.LittleEndian.Uint64(b.syntax.UUID[:])
			note[noteUUID+1] = binary.LittleEndian.Uint64(b.syntax.UUID[8:])
			note[noteVersion] = uint64(b.syntax.Version) + 1
		}
	}
}

// keyed makes a key of the id of a call, which may be 0.
const keyed = 1 << 32

var (
	ackResults  = proto.Names("dcerpc.cn_ack_result")
	nakReasons  = proto.Names("dcerpc.cn_reject_reason")
	faultStatus = proto.Names("dcerpc.cn_status")
)

// turn is the part of a unit of n bytes in the conversation.
func turn(b []byte, u *Unit, note *field.Note, n int) proto.Turn {
	t := proto.Turn{Kind: proto.Tell, Key: keyed | uint64(u.Call), Offset: -1, Size: -1}
	switch u.Type {
	case Request:
		t.Kind, t.Command, t.More, t.Size = proto.Ask, "Request", !u.Last(), int64(n)
		if u.First() {
			t.Name = name(note)
		}
	case Bind, Alter:
		t.Kind, t.Command, t.Name = proto.Ask, "Bind", offered(b)
		if u.Type == Alter {
			t.Command = "Alter Context"
		}
	case Response:
		t.Kind, t.More, t.Size = proto.Answer, !u.Last(), int64(n)
		if !t.More {
			t.Status = "Response"
		}
	case Fault:
		t.Kind, t.Status, t.Code, t.Failed = proto.Answer, named(faultStatus, u.Status), u.Status, true
	case BindAck, AlterAnswer:
		t.Kind = proto.Answer
		t.Status, t.Code, t.Failed = bindResult(b)
	case BindNak:
		t.Kind, t.Status, t.Code, t.Failed = proto.Answer, named(nakReasons, uint32(u.Reason)), uint32(u.Reason), true
	case Auth3:
		t.Command = "Auth3"
	case Cancel:
		t.Command = "Cancel"
	case Orphaned:
		t.Command = "Orphaned"
	case Shutdown:
		t.Command = "Shutdown"
	}
	return t
}

func named(names field.Names, code uint32) string {
	if name := names[uint64(code)]; name != "" {
		return name
	}
	return "0x" + strconv.FormatUint(uint64(code), 16)
}

// bindResult is the best result of a bind: one context that is accepted is enough.
func bindResult(b []byte) (status string, code uint32, failed bool) {
	all := Results(b)
	if len(all) == 0 {
		return "no result", 0, true
	}
	best := all[0]
	for _, r := range all {
		if r == Acceptance {
			best = r
		}
	}
	return named(ackResults, uint32(best)), uint32(best), best != Acceptance
}

// name is what a call is to: the interface and the operation.
func name(note *field.Note) string {
	s, operation, ok := Of(note)
	if !ok {
		return "opnum " + strconv.Itoa(operation)
	}
	if known := s.Interface(); known != nil && known.Operations[operation] != "" {
		return known.Name + " " + known.Operations[operation]
	}
	return s.Name() + " opnum " + strconv.Itoa(operation)
}

// maxNamed bounds the interfaces in the name of a bind.
const maxNamed = 4

// offered are the names of the interfaces of a Bind, each once.
func offered(b []byte) string {
	var all []string
	Contexts(b, func(c *Context) bool {
		one := c.Syntax.Name()
		for _, name := range all {
			if name == one {
				return true
			}
		}
		all = append(all, one)
		return len(all) < maxNamed
	})
	return strings.Join(all, ", ")
}
