package api

import (
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// arrows find what of the rows of a timeline belongs together:
//
//  1. Sightings of one packet: at the next capture point that has it, and at places of a stack behind the first.
//  2. Calls and packets. What an application sent and received through a socket, added up, are the bytes of the connection: a call of
//     send leads to the packet with its first byte, and the packet with the last byte that a call of recv returned leads to the end of
//     that call. Connecting leads to the SYN, and its answer to the end of connecting;
//     closing leads to the FIN.
//
// There is an arrow when both of its rows are among those of the page.
type arrows struct {
	c       *engine.Case
	sel     *view.Selection
	lanes   *view.Lanes
	rows    map[position]int
	packets []pageSegment
	list    []Arrow
}

// A position is a record by its number.
type position struct {
	source int
	number int64
}

func positionOf(p trace.Pos) position { return position{p.Source, p.Number} }

// A pageSegment is a segment of the page.
type pageSegment struct {
	at    int // position in the page
	conv  *flow.Conversation
	dir   int // index of its sender in the final ends
	flags tcp.Flags
	from  int64 // bytes that its sender sent before
	len   int64
}

func (a *arrows) begin(c *engine.Case, sel *view.Selection, lanes *view.Lanes) {
	a.c, a.sel, a.lanes, a.rows = c, sel, lanes, map[position]int{}
}

// add takes in a row of the page.
func (a *arrows) add(row *engine.Row, at int) {
	a.rows[positionOf(row.Record.Pos)] = at
	s := row.Sighting
	if s == nil || row.Packet == nil || s.Conv == nil {
		return
	}
	if s.Of.Number != 0 {
		if of, ok := a.rows[positionOf(s.Of)]; ok {
			a.list = append(a.list, Arrow{of, at, "sighting"})
		}
		return
	}
	if a.lanes != nil {
		a.points(row, at)
	}
	if s.TCP && !s.Duplicate {
		p := row.Packet
		g := pageSegment{at: at, conv: s.Conv, dir: sideOf(s.Conv, p.Src, p.SrcPort, s.Dir), flags: p.TCP.Flags, len: int64(p.PayloadLen)}
		g.from = int64(int32(s.RelSeq)) - 1
		a.packets = append(a.packets, g)
	}
}

// points adds arrows from the point before that has the packet.
func (a *arrows) points(row *engine.Row, at int) {
	p := a.lanes.Packet(row)
	if p == nil {
		return
	}
	order := slices.Clone(a.lanes.Points)
	if !a.lanes.Forth(row) {
		slices.Reverse(order)
	}
	here := a.lanes.Point(row)
	var before, after position
	passed := false
	for _, i := range order {
		switch number := p.Records[i]; {
		case i == here:
			passed = true
		case number == 0:
		case !passed:
			before = positionOf(a.lanes.Record(i, number))
		case after.number == 0:
			after = positionOf(a.lanes.Record(i, number))
		}
	}
	// The row of the two that comes later adds the arrow.
	if from, ok := a.rows[before]; ok {
		a.list = append(a.list, Arrow{from, at, "sighting"})
	}
	if to, ok := a.rows[after]; ok {
		a.list = append(a.list, Arrow{at, to, "sighting"})
	}
}

// all are the arrows of the page, in order of their ends.
func (a *arrows) all() []Arrow {
	if s := a.c.Session; s != nil && len(a.packets) > 0 {
		moved := map[*session.Socket]*[2]int64{} // bytes that calls sent and received so far
		for _, step := range s.API() {
			if step.Socket != nil && step.Socket.Conv != nil && a.sel.Owns(step.Socket.Conv) && step.Socket.Conv.TCP != nil {
				if moved[step.Socket] == nil {
					moved[step.Socket] = &[2]int64{}
				}
				a.step(&step, moved[step.Socket])
			}
		}
	}
	slices.SortStableFunc(a.list, func(x, y Arrow) int {
		if x.From != y.From {
			return x.From - y.From
		}
		return x.To - y.To
	})
	return slices.Compact(a.list)
}

// step adds the arrow of a call.
func (a *arrows) step(s *session.Step, moved *[2]int64) {
	conv, local := s.Socket.Conv, 0
	if conv.Ends[1] == s.Socket.Local {
		local = 1
	}
	enter, entered := a.rows[positionOf(s.Enter.Pos)]
	first := func(is func(*pageSegment) bool) int {
		for i := range a.packets {
			if g := &a.packets[i]; g.conv == conv && is(g) {
				return g.at
			}
		}
		return -1
	}
	// later is one behind the beginning of the call.
	later := func(is func(*pageSegment) bool) int {
		return first(func(g *pageSegment) bool { return (!entered || g.at > enter) && is(g) })
	}
	switch name := s.API; {
	case strings.HasPrefix(name, "send"):
		n := max(s.Bytes, 0)
		from := moved[0]
		moved[0] += n
		if n > 0 {
			a.call(s.Enter, later(func(g *pageSegment) bool { return g.dir == local && g.len > 0 && g.from <= from && from < g.from+g.len }))
		}
	case strings.HasPrefix(name, "recv"):
		n := max(s.Bytes, 0)
		moved[1] += n
		if last := moved[1] - 1; n > 0 {
			a.done(first(func(g *pageSegment) bool { return g.dir != local && g.len > 0 && g.from <= last && last < g.from+g.len }), s.Exit)
		}
	case strings.HasPrefix(strings.ToLower(name), "connect"):
		a.call(s.Enter, later(func(g *pageSegment) bool { return g.dir == local && g.flags&tcp.SYN != 0 }))
		a.done(later(func(g *pageSegment) bool { return g.dir != local && g.flags&(tcp.SYN|tcp.ACK) == tcp.SYN|tcp.ACK }), s.Exit)
	case strings.HasPrefix(name, "close"):
		a.call(s.Enter, later(func(g *pageSegment) bool { return g.dir == local && g.flags&(tcp.FIN|tcp.RST) != 0 }))
	}
}

// call is an arrow from the beginning of a call to a packet.
func (a *arrows) call(enter flow.Moment, packet int) {
	if from, ok := a.rows[positionOf(enter.Pos)]; ok && packet >= 0 && enter.Seen() {
		a.list = append(a.list, Arrow{from, packet, "call"})
	}
}

// done is an arrow from a packet to the end of a call.
func (a *arrows) done(packet int, exit flow.Moment) {
	if to, ok := a.rows[positionOf(exit.Pos)]; ok && packet >= 0 && packet < to && exit.Seen() {
		a.list = append(a.list, Arrow{packet, to, "call"})
	}
}
