package http2

import (
	"slices"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields are those of the frames of a layer, in the order of the frames.
var Fields = field.Table{Proto: "http2", Title: "HyperText Transfer Protocol 2", Fields: slices.Concat(header, bodies, controls, listFields, namedFields())}

var header = []field.Field{
	{Name: "http2.magic", Title: "Magic", Type: field.String, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		frames(b, func(off, n int) bool {
			return !isPreface(b[off:]) || yield(field.Span{Off: off, Len: n}, field.S(Preface))
		})
	}},
	inFrame(proto.Dec("http2.length", "Length", 0, 3, 0), of()),
	inFrame(proto.Named(proto.Dec("http2.type", "Type", 3, 1, 0), Types), of()),
	inFrame(proto.Hex("http2.flags", "Flags", 4, 1, 0), of()),
	flag("http2.flags.unused_data", "Unused", 0xf6, Data),
	flag("http2.flags.unused_headers", "Unused", 0xd2, Headers),
	flag("http2.flags.unused_settings", "Unused", 0xfe, Settings),
	flag("http2.flags.unused_push_promise", "Unused", 0xf3, PushPromise),
	flag("http2.flags.unused_ping", "Unused", 0xfe, Ping),
	flag("http2.flags.unused_continuation", "Unused", 0xfb, Continuation),
	inFrame(proto.Hex("http2.flags.unused", "Unused", 4, 1, 0xff), without(Data, Headers, Settings, PushPromise, Ping, Continuation)),
	inFrame(proto.Bit("http2.flags.priority", "Priority", 4, 1, flagPriority), of(Headers)),
	inFrame(proto.Bit("http2.flags.padded", "Padded", 4, 1, flagPadded), carriers),
	inFrame(proto.Bit("http2.flags.eh", "End Headers", 4, 1, flagEndHeaders), of(Headers, PushPromise, Continuation)),
	inFrame(proto.Bit("http2.flags.end_stream", "End Stream", 4, 1, flagEndStream), of(Data, Headers)),
	inFrame(proto.Bit("http2.flags.ack.settings", "ACK", 4, 1, flagAck), of(Settings)),
	inFrame(proto.Bit("http2.flags.ack.ping", "ACK", 4, 1, flagAck), of(Ping)),
	inFrame(proto.Hex("http2.r", "Reserved", 5, 4, 1<<31), of()),
	inFrame(proto.Dec("http2.streamid", "Stream Identifier", 5, 4, 1<<31-1), of()),
}

// flag is the bits of the flags that a type of frames has no use for.
func flag(name, title string, mask uint64, kind byte) field.Field {
	return inFrame(proto.Hex(name, title, 4, 1, mask), of(kind))
}

// without holds for frames of other types.
func without(types ...byte) func([]byte) bool {
	any, these := of(), of(types...)
	return func(b []byte) bool { return any(b) && !these(b) }
}

// both holds where two conditions do.
func both(a, b func([]byte) bool) func([]byte) bool {
	return func(frame []byte) bool { return a(frame) && b(frame) }
}

// flagged holds for frames with a flag.
func flagged(bit byte) func([]byte) bool { return func(b []byte) bool { return b[4]&bit != 0 } }

// carriers are the types of frames that may be padded.
var carriers = of(Data, Headers, PushPromise, Continuation)

var bodies = []field.Field{
	inFrame(proto.Hex("http2.padding", "Pad Length", headerLen, 1, 0), both(carriers, padded)),
	inFrame(computed("http2.pad_length", "Pad Length", func(b []byte) (uint64, bool) {
		if !padded(b) {
			return 0, true
		}
		return padding(b), len(b) > headerLen
	}), carriers),
	priority(proto.Bit("http2.exclusive", "Exclusive", headerLen, 4, 1<<31)),
	priority(proto.Dec("http2.stream_dependency", "Stream Dependency", headerLen, 4, 1<<31-1)),
	priority(proto.Dec("http2.headers.weight", "Weight", headerLen+4, 1, 0)),
	priority(computed("http2.headers.weight_real", "Weight real", func(b []byte) (uint64, bool) {
		if len(b) < headerLen+5 {
			return 0, false
		}
		return uint64(b[headerLen+4]) + 1, true
	})),
	dataField(),
	trailing("http2.data.padding", Data),
	carried("http2.headers", "Header Block Fragment", field.Bytes, Headers),
	trailing("http2.headers.padding", Headers),
	promise(proto.Hex("http2.push_promise.r", "Reserved", 0, 4, 1<<31)),
	promise(proto.Dec("http2.push_promise.promised_stream_id", "Promised-Stream-ID", 0, 4, 1<<31-1)),
	carried("http2.push_promise.header", "Header Block Fragment", field.Bytes, PushPromise),
	trailing("http2.push_promise.padding", PushPromise),
	carried("http2.continuation.header", "Continuation Header", field.String, Continuation),
	trailing("http2.continuation.padding", Continuation),
}

