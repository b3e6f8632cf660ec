package capture

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

//go:embed short.md
var shortPage string

// Short: the failure is not inside the capture (Q13).
var Short = &diag.Rule{ID: "cap.short", Title: "the capture ends, or begins, in the middle of the trouble", Page: shortPage, Quality: true, AtEnds: true, Run: short}

// A cutOff is a connection in trouble at an end of the capture.
type cutOff struct {
	conv  *flow.Conversation
	proof []trace.Pos
	text  string // what was going on
}

func short(in *diag.Input) []diag.Finding {
	first := make([]*flow.Conversation, len(in.Sources)) // that with the first packet of the file
	all := make([][]cutOff, len(in.Sources))
	explained := map[*flow.Conversation]bool{}
	if in.Session != nil {
		for _, d := range in.Session.Drops {
			explained[d.Conv] = true // the host dropped packets of it, and says why
		}
	}
	asked := map[asker]int{} // attempts without an answer
	for c := range in.Conversations.With(flow.OneSided | flow.Troubled) {
		if c.First.Pos.Number == 1 {
			first[c.Source] = c
		}
		if t := c.TCP; t == nil || t.RST.Seen() || t.Sides[0].FIN.Seen() && t.Sides[1].FIN.Seen() || explained[c] {
			continue
		}
		if unanswered(c) {
			asked[askerOf(c)]++
		}
		if cut, ok := atEnd(in, c); ok {
			all[c.Source] = append(all[c.Source], cut)
		}
	}
	var out []diag.Finding
	for i := range in.Sources {
		all[i] = slices.DeleteFunc(all[i], func(cut cutOff) bool { // the attempts before it show how that ends
			return unanswered(cut.conv) && asked[askerOf(cut.conv)] > 1
		})
		if len(all[i]) > 0 {
			out = append(out, endsEarly(i, all[i]))
		}
		if f, ok := beginsLate(i, first[i]); ok {
			out = append(out, f)
		}
	}
	return out
}

// atEnd reports whether the connection was in trouble when the capture ended.
func atEnd(in *diag.Input, c *flow.Conversation) (cutOff, bool) {
	if cut, ok := asking(in, c); ok {
		return cut, true
	}
	for i := range c.Dir {
		if cut, ok := repeating(in, c, i); ok {
			return cut, true
		}
		if cut, ok := stalled(in, c, i); ok {
			return cut, true
		}
	}
	return cutOff{}, false
}

// An asker is a client with the server that it asks.
type asker struct {
	source         int
	client, server netip.Addr
}

func askerOf(c *flow.Conversation) asker {
	return asker{c.Source, c.Ends[0].Addr(), c.Ends[1].Addr()}
}

// unanswered reports whether nothing of the server's was seen.
func unanswered(c *flow.Conversation) bool {
	t := c.TCP
	return t.SYN.Seen() && !t.SYNACK.Seen() && c.ICMP == nil && c.Dir[1].Packets == 0 && t.Sides[0].AckSent == 0 && !t.Sides[0].FIN.Seen()
}

// answerable is how long a SYN that was sent three times is waited for: after it tcp.syn.silent says that nobody answers.
const answerable = 3 * time.Second

// asking: the SYN was repeated, and the next repetition was not due yet.
func asking(in *diag.Input, c *flow.Conversation) (cut cutOff, ok bool) {
	t := c.TCP
	if t.SYNs < 2 || !unanswered(c) {
		return cut, false
	}
	spread, ok := in.Elapsed(t.SYN, t.LastSYN)
	left, timed := in.Elapsed(t.LastSYN, in.End(c.Source))
	if !ok || !timed || spread < minRepeat || left > 2*spread || t.SYNs > 2 && spread+left >= answerable {
		return cut, false
	}
	return cutOff{c, []trace.Pos{t.SYN.Pos, t.LastSYN.Pos},
		fmt.Sprintf("%s %v repeated its SYN to %v", after(left), c.Ends[0], c.Ends[1])}, true
}

func after(d time.Duration) string {
	if d < time.Millisecond {
		return "right after"
	}
	return diag.Duration(d) + " after"
}

// minRepeat is the least time-out of a stack; closer packets are copies or answers to acknowledgements.
const minRepeat = 200 * time.Millisecond

