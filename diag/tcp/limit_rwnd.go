package tcp

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed limit_rwnd.md
var windowLimitPage string

// WindowLimit: the receiver's window limits a transfer (T1).
var WindowLimit = &diag.Rule{ID: "tcp.limit.rwnd", Title: "the receiver's window limits a transfer", Page: windowLimitPage, Requests: true, WithheldBy: []string{"cap.midstream"}}

func init() { WindowLimit.Run = windowLimits } // Run names the rule: a literal would be a cycle

const (
	// leastFilled and mostFilled are the bytes that move each round trip as a part of the window: less has gaps, more is not what the window says.
	leastFilled, mostFilled = 0.7, 1.15
	// fullLink is the part of a link from which the link is the limit.
	fullLink = 0.8
	// largeWindow is what stacks let a window grow to by themselves; one that is larger is no setting that is too small.
	largeWindow = 4 << 20
)

// windowLimits looks at the busiest connections.
func windowLimits(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	busy := in.Conversations.Busiest(busiest * max(len(in.Sources), 1))
	for _, c := range busy {
		dir, ok := windowLimited(in, c)
		if !ok || in.Withhold(WindowLimit, c) || declined(c).scale {
			continue // a window that cannot grow: tcp.options.stripped
		}
		if _, told := lonely(in, c, busy); !told { // else tcp.one_flow says it, with the speed of the link
			all.Add(diag.HostWay(c, dir), c, dir)
		}
	}
	for _, g := range all.List {
		out = append(out, windowOn(in, g))
	}
	return out
}

// windowLimited reports whether a bulk transfer moves a window each round trip, and nothing else limits it.
func windowLimited(in *diag.Input, c *flow.Conversation) (dir int, ok bool) {
	if c.TCP == nil || !c.Opened {
		return 0, false
	}
	if c.Dir[1].Payload > c.Dir[0].Payload {
		dir = 1
	}
	d, receiver := &c.Dir[dir], &c.TCP.Sides[1-dir]
	filled, rate, ok := filling(in, c, dir)
	if link := speed(in.Sources[c.Source], c); link > 0 && rate*8 >= fullLink*float64(link) {
		return dir, false
	}
	if !ok || !receiver.ScaleKnown || receiver.Window >= largeWindow || filled < leastFilled || filled > mostFilled {
		return dir, false
	}
	closed := c.Dir[1-dir].Trouble
	lossy := float64(lossesOf(in, c, dir)) >= lossy*float64(d.Segments())
	queue := d.Queue != nil && queues(d.Queue)
	return dir, !lossy && !queue && (closed == nil || closed.Closures == nil || closed.Closures.Count == 0) && !asks(in, c)
}

// filling is how much of the receiver's window a bulk transfer moves each round trip, and its rate in bytes a second.
func filling(in *diag.Input, c *flow.Conversation, dir int) (part, rate float64, ok bool) {
	server, client, known := c.TCP.RTT()
	rtt := time.Duration(server + client)
	d, receiver := &c.Dir[dir], &c.TCP.Sides[1-dir]
	took, timed := in.Elapsed(c.First, c.TCP.Sides[dir].LastData)
	if !known || !timed || rtt < farAway || rtt < 2*in.Tick(c.Source) || d.Payload < bulkBytes || took < bulkTime || receiver.Window == 0 {
		return 0, 0, false
	}
	rate = float64(d.Payload) / took.Seconds()
	return rate * rtt.Seconds() / float64(receiver.Window), rate, true
}

func windowOn(in *diag.Input, g *diag.Way) diag.Finding {
	c, dir := g.Conversations[0], g.Dirs[0]
	last := c.TCP.Sides[dir].LastData
	f := g.Finding(c.First, last)
	_, rate, _ := filling(in, c, dir)
	server, client, _ := c.TCP.RTT()
	rtt := time.Duration(server + client)
	window := c.TCP.Sides[1-dir].Window
	from, to := g.From().Addr(), g.To().Addr()
	f.Count, f.Host, f.Filter = len(g.Conversations), to.String(), g.Filter()
	f.Summary = fmt.Sprintf("%v takes %s from %v each round trip of %s and no more: its window limits %s to %.1f Mbit/s", to, diag.Size(int64(window)), from, diag.Duration(rtt), g.Which(), rate*8/1e6)
	f.Facts = []diag.Fact{
		{Name: "moved", Value: diag.Size(c.Dir[dir].Payload)},
		{Name: "in flight at most, as seen here", Value: diag.Size(int64(c.Dir[dir].MaxInFlight))},
	}
	f.RuledOut = []string{
		"loss: less than one segment in a thousand was lost",
		"a full link: round trips do not grow with what is in flight",
		"a receiver that does not read: its window was never 0",
	}
	f.Fix = []string{
		fmt.Sprintf("let the receive buffer of %v grow: the stack's automatic tuning (Windows: netsh interface tcp set global autotuninglevel=normal; Linux: net.ipv4.tcp_rmem), and no fixed SO_RCVBUF in the program", to),
		"or move the data in several connections at the same time",
	}
	return f
}
