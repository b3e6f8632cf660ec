package tcp

import "github.com/wiretale/wiretale/field"

// Fields of the header and its options.
var Fields = field.Table{Proto: "tcp", Title: "Transmission Control Protocol", Fields: []field.Field{
	{Name: "tcp.srcport", Title: "Source Port", Type: field.Uint, Off: 0, Len: 2},
	{Name: "tcp.dstport", Title: "Destination Port", Type: field.Uint, Off: 2, Len: 2},
	{Name: "tcp.seq_raw", Title: "Sequence Number (raw)", Type: field.Uint, Off: 4, Len: 4},
	{Name: "tcp.ack_raw", Title: "Acknowledgment number (raw)", Type: field.Uint, Off: 8, Len: 4},
	{Name: "tcp.hdr_len", Title: "Header Length", Type: field.Uint, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if len(b) > 12 {
			yield(field.Span{Off: 12, Len: 1}, field.U(uint64(b[12]>>4)*4))
		}
	}},
	{Name: "tcp.flags", Title: "Flags", Type: field.Uint, Base: field.Hex, Off: 12, Len: 2, Mask: 0x0fff},
	{Name: "tcp.flags.ae", Title: "Accurate ECN", Type: field.Bool, Off: 12, Len: 2, Mask: 0x100},
	{Name: "tcp.flags.cwr", Title: "Congestion Window Reduced", Type: field.Bool, Off: 13, Len: 1, Mask: 0x80},
	{Name: "tcp.flags.ece", Title: "ECN-Echo", Type: field.Bool, Off: 13, Len: 1, Mask: 0x40},
	{Name: "tcp.flags.urg", Title: "Urgent", Type: field.Bool, Off: 13, Len: 1, Mask: 0x20},
	{Name: "tcp.flags.ack", Title: "Acknowledgment", Type: field.Bool, Off: 13, Len: 1, Mask: 0x10},
	{Name: "tcp.flags.push", Title: "Push", Type: field.Bool, Off: 13, Len: 1, Mask: 0x08},
	{Name: "tcp.flags.reset", Title: "Reset", Type: field.Bool, Off: 13, Len: 1, Mask: 0x04},
	{Name: "tcp.flags.syn", Title: "Syn", Type: field.Bool, Off: 13, Len: 1, Mask: 0x02},
	{Name: "tcp.flags.fin", Title: "Fin", Type: field.Bool, Off: 13, Len: 1, Mask: 0x01},
	{Name: "tcp.window_size_value", Title: "Window", Type: field.Uint, Off: 14, Len: 2},
	{Name: "tcp.checksum", Title: "Checksum", Type: field.Uint, Base: field.Hex, Off: 16, Len: 2},
	{Name: "tcp.urgent_pointer", Title: "Urgent Pointer", Type: field.Uint, Off: 18, Len: 2},
	{Name: "tcp.options.mss_val", Title: "MSS Value", Type: field.Uint, Find: option(OptMSS, 2, 2)},
	{Name: "tcp.options.wscale.shift", Title: "Window scale shift count", Type: field.Uint, Find: option(OptWindowScale, 2, 1)},
	{Name: "tcp.options.sack_perm", Title: "SACK permitted", Type: field.Bool, Find: option(OptSACKPermitted, 0, 1)},
	{Name: "tcp.options.timestamp.tsval", Title: "Timestamp value", Type: field.Uint, Find: option(OptTimestamps, 2, 4)},
	{Name: "tcp.options.timestamp.tsecr", Title: "Timestamp echo reply", Type: field.Uint, Find: option(OptTimestamps, 6, 4)},
	{Name: "tcp.options.sack_le", Title: "SACK left edge", Type: field.Uint, Find: sack(0)},
	{Name: "tcp.options.sack_re", Title: "SACK right edge", Type: field.Uint, Find: sack(4)},
}}

// option finds n bytes at off of every option of a kind.
func option(kind byte, off, n int) func([]byte, func(field.Span, field.Value) bool) {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		walk(b, func(at int, o []byte) bool {
			if o[0] != kind || len(o) < off+n {
				return true
			}
			v := uint64(1)
			if off > 0 {
				v = field.Number(o[off:off+n], false)
			}
			return yield(field.Span{Off: at + off, Len: n}, field.U(v))
		})
	}
}

// sack finds one edge of every SACK block.
func sack(edge int) func([]byte, func(field.Span, field.Value) bool) {
	return func(b []byte, yield func(field.Span, field.Value) bool) {
		walk(b, func(at int, o []byte) bool {
			for i := 2; o[0] == OptSACK && i+8 <= len(o); i += 8 {
				if !yield(field.Span{Off: at + i + edge, Len: 4}, field.U(field.Number(o[i+edge:i+edge+4], false))) {
					return false
				}
			}
			return true
		})
	}
}

// walk yields the options of the header in b with their place.
func walk(b []byte, yield func(at int, o []byte) bool) {
	if len(b) < HeaderMin {
		return
	}
	for o := range Options(b[HeaderMin:max(HeaderMin, min(int(b[12]>>4)*4, len(b)))]) {
		if !yield(cap(b)-cap(o), o) {
			return
		}
	}
}
