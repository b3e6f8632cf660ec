package host

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
)

//go:embed abort_reason.md
var abortPage string

// AbortReason: who closed the connection and why (E9).
var AbortReason = &diag.Rule{ID: "host.abort_reason", Title: "who closed the connection, and why", Page: abortPage, Run: abortReason}

// Statuses with which the stack ends a connection ([MS-ERREF] 2.3.1).
const (
	statusConnectionReset   = 0xC000020D
	statusConnectionAborted = 0xC0000241 // also logged when the control block is released after an orderly close
)

// ends are further statuses, with what they say.
var ends = map[uint32]struct{ name, text string }{
	0xC00000B5: {"STATUS_IO_TIMEOUT", "the other side did not acknowledge any more, and the stack gave up"},
	0xC000023C: {"STATUS_NETWORK_UNREACHABLE", "there is no route to the network"},
	0xC000023D: {"STATUS_HOST_UNREACHABLE", "the host cannot be reached"},
	0xC000023F: {"STATUS_PORT_UNREACHABLE", "nothing listens on the port"},
	0xC0000236: {"STATUS_CONNECTION_REFUSED", "the other side refused the connection"},
}

// An ending is who ended a connection, and how.
type ending uint8

const (
	unknown       ending = iota
	orderly              // FIN both ways
	resetByPeer          // the other side's reset arrived
	resetAfterEnd        // the same, after this side had closed
	abortedHere          // this side aborted
	byStatus             // the stack ended it with a status of its own
)

// peerReasons are AFD's words for an abort that came from the other side.
var peerReasons = map[string]bool{
	"Transport indicated abortive disconnect": true, "Abort indicated during connection request": true, "reason 4": true, "reason 18": true,
}

// endKey is one cause.
type endKey struct {
	source  int
	process *session.Process
	how     ending
	service netip.AddrPort // the end that others came to; zero for orderly closes
	here    bool           // the service is of this host: clients are many, and have a port each
	status  uint32
	reason  string
}

func abortReason(in *diag.Input) []diag.Finding {
	if in.Session == nil {
		return nil
	}
	index := map[endKey][]*session.TCB{}
	shared := map[localEnd]int{}
	for _, t := range in.Session.TCBs {
		shared[localEnd{t.Source, t.Local}]++
	}
	var keys []endKey
	for _, t := range in.Session.TCBs {
		k := endOf(t)
		if k.how == unknown {
			continue
		}
		if k.here = k.service.IsValid() && (shared[localEnd{t.Source, t.Local}] > 1 || cameHere(t)); k.here {
			k.service = t.Local
		}
		if index[k] == nil {
			keys = append(keys, k)
		}
		index[k] = append(index[k], t)
	}
	var out []diag.Finding
	for _, k := range keys {
		out = append(out, ended(in, k, index[k]))
	}
	return out
}

// A localEnd is an end of this host. One that several connections have is that of a service.
type localEnd struct {
	source int
	addr   netip.AddrPort
}

// cameHere reports whether the other side opened the connection, as far as the trace tells.
func cameHere(t *session.TCB) bool {
	if c := t.Conv; c != nil && c.Opened {
		return c.Ends[1] == t.Local
	}
	accepted := func(s *session.Socket) bool { return s.Listener != nil }
	received := func(s session.Transition) bool { return s.From == "SynRcvdState" || s.To == "SynRcvdState" }
	return slices.ContainsFunc(t.Sockets, accepted) || slices.ContainsFunc(t.States, received)
}

