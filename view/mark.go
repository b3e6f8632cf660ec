package view

import (
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// Marks are the classes that Mark gives rows, the most telling first.
var Marks = []string{"dropped", "malformed", "reset", "lost", "resent", "window", "again", "icmp-error", "open", "close", "event"}

// Mark is the class of a row in a list, for its colour and sign; "" for the usual.
func Mark(row *engine.Row) string {
	p, seen := row.Packet, row.Sighting
	switch {
	case p == nil && row.Event != nil:
		return "event"
	case p == nil:
		return ""
	case row.Record.Meta != nil && row.Record.Meta.Drop != nil:
		return "dropped"
	case p.Has(packet.Malformed):
		return "malformed"
	case p.Transport == proto.TCP && p.TCP.Flags&tcp.RST != 0:
		return "reset"
	case seen != nil && seen.TCP && seen.Analysis.Has(flow.Flagged):
		return verdictMark(seen.Analysis)
	case seen != nil && seen.Duplicate:
		return "again"
	case p.Has(packet.Cut):
		return ""
	case p.QuotedSrc.IsValid():
		return "icmp-error"
	case p.Transport == proto.TCP && p.TCP.Flags&tcp.SYN != 0:
		return "open"
	case p.Transport == proto.TCP && p.TCP.Flags&tcp.FIN != 0:
		return "close"
	}
	return ""
}

// verdictMark is the class of a segment that the analysis of TCP has something to say about.
func verdictMark(a flow.Analysis) string {
	switch {
	case a.Has(flow.LostSegment | flow.AckLostSegment):
		return "lost"
	case a.Has(flow.ZeroWindow | flow.ZeroWindowProbe | flow.ZeroWindowProbeAck | flow.WindowFull):
		return "window"
	case a.Has(flow.Retransmission | flow.FastRetransmission | flow.SpuriousRetransmission | flow.OutOfOrder | flow.DuplicateAck):
		return "resent"
	}
	return ""
}
