package view

import (
	"slices"
	"strconv"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
)

// A Selection is the part of a case that a timeline shows: all that one
// process did, or one conversation with its sockets and control blocks.
type Selection struct {
	Process *session.Process
	Conv    *flow.Conversation

	owned   map[*flow.Conversation]bool // of a conversation: that at other points
	sockets map[*session.Socket]bool
	tcbs    map[*session.TCB]bool
}

// SelectProcess selects what a process did, its conversations included.
func SelectProcess(c *engine.Case, p *session.Process) *Selection {
	s := &Selection{Process: p, owned: map[*flow.Conversation]bool{}}
	for conv := range c.Conversations.All() {
		if e := endpoint(c, conv); e != nil && (e.Process == p || slices.ContainsFunc(e.TCBs, func(t *session.TCB) bool { return t.Process == p })) {
			s.owned[conv] = true
		}
	}
	return s
}

// SelectConversation selects a conversation and everything that is joined to
// it: the sockets at its ends, the sockets these were accepted from, the control blocks.
func SelectConversation(c *engine.Case, conv *flow.Conversation) *Selection {
	s := &Selection{Conv: conv, owned: map[*flow.Conversation]bool{conv: true}, sockets: map[*session.Socket]bool{}, tcbs: map[*session.TCB]bool{}}
	if f := c.Points.Follow(conv); f != nil {
		for _, o := range f.Convs {
			s.owned[o] = o != nil
		}
	}
	for o := range s.owned {
		s.join(c, o)
	}
	return s
}

// join adds the sockets and control blocks of a conversation.
func (s *Selection) join(c *engine.Case, conv *flow.Conversation) {
	if conv == nil {
		return
	}
	if e := endpoint(c, conv); e != nil {
		for _, socket := range e.Sockets {
			s.sockets[socket] = true
			if socket.Listener != nil {
				s.sockets[socket.Listener] = true
			}
		}
		for _, tcb := range e.TCBs {
			s.tcbs[tcb] = true
		}
	}
}

func endpoint(c *engine.Case, conv *flow.Conversation) *session.Endpoint {
	if c.Session == nil {
		return nil
	}
	return c.Session.Endpoints[conv.ID]
}

// Has reports whether a row belongs to the selection. The row must carry the final owners.
func (s *Selection) Has(row *engine.Row) bool {
	o := &row.Object
	if s.Process != nil {
		return o.Process == s.Process && happened(row) || o.Conv != nil && s.owned[o.Conv]
	}
	return o.Conv != nil && s.owned[o.Conv] || o.Socket != nil && s.sockets[o.Socket] || o.TCB != nil && s.tcbs[o.TCB]
}

// happened reports whether a row is something that its process did or that was
// done to it: of the kernel's own records those of its start, its end and its
// network, not the lists of what exists nor the samples of where it runs.
func happened(row *engine.Row) bool {
	if row.Event == nil || row.Event.Provider == nil || !row.Event.Provider.Classic {
		return true
	}
	return LaneOf(row) == Stack || row.Event.Provider.Short == "Process" && row.Event.Header.Opcode <= 2
}

// Owns reports whether the conversation is the selected one or one of the selected process.
func (s *Selection) Owns(conv *flow.Conversation) bool { return s.Conv == conv || s.owned[conv] }

// Conversations are all that the selection has rows of, beside events; nil when that is not known before they are read: of a process.
func (s *Selection) Conversations() (list []*flow.Conversation) {
	if s.Process != nil {
		return nil
	}
	for c := range s.owned {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}

// Source is the source that the selection lies in.
func (s *Selection) Source() int {
	if s.Process != nil {
		return s.Process.Source
	}
	return s.Conv.Source
}

// Title names the selection: "tcpserver.exe (2704)", "conversation 3, TCP 10.0.0.1:50000 → 10.0.0.2:80".
func (s *Selection) Title() string {
	if s.Process != nil {
		return ProcessName(s.Process)
	}
	return "conversation " + strconv.Itoa(s.Conv.ID) + ", " + Line(s.Conv)
}

// Choices are the selections worth offering, the most telling kind first:
// processes whose calls and packets are joined; else conversations.
func Choices(c *engine.Case) []*Selection {
	var out []*Selection
	seen := map[*session.Process]bool{}
	for _, g := range Groups(c) {
		if g.Process != nil && !seen[g.Process] {
			seen[g.Process] = true
			out = append(out, SelectProcess(c, g.Process))
		}
	}
	if len(out) > 0 {
		return out
	}
	if c.Session != nil {
		for _, socket := range c.Session.Sockets {
			if socket.Process != nil && !seen[socket.Process] {
				seen[socket.Process] = true
				out = append(out, SelectProcess(c, socket.Process))
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for conv := range c.Conversations.All() {
		out = append(out, SelectConversation(c, conv))
	}
	return out
}

// MostTelling is the one choice whose process has both joined calls and
// packets; nil when none or several have, or when the choices are conversations.
func MostTelling(c *engine.Case, choices []*Selection) *Selection {
	var best *Selection
	for _, s := range choices {
		if s.Process == nil || len(s.owned) == 0 || !hasCalls(c, s.Process) {
			continue
		}
		if best != nil {
			return nil
		}
		best = s
	}
	return best
}

func hasCalls(c *engine.Case, p *session.Process) bool {
	for _, socket := range c.Session.Sockets {
		if socket.Process == p {
			return true
		}
	}
	return false
}