// repeating: the last data of side i is a repetition after a time-out, not acknowledged, and the next one was not due yet.
func repeating(in *diag.Input, c *flow.Conversation, i int) (cut cutOff, ok bool) {
	v := c.Dir[i].Trouble.Verdict(flow.Retransmission)
	last := c.TCP.Sides[i].LastData
	if v == nil || v.Worst.Pos != last.Pos || v.Size < int64(minRepeat) || c.TCP.Undelivered(i) == 0 {
		return cut, false
	}
	left, timed := in.Elapsed(last, in.End(c.Source))
	if !timed || left > 2*time.Duration(v.Size) {
		return cut, false
	}
	return cutOff{c, []trace.Pos{last.Pos},
		fmt.Sprintf("%s %v repeated data that %v had not acknowledged", after(left), c.Ends[i], c.Ends[1-i])}, true
}

// stalled: side i has closed its window, and did not open it before the end.
func stalled(in *diag.Input, c *flow.Conversation, i int) (cut cutOff, ok bool) {
	v := c.Dir[i].Trouble.Verdict(flow.ZeroWindow)
	if v == nil || c.TCP.Sides[i].Window != 0 || c.TCP.Sides[i].FIN.Seen() {
		return cut, false
	}
	left, timed := in.Elapsed(v.First, in.End(c.Source))
	if !timed || left < minRepeat {
		return cut, false
	}
	return cutOff{c, []trace.Pos{v.First.Pos}, fmt.Sprintf("while %v still advertises a window of 0 to %v", c.Ends[i], c.Ends[1-i])}, true
}

func endsEarly(source int, cuts []cutOff) diag.Finding {
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: source, Count: len(cuts),
		Summary: "the capture ends " + cuts[0].text + ": how that goes on is not inside",
		Fix:     []string{"capture again, and stop only after the application has reported its error"},
	}
	if f.Count > 1 {
		f.Summary = fmt.Sprintf("the capture ends while %d connections are in trouble, the first of them %s: how that goes on is not inside", f.Count, cuts[0].text)
	}
	for _, c := range cuts {
		f.Conversations = append(f.Conversations, c.conv)
		f.Where = append(f.Where, c.proof...)
	}
	sortByNumber(f.Where)
	f.Filter = diag.StreamFilter(f.Conversations[:min(f.Count, maxStreams)])
	f.NextCapture = longer(cuts[0].conv)
	return f
}

// longer is how to record between the two ends of a connection until it fails, without filling the disk.
func longer(c *flow.Conversation) []string {
	a, b := c.Ends[0].Addr(), c.Ends[1].Addr()
	return []string{
		fmt.Sprintf("on Linux: tcpdump -i any -s 0 -C 100 -W 20 -w next.pcap '%s'", hostsFilter(a, b)),
		fmt.Sprintf(`on Windows: netsh trace start capture=yes %s.Address=%v fileMode=circular maxSize=2048 traceFile=C:\next.etl; after the error: netsh trace stop`, family(b), b.WithZone("")),
	}
}

func hostsFilter(a, b netip.Addr) string {
	return fmt.Sprintf("icmp or icmp6 or (host %v and host %v)", a.WithZone(""), b.WithZone(""))
}

func family(a netip.Addr) string {
	if a.Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// maxHole is more than a receiver keeps behind a hole: what is further ahead is a damaged number.
const maxHole = 1 << 20

// beginsLate reports a capture that begins with the repair of a loss: its first
// packet is data of a connection, and the answer acknowledges more than it, so that it had filled a hole. A recorder
// that loses packets shows the same, again and again.
func beginsLate(source int, c *flow.Conversation) (f diag.Finding, ok bool) {
	if c == nil || c.Proto != proto.TCP || c.Opened || c.TCP.SYN.Seen() || c.TCP.SYNACK.Seen() {
		return f, false
	}
	for i := range c.Dir {
		v, hole := c.Dir[1-i].Trouble.Verdict(flow.AckLostSegment), c.Dir[i].Trouble.Verdict(flow.LostSegment)
		if v == nil || hole == nil || hole.Count > 1 || hole.Size > maxHole || v.First.Pos.Number != c.First.Pos.Number+1 || c.Dir[i].Payload == 0 {
			continue
		}
		return diag.Finding{
			Severity: diag.Note, Confidence: diag.Possible, Source: source, Conversations: []*flow.Conversation{c},
			Where:  []trace.Pos{c.First.Pos, v.First.Pos},
			Filter: diag.StreamFilter([]*flow.Conversation{c}),
			Summary: fmt.Sprintf("the capture seems to begin while %v repairs a loss: frame %d acknowledges more than the first packet brought; what was lost before is not inside",
				c.Ends[i], v.First.Pos.Number),
			Fix:         []string{"start the capture earlier"},
			NextCapture: longer(c),
		}, true
	}
	return f, false
}
