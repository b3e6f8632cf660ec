package tls

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed slow.md
var slowPage string

// Slow: a handshake takes long, in one of its steps (S12).
var Slow = &diag.Rule{ID: "tls.slow", Title: "the TLS handshake is slow", Page: slowPage, Handshakes: true, Requests: true, WithheldBy: []string{"cap.time.backwards", "cap.time.coarse", "cap.gaps"}}

func init() { Slow.Run = runSlow }

const (
	// leastSlow is how long a step takes beyond the way that it costs somebody something.
	leastSlow = 300 * time.Millisecond
	// noticed is how long a person notices (from there on it is a warning).
	noticed = time.Second
)

// A wait is a step of a handshake that one side makes the other wait for.
type wait struct {
	from, to handshake.Step
	server   bool
	what     string
	fix      string
}

var waits = []wait{
	{handshake.HelloEnds, handshake.ServerHello, true, "the server took to answer the Client Hello", "look at the server: its load, what signs for it (an HSM), and what it asks of servers behind it before it answers"},
	{handshake.ServerDone, handshake.ClientGoesOn, false, "the client took to go on after the server's certificate", "look at what the client checks in the certificate (lists of revoked ones, OCSP), at smart cards, and at questions that a person had to answer"},
	{handshake.ClientDone, handshake.ServerEnds, true, "the server took to end the handshake", "look at the server: it checks the certificate of the client, or computes keys"},
}

// longest is the step of an opening that took longest beyond the way, with that time; not ok for one without a slow step.
func longest(in *diag.Input, o *opening) (w *wait, took time.Duration, ok bool) {
	for i := range waits {
		one := &waits[i]
		from, to := o.At[one.from], o.At[one.to]
		if !from.Seen() || !to.Seen() || one.server && one.from == handshake.HelloEnds && o.At[handshake.Retry].Seen() {
			continue
		}
		d, timed := in.Elapsed(o.moment(from), o.moment(to))
		if !timed || d < leastSlow {
			continue
		}
		if d -= o.way(one.server); d >= leastSlow && d > took {
			w, took, ok = one, d, true
		}
	}
	return w, took, ok
}

// way is the round trip between the capture and a side, as far as the handshake of TCP tells.
func (o *opening) way(server bool) time.Duration {
	toServer, toClient, ok := o.conv().TCP.RTT()
	if !ok {
		return 0
	}
	if o.Client == 1 {
		toServer, toClient = toClient, toServer
	}
	if server {
		return time.Duration(toServer)
	}
	return time.Duration(toClient)
}

// slowOnes are the openings with a slow step, which loss did not make.
func slowOnes(in *diag.Input, rule *diag.Rule) (out []*opening) {
	for _, h := range in.Handshakes {
		if !maySlow(h) {
			continue
		}
		o := open(in, h)
		if o.conv().TCP == nil || in.Withhold(rule, o.conv()) {
			continue
		}
		if w, _, ok := longest(in, o); ok && !o.repaired(o.At[w.to]) {
			out = append(out, o)
		}
	}
	return out
}

// repaired reports whether segments were sent again before a moment.
func (o *opening) repaired(before request.Mark) bool {
	for i := range o.conv().Dir {
		t := o.conv().Dir[i].Trouble
		if t != nil && slices.ContainsFunc(t.Verdicts, func(v flow.Tally) bool { return v.Kind&flow.Resent != 0 && v.First.Pos.Number <= before.Number }) {
			return true
		}
	}
	return false
}

// maySlow reports whether a step took long, before the conversation is looked at.
func maySlow(h *handshake.Handshake) bool {
	return !h.Holes && slices.ContainsFunc(waits, func(w wait) bool {
		return h.At[w.from].Seen() && h.At[w.to].Seen() && h.At[w.to].Time-h.At[w.from].Time >= int64(leastSlow)
	})
}

func runSlow(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		step string
	}
	lookups := lookupsOf(in)
	list := slices.DeleteFunc(slowOnes(in, Slow), func(o *opening) bool { return lookups.during(in, o) != nil }) // tls.revocation_wait has those
	for _, g := range diag.Groups(list, func(o *opening) key {
		w, _, _ := longest(in, o)
		return key{o.endpoint(), w.what}
	}) {
		worst := slices.MaxFunc(g, func(a, b *opening) int {
			_, x, _ := longest(in, a)
			_, y, _ := longest(in, b)
			return int(x - y)
		})
		w, took, _ := longest(in, worst)
		f := base(in, g)
		f.Facts = worst.facts(in)
		f.Severity, f.Confidence = diag.Note, diag.Likely
		person := !w.server && (worst.Asked || worst.Leaf() != nil && worst.Leaf().SelfIssued())
		if took >= noticed && !person && !stalls(worst) {
			f.Severity = diag.Warning
		}
		f.Summary = fmt.Sprintf("%s of %s to %s: %s %s at most", diag.Count(len(g), "handshake"), clients(g), named(worst), w.what, diag.Duration(took))
		var all []diag.Interval
		for _, o := range g {
			from := o.moment(o.At[w.from])
			from.Time += int64(o.way(w.server))
			all = append(all, diag.Interval{From: from, To: o.moment(o.At[w.to])})
		}
		f.Cost, _ = in.Waited(all)
		f.Fix = []string{w.fix}
		if person {
			f.Facts = append(f.Facts, diag.Fact{Name: "a person", Value: "may have had to answer: the client was asked for a certificate, or got one that nobody vouches for"})
		}
		f.RuledOut = []string{"loss: no segment was sent again before that step ended", "the way: its round trip is " + diag.Duration(worst.way(w.server))}
		if stalls(worst) {
			f.Confidence = diag.Possible
		}
		out = append(out, f)
	}
	return out
}

// stalls reports whether the capture cannot tell that side's time from the way: nothing says how long that is.
func stalls(o *opening) bool {
	_, _, ok := o.conv().TCP.RTT()
	return !ok
}