// padding is how much padding a frame says that it has.
func padding(b []byte) uint64 {
	if len(b) > headerLen {
		return uint64(b[headerLen])
	}
	return 0
}

// computed is a number that the bytes of a frame stand for.
func computed(name, title string, get func(frame []byte) (uint64, bool)) field.Field {
	return field.Field{Name: name, Title: title, Type: field.Uint, Width: 2, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if u, ok := get(b); ok {
			yield(field.Span{}, field.U(u))
		}
	}}
}

// priority is a field of the priority of a stream, in PRIORITY or before the header fields of HEADERS.
func priority(f field.Field) field.Field {
	return inFrame(moved(f, func(b []byte) int {
		if b[3] == Headers && padded(b) {
			return 1
		}
		return 0
	}), func(b []byte) bool { return of(Priority)(b) || of(Headers)(b) && b[4]&flagPriority != 0 })
}

// promise is a field of what lies before the header fields of PUSH_PROMISE.
func promise(f field.Field) field.Field {
	return inFrame(moved(f, func(b []byte) int { return bodyAt(b) - 4 }), of(PushPromise))
}

// moved is a field that lies further into a frame.
func moved(f field.Field, by func(frame []byte) int) field.Field {
	if f.Find != nil {
		find := f.Find
		f.Find = func(b []byte, yield func(field.Span, field.Value) bool) {
			if n := by(b); n >= 0 && n <= len(b) {
				find(b[n:], yield)
			}
		}
		return f
	}
	return proto.Moved(f, by)
}

// carried is what frames of a type carry.
func carried(name, title string, t field.Type, kind byte) field.Field {
	return part(field.Field{Name: name, Title: title, Type: t}, kind, func(f *Frame) (off, n int, ok bool) { return f.From, len(f.Body), true })
}

// trailing is the padding behind what frames of a type carry.
func trailing(name string, kind byte) field.Field {
	return part(field.Field{Name: name, Title: "Padding", Type: field.Bytes}, kind, func(f *Frame) (off, n int, ok bool) {
		return f.From + len(f.Body), f.Padding, f.Padding > 0
	})
}

// part is a part of frames of a type.
func part(f field.Field, kind byte, where func(f *Frame) (off, n int, ok bool)) field.Field {
	t, is := f.Type, of(kind)
	f.Find = func(b []byte, yield func(field.Span, field.Value) bool) {
		var one Frame
		frames(b, func(at, n int) bool {
			if !is(b[at : at+n]) {
				return true
			}
			one.decode(b[at : at+n])
			off, size, ok := where(&one)
			if !ok || off+size > n {
				return true
			}
			return yield(field.Span{Off: at + off, Len: size}, field.Read(b[at+off:at+off+size], t, 0, false))
		})
	}
	return f
}

var walkSettings proto.Walk = func(b []byte, yield func(off, n int) bool) {
	is := of(Settings)
	frames(b, func(at, n int) bool {
		if !is(b[at : at+n]) {
			return true
		}
		for o := at + headerLen; o+6 <= at+n; o += 6 {
			if !yield(o, 6) {
				return false
			}
		}
		return true
	})
}

// setting is the value of a setting (RFC 9113, 6.5.2; RFC 8441, 3).
func setting(name, title string, id byte) field.Field {
	return walkSettings.In(proto.Dec(name, title, 2, 4, 0), func(b []byte) bool { return b[0] == 0 && b[1] == id })
}

