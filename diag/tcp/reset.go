package tcp

import (
	"cmp"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
)

//go:embed rst_app.md
var resetPage string

// ResetByApplication: an established connection is reset by one of its ends (T26).
var ResetByApplication = &diag.Rule{ID: "tcp.rst.app", Title: "an established connection is reset", Page: resetPage, Run: resets}

// An ending is what a reset did to a connection.
type ending uint8

const (
	bothClosed ending = iota // both sides had sent FIN, before the reset or with it
	clientDone               // the client had sent FIN, or wanted no more: half-close abort of browsers
	idle                     // nothing outstanding, the last request answered
	uploaded                 // the server took a bulk transfer, sent nothing, and acknowledged all of it
	farewell                 // the last message of the protocol has no answer
	noAnswer                 // the server reset instead of answering
	dataLost                 // bytes were never acknowledged
	gaveUp                   // bytes were repeated in vain before the reset
)

// harmless endings are notes: the exchange was over.
func (e ending) harmless() bool { return e <= farewell }

var endingFacts = map[ending]string{
	bothClosed: "after both sides had closed", clientDone: "after the client had closed", idle: "with nothing outstanding",
	uploaded: "after a bulk transfer, all of it acknowledged",
	farewell: "after the last message of the protocol, which has no answer",
}

// farewellPorts are servers of a protocol that ends with a message of the client that has no answer: LDAP's unbind (RFC 4511, 4.3).
var farewellPorts = map[uint16]bool{389: true, 636: true, 3268: true, 3269: true}

// bulk is how many bytes are no request any more.
const bulk = 128 << 10

// resets reports resets of established connections: one note on the harmless
// ones of each sender, one finding for each kind of loss and sender.
func resets(in *diag.Input) []diag.Finding {
	type key struct {
		source int
		by     netip.Addr
		kind   ending
	}
	index := map[key]*resetGroup{}
	var groups []*resetGroup
	for c := range in.Conversations.With(flow.Reset) {
		t := c.TCP
		if t == nil || !t.RST.Seen() || t.Refused || !t.Established || wentOn(in, t) || told(in, c) || in.DiedIdle(c) || in.ResetInjected(c) || in.CutInHandshake(c) || unansweredToTheEnd(in, c) {
			continue
		}
		if _, probed := gaveUpProbing(c); probed {
			continue // tcp.keepalive.dead has it
		}
		kind := endingOf(c)
		if kind == gaveUp && abandoned(in, c, t.RSTBy) != nil {
			continue // tcp.abort.retx has it
		}
		k := key{c.Source, c.Ends[t.RSTBy].Addr(), kind}
		if kind.harmless() {
			k.kind = bothClosed
		}
		g := index[k]
		if g == nil {
			g = &resetGroup{kind: kind, by: k.by}
			index[k] = g
			groups = append(groups, g)
		}
		g.convs = append(g.convs, c)
		g.kinds[kind]++
	}
	var out []diag.Finding
	for _, g := range groups {
		out = append(out, g.finding(in))
	}
	return out
}

// told reports whether the host's own stack says how the connection ended: host.abort_reason has it, with the process.
func told(in *diag.Input, c *flow.Conversation) bool {
	if in.Session == nil || in.Session.Endpoints[c.ID] == nil {
		return false
	}
	return slices.ContainsFunc(in.Session.Endpoints[c.ID].TCBs, func(t *session.TCB) bool { return t.ShutdownAt.Seen() || t.AbortAt.Seen() })
}

// unansweredToTheEnd reports whether a client waited in vain for its first answer: tcp.established_silent or the rule of the protocol has it.
func unansweredToTheEnd(in *diag.Input, c *flow.Conversation) bool {
	_, ok := in.NeverAnswered(c)
	return ok
}

// goesOn is how long after a reset its sender may still be seen to send: packets of several processors change places.
const goesOn = time.Millisecond

