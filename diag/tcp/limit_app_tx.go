package tcp

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

//go:embed limit_app_tx.md
var senderSlowPage string

// SenderSlow: the application that sends sets the pace (T3).
var SenderSlow = &diag.Rule{ID: "tcp.limit.app_tx", Title: "the application that sends sets the pace", Page: senderSlowPage, Requests: true,
	WithheldBy: []string{"cap.oneway", "cap.gaps", "cap.drops.reported"}}

func init() { SenderSlow.Run = senderSlow } // Run names the rule: a literal would be a cycle

const (
	// leastPauses are a pace, and pausesShare is the part of the time that they take then.
	leastPauses = 3
	// notedPauses are one that is worth a note where nobody is known to wait, when they are no longer than notedPause on average.
	notedPauses = 10
	notedPause  = time.Second
	pausesShare = 0.5
	// leastPaused is the time below which nobody minds.
	leastPaused = time.Second
	// leastBurst is what comes between two pauses of data that somebody waits for, in bytes: more than a message that says what happened.
	leastBurst = 4 << 10
	// leastStream is what a connection that nothing is known of moves before it counts as a transfer, in bytes.
	leastStream = 256 << 10
	// someLoss is the part of the pauses, one in so many, that losses before the capture may be.
	someLoss = 10
)

func senderSlow(in *diag.Input) (out []diag.Finding) {
	messages := pausedMessages(in)
	var all diag.Ways
	paces := map[*diag.Way][]*pace{}
	for c := range in.Conversations.With(flow.Paused) {
		for dir := range c.Dir {
			p := paceOf(in, c, dir, messages[flowSide{c.ID, dir}])
			if p == nil || in.Withhold(SenderSlow, c) {
				continue
			}
			g := all.Add(diag.ServiceWay(c, dir), c, dir)
			paces[g] = append(paces[g], p)
		}
	}
	for _, g := range all.List {
		if f, ok := pacedBy(in, g, paces[g]); ok {
			out = append(out, f)
		}
	}
	return out
}

// A flowSide is what one side of a conversation sends.
type flowSide struct{ conv, dir int }

// A message is a question or an answer that took its time, from its first byte to its last.
type message struct {
	from, to flow.Moment
	bytes    int64
}

// pausedMessages are those of connections in which an application paused. What lies in TLS is not known to be a message.
func pausedMessages(in *diag.Input) map[flowSide][]message {
	paused := map[int]bool{}
	for c := range in.Conversations.With(flow.Paused) {
		paused[c.ID] = true
	}
	out := map[flowSide][]message{}
	if len(paused) == 0 {
		return out
	}
	for i := range in.Requests {
		r := &in.Requests[i]
		if !paused[r.Conv] || r.Protocol == proto.TLS {
			continue
		}
		question, answer := flowSide{r.Conv, r.Dir}, flowSide{r.Conv, 1 - r.Dir}
		add := func(k flowSide, from, to request.Mark, bytes int64) {
			if !from.Seen() || !to.Seen() || r.Waits {
				out[k] = append(out[k], message{}) // of a protocol that is known: pauses are between its messages
				return
			}
			at := func(m request.Mark) flow.Moment {
				return flow.Moment{Pos: trace.Pos{Source: r.Source, Number: m.Number}, Time: m.Time}
			}
			out[k] = append(out[k], message{at(from), at(to), bytes})
		}
		add(question, r.Asked, r.Sent, r.Wanted)
		add(answer, r.First, r.Last, r.Length)
	}
	return out
}

// A pace is what the pauses of one side of a connection add up to.
type pace struct {
	dir      int
	waits    []diag.Interval
	of       time.Duration // of the transfers that they are in
	count    int64
	bytes    int64
	messages int // that they are in; 0 for a connection whose messages are not known
	longest  flow.Pause
}

// paceOf is the pace of a side, nil when pauses do not set it.
func paceOf(in *diag.Input, c *flow.Conversation, dir int, known []message) *pace {
	s := c.Dir[dir].Pauses()
	if s == nil || !in.Timed(c) || !sentHere(in, c, dir) && upstream(c, dir)*someLoss > s.Count {
		return nil
	}
	p := &pace{dir: dir, longest: s.Longest}
	if len(known) > 0 {
		p.within(in, c, s, known)
	} else {
		first := c.TCP.HandshakeACK
		if !first.Seen() {
			first = c.First
		}
		p.of, _ = in.Elapsed(first, c.TCP.Sides[dir].LastData)
		p.waits, p.count, p.bytes = diag.Waits(c, s.Waits), s.Count, c.Dir[dir].Payload
	}
	lost, ok := in.Waited(p.waits)
	if p.messages == 0 {
		lost = time.Duration(s.Total)
	}
	if !ok || p.messages == 0 && p.count < leastPauses || lost < leastPaused || float64(lost) < pausesShare*float64(p.of) {
		return nil
	}
	if !p.awaited() && (p.count < notedPauses || lost > notedPause*time.Duration(p.count)) {
		return nil
	}
	return p
}