var controls = []field.Field{
	inFrame(proto.Named(proto.Dec("http2.rst_stream.error", "Error", headerLen, 4, 0), Errors), of(RstStream)),
	walkSettings.In(proto.Named(proto.Dec("http2.settings.id", "Settings Identifier", 0, 2, 0), settings), nil),
	setting("http2.settings.header_table_size", "Header table size", 1),
	setting("http2.settings.enable_push", "Enable PUSH", 2),
	setting("http2.settings.max_concurrent_streams", "Max concurrent streams", 3),
	setting("http2.settings.initial_window_size", "Initial Windows Size", 4),
	setting("http2.settings.max_frame_size", "Max frame size", 5),
	setting("http2.settings.max_header_list_size", "Max header list size", 6),
	setting("http2.settings.extended_connect", "Extended CONNECT", 8),
	walkSettings.In(proto.Dec("http2.settings.unknown", "Unknown Settings", 2, 4, 0), func(b []byte) bool {
		return settings[uint64(b[0])<<8|uint64(b[1])] == ""
	}),
	inFrame(proto.Fixed("http2.ping", "Ping", field.Bytes, headerLen, 8), func(b []byte) bool { return of(Ping)(b) && b[4]&flagAck == 0 }),
	inFrame(proto.Fixed("http2.pong", "Pong", field.Bytes, headerLen, 8), both(of(Ping), flagged(flagAck))),
	inFrame(proto.Hex("http2.goway.r", "Reserved", headerLen, 4, 1<<31), of(GoAway)),
	inFrame(proto.Dec("http2.goaway.last_stream_id", "Last-Stream-ID", headerLen, 4, 1<<31-1), of(GoAway)),
	inFrame(proto.Named(proto.Dec("http2.goaway.error", "Error", headerLen+4, 4, 0), Errors), of(GoAway)),
	rest("http2.goaway.addata", "Additional Debug Data", field.Bytes, headerLen+8, of(GoAway)),
	inFrame(proto.Hex("http2.window_update.r", "Reserved", headerLen, 4, 1<<31), of(WindowUpdate)),
	inFrame(proto.Dec("http2.window_update.window_size_increment", "Window Size Increment", headerLen, 4, 1<<31-1), of(WindowUpdate)),
	inFrame(proto.Dec("http2.altsvc.origin.len", "Origin Length", headerLen, 2, 0), of(AltSvc)),
	altSvc("http2.altsvc.origin", "Origin", func(b []byte, origin int) (off, n int) { return headerLen + 2, origin }),
	altSvc("http2.altsvc.field_value", "Field/Value", func(b []byte, origin int) (off, n int) {
		return headerLen + 2 + origin, len(b) - headerLen - 2 - origin
	}),
	origins(proto.Dec("http2.origin.origin_len", "Origin Length", 0, 2, 0)),
	origins(field.Field{Name: "http2.origin.origin", Title: "Origin", Type: field.String, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		yield(field.Span{Off: 2, Len: len(b) - 2}, field.S(string(b[2:])))
	}}),
	inFrame(proto.Dec("http2.priority_update_stream_id", "Priority Update Stream ID", headerLen, 4, 1<<31-1), of(PriorityUpdate)),
	rest("http2.priority_update_field_value", "Priority Update Field Value", field.String, headerLen+4, of(PriorityUpdate)),
	rest("http2.unknown", "Unknown", field.Bytes, headerLen, func(b []byte) bool { return of()(b) && Types[uint64(b[3])] == "" }),
}

var settings = proto.Names("http2.settings.id")

// rest is what frames have from an offset on.
func rest(name, title string, t field.Type, off int, when func([]byte) bool) field.Field {
	return field.Field{Name: name, Title: title, Type: t, Find: walk.Rest(t, off, func(b []byte) bool { return when(b) && len(b) > off })}
}

// altSvc is a part of ALTSVC (RFC 7838, 4), which has the length of the origin before it.
func altSvc(name, title string, where func(b []byte, origin int) (off, n int)) field.Field {
	is := of(AltSvc)
	return field.Field{Name: name, Title: title, Type: field.String, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		frames(b, func(at, n int) bool {
			f := b[at : at+n]
			if !is(f) || n < headerLen+2 {
				return true
			}
			off, size := where(f, int(f[headerLen])<<8|int(f[headerLen+1]))
			if size <= 0 || off+size > n {
				return true
			}
			return yield(field.Span{Off: at + off, Len: size}, field.S(string(f[off:off+size])))
		})
	}}
}

// origins is a field of each entry of ORIGIN (RFC 8336, 2).
func origins(f field.Field) field.Field {
	is := of(Origin)
	var each proto.Walk = func(b []byte, yield func(off, n int) bool) {
		frames(b, func(at, n int) bool {
			if !is(b[at : at+n]) {
				return true
			}
			for o, end := at+headerLen, at+n; o+2 <= end; {
				size := 2 + int(b[o])<<8 + int(b[o+1])
				if o+size > end {
					break
				}
				if !yield(o, size) {
					return false
				}
				o += size
			}
			return true
		})
	}
	if f.Find != nil {
		find := f.Find
		f.Find = func(b []byte, yield func(field.Span, field.Value) bool) {
			each(b, func(at, n int) bool {
				more := true
				find(b[at:at+n], func(s field.Span, v field.Value) bool {
					s.Off += at
					more = yield(s, v)
					return more
				})
				return more
			})
		}
		return f
	}
	return each.In(f, nil)
}
