package mtu

import (
	"cmp"
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed blackhole.md
var blackHolePage string

// BlackHole: large packets vanish and nobody says so (I1).
var BlackHole = &diag.Rule{ID: "mtu.blackhole", Title: "large packets vanish on the way and nobody says so", Page: blackHolePage, WithheldBy: []string{"cap.oneway", "cap.gaps", "cap.drops.reported"}}

func init() { BlackHole.Run = blackHoles } // Run names the rule: a literal would be a cycle

const (
	// minVanished is how many segments of full size in a row must be missing at the receiver.
	minVanished = 2
	// longGone is how long they must have been missing: a sender has repeated them by then.
	longGone = 3 * time.Second
)

// A hole is what one connection shows.
type hole struct {
	conv       *flow.Conversation
	dir        int
	size       int64 // payload of the segments that vanish
	times      int64 // how often they were sent in vain, 0 at the receiver
	bytes      int64 // missing at the receiver
	from, to   flow.Moment
	where      []flow.Moment
	passed     int64 // largest payload of a segment that was acknowledged before
	confidence diag.Confidence
	small      string // what shows that small ones pass
	sizes      string // what two points say of the sizes of what was lost; "" without them
}

func blackHoles(in *diag.Input) (out []diag.Finding) {
	var all diag.Ways
	holes := map[*diag.Way][]hole{}
	for c := range in.Conversations.With(flow.Troubled) {
		for dir := range c.Dir {
			h, ok := sent(in, c, dir)
			if !ok {
				h, ok = received(in, c, dir)
			}
			if !ok || tooBig(c, dir) != nil || in.StuckHello(c) || in.Withhold(BlackHole, c) {
				continue
			}
			h.weigh(in)
			g := all.Add(diag.HostWay(c, dir), c, dir)
			holes[g] = append(holes[g], h)
		}
	}
	for _, g := range all.List {
		out = append(out, finding(in, g, holes[g]))
	}
	return out
}

// minLost is how many packets lost between two points tell by their sizes why.
const minLost = 3

// weigh looks at the sizes of what was lost between two points: large ones alone are a black hole, and where small ones were lost as well it may be loss of another kind.
func (h *hole) weigh(in *diag.Input) {
	list := in.Gone(h.conv, h.dir)
	if len(list) != 1 || list[0].Lost < minLost || list[0].LeastLost == 0 {
		return
	}
	g := &list[0]
	between := diag.Between(in.Points, g.Pair)
	if g.LeastLost > g.MostPassed && g.MostPassed > 0 {
		h.confidence = diag.Proven
		h.sizes = fmt.Sprintf("between %s the %d of one connection that were lost carry %d bytes or more, and those of it that passed %d at most", between, g.Lost, g.LeastLost, g.MostPassed)
		return
	}
	if h.confidence < diag.Proven {
		h.confidence = diag.Possible
	}
	h.sizes = fmt.Sprintf("between %s segments of %d bytes were lost as well", between, g.LeastLost)
}

// sent is what shows at the sender, or on the way to the hole.
func sent(in *diag.Input, c *flow.Conversation, dir int) (h hole, ok bool) {
	v, ok := in.Vanishing(c, dir)
	if !ok {
		return h, false
	}
	r := v.Row
	return hole{
		conv: c, dir: dir, size: int64(r.Bytes), times: int64(r.Times) + 1, from: r.First, to: cmp.Or(r.Acked, c.Last), passed: int64(r.Passed),
		where: []flow.Moment{r.First, r.Last, v.Proof}, small: v.Small, confidence: v.Confidence,
	}, true
}

// received looks for whole segments of full size that never came while all smaller ones did, as it is seen at the receiver.
func received(in *diag.Input, c *flow.Conversation, dir int) (h hole, ok bool) {
	d := &c.Dir[dir]
	for _, u := range d.Trouble.Unfilled() {
		size := wholeSegments(c, int64(u.Bytes))
		if size == 0 || int64(d.MaxPayload) >= diag.FullSize(c) || d.Payload == 0 && c.TCP.Sides[dir].ISNKnown && diag.Delivered(c, dir) == 0 {
			continue
		}
		gone, timed := in.Elapsed(before(c, dir, u.Behind), u.Behind)
		if !timed || max(gone, elapsed(in, u.Behind, c.Last)) < longGone {
			continue
		}
		h = hole{conv: c, dir: dir, size: size, bytes: int64(u.Bytes), from: before(c, dir, u.Behind), to: c.Last, where: []flow.Moment{u.Behind}, confidence: diag.Likely}
		h.small = fmt.Sprintf("all segments that came have %d bytes at most", d.MaxPayload)
		return h, true
	}
	return h, false
}

// before is the last data of the side ahead of a moment, as far as it is known; else the first packet.
func before(c *flow.Conversation, dir int, m flow.Moment) flow.Moment {
	if last := c.TCP.Sides[dir].LastData; last.Seen() && last.Pos.Number < m.Pos.Number {
		return last
	}
	return c.First
}

func elapsed(in *diag.Input, from, to flow.Moment) time.Duration {
	d, _ := in.Elapsed(from, to)
	return d
}

// wholeSegments is the payload of the segments of full size that a hole is made of, 0 when it is not: without options, or with time stamps (RFC 7323, 3.2).
func wholeSegments(c *flow.Conversation, bytes int64) int64 {
	mss := int64(diag.MSS(c))
	for _, size := range []int64{mss - 12, mss} {
		if size > 0 && bytes >= minVanished*size && bytes%size == 0 {
			return size
		}
	}
	return 0
}

func finding(in *diag.Input, g *diag.Way, holes []hole) diag.Finding {
	var where []flow.Moment
	var waits []diag.Interval
	best := holes[0]
	for _, h := range holes {
		where = append(where, h.where...)
		waits = append(waits, diag.Interval{From: h.from, To: h.to})
		if h.confidence > best.confidence || h.confidence == best.confidence && best.sizes == "" {
			best = h
		}
	}
	f := g.Finding(where...)
	f.Severity, f.Confidence, f.Count = diag.Error, best.confidence, len(holes)
	in.Charge(&f, waits)
	f.Between = between(in, holes)
	if f.Confidence == diag.Possible {
		f.Severity = diag.Warning
	}
	from, to := g.From().Addr(), g.To().Addr()
	f.Host = from.String()
	f.Filter = diag.AnyOf(g.Filter(), diag.Frames(where...))
	which := fmt.Sprintf("connection %v - %v", best.conv.Ends[0], best.conv.Ends[1])
	if len(holes) > 1 {
		which = diag.Count(len(holes), "connection")
	}
	if best.times > 0 {
		f.Summary = fmt.Sprintf("segments of %d bytes from %v do not come to %v, and smaller ones do: sent %d times in vain in %s, no ICMP error says that they are too big", best.size, from, to, best.times, which)
		f.Facts = append(f.Facts, diag.Fact{Name: "largest segment that was acknowledged before", Value: diag.Count(best.passed, "byte")})
	} else {
		f.Summary = fmt.Sprintf("%d segments of %d bytes from %v never came to this capture at or near %v, and smaller ones did, in %s", best.bytes/best.size, best.size, from, to, which)
	}
	if best.sizes != "" {
		f.Summary += "; " + best.sizes
	}
	f.Facts = append(f.Facts, diag.Fact{Name: "small ones pass", Value: best.small})
	if f.Between != "" {
		f.Facts = append(f.Facts, diag.Fact{Name: "they vanish between", Value: f.Between})
	}
	f.RuledOut = []string{
		"loss by chance: the same segment is lost each time it is sent",
		"a host or path that is down: " + best.small,
		"path MTU discovery: no ICMP error for this connection came by",
	}
	f.Fix = []string{
		"on the router or tunnel with the smaller link: clamp the MSS of TCP to what fits (Linux: iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu)",
		fmt.Sprintf("let ICMP type 3 code 4 (IPv6: type 2) pass to %v: firewalls on the way must not drop it", from),
		fmt.Sprintf("until then a smaller MTU on %v helps; so does probing (Linux: net.ipv4.tcp_mtu_probing=1)", from),
	}
	f.NextCapture = []string{
		fmt.Sprintf("on %v: ping -M do -s 1472 %v (Windows: ping -f -l 1472), then smaller sizes: the largest that is answered, plus 28, is the MTU of the way", from, to),
		fmt.Sprintf("at both ends: tcpdump -i eth0 -s 128 -w end.pcap 'icmp or icmp6 or host %v'", to),
	}
	return f
}

// between names the two capture points that have the hole between them, "" when they are not the same for all connections.
func between(in *diag.Input, holes []hole) string {
	first := ""
	for i, h := range holes {
		at, _ := in.LostBetween(h.conv, h.dir)
		if i > 0 && at != first {
			return ""
		}
		first = at
	}
	return first
}