// wentOn reports whether the connection was made after the reset, or the sender
// of the reset sent data after it: then the reset did not end the connection, and it was not that sender's.
func wentOn(in *diag.Input, t *flow.TCP) bool {
	if t.HandshakeACK.Seen() && t.HandshakeACK.Pos.Number > t.RST.Pos.Number {
		return true
	}
	last := t.Sides[t.RSTBy].LastNew
	if !last.Seen() || last.Pos.Number < t.RST.Pos.Number {
		return false
	}
	d, timed := in.Elapsed(t.RST, last)
	return !timed || d > goesOn
}

// endingOf classifies the reset by what both sides had sent and acknowledged at the end of the connection.
func endingOf(c *flow.Conversation) ending {
	t := c.TCP
	by, peer := t.RSTBy, 1-t.RSTBy
	fromPeer, own := missed(t, peer), missed(t, by)
	byClient := by == 0 && c.Opened
	switch closed := t.Sides[peer].FIN.Seen(); {
	case closed && t.Sides[by].FIN.Seen():
		return bothClosed
	case byClient && t.FirstFIN == 0:
		return clientDone // what still came was not wanted
	case own > 0 && c.Dir[by].Retransmissions > 0:
		return gaveUp
	case fromPeer+own > 0:
		return dataLost
	case t.FirstFIN == 0 && c.Opened:
		return clientDone
	case byClient || !c.Opened || !lastWord(t, peer) || t.FirstFIN >= 0:
		return idle
	case c.Dir[by].Payload == 0 && c.Dir[peer].Payload >= bulk:
		return uploaded
	case farewellPorts[c.Ends[1].Port()]:
		return farewell
	}
	return noAnswer
}

// maxAlert is the longest TLS alert that a record holds.
const maxAlert = 133

// missed is the number of bytes of a side that the other never acknowledged, but for a TLS alert that only takes leave.
func missed(t *flow.TCP, side int) int64 {
	n := t.Undelivered(side)
	if t.Sides[side].LastAlert && n <= maxAlert {
		return 0
	}
	return n
}

// lastWord reports whether the side was the last to send data before the reset, and waited for an answer.
func lastWord(t *flow.TCP, side int) bool {
	if t.Sides[side].LastAlert {
		return false
	}
	a, b := t.Sides[side].LastNew, t.Sides[1-side].LastNew
	return a.Seen() && a.Pos.Number < t.RST.Pos.Number && (!b.Seen() || b.Pos.Number < a.Pos.Number)
}

// A resetGroup has one cause: one sender, one kind of ending.
type resetGroup struct {
	kind  ending
	by    netip.Addr
	convs []*flow.Conversation
	kinds [gaveUp + 1]int // how many of each
}

func (g *resetGroup) finding(in *diag.Input) diag.Finding {
	f := diag.Finding{
		Source: g.convs[0].Source, Host: g.by.String(), Conversations: g.convs, Count: len(g.convs),
		Filter: diag.AllOf(diag.Streams(g.convs, diag.FromHost(g.by)), "tcp.flags.reset == 1"),
	}
	for _, c := range g.convs {
		f.Where = append(f.Where, c.TCP.RST.Pos)
	}
	if g.kind.harmless() {
		g.note(&f)
		return f
	}
	f.Severity, f.Confidence = diag.Warning, diag.Likely
	f.Fix = []string{"look at the process that owns the connection on " + f.Host + ", and at its log, at that second"}
	f.NextCapture = []string{
		"on " + f.Host + " (Windows): netsh trace start scenario=internetclient provider=Microsoft-Windows-TCPIP capture=yes",
		"on " + f.Host + " (Linux): ss -tnp for the process, and a capture there",
	}
	g.owner(in, &f)
	switch g.kind {
	case noAnswer:
		g.unanswered(in, &f)
	case gaveUp:
		f.Confidence = diag.Possible
		f.Summary = fmt.Sprintf("%s reset %s after it had repeated data that was never acknowledged: %s", f.Host, g.what(), g.lost())
		f.Fix = []string{"look for the loss first: the reset may only be its end"}
	default:
		f.Summary = fmt.Sprintf("%s reset %s while data was under way: %s", f.Host, g.what(), g.lost())
		f.RuledOut = []string{"giving up after loss: it had repeated nothing that was still unacknowledged"}
	}
	return f
}