// endOf says how the connection ended; unknown when the events do not tell.
func endOf(t *session.TCB) endKey {
	k := endKey{source: t.Source, process: t.Process, service: t.Remote, status: t.Shutdown}
	fromPeer := t.AbortAt.Seen() && peerReasons[t.AbortReason]
	local, other := sides(t)
	_, known := ends[t.Shutdown]
	switch {
	case !t.ShutdownAt.Seen() && !t.AbortAt.Seen():
	case t.System == session.Linux && refused(t): // tcp.syn.refused has it
	case t.AbortAt.Seen() && !fromPeer:
		k.how, k.reason, k.status = abortedHere, t.AbortReason, 0
	case t.Shutdown == statusConnectionReset || fromPeer || other.RST.Seen() && !local.RST.Seen() && t.Shutdown == statusConnectionAborted:
		k.how, k.status = resetByPeer, statusConnectionReset
		if local.FIN.Seen() && (!other.RST.Seen() || local.FIN.Pos.Number < other.RST.Pos.Number) {
			k.how = resetAfterEnd
		}
	case local.FIN.Seen() && other.FIN.Seen() && !local.RST.Seen() && !other.RST.Seen(), t.Conv == nil && pathOrderly(t):
		k.how, k.service = orderly, netip.AddrPort{}
	case local.RST.Seen() && t.Shutdown == statusConnectionAborted:
		k.how = abortedHere
	case known:
		k.how = byStatus
	}
	return k
}

// refused reports whether an attempt to connect came to nothing, by the states of the control block.
func refused(t *session.TCB) bool {
	return len(t.States) > 0 && t.States[0].To == "SynSentState" && !slices.ContainsFunc(t.States, func(s session.Transition) bool { return s.To == "EstablishedState" })
}

// resetReasons are words for reasons that the kernel of Linux gives for its resets (include/net/rstreason.h).
var resetReasons = map[string]string{
	"TCP_ABORT_ON_CLOSE": "it closed with data unread", "TCP_ABORT_ON_LINGER": "it closed with a linger time that ran out",
	"TCP_STATE": "it closed with a linger time of 0, or ended", "TCP_ABORT_ON_MEMORY": "the host has no memory for it",
	"TCP_KEEPALIVE_TIMEOUT": "the other side did not answer keep-alive", "TCP_DISCONNECT_WITH_DATA": "it disconnected with data unsent",
	"TCP_TIMEOUT_DURING_KEEPALIVE": "the other side did not answer keep-alive",
}

// wireEnd is what the packets show of the end of one side.
type wireEnd struct{ FIN, RST flow.Moment }

// sides are the ends of this host and of the other one; empty without packets.
func sides(t *session.TCB) (local, other wireEnd) {
	c := t.Conv
	if c == nil || c.TCP == nil {
		return local, other
	}
	both := [2]*wireEnd{&local, &other}
	if c.Ends[1] == t.Local {
		both[0], both[1] = both[1], both[0]
	}
	for i, w := range both {
		w.FIN = c.TCP.Sides[i].FIN
	}
	if c.TCP.RST.Seen() {
		both[c.TCP.RSTBy].RST = c.TCP.RST
	}
	return local, other
}

// pathOrderly reports whether the states that the stack logged are those of a close with FIN both ways (RFC 9293, 3.6).
func pathOrderly(t *session.TCB) bool {
	for _, s := range t.States {
		if s.To == "LastAckState" || s.To == "TimeWaitState" || s.To == "ClosingState" {
			return true
		}
	}
	return false
}

