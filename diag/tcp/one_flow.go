package tcp

import (
	_ "embed"
	"fmt"
	"math"
	"math/bits"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

//go:embed one_flow.md
var oneFlowPage string

// OneFlow: a single connection does not fill the link (T35).
var OneFlow = &diag.Rule{ID: "tcp.one_flow", Title: "one connection alone does not fill the link", Page: oneFlowPage, Requests: true, Run: oneFlow}

const (
	// busiest is how many conversations stand for all traffic of a source: few carry most of it.
	busiest = 64
	// bulkBytes and bulkTime make a transfer whose rate means something.
	bulkBytes = 1 << 20
	bulkTime  = time.Second
	// farAway is the round trip from which a window matters: below it any window fills a link.
	farAway = 5 * time.Millisecond
	// dominates is the part of the traffic that the connection carries.
	dominates = 0.8
	// unused is the part of the link below which it stands empty.
	unused = 0.3
	// steady is how much of what was in flight at most moves each round trip: less has gaps that are the program's.
	steady = 0.7
	// lossy is the part of the segments that were sent again from which loss sets the rate.
	lossy = 0.001
	// mathis is the constant of the rate that loss allows: MSS / RTT * 1.22 / sqrt(p).
	mathis = 1.22
	// chatty is how many requests show that a program asks and waits; rules about requests judge that.
	chatty = 10
)

// oneFlow looks at the busiest connection of each source.
func oneFlow(in *diag.Input) (out []diag.Finding) {
	seen := map[int]bool{}
	all := in.Conversations.Busiest(busiest * max(len(in.Sources), 1))
	for _, c := range all {
		if seen[c.Source] {
			continue
		}
		seen[c.Source] = true
		if f, ok := lonely(in, c, all); ok {
			out = append(out, f)
		}
	}
	return out
}

// lonely judges one connection; all are the busiest ones of all sources, it among them.
func lonely(in *diag.Input, c *flow.Conversation, all []*flow.Conversation) (f diag.Finding, ok bool) {
	if c.TCP == nil || !c.Opened || asks(in, c) {
		return f, false
	}
	dir := 0
	if c.Dir[1].Payload > c.Dir[0].Payload {
		dir = 1
	}
	d, last := &c.Dir[dir], c.TCP.Sides[dir].LastData
	link := speed(in.Sources[c.Source], c)
	server, client, known := c.TCP.RTT()
	rtt := time.Duration(server + client)
	took, timed := in.Elapsed(c.First, last)
	if link == 0 || !known || !timed || rtt < farAway || rtt < 2*in.Tick(c.Source) || d.Payload < bulkBytes || took < bulkTime || d.Trouble.Verdict(flow.ZeroWindow) != nil {
		return f, false
	}
	var bytes int64
	for _, other := range all {
		if other.Source == c.Source {
			bytes += other.Dir[0].Bytes + other.Dir[1].Bytes
		}
	}
	own := c.Dir[0].Bytes + c.Dir[1].Bytes
	used := float64(bytes) * 8 / took.Seconds() / float64(link)
	rate := float64(d.Payload) / took.Seconds() // bytes a second
	why, fix := limit(c, dir, rate, rtt)
	if float64(own) < dominates*float64(bytes) || used >= unused || why == "" {
		return f, false
	}
	from, to := c.Ends[dir], c.Ends[1-dir]
	return diag.Finding{
		Severity: diag.Note, Confidence: diag.Likely, Source: c.Source, Host: from.Addr().String(), Conversations: []*flow.Conversation{c},
		Where: []trace.Pos{c.First.Pos, last.Pos}, Filter: diag.StreamFilter([]*flow.Conversation{c}),
		Summary: fmt.Sprintf("one connection from %v to %v moved %.1f Mbit/s over a link of %s (%.0f %% of it): %s", from, to, rate*8/1e6, linkText(link), 100*used, why),
		Facts: []diag.Fact{
			{Name: "moved", Value: fmt.Sprintf("%d bytes in %s", d.Payload, diag.Duration(took))},
			{Name: "in flight at most", Value: fmt.Sprintf("%d bytes", d.MaxInFlight)},
			{Name: "round trip", Value: diag.Duration(rtt)},
			{Name: "needed in flight to fill the link", Value: fmt.Sprintf("%.0f bytes", float64(link)/8*rtt.Seconds())},
			{Name: "segments sent again", Value: fmt.Sprint(d.Retransmissions)},
		},
		RuledOut: []string{
			"other traffic: the connection carries most of what was recorded",
			"a program that pauses: what is in flight at most moves each round trip",
		},
		Fix: append(fix, "use several connections at the same time, where the program can"),
	}, true
}

// limit says what keeps a connection below the link; "" when nothing tells.
func limit(c *flow.Conversation, dir int, rate float64, rtt time.Duration) (why string, fix []string) {
	d, receiver := &c.Dir[dir], &c.TCP.Sides[1-dir]
	p := float64(d.Retransmissions) / math.Max(float64(d.Packets), 1)
	if p >= lossy {
		allowed := mathis * float64(max(receiver.MSS, 536)) / rtt.Seconds() / math.Sqrt(p)
		if rate > allowed*1.5 || rate < allowed/2 {
			return "", nil
		}
		return fmt.Sprintf("loss of %.1f %% of its segments over %s allows no more", 100*p, diag.Duration(rtt)), []string{"find where segments are lost: less loss gains more than any setting"}
	}
	each := rate * rtt.Seconds() // bytes a round trip
	if each < steady*float64(d.MaxInFlight) || each > float64(d.MaxInFlight)/steady {
		return "", nil
	}
	if receiver.ScaleKnown && float64(d.MaxInFlight) >= 0.9*float64(receiver.Window) {
		return fmt.Sprintf("the receiver's window of %d bytes is full each round trip of %s", receiver.Window, diag.Duration(rtt)),
			[]string{"let the receiver's buffer grow: the stack's automatic tuning, or the buffer that its program sets"}
	}
	return fmt.Sprintf("%d bytes are in flight at most in each round trip of %s", d.MaxInFlight, diag.Duration(rtt)),
		[]string{"let the sender's buffer grow, or let its program write before it waits"}
}

// asks reports whether requests of a known protocol move the content: then the program decides what is in flight.
func asks(in *diag.Input, c *flow.Conversation) bool {
	n := 0
	for i := range in.Requests {
		if in.Requests[i].Conv == c.ID {
			if n++; n >= chatty {
				return true
			}
		}
	}
	return false
}

// speed is that of the interface that recorded a conversation, bits a second; 0 when that is not known or there are several.
func speed(s *trace.Info, c *flow.Conversation) uint64 {
	i := bits.TrailingZeros64(c.Interfaces)
	if bits.OnesCount64(c.Interfaces) != 1 || i >= len(s.Interfaces) {
		return 0
	}
	return s.Interfaces[i].Speed
}

// linkText is a speed as it is sold: "1 Gbit/s".
func linkText(bits uint64) string {
	if bits >= 1e9 {
		return fmt.Sprintf("%.3g Gbit/s", float64(bits)/1e9)
	}
	return fmt.Sprintf("%.3g Mbit/s", float64(bits)/1e6)
}
