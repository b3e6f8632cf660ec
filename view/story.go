package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
)

// Story tells what happened in a conversation, in a few sentences made of facts:
//
//  1. who opened it, and how long that took;
//  2. what was asked, or how much was sent;
//  3. what the time went to, and the longest wait;
//  4. how it ended;
//  5. which findings it is in.
func Story(c *engine.Case, conv *flow.Conversation) []string {
	s := story{c: c, conv: conv, timed: !Untimed(c, conv.Source)}
	s.opening()
	s.asked()
	s.waited()
	s.end()
	s.found()
	return s.said
}

// ToldOf is the conversation that is worth a story: that of the first finding which has one, else the one with the most bytes; nil without any.
func ToldOf(c *engine.Case) *flow.Conversation {
	for i := range c.Findings {
		if f := &c.Findings[i]; !f.Rule.Quality && len(f.Conversations) > 0 {
			return f.Conversations[worst(f)]
		}
	}
	if list := c.Conversations.Busiest(1); len(list) > 0 {
		return list[0]
	}
	return nil
}

// worst is the finding's conversation that lost most.
func worst(f *diag.Finding) int {
	most, at := int64(-1), 0
	for i, conv := range f.Conversations {
		if ns := f.Claimed(conv).Length(); ns > most {
			most, at = ns, i
		}
	}
	return at
}

// A story is one that is being told.
type story struct {
	c     *engine.Case
	conv  *flow.Conversation
	timed bool
	said  []string
}

func (s *story) say(format string, args ...any) {
	text := Printable(fmt.Sprintf(format, args...))
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	s.said = append(s.said, text)
}

func (s *story) end0() string { return Endpoint(s.conv.Ends[0], s.conv.Proto) }
func (s *story) end1() string { return Endpoint(s.conv.Ends[1], s.conv.Proto) }

// owner is a process that has the conversation, as an addition to its end: " of excel.exe (1234)".
func (s *story) owner(side int) string {
	if s.c.Session == nil {
		return ""
	}
	e := s.c.Session.Endpoints[s.conv.ID]
	if e == nil || e.Process == nil || e.Side != side {
		return ""
	}
	return " of " + ProcessName(e.Process)
}

// after is the time from a moment to another in words, "" without times.
func (s *story) after(from, to int64, words string) string {
	if !s.timed || to < from {
		return ""
	}
	return fmt.Sprintf(words, Duration(to-from))
}

func (s *story) opening() {
	t := s.conv.TCP
	if q := s.c.NamedBy(s.conv); q != nil && s.timed {
		by := s.c.Conversations.At(q.Conv)
		s.say("%v asked %v for %s (frame %d) and had the address %s later", by.Ends[q.Dir].Addr(), by.Ends[1-q.Dir].Addr(), q.Name, q.Asked.Number, Duration(q.Last.Time-q.Asked.Time))
	}
	a, b := s.end0()+s.owner(0), s.end1()+s.owner(1)
	switch {
	case t == nil && s.conv.Dir[1].Packets == 0:
		s.say("%s sent %s in %s to %s, and nothing came back", a, Bytes(s.conv.Dir[0].Bytes), packetsOf(s.conv.Dir[0].Packets), b)
	case t == nil:
		s.say("%s sent %s in %s to %s, and got %s in %s", a, Bytes(s.conv.Dir[0].Bytes), packetsOf(s.conv.Dir[0].Packets), b, Bytes(s.conv.Dir[1].Bytes), packetsOf(s.conv.Dir[1].Packets))
	case t.Refused:
		s.say("%s asked %s for a connection (frame %d) and was refused (frame %d)%s%s", a, b, t.SYN.Pos.Number, t.RST.Pos.Number, s.after(t.SYN.Time, t.RST.Time, " %s later"), s.repeated())
	case t.SYN.Seen() && !t.SYNACK.Seen() && !t.Established:
		s.say("%s asked %s for a connection (frame %d)%s, and no answer was captured", a, b, t.SYN.Pos.Number, s.repeated())
	case t.SYN.Seen() && t.HandshakeACK.Seen():
		s.say("%s opened a connection to %s (frame %d)%s%s", a, b, t.SYN.Pos.Number, s.after(t.SYN.Time, t.HandshakeACK.Time, "; that took %s"), s.repeated())
	case t.SYN.Seen() || t.SYNACK.Seen():
		s.say("%s asked %s for a connection%s; the handshake is not all in the capture", a, b, s.repeated())
	default:
		s.say("%s and %s had a connection before the capture began", a, b)
	}
}

