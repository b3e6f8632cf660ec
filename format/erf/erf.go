// Package erf reads Endace's extensible record format: Ethernet, HDLC and IP
// records with their extension headers. Records of other types are handed out
// as Unknown, whole.
package erf

import (
	"errors"
	"fmt"
	"io"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/trace"
)

// Format registers the reader.
var Format = format.Format{Name: "erf", Title: "Endace ERF capture", Sniff: Sniff, Open: open}

// ports is the number of interfaces that the flags of a record can name.
const ports = 4

// Reader reads one ERF file.
type Reader struct {
	in     *format.Input
	win    *format.Window
	number int64
	info   trace.Info
	meta   trace.Meta
	err    error
}

func open(in *format.Input) (trace.Reader, error) {
	r := &Reader{in: in, win: format.NewWindow(in.Stream)}
	r.info = trace.Info{Name: in.Name, Format: "erf", Compression: in.Compression, Bytes: in.Size}
	for i := range ports {
		r.info.Interfaces = append(r.info.Interfaces, trace.Interface{
			ID: i, Name: fmt.Sprintf("Port %c", 'A'+i), Link: trace.LinkUnknown, Resolution: 1e9 / (1 << 32),
			Received: -1, IfDrop: -1, OSDrop: -1, Accepted: -1, Delivered: -1,
		})
	}
	return r, nil
}

// Info implements trace.Reader.
func (r *Reader) Info() *trace.Info { return &r.info }

// Close implements trace.Reader.
func (r *Reader) Close() error { return r.in.Close() }

// Next implements trace.Reader.
func (r *Reader) Next(rec *trace.Record) error {
	for r.err == nil {
		at := r.win.Offset()
		b := r.win.Peek(headerLen)
		if len(b) < headerLen {
			return r.end(at, headerLen, int64(len(b)))
		}
		h := parse(b)
		if !known(h.kind) || h.size < headerLen {
			return r.corrupt(at, fmt.Sprintf("record of type %d with %d bytes", h.kind, h.size))
		}
		if b, ok := r.win.Take(h.size); !ok {
			return r.end(at, int64(h.size), int64(r.win.Left()))
		} else if h.kind != typePad && r.decode(h, b, at, rec) {
			return nil
		}
	}
	return r.err
}

func (r *Reader) decode(h header, b []byte, at int64, rec *trace.Record) bool {
	l, frame := layouts[h.kind]
	off, ok := h.body(b, l)
	if !ok {
		r.info.Damage.Add(&trace.Error{
			Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "erf record", Detail: "extension headers run over its end", Err: trace.ErrCorrupt,
		}, int64(len(b)))
		return false
	}
	r.number++
	*rec = trace.Record{
		Pos:  trace.Pos{Source: r.in.Source, Number: r.number, Offset: at},
		Time: h.nanoseconds(), Interface: h.port, Numbered: true,
	}
	if !frame {
		rec.Kind, rec.Data, rec.WireLen, rec.Block = trace.Unknown, b[off:], len(b)-off, uint32(h.kind)
		return true
	}
	n := min(h.length, len(b)-off)
	rec.Kind, rec.Link, rec.FCS, rec.WireLen = trace.Packet, l.link, l.fcs, h.length
	rec.Data = b[off : off+n : off+n]
	if l.hdlc {
		rec.Link = hdlc(rec.Data)
	}
	r.count(h, rec)
	return true
}

func (r *Reader) count(h header, rec *trace.Record) {
	i := &r.info.Interfaces[h.port]
	i.Packets++
	if i.Link == trace.LinkUnknown {
		i.Link = rec.Link
	}
	if h.lost > 0 && h.kind <= 2 { // other types use the field for a colour
		r.meta = trace.Meta{DropCount: uint64(h.lost), HasDropCount: true}
		rec.Meta = &r.meta
	}
	if r.in.Progress != nil && r.number%4096 == 0 {
		r.in.Progress(r.win.Offset())
	}
}

// hdlc tells PPP in HDLC-like framing from Cisco's by the address byte.
func hdlc(frame []byte) trace.LinkType {
	if len(frame) > 1 && (frame[0] == 0x0f || frame[0] == 0x8f) {
		return trace.LinkCHDLC
	}
	return trace.LinkPPPHDLC
}

func (r *Reader) end(at, need, have int64) error {
	cause := r.win.Err()
	if errors.Is(cause, io.EOF) {
		if have == 0 {
			r.err = io.EOF
			return r.err
		}
		cause = trace.ErrTruncated
	}
	r.info.Damage.Unread = have
	r.err = &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "erf record", Need: need, Have: have, Err: cause}
	return r.err
}

func (r *Reader) corrupt(at int64, detail string) error {
	r.info.Damage.Unread = -1
	if r.in.Size >= 0 {
		r.info.Damage.Unread = r.in.Size - at
	}
	r.err = &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "erf record", Detail: detail, Err: trace.ErrCorrupt}
	return r.err
}
