package stats

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// A Severity is Wireshark's, the worst last.
type Severity uint8

const (
	Chat Severity = iota
	Note
	Warn
	Error
)

var severityNames = [...]string{"Chat", "Note", "Warn", "Error"}

func (s Severity) String() string { return severityNames[s] }

// Severities finds a severity by tshark's word for -z expert.
var Severities = map[string]Severity{"chat": Chat, "note": Note, "warn": Warn, "warning": Warn, "error": Error}

// A Remark is what is said of packets, and of how many: tshark's line of -z expert.
type Remark struct {
	Severity Severity
	Group    string // "Sequence"
	Protocol string // "TCP"
	Summary  string
	Count    int64
}

// Experts collects remarks.
type Experts struct {
	AtLeast Severity
	List    []*Remark
	index   map[remarkKey]*Remark
	verdict []verdict
}

type remarkKey struct {
	severity Severity
	summary  string
}

// A verdict is one of the analysis; the summary ends with the number of the field in count where there is one.
type verdict struct {
	severity    Severity
	field       string
	summary     string
	count       string
	has, number func(*flow.Sighting) (int64, bool)
}

// verdicts are Wireshark's remarks on tcp.analysis, under its names. Those that the analysis does not have never occur.
var verdicts = []verdict{
	{severity: Note, field: "tcp.analysis.retransmission", summary: "This frame is a (suspected) retransmission"},
	{severity: Note, field: "tcp.analysis.fast_retransmission", summary: "This frame is a (suspected) fast retransmission"},
	{severity: Note, field: "tcp.analysis.spurious_retransmission", summary: "This frame is a (suspected) spurious retransmission"},
	{severity: Warn, field: "tcp.analysis.out_of_order", summary: "This frame is a (suspected) out-of-order segment"},
	{severity: Warn, field: "tcp.analysis.lost_segment", summary: "Previous segment(s) not captured (common at capture start)"},
	{severity: Warn, field: "tcp.analysis.ack_lost_segment", summary: "ACKed segment that wasn't captured (common at capture start)"},
	{severity: Note, field: "tcp.analysis.duplicate_ack", summary: "Duplicate ACK", count: "tcp.analysis.duplicate_ack_num"},
	{severity: Chat, field: "tcp.analysis.window_update", summary: "TCP window update"},
	{severity: Warn, field: "tcp.analysis.window_full", summary: "TCP window specified by the receiver is now completely full"},
	{severity: Warn, field: "tcp.analysis.zero_window", summary: "TCP Zero Window segment"},
	{severity: Note, field: "tcp.analysis.zero_window_probe", summary: "TCP Zero Window Probe"},
	{severity: Note, field: "tcp.analysis.zero_window_probe_ack", summary: "ACK to a TCP Zero Window Probe"},
	{severity: Note, field: "tcp.analysis.keep_alive", summary: "TCP keep-alive segment"},
	{severity: Note, field: "tcp.analysis.keep_alive_ack", summary: "ACK to a TCP keep-alive segment"},
	{severity: Note, field: "tcp.analysis.reused_ports", summary: "A new tcp session is started with the same ports as an earlier session in this trace"},
	{severity: Note, field: "tcp.analysis.tfo_syn", summary: "TCP SYN with TFO Cookie"},
	{severity: Note, field: "tcp.analysis.tfo_ack", summary: "TCP SYN-ACK accepting TFO data"},
	{severity: Warn, field: "tcp.analysis.tfo_ignored", summary: "TCP SYN-ACK ignoring TFO data"},
	{severity: Note, field: "tcp.connection.fin_active", summary: "This frame initiates the connection closing"},
	{severity: Note, field: "tcp.connection.fin_passive", summary: "This frame undergoes the connection closing"},
}

// NewExperts collects remarks of a severity or above.
func NewExperts(atLeast Severity) *Experts {
	e := &Experts{AtLeast: atLeast, index: map[remarkKey]*Remark{}, verdict: slices.Clone(verdicts)}
	for i := range e.verdict {
		v := &e.verdict[i]
		v.has, v.number = number(v.field), number(v.count)
	}
	return e
}

// Add takes the remarks on a packet.
func (e *Experts) Add(row *Row, _ bool) {
	p := traffic(row)
	if p == nil {
		return
	}
	if p.Has(packet.Malformed) && p.Err != nil {
		e.remark(Error, "Malformed", p.Err.Layer, p.Err.Detail)
	}
	if p.Transport == proto.TCP {
		e.connection(&p.TCP)
		if row.Sighting != nil && row.Sighting.TCP {
			e.analysis(row.Sighting)
		}
	}
}

// connection remarks on the flags that open and close a connection.
func (e *Experts) connection(h *tcp.Header) {
	const group, name = "Sequence", "TCP"
	switch h.Flags & (tcp.SYN | tcp.ACK) {
	case tcp.SYN:
		e.remark(Chat, group, name, fmt.Sprintf("Connection establish request (SYN): server port %d", h.DstPort))
	case tcp.SYN | tcp.ACK:
		e.remark(Chat, group, name, fmt.Sprintf("Connection establish acknowledge (SYN+ACK): server port %d", h.SrcPort))
	}
	if h.Flags&tcp.FIN != 0 {
		e.remark(Chat, group, name, "Connection finish (FIN)")
	}
	if h.Flags&tcp.RST != 0 {
		e.remark(Warn, group, name, "Connection reset (RST)")
	}
}

func (e *Experts) analysis(s *flow.Sighting) {
	for i := range e.verdict {
		v := &e.verdict[i]
		if _, ok := v.has(s); !ok {
			continue
		}
		summary := v.summary
		if n, ok := v.number(s); ok {
			summary += fmt.Sprintf(" (#%d)", n)
		}
		e.remark(v.severity, "Sequence", "TCP", summary)
	}
}

func (e *Experts) remark(severity Severity, group, protocol, summary string) {
	if severity < e.AtLeast {
		return
	}
	k := remarkKey{severity, protocol + summary}
	r := e.index[k]
	if r == nil {
		r = &Remark{Severity: severity, Group: group, Protocol: protocol, Summary: summary}
		e.index[k] = r
		e.List = append(e.List, r)
	}
	r.Count++
}

// Finish puts the worst remarks first, and of one severity the most frequent.
func (e *Experts) Finish(flow.Conversations) {
	slices.SortStableFunc(e.List, func(a, b *Remark) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Count, a.Count))
	})
}