func ended(in *diag.Input, k endKey, list []*session.TCB) diag.Finding {
	f := diag.Finding{Severity: diag.Warning, Confidence: diag.Proven, Source: k.source, Process: k.process, Count: len(list)}
	for _, t := range list {
		local, other := sides(t)
		for _, m := range []flow.Moment{local.FIN, other.FIN, local.RST, other.RST, t.AbortAt, t.ShutdownAt} {
			reset := k.how != orderly
			if m.Seen() && !(reset && (m == local.FIN || m == other.FIN) && k.how != resetAfterEnd) {
				f.Where = append(f.Where, m.Pos)
			}
		}
		if t.Conv != nil {
			f.Conversations = append(f.Conversations, t.Conv)
		}
	}
	slices.SortFunc(f.Where, inOrder)
	f.Where = slices.Compact(f.Where)
	f.Filter = diag.StreamFilter(f.Conversations[:min(len(f.Conversations), 40)])
	what, whose := fmt.Sprintf("the connection %v - %v", list[0].Local, list[0].Remote), list[0].Remote.String()
	if k.here {
		whose = diag.List(clientsOf(list), 3)
	}
	switch {
	case len(list) > 1 && k.here:
		what = fmt.Sprintf("%d connections to %v", len(list), k.service)
	case len(list) > 1:
		what = fmt.Sprintf("%d connections of %v", len(list), list[0].Local.Addr())
	}
	if len(list) == 1 {
		whose = list[0].Remote.String()
	} else if k.how != orderly {
		f.Facts = spread(in, k, list)
	}
	switch k.how {
	case orderly:
		closed(&f, list)
	case resetByPeer:
		f.Summary = fmt.Sprintf("%s reset %s, owned by %s: %s", whose, what, owner(k.process), k.name(list))
		f.RuledOut = []string{"an abort by " + owner(k.process) + ": it had not closed, the reset arrived"}
		f.Fix = []string{fmt.Sprintf("look at the process on %s, or at a device between: why does it reset?", diag.List(clientsOf(list), 3))}
		pending(&f, list)
	case resetAfterEnd:
		f.Severity = diag.Note
		f.Summary = fmt.Sprintf("%s answered the close of %s, owned by %s, with a reset: %s, and harmless", whose, what, owner(k.process), k.name(list))
		f.Fix = []string{"nothing"}
	case abortedHere:
		if len(list) > 1 {
			what += " with " + whose
		}
		f.Summary = fmt.Sprintf("%s aborted %s", owner(k.process), what)
		if k.reason != "" {
			f.Summary += ": " + k.reason
			if words := resetReasons[k.reason]; words != "" {
				f.Summary += ", " + words
			}
		} else {
			f.Summary += " with a reset: STATUS_CONNECTION_ABORTED"
		}
		if died := diedBefore(k, list); died != "" {
			f.Summary += died
		}
		f.Fix = []string{"look at what the process did at that moment: a close with unread data, a linger time of 0, or its end"}
	case byStatus:
		f.Summary = fmt.Sprintf("the stack ended %s, owned by %s, with %s: %s", what, owner(k.process), k.name(list), ends[k.status].text)
		f.Fix = []string{"look for loss and resets on the connection before it"}
	}
	return f
}

// clientsOf are the addresses of the other sides, each once.
func clientsOf(list []*session.TCB) []string {
	return diag.Distinct(list, func(t *session.TCB) string { return t.Remote.Addr().String() })
}

// spread says when connections ended alike, and whose most of them were.
func spread(in *diag.Input, k endKey, list []*session.TCB) (facts []diag.Fact) {
	facts = append(facts, diag.Fact{Name: "the first of them", Value: fmt.Sprintf("%v - %v", list[0].Local, list[0].Remote)})
	first, last := endAt(list[0]), endAt(list[len(list)-1])
	if d, ok := in.Elapsed(first, last); ok && first.Seen() && last.Seen() && d > 0 {
		facts = append(facts, diag.Fact{Name: "from the first to the last", Value: diag.Duration(d)})
	}
	if groups := diag.Groups(list, func(t *session.TCB) netip.Addr { return t.Remote.Addr() }); k.here && len(groups) > 1 {
		worst := slices.MaxFunc(groups, func(a, b []*session.TCB) int { return len(a) - len(b) })
		facts = append(facts, diag.Fact{Name: "most of them", Value: fmt.Sprintf("%d of %v", len(worst), worst[0].Remote.Addr())})
	}
	return facts
}

// endAt is when a connection ended, as the host says.
func endAt(t *session.TCB) flow.Moment {
	if t.AbortAt.Seen() {
		return t.AbortAt
	}
	return t.ShutdownAt
}