// what names the connection, or counts them.
func (g *resetGroup) what() string {
	if len(g.convs) == 1 {
		return fmt.Sprintf("the connection %v - %v", g.convs[0].Ends[0], g.convs[0].Ends[1])
	}
	var peers []string
	for _, c := range g.convs {
		if p := c.Ends[1-c.TCP.RSTBy].Addr().String(); !slices.Contains(peers, p) && len(peers) <= 3 {
			peers = append(peers, p)
		}
	}
	if len(peers) > 3 {
		return fmt.Sprintf("%d connections", len(g.convs))
	}
	return fmt.Sprintf("%d connections with %s", len(g.convs), diag.List(peers, 3))
}

// lost says what was never acknowledged, the most for several connections.
func (g *resetGroup) lost() string {
	worst, side := g.convs[0], 0
	most := int64(0)
	for _, c := range g.convs {
		for i := range 2 {
			if n := c.TCP.Undelivered(i); n > most {
				worst, side, most = c, i, n
			}
		}
	}
	upTo := ""
	if len(g.convs) > 1 {
		upTo = "up to "
	}
	return fmt.Sprintf("%s%s of %v were never acknowledged", upTo, diag.Count(most, "byte"), worst.Ends[side])
}

// unanswered fills in a finding on a server that resets instead of answering.
func (g *resetGroup) unanswered(in *diag.Input, f *diag.Finding) {
	var waits []diag.Interval
	for _, c := range g.convs {
		waits = append(waits, diag.Interval{From: c.TCP.Sides[1-c.TCP.RSTBy].LastNew, To: c.TCP.RST})
	}
	after := ""
	if in.Charge(f, waits) {
		d := f.Cost
		if d > idleTime {
			f.Confidence = diag.Possible // an idle connection may be closed so
		}
		if len(g.convs) == 1 {
			after = " " + diag.Duration(d) + " after the client's last data"
		}
	}
	f.Summary = fmt.Sprintf("%s reset %s%s, without an answer", f.Host, g.what(), after)
	f.RuledOut = []string{"loss: the reset acknowledges all that the client had sent"}
}

// idleTime is how long no application waits for an answer: after it, the reset may be a time-out of an idle connection.
const idleTime = time.Minute

// note fills in a finding on resets that lost nothing.
func (g *resetGroup) note(f *diag.Finding) {
	f.Severity, f.Confidence = diag.Note, diag.Proven
	f.Summary = fmt.Sprintf("%s ended %s with a reset that lost nothing", f.Host, g.what())
	for kind, n := range g.kinds {
		if text := endingFacts[ending(kind)]; n > 0 && text != "" {
			if len(g.convs) == 1 {
				f.Summary += ": it came " + text
				continue
			}
			f.Facts = append(f.Facts, diag.Fact{Name: "resets " + text, Value: fmt.Sprint(n)})
		}
	}
	f.Fix = []string{"nothing, unless the application reports an error"}
}

// owner names the process, when the host that sent the resets recorded the trace and one process had all connections.
func (g *resetGroup) owner(in *diag.Input, f *diag.Finding) {
	if in.Session == nil {
		return
	}
	for _, c := range g.convs {
		e := in.Session.Endpoints[c.ID]
		if e == nil || e.Side != c.TCP.RSTBy || e.Process == nil || f.Process != nil && f.Process != e.Process {
			f.Process = nil
			return
		}
		f.Process = e.Process
	}
	if p := f.Process; p != nil {
		f.Facts = append(f.Facts, diag.Fact{Name: "owner", Value: cmp.Or(p.Name, "process") + fmt.Sprintf(" (%d)", p.PID)})
	}
}
