package packet

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// RecordFields are what a file says of any of its records, packet or not.
var RecordFields = []field.Of[trace.Record]{
	{Name: "frame.number", Title: "Frame Number", Type: field.Uint, Get: func(r *trace.Record) (field.Value, bool) {
		return field.U(uint64(r.Pos.Number)), true
	}},
	{Name: "frame.time", Title: "Arrival Time", Type: field.Time, Get: frameTime},
	{Name: "frame.time_epoch", Title: "Epoch Time", Type: field.Time, Get: frameTime},
	{Name: "frame.len", Title: "Frame length on the wire", Type: field.Uint, Get: func(r *trace.Record) (field.Value, bool) {
		return field.U(uint64(r.WireLen)), true
	}},
	{Name: "frame.cap_len", Title: "Frame length stored into the capture file", Type: field.Uint, Get: func(r *trace.Record) (field.Value, bool) {
		return field.U(uint64(len(r.Data))), true
	}},
	{Name: "frame.marked", Title: "Frame is marked", Type: field.Bool, Get: never},
	{Name: "frame.ignored", Title: "Frame is ignored", Type: field.Bool, Get: never},
	{Name: "frame.offset_shift", Title: "Time shift for this packet", Type: field.Duration, Get: func(r *trace.Record) (field.Value, bool) {
		return field.Value{Type: field.Duration}, r.Time != trace.NoTime
	}},
	{Name: "frame.encap_type", Title: "Encapsulation type", Type: field.Int, Names: encapsulationNames, Get: func(r *trace.Record) (field.Value, bool) {
		n, ok := encapsulations[r.Link]
		return field.Value{Type: field.Int, U: n}, ok && r.Kind == trace.Packet
	}},
	{Name: "frame.packet_id", Title: "Packet id", Type: field.Uint, Get: meta(func(m *trace.Meta) (uint64, bool) { return m.PacketID, m.HasPacketID })},
	{Name: "frame.interface_queue", Title: "Interface queue", Type: field.Uint, Get: meta(func(m *trace.Meta) (uint64, bool) { return uint64(m.Queue), m.HasQueue })},
	{Name: "frame.drop_count", Title: "Drop Count", Type: field.Uint, Get: meta(func(m *trace.Meta) (uint64, bool) { return m.DropCount, m.HasDropCount })},
	{Name: "frame.packet_flags", Title: "Packet flags", Type: field.Uint, Base: field.Hex, Width: 4, Get: flags(^uint64(0), 0)},
	{Name: "frame.packet_flags_direction", Title: "Direction", Type: field.Uint, Base: field.Hex, Width: 4, Get: flags(3, 0)},
	{Name: "frame.packet_flags_reception_type", Title: "Reception type", Type: field.Uint, Get: flags(7, 2)},
	{Name: "frame.packet_flags_fcs_length", Title: "FCS length", Type: field.Uint, Get: flags(15, 5)},
	{Name: "frame.packet_flags_reserved", Title: "Reserved", Type: field.Uint, Get: flags(0x7f, 9)},
	flagBit("frame.packet_flags_crc_error", "CRC error", 24),
	flagBit("frame.packet_flags_packet_too_error", "Packet too long error", 25),
	flagBit("frame.packet_flags_packet_too_short_error", "Packet too short error", 26),
	flagBit("frame.packet_flags_wrong_inter_frame_gap_error", "Wrong interframe gap error", 27),
	flagBit("frame.packet_flags_unaligned_frame_error", "Unaligned frame error", 28),
	flagBit("frame.packet_flags_start_frame_delimiter_error", "Start frame delimiter error", 29),
	flagBit("frame.packet_flags_preamble_error", "Preamble error", 30),
	flagBit("frame.packet_flags_symbol_error", "Symbol error", 31),
	{Name: "frame.cb_pen", Title: "Private Enterprise Number", Type: field.Uint, Get: func(r *trace.Record) (field.Value, bool) {
		return field.U(uint64(r.Enterprise)), r.Kind == trace.Custom
	}},
}

// encapsulations are Wireshark's numbers of link types (WTAP_ENCAP_ of wiretap).
var encapsulations = map[trace.LinkType]uint64{
	trace.LinkEthernet: 1, trace.LinkTokenRing: 2, trace.LinkPPP: 4, trace.LinkPPPHDLC: 4, trace.LinkFDDI: 6, trace.LinkRaw: 7, trace.LinkNull: 15,
	trace.LinkWiFi: 20, trace.LinkRadiotap: 23, trace.LinkLinuxSLL: 25, trace.LinkFrameRelay: 26, trace.LinkCHDLC: 28, trace.LinkPPI: 97, trace.LinkERF: 98,
	trace.LinkIPv4: 129, trace.LinkIPv6: 130, trace.LinkPPPoE: 139, trace.LinkNFLog: 141, trace.LinkLoop: 174, trace.LinkLinuxSLL2: 210,
	trace.LinkNetMonEvent: 187,
}

