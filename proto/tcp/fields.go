package tcp

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are the fields of a segment that lie in its bytes. What needs the
// conversation (tcp.stream, the relative tcp.seq) belongs to package flow.
var Fields = field.Table{Proto: "tcp", Title: "Transmission Control Protocol", Fields: []field.Field{
	{Name: "tcp.srcport", Title: "Source Port", Type: field.Uint, Off: 0, Len: 2},
	{Name: "tcp.dstport", Title: "Destination Port", Type: field.Uint, Off: 2, Len: 2},
	{Name: "tcp.port", Title: "Source or Destination Port", Type: field.Uint, Hidden: true, Off: 0, Len: 2, Also: []int{2}},
	{Name: "tcp.len", Title: "TCP Segment Len", Type: field.Uint, Derived: "from the length of the network layer", Find: captured},
	{Name: "tcp.seq_raw", Title: "Sequence Number (raw)", Type: field.Uint, Off: 4, Len: 4},
	{Name: "tcp.ack_raw", Title: "Acknowledgment Number (raw)", Type: field.Uint, Off: 8, Len: 4},
	{Name: "tcp.hdr_len", Title: "Header Length", Type: field.Uint, Find: proto.Computed(12, 1, func(b []byte) field.Value { return field.U(uint64(b[12]>>4) * 4) })},
	{Name: "tcp.flags", Title: "Flags", Type: field.Uint, Base: field.Hex, Off: 12, Len: 2, Mask: 0xfff},
	{Name: "tcp.flags.res", Title: "Reserved", Type: field.Bool, Find: proto.Computed(12, 1, func(b []byte) field.Value {
		return flag(b[12]&0x0e != 0)
	})},
	bit("tcp.flags.ae", "Accurate ECN", 0x100),
	bit("tcp.flags.cwr", "Congestion Window Reduced", 0x80),
	bit("tcp.flags.ece", "ECN-Echo", 0x40),
	bit("tcp.flags.urg", "Urgent", 0x20),
	bit("tcp.flags.ack", "Acknowledgment", 0x10),
	bit("tcp.flags.push", "Push", 0x08),
	bit("tcp.flags.reset", "Reset", 0x04),
	bit("tcp.flags.syn", "Syn", 0x02),
	bit("tcp.flags.fin", "Fin", 0x01),
	{Name: "tcp.flags.str", Title: "TCP Flags", Type: field.String, Derived: "letters for the flags that are set", Find: proto.Computed(12, 2, letters)},
	{Name: "tcp.window_size_value", Title: "Window", Type: field.Uint, Off: 14, Len: 2},
	{Name: "tcp.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Off: 16, Len: 2},
	{Name: "tcp.checksum.status", Title: "Checksum Status", Type: field.Uint, Names: proto.Names("checksum.status"), Derived: "from the sum of the segment and its pseudo header", Find: none},
	{Name: "tcp.urgent_pointer", Title: "Urgent Pointer", Type: field.Uint, Off: 18, Len: 2},
	{Name: "tcp.options", Title: "TCP Options", Type: field.Bytes, Find: proto.Slice(field.Bytes, func(b []byte) (int, int) {
		from, to := optionSpan(b)
		if to = min(to, len(b)); to > from {
			return from, to - from
		}
		return -1, 0
	})},
	{Name: "tcp.option_kind", Title: "Kind", Type: field.Uint, Names: proto.Names("tcp.option_kind"), Find: heads.All(field.Uint, 0, 1, 0, nil)},
	{Name: "tcp.option_len", Title: "Length", Type: field.Uint, Find: heads.All(field.Uint, 1, 1, 0, nil)},
	option("tcp.options.mss_val", "MSS Value", field.Uint, 2, 2, 0, proto.KindSize(OptionMSS, 4)),
	option("tcp.options.wscale.shift", "Shift count", field.Uint, 2, 1, 0, proto.KindSize(OptionWindowScale, 3)),
	{Name: "tcp.options.wscale.multiplier", Title: "Multiplier", Type: field.Uint, Derived: "2 to the shift count, at most 2^14 (RFC 7323, 2.3)", Find: multiplier},
	{Name: "tcp.options.sack_perm", Title: "SACK permitted", Type: field.None, Find: options.Rest(field.None, 0, proto.Kind(OptionSACKPermitted))},
	{Name: "tcp.options.sack_le", Title: "TCP SACK Left Edge (raw)", Type: field.Uint, Find: options.Repeat(field.Uint, 2, 4, 8, proto.Kind(OptionSACK))},
	{Name: "tcp.options.sack_re", Title: "TCP SACK Right Edge (raw)", Type: field.Uint, Find: options.Repeat(field.Uint, 6, 4, 8, proto.Kind(OptionSACK))},
	{Name: "tcp.options.sack.count", Title: "TCP SACK Count", Type: field.Uint, Derived: "from the length of the option", Find: sackCount},
	option("tcp.options.echo_value", "TCP Echo Option", field.Uint, 2, 4, 0, proto.Kind(6, 7)),
	option("tcp.options.timestamp.tsval", "Timestamp value", field.Uint, 2, 4, 0, proto.KindSize(OptionTimestamps, 10)),
	option("tcp.options.timestamp.tsecr", "Timestamp echo reply", field.Uint, 6, 4, 0, proto.KindSize(OptionTimestamps, 10)),
	option("tcp.options.cc_value", "TCP CC Option", field.Uint, 2, 4, 0, proto.Kind(11, 12, 13)),
	{Name: "tcp.options.md5.digest", Title: "MD5 digest", Type: field.Bytes, Find: options.Rest(field.Bytes, 2, proto.KindSize(OptionMD5, 18))},
	option("tcp.options.qs.rate", "QS Rate", field.Uint, 2, 1, 0x0f, proto.KindSize(27, 8)),
	option("tcp.options.qs.ttl_diff", "QS TTL difference", field.Uint, 3, 1, 0, proto.KindSize(27, 8)),
	option("tcp.options.user_to_granularity", "Granularity: minutes", field.Bool, 2, 2, 0x8000, proto.KindSize(OptionUserTimeout, 4)),
	option("tcp.options.user_to_val", "User Timeout", field.Uint, 2, 2, 0x7fff, proto.KindSize(OptionUserTimeout, 4)),
	option("tcp.options.ao.keyid", "AO KeyID", field.Uint, 2, 1, 0, proto.Kind(OptionAO)),
	option("tcp.options.ao.rnextkeyid", "AO RNextKeyID", field.Uint, 3, 1, 0, proto.Kind(OptionAO)),
	{Name: "tcp.options.ao.mac", Title: "AO MAC", Type: field.Bytes, Find: options.Rest(field.Bytes, 4, proto.Kind(OptionAO))},
	option("tcp.options.mptcp.subtype", "Multipath TCP subtype", field.Uint, 2, 1, 0xf0, proto.Kind(OptionMPTCP)),
	option("tcp.options.mptcp.version", "Multipath TCP version", field.Uint, 2, 1, 0x0f, mptcp(0, 4)),
	option("tcp.options.mptcp.checksumreq.flags", "Checksum required", field.Uint, 3, 1, 0x80, mptcp(0, 4)),
	option("tcp.options.mptcp.sendkey", "Sender's Key", field.Uint, 4, 8, 0, mptcp(0, 12)),
	option("tcp.options.mptcp.recvkey", "Receiver's Key", field.Uint, 12, 8, 0, mptcp(0, 20)),
	option("tcp.options.mptcp.backup.flag", "Backup flag", field.Uint, 2, 1, 0x01, mptcp(1, 4)),
	option("tcp.options.mptcp.recvtok", "Receiver's Token", field.Uint, 4, 4, 0, join(12)),
	option("tcp.options.mptcp.sendrand", "Sender's Random Number", field.Uint, 8, 4, 0, join(12)),
	{Name: "tcp.options.mptcp.flags", Title: "Multipath TCP flags", Type: field.Uint, Base: field.Hex, Width: 1, Find: options.All(field.Uint, 3, 1, 0, func(e []byte) bool { return mptcp(0, 4)(e) || mptcp(2, 4)(e) })},
	option("tcp.options.mptcp.addrid", "Address ID", field.Uint, 3, 1, 0, func(e []byte) bool { return mptcp(1, 4)(e) && len(e) != 24 || mptcp(3, 4)(e) || mptcp(4, 4)(e) }),
	{Name: "tcp.options.mptcp.rawdataack", Title: "Original MPTCP Data ACK", Type: field.Uint, Find: dss(dataAck)},
	{Name: "tcp.options.mptcp.rawdataseqno", Title: "Data Sequence Number", Type: field.Uint, Find: dss(dataSeq)},
	{Name: "tcp.options.mptcp.subflowseqno", Title: "Subflow Sequence Number", Type: field.Uint, Find: dss(subflowSeq)},
	{Name: "tcp.options.mptcp.datalvllen", Title: "Data-level Length", Type: field.Uint, Find: dss(dataLen)},
	{Name: "tcp.options.mptcp.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Width: 2, Find: dss(dataSum)},
	option("tcp.options.mptcp.dataack8.flag", "Data ACK is 8 octets", field.Uint, 3, 1, 0x02, mptcp(2, 4)),
	option("tcp.options.mptcp.dseqn8.flag", "Data Sequence Number is 8 octets", field.Uint, 3, 1, 0x08, mptcp(2, 4)),
	option("tcp.options.mptcp.datafin.flag", "DATA_FIN", field.Uint, 3, 1, 0x10, mptcp(2, 4)),
	option("tcp.options.mptcp.dseqnpresent.flag", "Data Sequence Number, Subflow Sequence Number, Data-level Length, Checksum present", field.Uint, 3, 1, 0x04, mptcp(2, 4)),
	option("tcp.options.mptcp.dataackpresent.flag", "Data ACK is present", field.Uint, 3, 1, 0x01, mptcp(2, 4)),
	{Name: "tcp.options.tfo.request", Title: "Fast Open Cookie Request", Type: field.None, Find: options.Rest(field.None, 2, fastOpen(true))},
	{Name: "tcp.options.tfo.cookie", Title: "Fast Open Cookie", Type: field.Bytes, Find: cookie},
	{Name: "tcp.options.acc_ecn.ee0b", Title: "Accurate ECN Echo ECT(0) Byte Counter", Type: field.Uint, Find: accECN(0, 2)},
	{Name: "tcp.options.acc_ecn.eceb", Title: "Accurate ECN Echo CE Byte Counter", Type: field.Uint, Find: accECN(1, 1)},
	{Name: "tcp.options.acc_ecn.ee1b", Title: "Accurate ECN Echo ECT(1) Byte Counter", Type: field.Uint, Find: accECN(2, 0)},
	{Name: "tcp.options.experimental.exid", Title: "Experiment Identifier", Type: field.Uint, Base: field.Hex, Width: 2, Find: options.All(field.Uint, 2, 2, 0, proto.Kind(OptionExperiment1, OptionExperiment2))},
	{Name: "tcp.options.experimental.data", Title: "Data", Type: field.Bytes, Find: options.Rest(field.Bytes, 4, unknownExperiment)},
	{Name: "tcp.payload", Title: "TCP payload", Type: field.Bytes, Find: payload},
}}

func bit(name, title string, mask uint64) field.Field {
	return field.Field{Name: name, Title: title, Type: field.Bool, Off: 12, Len: 2, Mask: mask}
}

func option(name, title string, t field.Type, off, n int, mask uint64, when func([]byte) bool) field.Field {
	return field.Field{Name: name, Title: title, Type: t, Find: options.All(t, off, n, mask, when)}
}

func flag(b bool) field.Value {
	if b {
		return field.Value{Type: field.Bool, U: 1}
	}
	return field.Value{Type: field.Bool}
}

func none([]byte, func(field.Span, field.Value) bool) {}

// letters is Wireshark's tcp.flags.str: a dot for a flag that is not set.
func letters(b []byte) field.Value {
	f := uint16(b[12])<<8 | uint16(b[13])
	const names = "RRRACEUAPRSF"
	var s []byte
	for i := range len(names) {
		if f&(0x800>>i) != 0 {
			s = append(s, names[i])
		} else {
			s = append(s, "·"...)
		}
	}
	return field.S(string(s))
}

func headerLen(b []byte) int {
	if len(b) < 13 {
		return 0
	}
	return int(b[12]>>4) * 4
}

// captured is the payload as far as the layer has it; a cut frame needs the length on the wire, which package packet knows.
func captured(b []byte, yield func(field.Span, field.Value) bool) {
	if h := headerLen(b); h >= HeaderMin && h <= len(b) {
		yield(field.Span{}, field.U(uint64(len(b)-h)))
	}
}

func payload(b []byte, yield func(field.Span, field.Value) bool) {
	if h := headerLen(b); h >= HeaderMin && h < len(b) {
		yield(field.Span{Off: h, Len: len(b) - h}, field.Value{Type: field.Bytes, B: b[h:]})
	}
}