// repeated says that a SYN was sent several times.
func (s *story) repeated() string {
	t := s.conv.TCP
	if t.SYNs < 2 {
		return ""
	}
	return fmt.Sprintf(", with %d SYN segments%s", t.SYNs, s.after(t.SYN.Time, t.LastSYN.Time, " over %s"))
}

func packetsOf(n int64) string { return diag.Count(n, "packet") }

// mostKinds is how many kinds of requests are named.
const mostKinds = 4

func (s *story) asked() {
	var list []*request.Request
	for i := range s.c.Requests.Requests {
		if r := &s.c.Requests.Requests[i]; r.Conv == s.conv.ID {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		s.carried()
		return
	}
	var kinds []string
	count, failed, open := map[string]int{}, 0, 0
	last := ""
	for _, r := range list {
		k := RequestName(r)
		if count[k] == 0 {
			kinds = append(kinds, k)
		}
		count[k]++
		switch {
		case r.Failed:
			failed, last = failed+1, r.Status
		case !r.First.Seen():
			open++
		}
	}
	for i, k := range kinds {
		if count[k] > 1 {
			kinds[i] = fmt.Sprintf("%d times %s", count[k], k)
		}
	}
	results := ""
	if failed > 0 {
		results += fmt.Sprintf("; %d failed, the last with %s", failed, last)
	}
	if open > 0 {
		results += fmt.Sprintf("; %s no answer in the capture", has(open))
	}
	if failed+open == 0 {
		results = "; all were answered"
	}
	s.say("%s asked in %s: %s%s", Endpoint(s.conv.Ends[list[0].Dir], s.conv.Proto), ProtoName(list[0].Protocol), diag.List(kinds, mostKinds), results)
	s.slowest(list)
}

// longestName is how much of a name is told, in characters.
const longestName = 60

// RequestName is what is asked, cut where it is long: "GET /index.html".
func RequestName(r *request.Request) string {
	name := []rune(strings.TrimSpace(r.Command + " " + r.Name))
	if len(name) > longestName {
		name = append(name[:longestName-1], '…')
	}
	return string(name)
}

func has(n int) string {
	if n == 1 {
		return "1 has"
	}
	return fmt.Sprintf("%d have", n)
}

// slowest names the request that took longest to its first byte, where there are several.
func (s *story) slowest(list []*request.Request) {
	list = slices.DeleteFunc(list, func(r *request.Request) bool { return r.Waits || !r.First.Seen() })
	if len(list) < 2 || !s.timed {
		return
	}
	r := diag.Slowest(list, 1)[0]
	if ns, ok := r.Service(); ok && ns > 0 {
		s.say("The answer that took longest to begin was that to %s (frame %d): %s", RequestName(r), r.Asked.Number, Duration(ns))
	}
}

// carried says how much was sent, where nothing tells what.
func (s *story) carried() {
	t := s.conv.TCP
	if t == nil || s.conv.Dir[0].Payload+s.conv.Dir[1].Payload == 0 {
		return
	}
	s.say("%s sent %s of data and %s sent %s; what they said is not known", s.end0(), Bytes(s.conv.Dir[0].Payload), s.end1(), Bytes(s.conv.Dir[1].Payload))
}

// leastPart is the part of the time, one in so many, that is worth a word.
const leastPart = 20

// blame is what the time of a cause was spent on, behind "it waited ... ".
var blame = [budget.Causes]string{
	budget.Client: "for the application of the client", budget.Server: "for the application of the server", budget.Names: "for an address or a port",
	budget.Handshake: "for the handshake of TCP", budget.TLS: "for the handshake of TLS", budget.Network: "for the way there and back, and for content on it",
	budget.Recovery: "for what was lost to come again", budget.Held: "with small segments for delayed acknowledgements",
}

func (s *story) waited() {
	b := s.c.Budget(s.conv)
	total := b.Total()
	if total <= 0 || !s.timed {
		return
	}
	parts := b.Parts()
	causes := slices.Clone(Causes)
	slices.SortStableFunc(causes, func(x, y budget.Cause) int { return int(min(1, max(-1, parts[y]-parts[x]))) })
	var waits []string
	for _, cause := range causes {
		if blame[cause] != "" && parts[cause]*leastPart >= total {
			waits = append(waits, fmt.Sprintf("%s %s", Duration(parts[cause]), blame[cause]))
		}
	}
	text := "It lasted " + Duration(total)
	if len(waits) > 0 {
		text += " and waited " + diag.List(waits, len(waits))
	}
	if parts[budget.Idle]*leastPart >= total {
		text += fmt.Sprintf("; for %s nothing was asked", Duration(parts[budget.Idle]))
	}
	if parts[budget.Unknown]*leastPart >= total {
		text += fmt.Sprintf("; what the other %s went to the capture does not show", Duration(parts[budget.Unknown]))
		if parts[budget.Unknown] == total {
			text = "It lasted " + Duration(total) + "; the capture does not show what that went to"
		}
	}
	s.say("%s", text)
	s.longest(b)
}

// longest is the longest wait for one thing.
func (s *story) longest(b budget.Budget) {
	var longest budget.Span
	for _, one := range b {
		if blame[one.Cause] == "" {
			continue
		}
		if one.To-one.From > longest.To-longest.From {
			longest = one
		}
	}
	if d := longest.To - longest.From; d > 0 && d < b.Parts()[longest.Cause] && d*leastPart >= b.Total() {
		s.say("The longest wait began %s after its start and took %s: %s", Duration(longest.From-b[0].From), Duration(d), blame[longest.Cause])
	}
}

func (s *story) end() {
	t := s.conv.TCP
	if t == nil || t.Refused || t.SYN.Seen() && !t.SYNACK.Seen() && !t.Established {
		return
	}
	name := func(side int) string { return Endpoint(s.conv.Ends[side], s.conv.Proto) }
	lost := ""
	for side := range 2 {
		if n := t.Undelivered(side); n > 0 {
			lost += fmt.Sprintf("; %s of %s were never acknowledged", diag.Count(n, "byte"), name(side))
		}
	}
	closed := func(side int) string {
		fin := t.Sides[side].FIN
		return fmt.Sprintf("%s closed it first (frame %d)%s", name(side), fin.Pos.Number, s.after(s.conv.First.Time, fin.Time, ", %s after its first packet"))
	}
	reset := func() string {
		return fmt.Sprintf("%s reset it (frame %d)%s", name(t.RSTBy), t.RST.Pos.Number, s.after(s.conv.First.Time, t.RST.Time, ", %s after its first packet"))
	}
	switch first := t.FirstFIN; {
	case first < 0 && t.RST.Seen():
		s.say("%s%s", reset(), lost)
	case first < 0:
		s.say("It was open when the capture ended%s", lost)
	case t.RST.Seen():
		s.say("%s, and then %s%s", closed(first), reset(), lost)
	case t.Sides[1-first].FIN.Seen():
		s.say("%s; %s followed%s%s", closed(first), name(1-first), s.after(t.Sides[first].FIN.Time, t.Sides[1-first].FIN.Time, " %s later"), lost)
	default:
		s.say("%s; %s did not before the capture ended%s", closed(first), name(1-first), lost)
	}
}

// found names the findings that the conversation is in.
func (s *story) found() {
	var list []string
	for i := range s.c.Findings {
		f := &s.c.Findings[i]
		if f.Rule.Quality || !slices.ContainsFunc(f.Conversations, func(c *flow.Conversation) bool { return c.ID == s.conv.ID }) {
			continue
		}
		cost := ""
		if ns := f.Claimed(s.conv).Length(); ns > 0 {
			cost = ", which cost " + diag.Duration(time.Duration(ns)) + " of it"
		}
		list = append(list, fmt.Sprintf("finding %d, %s%s", i+1, f.Rule.ID, cost))
	}
	if len(list) > 0 {
		s.say("See %s", diag.List(list, len(list)))
	}
}
