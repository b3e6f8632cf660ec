package path

import (
	_ "embed"
	"fmt"
	"math"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
)

//go:embed loss_location.md
var lossLocationPage string

// LossLocation: packets are lost between two capture points (X1).
var LossLocation = &diag.Rule{ID: "path.loss.location", Title: "packets are lost between two capture points", Page: lossLocationPage, WithheldBy: []string{"cap.drops.reported", "cap.gaps"},
	Places: []string{"tcp.loss.fast", "tcp.loss.rto", "tcp.syn_retry_cost", "tcp.syn.silent", "mtu.blackhole"}}

func init() { LossLocation.Run = lossLocation } // Run names the rule: a literal would be a cycle

func lossLocation(in *diag.Input) (out []diag.Finding) {
	if in.Points == nil {
		return nil
	}
	hops := in.Hops()
	for len(hops) > 0 {
		n := 1
		for n < len(hops) && hops[n].Pair() == hops[0].Pair() {
			n++
		}
		if f := onTheWay(in, hops[:n]); f != nil {
			out = append(out, *f)
		}
		hops = hops[n:]
	}
	return append(out, vanished(in)...)
}

// minLost is how many lost packets are a pattern, not an accident.
const minLost = 3

// onTheWay is the finding that packets of conversations that both points have are lost between them, nil when none is. The hops are between the same two points.
func onTheWay(in *diag.Input, hops []point.Hop) *diag.Finding {
	a, b := names(in.Points, hops[0].Pair())
	var sent, lost [2]int64
	f := diag.Finding{Severity: diag.Warning, Confidence: diag.Likely, Source: -1, Between: diag.Between(in.Points, hops[0].Pair())}
	again := int64(0)
	for _, h := range hops {
		if !h.Known {
			continue
		}
		k := int(h.Course() - point.AtoB)
		for i := range h.Passages {
			m, w := &h.Passages[i], h.Passages[i].Way()
			if w.Lost == 0 {
				sent[k] += w.Matched
				continue
			}
			atA, atB := in.Points.Conv(m.Meeting.A), in.Points.Conv(m.Meeting.B)
			if in.Withhold(LossLocation, atA) || in.Withhold(LossLocation, atB) {
				continue
			}
			sent[k], lost[k] = sent[k]+w.Matched+w.Lost, lost[k]+w.Lost
			f.Conversations = append(f.Conversations, atA, atB)
			f.Where = append(f.Where, w.Places().LostAt...)
			again += atA.Dir[m.Side].Retransmissions
		}
	}
	if lost[0]+lost[1] == 0 {
		return nil
	}
	var ways []string
	for k, n := range lost {
		from, to := a, b
		if k == 1 {
			from, to = b, a
		}
		switch {
		case n > 0:
			ways = append(ways, fmt.Sprintf("%d of %s (%s) from %s to %s", n, diag.Count(sent[k], "packet"), share(n, sent[k]), from, to))
		case sent[k] > 0:
			f.RuledOut = append(f.RuledOut, fmt.Sprintf("loss from %s to %s: all of %s arrived", from, to, diag.Count(sent[k], "packet")))
		}
	}
	f.Summary = fmt.Sprintf("lost between %s and %s: %s", a, b, diag.List(ways, 2))
	f.Count = int(lost[0] + lost[1])
	if lost[0]+lost[1] >= minLost && again > 0 {
		f.Confidence = diag.Proven
		f.Facts = append(f.Facts, diag.Fact{Name: "segments that were sent again there", Value: fmt.Sprint(again)})
	}
	f.RuledOut = append(f.RuledOut, "the far ends: the packets left one point and never came to the other, which captured before and after them")
	f.Fix = []string{fmt.Sprintf("look at what is between %s and %s: links with errors, queues that overflow, policers, a smaller MTU, a firewall", a, b)}
	f.Where, f.Filter = ordered(f.Where), between(f.Conversations)
	f.Conversations = unique(f.Conversations)
	return &f
}

// share is a part in per cent, with the limits between which it lies in 19 of 20 cases (E. B. Wilson, 1927).
func share(n, of int64) string {
	const z = 1.96
	p, t := float64(n)/float64(of), float64(of)
	mid := (p + z*z/(2*t)) / (1 + z*z/t)
	half := z / (1 + z*z/t) * math.Sqrt(p*(1-p)/t+z*z/(4*t*t))
	return fmt.Sprintf("%.1f %%, 95 %% interval %.1f to %.1f", 100*p, 100*max(0, mid-half), 100*min(1, mid+half))
}

