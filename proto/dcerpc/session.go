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
	Looks: func(b []byte) bool { return len(b) >= HeaderLen && Is(b) }, First: "\x05",
	New: func() proto.Session { return new(Association) },
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

// An Association is what the units of a connection or of an open pipe say of one another: what contexts are for, and which calls
// wait (C706, 9.3). Its zero value is ready.
type Association struct {
	bound []bound
	calls []call
}

// Extent is one unit.
func (*Association) Extent(p *proto.Piece) proto.Extent {
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
func (a *Association) Unit(u *proto.Unit) {
	l := proto.UnitLayer{ID: proto.DCERPC, Len: u.Len}
	if t, ok := a.Take(u.Data, u.Len, &l.Note); ok {
		u.Turns = append(u.Turns, t)
	}
	u.Layers = append(u.Layers, l)
}

// Take takes in a unit of n bytes, of which b was captured. It fills the note of its layer and returns its turn, in the first layer; ok
// is false when b has no whole header. The lower 32 bits of the turn's key are the id of the call.
func (a *Association) Take(b []byte, n int, note *field.Note) (t proto.Turn, ok bool) {
	var u Unit
	if !u.Decode(b) {
		return t, false
	}
	a.learn(b, &u, note)
	return turn(b, &u, note, n), true
}

// Weight is about the most that an association takes, in bytes.
func (a *Association) Weight() int { return maxContexts*24 + maxCalls*8 }

func (a *Association) learn(b []byte, u *Unit, note *field.Note) {
	switch u.Type {
	case Bind, Alter:
		Contexts(b, func(c *Context) bool {
			a.bind(c.ID, c.Syntax)
			return true
		})
	case Request:
		if u.First() {
			a.ask(u)
		}
		a.note(u.Context, int(u.Operation), note)
	case Response, Fault:
		i := a.find(u.Call)
		if i < 0 {
			a.note(u.Context, -1, note)
			return
		}
		a.note(a.calls[i].context, int(a.calls[i].operation), note)
		if u.Last() {
			a.calls = append(a.calls[:i], a.calls[i+1:]...)
		}
	}
}

// bind notes what a context is for. One that is offered again, or in another way, keeps its place.
func (a *Association) bind(id uint16, syntax Syntax) {
	for i := range a.bound {
		if a.bound[i].id == id {
			a.bound[i].syntax = syntax
			return
		}
	}
	if len(a.bound) < maxContexts {
		a.bound = append(a.bound, bound{id, syntax})
	}
}

func (a *Association) ask(u *Unit) {
	if len(a.calls) == maxCalls {
		a.calls = append(a.calls[:0], a.calls[1:]...)
	}
	a.calls = append(a.calls, call{u.Call, u.Context, u.Operation})
}

func (a *Association) find(id uint32) int {
	for i := range a.calls {
		if a.calls[i].id == id {
			return i
		}
	}
	return -1
}

// note notes the interface of a context and an operation.
func (a *Association) note(context uint16, operation int, note *field.Note) {
	note[noteOperation] = uint64(operation + 1)
	for i := range a.bound {
		if b := &a.bound[i]; b.id == context {
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
			t.Status, t.Terms = "Response", ports(b, note)
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
