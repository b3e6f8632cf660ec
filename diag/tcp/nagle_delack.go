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
	"github.com/wiretale/wiretale/trace"
)

//go:embed nagle_delack.md
var nagleDelackPage string

// NagleDelack: small writes wait for delayed acknowledgements (T14).
var NagleDelack = &diag.Rule{ID: "tcp.nagle_delack", Title: "small writes wait for delayed acknowledgements", Page: nagleDelackPage, Run: nagleDelack}

const (
	// heldPattern is how many times are a pattern, whatever share of the time they take.
	heldPattern = 3
	// heldShare is the part of the late acknowledgements, one in so many, that must set data
	// free at once: a sender that writes when it likes meets one by chance now and then.
	heldShare = 10
)

// nagleDelack makes one finding of each sender and the endpoint that it talks to.
func nagleDelack(in *diag.Input) []diag.Finding {
	index := map[heldKey]*heldGroup{}
	var groups []*heldGroup
	for c := range in.Conversations.With(flow.HeldBack) {
		for dir := range c.Dir {
			h := c.Dir[dir].Held
			if h == nil || h.Count == 0 || h.Count*heldShare < h.Late || in.SendsAlone(c, dir) {
				continue
			}
			if _, ok := in.Elapsed(h.First.Sent, h.First.Acked); !ok {
				continue
			}
			k := heldKeyOf(c, dir)
			g := index[k]
			if g == nil {
				g = &heldGroup{dir: dir}
				index[k] = g
				groups = append(groups, g)
			}
			g.add(c, h)
		}
	}
	var out []diag.Finding
	for _, g := range groups {
		if g.count >= heldPattern || g.most {
			out = append(out, g.finding())
		}
	}
	return out
}

// A heldKey names a sender and whom it sends to. The port of a client is of one connection only.
type heldKey struct {
	source   int
	from, to netip.AddrPort
}

func heldKeyOf(c *flow.Conversation, dir int) heldKey {
	ends := c.Ends
	ends[0] = netip.AddrPortFrom(ends[0].Addr(), 0)
	return heldKey{c.Source, ends[dir], ends[1-dir]}
}

// A heldGroup is the connections of one key in which data was held back.
type heldGroup struct {
	dir    int
	convs  []*flow.Conversation
	count  int64
	most   bool // in one of them it took half of the time
	worst  *flow.Holdup
	in     *flow.Conversation // of the worst
	proofs []flow.Holdup
}

func (g *heldGroup) add(c *flow.Conversation, h *flow.Held) {
	g.convs = append(g.convs, c)
	g.count += h.Count
	g.most = g.most || h.Total*2 >= c.Last.Time-c.First.Time
	if g.worst == nil || h.Longest.Lasted() > g.worst.Lasted() {
		g.worst, g.in = &h.Longest, c
	}
	g.proofs = append(g.proofs, h.First)
	if h.Longest.Acked != h.First.Acked {
		g.proofs = append(g.proofs, h.Longest)
	}
}

// lost is the time lost, and the time that the connections lasted. Of connections at the same time the one counts that lost most.
func (g *heldGroup) lost() (lost, of time.Duration) {
	byStart := slices.SortedFunc(slices.Values(g.convs), func(a, b *flow.Conversation) int { return cmp.Compare(a.First.Time, b.First.Time) })
	for i := 0; i < len(byStart); {
		first, end, most := byStart[i].First.Time, byStart[i].Last.Time, int64(0)
		for ; i < len(byStart) && byStart[i].First.Time <= end; i++ {
			end, most = max(end, byStart[i].Last.Time), max(most, byStart[i].Dir[g.dir].Held.Total)
		}
		lost, of = lost+time.Duration(most), of+time.Duration(end-first)
	}
	return lost, of
}

func (g *heldGroup) waits() (out []diag.Interval) {
	for _, c := range g.convs {
		out = append(out, diag.Waits(c, c.Dir[g.dir].Held.Waits)...)
	}
	return out
}