// encapsulationNames are Wireshark's names of these numbers.
var encapsulationNames = field.Names{
	1: "Ethernet", 2: "Token Ring", 4: "PPP", 6: "FDDI with bit-swapped MAC addresses", 7: "Raw IP", 15: "NULL/Loopback",
	20: "IEEE 802.11 Wireless LAN", 23: "IEEE 802.11 plus radiotap radio header", 25: "Linux cooked-mode capture v1", 26: "Frame Relay", 28: "Cisco HDLC",
	97: "Per-Packet Information header", 98: "Extensible Record Format", 129: "Raw IPv4", 130: "Raw IPv6", 139: "PPP-over-Ethernet session",
	141: "NFLOG", 174: "OpenBSD loopback", 187: "Network Monitor Network Event", 210: "Linux cooked-mode capture v2",
}

func frameTime(r *trace.Record) (field.Value, bool) {
	return field.Value{Type: field.Time, U: uint64(r.Time)}, r.Time != trace.NoTime
}

// never is the value of what a person does in Wireshark's window: no file says it.
func never(*trace.Record) (field.Value, bool) { return field.Value{Type: field.Bool}, true }

func meta(get func(m *trace.Meta) (uint64, bool)) func(*trace.Record) (field.Value, bool) {
	return func(r *trace.Record) (field.Value, bool) {
		if r.Meta == nil {
			return field.Value{}, false
		}
		u, ok := get(r.Meta)
		return field.U(u), ok
	}
}

// flags are bits of the packet's flags word (pcapng draft, 4.3.1).
func flags(mask uint64, shift int) func(*trace.Record) (field.Value, bool) {
	return meta(func(m *trace.Meta) (uint64, bool) { return uint64(m.Flags) >> shift & mask, m.HasFlags })
}

func flagBit(name, title string, bit int) field.Of[trace.Record] {
	return field.Of[trace.Record]{Name: name, Title: title, Type: field.Bool, Get: func(r *trace.Record) (field.Value, bool) {
		v, ok := flags(1, bit)(r)
		v.Type = field.Bool
		return v, ok
	}}
}

// A ListField is a field that a record may have several times.
type ListField struct {
	Name, Title string
	Type        field.Type
	Each        func(r *trace.Record, yield func(field.Value) bool)
}

// RecordLists are the fields of a record that may occur several times.
var RecordLists = []ListField{
	{"frame.comment", "Comment", field.String, func(r *trace.Record, yield func(field.Value) bool) {
		if r.Meta == nil {
			return
		}
		for _, c := range r.Meta.Comments {
			if !yield(field.S(c)) {
				return
			}
		}
	}},
	{"frame.verdict.hw", "Hardware", field.Bytes, verdicts(func(t trace.VerdictType) bool { return t == trace.VerdictHardware }, field.Bytes)},
	{"frame.verdict.ebpf_tc", "eBPF TC", field.Int, verdicts(func(t trace.VerdictType) bool { return t == trace.VerdictTC }, field.Int)},
	{"frame.verdict.ebpf_xdp", "eBPF XDP", field.Int, verdicts(func(t trace.VerdictType) bool { return t == trace.VerdictXDP }, field.Int)},
	{"frame.verdict.unknown", "Unknown", field.Bytes, verdicts(func(t trace.VerdictType) bool { return t > trace.VerdictXDP }, field.Bytes)},
}

func verdicts(is func(trace.VerdictType) bool, t field.Type) func(*trace.Record, func(field.Value) bool) {
	return func(r *trace.Record, yield func(field.Value) bool) {
		if r.Meta == nil {
			return
		}
		for _, v := range r.Meta.Verdicts {
			if is(v.Type) && !yield(field.Value{Type: t, B: v.Data, U: uint64(v.Number)}) {
				return
			}
		}
	}
}

// EachOfRecord yields every occurrence of a field of a record; nothing for a name that no record has.
func EachOfRecord(r *trace.Record, name string, yield func(field.Value) bool) {
	for i := range RecordFields {
		if RecordFields[i].Name == name {
			if v, ok := RecordFields[i].Get(r); ok {
				yield(v)
			}
			return
		}
	}
	for i := range RecordLists {
		if RecordLists[i].Name == name {
			RecordLists[i].Each(r, yield)
			return
		}
	}
}
