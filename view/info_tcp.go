package view

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// flagNames are in the order of the bits, as Wireshark lists them.
var flagNames = []struct {
	bit  tcp.Flags
	name string
}{
	{tcp.FIN, "FIN"}, {tcp.SYN, "SYN"}, {tcp.RST, "RST"}, {tcp.PSH, "PSH"}, {tcp.ACK, "ACK"}, {tcp.URG, "URG"}, {tcp.ECE, "ECE"}, {tcp.CWR, "CWR"}, {tcp.AE, "AE"},
	{tcp.Reserved, "Reserved"},
}

// TCPFlags lists control bits as Wireshark does: "SYN, ACK".
func TCPFlags(f tcp.Flags) string {
	var set []string
	for _, n := range flagNames {
		if f&n.bit != 0 {
			set = append(set, n.name)
		}
	}
	if len(set) == 0 {
		return "<None>"
	}
	return strings.Join(set, ", ")
}

// tcpInfo is Wireshark's: "50152 → 80 [SYN] Seq=0 Win=65535 Len=0 MSS=1460", verdicts of the analysis in front.
func tcpInfo(row *engine.Row, i int) string { return tcpText(row, i, &current) }

func tcpText(row *engine.Row, i int, w *wording) string {
	p := row.Packet
	if p.Transport != proto.TCP {
		b := p.Bytes(i)
		if len(b) < 4 {
			return ""
		}
		return fmt.Sprintf("%d %s %d", binary.BigEndian.Uint16(b), w.arrow, binary.BigEndian.Uint16(b[2:]))
	}
	h := &p.TCP
	seq, ack, window := h.Seq, h.Ack, uint32(h.Window)
	var b strings.Builder
	if s := row.Sighting; s != nil && s.TCP {
		seq, ack, window = s.RelSeq, s.RelAck, s.Window
		b.WriteString(verdicts(s, w))
	}
	fmt.Fprintf(&b, "%d %s %d [%s] Seq=%d", h.SrcPort, w.arrow, h.DstPort, TCPFlags(h.Flags), seq)
	if h.Flags&tcp.ACK != 0 {
		fmt.Fprintf(&b, " Ack=%d", ack)
	}
	fmt.Fprintf(&b, " Win=%d", window)
	if h.Flags&tcp.URG != 0 {
		fmt.Fprintf(&b, " Urg=%d", h.Urgent)
	}
	if w.checksums && wrongChecksum(row.Sighting) {
		b.WriteString(" [TCP CHECKSUM INCORRECT]")
	}
	fmt.Fprintf(&b, " Len=%d", p.PayloadLen)
	tcpOptions(&b, h, h.Ack-ack, w)
	return b.String()
}

// verdictLabels are Wireshark's, in the order in which it shows several.
var verdictLabels = []struct {
	verdict flow.Analysis
	label   string
}{
	{flow.ZeroWindowProbeAck, "ZeroWindowProbeAck"}, {flow.ZeroWindow, "ZeroWindow"}, {flow.ZeroWindowProbe, "ZeroWindowProbe"},
	{flow.DuplicateAck, "Dup ACK"}, {flow.KeepAliveAck, "Keep-Alive ACK"}, {flow.KeepAlive, "Keep-Alive"},
	{flow.WindowFull, "Window Full"}, {flow.WindowUpdate, "Window Update"}, {flow.AckLostSegment, "ACKed unseen segment"},
	{flow.LostSegment, "Previous segment not captured"}, {flow.OutOfOrder, "Out-Of-Order"},
	{flow.SpuriousRetransmission, "Spurious Retransmission"}, {flow.FastRetransmission, "Fast Retransmission"},
	{flow.Retransmission, "Retransmission"}, {flow.ReusedPorts, "Port numbers reused"},
}

// verdicts are what the packets of the conversation before say of this one.
func verdicts(s *flow.Sighting, w *wording) string {
	var b strings.Builder
	if s.Duplicate {
		b.WriteString("[Seen before] ")
	}
	if !s.Analysis.Has(flow.Flagged) {
		return b.String()
	}
	for _, v := range verdictLabels {
		switch {
		case !s.Analysis.Has(v.verdict):
		case v.verdict == flow.DuplicateAck:
			fmt.Fprintf(&b, "[TCP Dup ACK %d#%d] ", s.DupAckFrame, s.DupAckNum)
		default:
			b.WriteString("[TCP " + w.label(v.verdict, v.label) + "] ")
		}
	}
	return b.String()
}

// Option kinds of the IANA registry that the Info column shows.
const (
	optEnd, optNop, optMSS, optScale, optSACKPermitted, optSACK, optTimestamps, optFastOpen, optExperiment = 0, 1, 2, 3, 4, 5, 8, 34, 254
	// fastOpenMagic marks TCP Fast Open in the experimental option, RFC 6994.
	fastOpenMagic = 0xf989
)

// tcpOptions appends the options in the order that the segment has them; base
// is what acknowledged numbers are relative to. A length that does not fit ends the list.
func tcpOptions(b *strings.Builder, h *tcp.Header, base uint32, w *wording) {
	for opt := h.Options; len(opt) > 0; {
		kind := opt[0]
		if kind == optEnd {
			return
		}
		if kind == optNop {
			opt = opt[1:]
			continue
		}
		if len(opt) < 2 || opt[1] < 2 || int(opt[1]) > len(opt) {
			return
		}
		tcpOption(b, h, kind, opt[2:opt[1]], base, w)
		opt = opt[opt[1]:]
	}
}

func tcpOption(b *strings.Builder, h *tcp.Header, kind byte, v []byte, base uint32, w *wording) {
	switch {
	case kind == optMSS && len(v) == 2:
		fmt.Fprintf(b, " MSS=%d", binary.BigEndian.Uint16(v))
	case kind == optScale && len(v) == 1:
		fmt.Fprintf(b, " WS=%d", w.scaleText(v[0]))
	case kind == optSACKPermitted:
		b.WriteString(" " + w.sackPermitted)
	case kind == optTimestamps && len(v) == 8:
		fmt.Fprintf(b, " %s=%d %s=%d", w.value, binary.BigEndian.Uint32(v), w.echo, binary.BigEndian.Uint32(v[4:]))
	case kind == optSACK:
		for ; len(v) >= 8; v = v[8:] {
			fmt.Fprintf(b, " SLE=%d SRE=%d", binary.BigEndian.Uint32(v)-base, binary.BigEndian.Uint32(v[4:])-base)
		}
	case kind == optExperiment && len(v) >= 2 && binary.BigEndian.Uint16(v) == fastOpenMagic:
		tcpOption(b, h, optFastOpen, v[2:], base, w)
	case kind == optFastOpen && h.Flags&tcp.SYN != 0 && len(v) == 0:
		b.WriteString(" TFO=R")
	case kind == optFastOpen && h.Flags&tcp.SYN != 0:
		b.WriteString(" TFO=C")
	}
}