// A trail is a conversation with the points that have it, and those that have not although they show its host.
type trail struct {
	conv   *flow.Conversation
	seen   []int
	unseen []int
	sent   int64
	at     []trace.Pos
	doubt  bool // nothing shows that those without it are on the way
}

// vanished finds conversations that end at one of the points: nothing of them is at the points behind it.
func vanished(in *diag.Input) (out []diag.Finding) {
	r := in.Points
	for _, t := range trails(r) {
		if len(t.unseen) == 0 || in.IsBlocked(t.conv) || in.Withhold(LossLocation, t.conv) {
			continue
		}
		var seen, unseen []string
		for _, i := range t.seen {
			seen = append(seen, r.Points[i].Name)
		}
		for _, i := range t.unseen {
			unseen = append(unseen, r.Points[i].Name)
		}
		f := diag.Finding{Severity: diag.Error, Confidence: diag.Likely, Source: -1, Count: int(t.sent), Where: t.at, Conversations: []*flow.Conversation{t.conv}}
		f.Summary = fmt.Sprintf("%v to %v: %s seen at %s, none at %s, which captured at that time%s",
			t.conv.Ends[0], t.conv.Ends[1], diag.Count(t.sent, "packet"), diag.List(seen, 5), diag.List(unseen, 5),
			map[bool]string{true: ": dropped in between, if it is on the way", false: " and shows one of the two hosts: dropped in between"}[t.doubt])
		if t.doubt || t.conv.TCP == nil { // a capture filter may leave out what nobody answers anyway
			f.Severity, f.Confidence = diag.Warning, diag.Possible
		}
		f.RuledOut = []string{"rewritten addresses: no sequence number and no content is there under another address either"}
		f.Fix = []string{fmt.Sprintf("look at the filters and routes between %s and %s", seen[len(seen)-1], unseen[0])}
		f.NextCapture = []string{"the same attempt again, captured on both sides of the device in between, without a capture filter"}
		f.Filter = between(f.Conversations)
		out = append(out, f)
	}
	return out
}

// minSilent is how many packets must be missing: one that no other follows may have been the last before the capture ended.
const minSilent = 1

// trails are the conversations that some point has and another has not. Points that have the same one are together.
func trails(r *point.Result) (out []*trail) {
	of := map[int]*trail{}
	for i := range r.Pairs {
		for _, x := range r.Pairs[i].Alone {
			if x.Stray || x.Sent < minSilent {
				continue
			}
			if t := of[x.Conv.ID]; t != nil {
				t.doubt = t.doubt && x.Doubtful
			}
			other := r.Pairs[i].A + r.Pairs[i].B - x.At
			if t := of[x.Conv.ID]; t != nil {
				t.unseen = append(t.unseen, other)
				continue
			}
			t := &trail{conv: x.Conv, seen: []int{x.At}, unseen: []int{other}, sent: x.Sent, at: x.In}
			of[x.Conv.ID] = t
			t.doubt = x.Doubtful
			out = append(out, t)
		}
	}
	for i := range r.Pairs {
		p := &r.Pairs[i]
		for j := range p.Meetings {
			m := &p.Meetings[j]
			a, b := of[int(m.A)], of[int(m.B)]
			if a == nil || a == b {
				continue
			}
			first, last := p.A, p.B
			if m.Ways[0].From == point.BtoA {
				first, last = last, first
			}
			a.seen = following(a.seen, first, last)
			if b != nil {
				b.conv = nil // one and the same
			}
		}
	}
	out = slices.DeleteFunc(out, func(t *trail) bool { return t.conv == nil })
	for _, t := range out {
		t.unseen = slices.DeleteFunc(t.unseen, func(i int) bool { return slices.Contains(t.seen, i) })
	}
	return out
}

// following puts two points into a list in which one comes before the other.
func following(list []int, first, last int) []int {
	i, j := slices.Index(list, first), slices.Index(list, last)
	switch {
	case i < 0 && j < 0:
		return append(list, first, last)
	case i < 0:
		return slices.Insert(list, j, first)
	case j < 0:
		return slices.Insert(list, i+1, last)
	}
	return list
}
