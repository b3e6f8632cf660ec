package tcp

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed zero_window.md
var zeroWindowPage string

//go:embed limit_app_rx.md
var receiverSlowPage string

// ZeroWindow: a receiver takes no data for a while (T5).
var ZeroWindow = &diag.Rule{ID: "tcp.zero_window", Title: "a receiver takes no data for a while", Page: zeroWindowPage, WithheldBy: []string{"cap.oneway"}, DoubtedBy: []string{"cap.gaps", "cap.drops.reported"}}

// ReceiverSlow: the application that receives sets the pace (T4).
var ReceiverSlow = &diag.Rule{ID: "tcp.limit.app_rx", Title: "the application that receives sets the pace", Page: receiverSlowPage, WithheldBy: []string{"cap.oneway"}, DoubtedBy: []string{"cap.gaps", "cap.drops.reported"}}

func init() { // Run names the rule: a literal would be a cycle
	ZeroWindow.Run = func(in *diag.Input) []diag.Finding { return closed(in, ZeroWindow) }
	ReceiverSlow.Run = func(in *diag.Input) []diag.Finding { return closed(in, ReceiverSlow) }
}

const (
	// minClosed is the time below which nobody notices that a window was closed.
	minClosed = 200 * time.Millisecond
	// oftenClosed is how many times are no stall any more but the pace of the receiver, when they take the part paceShare of the time.
	oftenClosed = 3
	paceShare   = 0.2
	// minProbes is how many probes into a closed window show that it closed, when the capture ends before it opens.
	minProbes = 2
)

// closed makes one finding of each receiver and the service that it has data from, or that it is: of its
// stalls, or of its pace.
func closed(in *diag.Input, rule *diag.Rule) (out []diag.Finding) {
	var all diag.Ways
	for c := range in.Conversations.With(flow.Shut) {
		if !in.Timed(c) {
			continue
		}
		for dir := range c.Dir {
			if k := c.Dir[1-dir].Trouble; k != nil && k.Closures != nil && (k.Closures.Count > 0 || standing(in, c, 1-dir) > 0) {
				all.Add(diag.ServiceWay(c, dir), c, dir)
			}
		}
	}
	for _, g := range all.List {
		s := closuresOf(in, g)
		if s.rule() != rule || s.lost < minClosed || in.Withhold(rule, g.Conversations[0]) {
			continue
		}
		out = append(out, s.finding(in))
	}
	return out
}

// standing is how long the window of a side had been closed at the last segment of the connection, when the other side probed it.
func standing(in *diag.Input, c *flow.Conversation, side int) time.Duration {
	s := &c.Dir[side].Trouble.Closures.Standing
	if !s.At.Seen() || s.Opened.Seen() || s.Probes < minProbes || c.TCP.Sides[side].Window != 0 {
		return 0
	}
	d, _ := in.Elapsed(s.At, c.Last)
	return d
}

// A shutting is what the connections of a way say of the receiver's closed window.
type shutting struct {
	*diag.Way
	count    int64
	probes   uint32
	open     bool // one of them had not opened when the capture ended
	longest  flow.Closure
	lost, of time.Duration
	where    []flow.Moment
	updates  []flow.Moment // what opened the windows
	waits    []diag.Interval
}

func closuresOf(in *diag.Input, g *diag.Way) *shutting {
	s := &shutting{Way: g}
	s.lost, s.of = g.Lost(func(i int) int64 {
		return g.Receiver(i).Trouble.Closures.Total + int64(standing(in, g.Conversations[i], 1-g.Dirs[i]))
	})
	for i := range g.Conversations {
		v := g.Receiver(i).Trouble.Closures
		list := []flow.Closure{v.First, v.Longest}
		s.waits = append(s.waits, diag.Waits(g.Conversations[i], v.Waits)...)
		if d := standing(in, g.Conversations[i], 1-g.Dirs[i]); d > 0 {
			s.waits = append(s.waits, diag.Interval{From: v.Standing.At, To: g.Conversations[i].Last, Conv: g.Conversations[i]})
			s.count, s.open = s.count+1, true
			list = append(list, v.Standing)
		}
		s.count += v.Count
		for _, one := range list {
			if !one.At.Seen() {
				continue
			}
			if len(s.where) == 0 || one.Lasted() > s.longest.Lasted() {
				s.longest = one
			}
			s.where, s.updates = append(s.where, one.At), append(s.updates, one.Opened)
			s.probes = max(s.probes, one.Probes)
		}
	}
	return s
}

// rule is the one that the case is for: few long stalls, or a pace.
func (s *shutting) rule() *diag.Rule {
	if s.count >= oftenClosed && float64(s.lost) >= paceShare*float64(s.of) {
		return ReceiverSlow
	}
	return ZeroWindow
}

func (s *shutting) finding(in *diag.Input) diag.Finding {
	from, to := s.From(), s.To()
	f := s.Way.Finding(append(s.where, s.updates...)...)
	f.Confidence, f.Count, f.Cost, f.Lost, f.Host = diag.Proven, int(s.count), s.lost, s.waits, to.Addr().String()
	f.Filter = diag.AllOf(s.Filter(), diag.AnyOf("tcp.analysis.zero_window", "tcp.analysis.zero_window_probe", diag.Frames(s.updates...)))
	how := "closed its window"
	if s.open {
		how = "closed its window and did not open it before the capture ended"
	}
	if s.count > 1 {
		how = fmt.Sprintf("closed its window %d times", s.count)
	}
	f.Summary = fmt.Sprintf("%v took no data from %v for %s: it %s, its application did not read", to, from, diag.Share(s.lost, s.of, s.Which()), how)
	f.Facts = []diag.Fact{{Name: "probes of the closed window at most", Value: fmt.Sprint(s.probes)}}
	if s.longest.Opened.Seen() {
		f.Facts = append(f.Facts, diag.Fact{Name: "longest", Value: diag.Duration(time.Duration(s.longest.Lasted()))})
	}
	f.RuledOut = []string{
		"the network and loss: a window of 0 is what the receiver says itself, and it acknowledged all that came before",
		fmt.Sprintf("a sender with nothing to say: it probed the window, or sent on as soon as it opened (%v)", from),
	}
	f.Fix = []string{
		"look at the program that receives on " + f.Host + " at that time: what does it wait for (disk, lock, another service, virus scanner)?",
		"a larger receive buffer only helps where pauses are short",
	}
	f.NextCapture = []string{
		"on " + f.Host + " (Windows): netsh trace start scenario=internetclient provider=Microsoft-Windows-Winsock-AFD capture=yes",
		"on " + f.Host + " (Linux): ss -tmnp while it is slow: Recv-Q of the connection does not fall",
	}
	if s.lost*100 < s.of && s.lost < time.Second {
		f.Severity = diag.Note
	}
	for i, c := range s.Conversations {
		if v := s.Receiver(i); in.Session != nil && in.Session.Endpoints[c.ID] != nil && v.Trouble != nil && in.Session.Endpoints[c.ID].Side == 1-s.Dirs[i] {
			f.Process = in.Session.Endpoints[c.ID].Process
		}
	}
	return f
}