// within takes the pauses inside of messages that are known: between them nobody waits for this side, or other rules say so.
func (p *pace) within(in *diag.Input, c *flow.Conversation, s *flow.Pauses, known []message) {
	slices.SortFunc(known, func(a, b message) int { return int(a.from.Pos.Number - b.from.Pos.Number) })
	for _, m := range known {
		took, ok := in.Elapsed(m.from, m.to)
		if !ok || took == 0 {
			continue
		}
		n := len(p.waits)
		for _, w := range diag.Waits(c, s.Waits) {
			if w.From.Time >= m.from.Time && w.To.Time <= m.to.Time {
				p.waits = append(p.waits, w)
			}
		}
		if len(p.waits) > n {
			p.messages, p.of, p.bytes = p.messages+1, p.of+took, p.bytes+max(0, m.bytes)
		}
	}
	p.count = int64(len(p.waits))
}

// sentHere reports whether the capture was taken where the side is: nothing lies between the application's pauses and it.
func sentHere(in *diag.Input, c *flow.Conversation, dir int) bool {
	return in.Vantage(c.Source).At(c.Ends[dir].Addr())
}

// upstream counts what was lost or late before the capture: the sender may have waited for its timer then.
func upstream(c *flow.Conversation, dir int) int64 {
	return c.Dir[dir].Gaps + c.Dir[dir].OutOfOrder + c.Dir[1-dir].DupAcks
}

// awaited reports whether somebody waits for what is sent: a message, or as much as a transfer moves.
func (p *pace) awaited() bool {
	return (p.messages > 0 || p.bytes >= leastStream) && p.bytes >= leastBurst*p.count
}

func pacedBy(in *diag.Input, g *diag.Way, list []*pace) (f diag.Finding, ok bool) {
	var where []flow.Moment
	var waits []diag.Interval
	var longest flow.Pause
	var count, bytes int64
	awaited, here := false, true
	for i, p := range list {
		c := g.Conversations[i]
		s := c.Dir[p.dir].Pauses()
		where = append(where, s.First.Before, s.First.After, p.longest.Before, p.longest.After)
		waits, count, bytes = append(waits, p.waits...), count+p.count, bytes+p.bytes
		awaited, here = awaited || p.awaited(), here && sentHere(in, c, p.dir)
		if p.longest.Lasted > longest.Lasted {
			longest = p.longest
		}
	}
	f = g.Finding(where...)
	lost, of := g.Lost(func(i int) int64 {
		if list[i].messages == 0 {
			return g.Sender(i).Pauses().Total
		}
		own, _ := in.Waited(list[i].waits)
		return int64(own)
	})
	from, to := g.From(), g.To()
	f.Count, f.Host = int(count), from.Addr().String()
	f.Filter = diag.AllOf(g.Filter(), diag.AnyOf("tcp.len > 0 && tcp.time_delta >= 0.05", diag.Frames(where...)))
	if here {
		f.Confidence = diag.Proven
	}
	if !awaited {
		f.Severity = diag.Note
	} else {
		f.Cost, f.Lost = lost, waits
	}
	f.Summary = fmt.Sprintf("%v sent nothing to %v for %s, with the window open and all acknowledged: its application paused %d times, %s at most",
		from, to, diag.Share(lost, of, g.Which()), count, diag.Duration(time.Duration(longest.Lasted)))
	f.Facts = []diag.Fact{
		{Name: "sent in all", Value: diag.Size(bytes)},
		{Name: "between two pauses", Value: diag.Size(bytes / max(count, 1))},
	}
	f.RuledOut = []string{
		"the network and loss: nothing was on its way, all had been acknowledged",
		fmt.Sprintf("a receiver that takes no more: the window of %v had room", to.Addr()),
		fmt.Sprintf("a pause of %v, which asked for more: it said nothing in between", to.Addr()),
	}
	f.Fix = []string{
		"look at the program that sends on " + f.Host + " in such a pause: what does it wait for (disk, database, lock, processor, a service behind it)?",
		"let it read ahead, and write larger pieces",
	}
	f.NextCapture = []string{
		"on " + f.Host + " (Windows): netsh trace start scenario=internetclient provider=Microsoft-Windows-Winsock-AFD capture=yes: no call of send is posted in the pause",
		"on " + f.Host + " (Linux): strace -f -tt -T -p PID of that program, or wiretale record: what it does between two writes",
	}
	for i, c := range g.Conversations {
		if in.Session != nil && in.Session.Endpoints[c.ID] != nil && in.Session.Endpoints[c.ID].Side == g.Dirs[i] {
			f.Process = in.Session.Endpoints[c.ID].Process
		}
	}
	return f, true
}