// name is what the system of the host calls the status.
func (k endKey) name(list []*session.TCB) string {
	if list[0].System == session.Linux {
		return linuxNames[k.status]
	}
	if k.status == statusConnectionReset {
		return "STATUS_CONNECTION_RESET"
	}
	return ends[k.status].name
}

// linuxNames are what calls on Linux return where Windows has these statuses.
var linuxNames = map[uint32]string{
	statusConnectionReset: "ECONNRESET", 0xC00000B5: "ETIMEDOUT", 0xC000023C: "ENETUNREACH", 0xC000023D: "EHOSTUNREACH", 0xC0000236: "ECONNREFUSED",
}

// justEnded is how long before a reset a process may have ended to be the reason of it.
const justEnded = 100 * time.Millisecond

// diedBefore says that the process ended just before it reset the connections.
func diedBefore(k endKey, list []*session.TCB) string {
	p := k.process
	if p == nil || p.End == 0 {
		return ""
	}
	for _, t := range list {
		if d := t.AbortAt.Time - p.End; !t.AbortAt.Seen() || d < -int64(justEnded) || d > int64(justEnded) {
			return ""
		}
	}
	return "; the process ended at that moment"
}

// pending counts the calls of the application that the reset ended.
func pending(f *diag.Finding, list []*session.TCB) {
	n := 0
	for _, t := range list {
		for _, s := range t.Sockets {
			for _, c := range s.Calls {
				if c.Status == statusConnectionReset {
					n++
				}
			}
		}
	}
	if n > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "calls of the application that failed with it", Value: fmt.Sprint(n)})
	}
}

// closed describes orderly closes: the status that the stack logs looks like an error and is none.
func closed(f *diag.Finding, list []*session.TCB) {
	f.Severity = diag.Note
	f.Fix = []string{"nothing"}
	aborted := slices.ContainsFunc(list, func(t *session.TCB) bool { return t.Shutdown == statusConnectionAborted })
	if len(list) == 1 {
		f.Summary = closedFirst(list[0])
	} else {
		here, there := 0, 0
		for _, t := range list {
			switch first(t) {
			case t.Local:
				here++
			case t.Remote:
				there++
			}
		}
		f.Summary = fmt.Sprintf("%d connections of %s were closed in order (FIN both ways, no reset): %d by this host first, %d by the other side", len(list), owner(list[0].Process), here, there)
	}
	if aborted {
		f.Summary += "; the status STATUS_CONNECTION_ABORTED that the stack logs afterwards is its clean-up and benign"
		f.RuledOut = []string{"an abort: no reset on the wire, and the control block had been closed before"}
		if f.Conversations == nil {
			f.RuledOut = []string{"an abort: the states of the control block are those of a close with FIN both ways"}
		}
	}
}

// first is the end that sent its FIN first, invalid when it is not known.
func first(t *session.TCB) netip.AddrPort {
	if c := t.Conv; c != nil && c.TCP != nil && c.TCP.FirstFIN >= 0 {
		return c.Ends[c.TCP.FirstFIN]
	}
	for _, s := range t.States {
		switch s.To {
		case "CloseWaitState":
			return t.Remote
		case "FinWait1State":
			return t.Local
		}
	}
	return netip.AddrPort{}
}

func closedFirst(t *session.TCB) string {
	c, end := t.Conv, first(t)
	if c == nil {
		if !end.IsValid() {
			return fmt.Sprintf("the connection %v - %v was closed in order", t.Local, t.Remote)
		}
		return fmt.Sprintf("%v closed the connection %v - %v first, and the close was orderly", end, t.Local, t.Remote)
	}
	who := end.String()
	if c.Opened { // only then it is known who is who
		who = map[bool]string{true: "the client", false: "the server"}[end == c.Ends[0]]
	}
	return fmt.Sprintf("%s closed connection %v - %v first, and the close was orderly (FIN both ways, no reset)", who, c.Ends[0], c.Ends[1])
}
