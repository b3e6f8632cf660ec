package flow

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the values that follow from the packets before: what a single
// packet does not say. The names are Wireshark's.
func Fields() []field.Of[Sighting] { return fields[:] }

var fields = [...]field.Of[Sighting]{
	{Name: "tcp.stream", Title: "Stream index", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return s.streamField(proto.TCP) }},
	{Name: "tcp.completeness", Title: "Conversation completeness", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) {
		return field.U(uint64(s.Completeness)), s.TCP
	}},
	{Name: "tcp.seq", Title: "Sequence Number (relative)", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return field.U(uint64(s.RelSeq)), s.TCP }},
	{Name: "tcp.nxtseq", Title: "Next Sequence Number (relative)", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return field.U(uint64(s.NextSeq)), s.TCP }},
	{Name: "tcp.ack", Title: "Acknowledgment Number (relative)", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return field.U(uint64(s.RelAck)), s.TCP }},
	{Name: "tcp.window_size", Title: "Calculated window size", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return field.U(uint64(s.Window)), s.TCP }},
	{Name: "tcp.window_size_scalefactor", Title: "Window size scaling factor", Type: field.Int, Get: (*Sighting).scaleField},
	{Name: "tcp.time_relative", Title: "Time since first frame in this TCP stream", Type: field.Duration, Get: func(s *Sighting) (field.Value, bool) {
		return duration(s.TimeRelative), s.TCP
	}},
	{Name: "tcp.time_delta", Title: "Time since previous frame in this TCP stream", Type: field.Duration, Get: func(s *Sighting) (field.Value, bool) {
		return duration(s.TimeDelta), s.TCP
	}},
	{Name: "tcp.connection.fin_active", Title: "This frame initiates the connection closing", Type: field.None, Get: noted(ClosesFirst)},
	{Name: "tcp.connection.fin_passive", Title: "This frame undergoes the connection closing", Type: field.None, Get: noted(ClosesSecond)},
	{Name: "tcp.analysis", Title: "SEQ/ACK analysis", Type: field.None, Get: noted(Analysed)},
	{Name: "tcp.analysis.acks_frame", Title: "This is an ACK to the segment in frame", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) {
		return field.U(uint64(s.AcksFrame)), s.AcksFrame != 0
	}},
	{Name: "tcp.analysis.ack_rtt", Title: "The RTT to ACK the segment was", Type: field.Duration, Get: func(s *Sighting) (field.Value, bool) {
		return duration(s.AckRTT), s.AcksFrame != 0 && s.AckRTT != 0
	}},
	{Name: "tcp.analysis.initial_rtt", Title: "iRTT", Type: field.Duration, Get: func(s *Sighting) (field.Value, bool) {
		return duration(s.InitialRTT), s.Analysis.Has(Analysed) && s.InitialRTT != 0
	}},
	{Name: "tcp.analysis.bytes_in_flight", Title: "Bytes in flight", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) {
		return field.U(uint64(s.BytesInFlight)), s.BytesInFlight != 0
	}},
	{Name: "tcp.analysis.push_bytes_sent", Title: "Bytes sent since last PSH flag", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) {
		return field.U(uint64(s.PushBytesSent)), s.BytesInFlight != 0
	}},
	{Name: "tcp.analysis.flags", Title: "TCP Analysis Flags", Type: field.None, Get: noted(Flagged)},
	{Name: "tcp.analysis.rto", Title: "The RTO for this segment was", Type: field.Duration, Get: func(s *Sighting) (field.Value, bool) {
		return duration(s.RTO), s.Analysis.Has(Retransmission) && s.RTO != 0
	}},
	{Name: "tcp.analysis.rto_frame", Title: "RTO based on delta from frame", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) {
		return field.U(uint64(s.RTOFrame)), s.Analysis.Has(Retransmission) && s.RTO != 0
	}},
	{Name: "tcp.analysis.duplicate_ack_num", Title: "Duplicate ACK #", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) {
		return field.U(uint64(s.DupAckNum)), s.Analysis.Has(DuplicateAck)
	}},
	{Name: "tcp.analysis.duplicate_ack_frame", Title: "Duplicate to the ACK in frame", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) {
		return field.U(uint64(s.DupAckFrame)), s.Analysis.Has(DuplicateAck)
	}},
	{Name: "tcp.analysis.retransmission", Title: "This frame is a (suspected) retransmission", Type: field.None, Get: noted(Resent)},
	{Name: "tcp.analysis.fast_retransmission", Title: "This frame is a (suspected) fast retransmission", Type: field.None, Get: noted(FastRetransmission)},
	{Name: "tcp.analysis.spurious_retransmission", Title: "This frame is a (suspected) spurious retransmission", Type: field.None, Get: noted(SpuriousRetransmission)},
	{Name: "tcp.analysis.out_of_order", Title: "This frame is a (suspected) out-of-order segment", Type: field.None, Get: noted(OutOfOrder)},
	{Name: "tcp.analysis.lost_segment", Title: "Previous segment(s) not captured (common at capture start)", Type: field.None, Get: noted(LostSegment)},
	{Name: "tcp.analysis.ack_lost_segment", Title: "ACKed segment that wasn't captured (common at capture start)", Type: field.None, Get: noted(AckLostSegment)},
	{Name: "tcp.analysis.duplicate_ack", Title: "Duplicate ACK", Type: field.None, Get: noted(DuplicateAck)},
	{Name: "tcp.analysis.window_update", Title: "TCP window update", Type: field.None, Get: noted(WindowUpdate)},
	{Name: "tcp.analysis.window_full", Title: "TCP window specified by the receiver is now completely full", Type: field.None, Get: noted(WindowFull)},
	{Name: "tcp.analysis.zero_window", Title: "TCP Zero Window segment", Type: field.None, Get: noted(ZeroWindow)},
	{Name: "tcp.analysis.zero_window_probe", Title: "TCP Zero Window Probe", Type: field.None, Get: noted(ZeroWindowProbe)},
	{Name: "tcp.analysis.zero_window_probe_ack", Title: "ACK to a TCP Zero Window Probe", Type: field.None, Get: noted(ZeroWindowProbeAck)},
	{Name: "tcp.analysis.keep_alive", Title: "TCP keep-alive segment", Type: field.None, Get: noted(KeepAlive)},
	{Name: "tcp.analysis.keep_alive_ack", Title: "ACK to a TCP keep-alive segment", Type: field.None, Get: noted(KeepAliveAck)},
	{Name: "tcp.analysis.reused_ports", Title: "A new tcp session is started with the same ports as an earlier session in this trace", Type: field.None, Get: noted(ReusedPorts)},
	{Name: "tcp.analysis.tfo_syn", Title: "TCP SYN with TFO Cookie", Type: field.None, Get: noted(FastOpenSYN)},
	{Name: "tcp.analysis.tfo_ack", Title: "TCP SYN-ACK accepting TFO data", Type: field.None, Get: noted(FastOpenAck)},
	{Name: "tcp.analysis.tfo_ignored", Title: "TCP SYN-ACK ignoring TFO data", Type: field.None, Get: noted(FastOpenIgnored)},
	{Name: "udp.stream", Title: "Stream index", Type: field.Uint, Get: func(s *Sighting) (field.Value, bool) { return s.streamField(proto.UDP) }},
}

func noted(any Analysis) func(*Sighting) (field.Value, bool) {
	return func(s *Sighting) (field.Value, bool) { return field.Value{}, s.Analysis.Has(any) }
}

func duration(ns int64) field.Value { return field.Value{Type: field.Duration, U: uint64(ns)} }

// scaleField is the factor of the sender's windows, -1 while it is unknown and -2 when there is none. SYNs are never scaled.
func (s *Sighting) scaleField() (field.Value, bool) {
	n := int64(s.Scale)
	if n >= 0 {
		n = 1 << n
	}
	return field.Value{Type: field.Int, U: uint64(n)}, s.TCP && !s.syn
}

func (s *Sighting) streamField(id proto.ID) (field.Value, bool) {
	n, ok := s.Stream(id)
	return field.U(uint64(n)), ok
}
