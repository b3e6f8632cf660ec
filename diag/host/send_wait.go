package host

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/session"
)

//go:embed send_wait.md
var sendWaitPage string

// SendWait: each send waits until the one before it is acknowledged (E3).
var SendWait = &diag.Rule{ID: "host.send_wait", Title: "each send waits for an acknowledgment", Page: sendWaitPage, Run: sendWait}

// lateACK is how long a call takes, and several times the shortest round trip, when the other side delays its acknowledgments (RFC 9293, 3.8.6.3).
const lateACK = 150 * time.Millisecond

func sendWait(in *diag.Input) (out []diag.Finding) {
	type key struct {
		source  int
		process *session.Process
	}
	for _, list := range diag.Groups(in.Senders(), func(w *diag.Sender) key { return key{w.Source, w.Process} }) {
		if f, ok := sentAlone(in, list); ok {
			out = append(out, f)
		}
	}
	return out
}

func sentAlone(in *diag.Input, list []*diag.Sender) (f diag.Finding, ok bool) {
	var lost []diag.Interval
	worst := list[0]
	for _, w := range list {
		lost = append(lost, w.Alone...)
		f.Conversations = append(f.Conversations, w.Conv)
		if len(w.Alone) > len(worst.Alone) {
			worst = w
		}
	}
	total, ok := in.Waited(lost)
	if !ok {
		return f, false
	}
	f.Severity, f.Confidence, f.Source, f.Process, f.Count = diag.Warning, diag.Proven, worst.Source, worst.Process, len(lost)
	f.Cost, f.Lost, f.Where = total, lost, endsOf(lost)
	on := fmt.Sprintf("on %v - %v", local(worst.Socket), worst.Remote)
	if len(list) > 1 {
		on = "on " + diag.Count(len(list), "socket")
	}
	each := worst.Bytes / int64(len(worst.Alone))
	f.Summary = fmt.Sprintf("%s sent %d times %s and each time waited until all was acknowledged, %s as a rule, for %s in all", owner(worst.Process), len(lost), on, diag.Duration(worst.Median), diag.Duration(total))
	f.Facts = []diag.Fact{
		{Name: "bytes in each call", Value: fmt.Sprint(each)},
		{Name: "which is at most", Value: diag.Size(float64(each)/worst.Median.Seconds()) + " a second"},
		{Name: "round trip", Value: fmt.Sprintf("%s, %s at least", diag.Duration(worst.Mean), diag.Duration(worst.Shortest))},
	}
	f.RuledOut = []string{"a process that sends late: the next call began as soon as the one before it returned", "a window or a link that is full, or a segment that the stack held back: nothing was under way any more when a call returned"}
	f.Fix = []string{"leave the send buffer (SO_SNDBUF) to the system: with a small one, or with 0, a call ends when its data are acknowledged", "have several sends under way (overlapped), or send more with each"}
	if worst.Median >= lateACK && worst.Median > 3*worst.Shortest {
		f.Fix = append(f.Fix, "the acknowledgments come late: have the other side acknowledge at once (TcpAckFrequency, TCP_QUICKACK)")
	}
	f.Filter = diag.StreamFilter(f.Conversations[:min(len(f.Conversations), 40)])
	return f, true
}