func (g *heldGroup) finding() diag.Finding {
	c := g.convs[0]
	from, to := c.Ends[g.dir], c.Ends[1-g.dir]
	lost, of := g.lost()
	share := 100 * float64(lost) / float64(max(of, 1))
	f := diag.Finding{
		Severity: diag.Warning, Confidence: g.confidence(), Count: int(g.count), Cost: lost, Lost: g.waits(), Source: c.Source, Host: from.Addr().String(), Conversations: g.convs,
		Where: g.where(), Filter: diag.Streams(g.convs, diag.AllOf(diag.FromHost(from.Addr()), diag.ToHost(to.Addr()))),
		Facts: []diag.Fact{
			{Name: "time lost", Value: fmt.Sprintf("%s of %s (%.0f %%)", tenths(lost), tenths(of), share)},
			{Name: "longest", Value: fmt.Sprintf("%s, for the acknowledgement of %d bytes; %d bytes followed %s after it", tenths(time.Duration(g.worst.Lasted())),
				g.worst.Bytes[0], g.worst.Bytes[1], diag.Duration(time.Duration(g.worst.Freed.Time-g.worst.Acked.Time)))},
		},
		RuledOut: []string{
			"loss: the segment that waited was sent once, and the acknowledgement is of nothing else",
			"the window: it had room for what followed before the acknowledgement came",
			"the time that the receiver thinks: the acknowledgement had no data, and set the next segment free at once",
		},
		Fix: []string{
			fmt.Sprintf("in the program at %s: send a message in one write, or set TCP_NODELAY", from.Addr()),
			fmt.Sprintf("at %s, when the program cannot be changed: acknowledge every segment (Windows: TcpAckFrequency=1; Linux: quickack on the route)", to.Addr()),
		},
	}
	if share < 1 {
		f.Severity = diag.Note
	}
	f.Summary = g.summary(from, to, lost, of, share)
	return f
}

func (g *heldGroup) summary(from, to netip.AddrPort, lost, of time.Duration, share float64) string {
	whose := fmt.Sprintf("connection %v - %v", from, to)
	if g.dir == 1 {
		whose = fmt.Sprintf("connection %v - %v", to, from)
	}
	if len(g.convs) > 1 {
		whose = fmt.Sprintf("%d connections with %v", len(g.convs), to.Addr())
	}
	how := fmt.Sprintf("held a small segment back until a delayed acknowledgement came, for %s", tenths(lost))
	if g.count > 1 {
		how = fmt.Sprintf("held small segments back until delayed acknowledgements came, %d times, %s in all", g.count, tenths(lost))
	}
	return fmt.Sprintf("%s %s: %.0f %% of the %s of %s", from.Addr(), how, share, tenths(of), whose)
}

// confidence: a pattern, or one time that lasted as long as a stack's timer, is more than one observation.
func (g *heldGroup) confidence() diag.Confidence {
	if g.count >= heldPattern || g.timer() {
		return diag.Likely
	}
	return diag.Possible
}

// timers are how long stacks delay an acknowledgement: Linux, then Windows and BSD.
var timers = [][2]time.Duration{{35 * time.Millisecond, 50 * time.Millisecond}, {180 * time.Millisecond, 220 * time.Millisecond}}

// timer reports whether the longest time is that of a stack's timer, beyond the round trip.
func (g *heldGroup) timer() bool {
	d := g.worst.Lasted()
	if server, client, ok := g.in.TCP.RTT(); ok {
		d -= [2]int64{server, client}[g.dir]
	}
	return slices.ContainsFunc(timers, func(t [2]time.Duration) bool { return time.Duration(d) >= t[0] && time.Duration(d) <= t[1] })
}

// where are the segment that waited, its acknowledgement and what followed, of the first and the longest time of each connection.
func (g *heldGroup) where() []trace.Pos {
	var out []trace.Pos
	for _, h := range g.proofs[:min(len(g.proofs), maxHeldProofs)] {
		for _, m := range []flow.Moment{h.Sent, h.Acked, h.Freed} {
			out = append(out, m.Pos)
		}
	}
	slices.SortFunc(out, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	return slices.Compact(out)
}

// maxHeldProofs keeps whole proofs below the number of records that a finding lists.
const maxHeldProofs = 6

// tenths is a time below a second in milliseconds with one decimal: waits are compared.
func tenths(d time.Duration) string {
	if d >= time.Second {
		return diag.Duration(d)
	}
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
