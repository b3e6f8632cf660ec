// Package snoop reads the captures of Solaris' snoop: version 2 (RFC 1761),
// big-endian, with the data link types of its dlpi.h.
package snoop

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/trace"
)

// Format registers the reader.
var Format = format.Format{Name: "snoop", Title: "snoop capture", Sniff: Sniff, Open: open}

const (
	magic         = "snoop\x00\x00\x00"
	fileHeaderLen = 16
	recordLen     = 24
	// maxRecord is Wireshark's limit for a packet, and generous for its padding.
	maxRecord = 262144 + 4096
)

// links maps the data link types (RFC 1761 and Solaris' sys/dlpi.h).
var links = map[uint32]trace.LinkType{
	0: trace.LinkEthernet, 2: trace.LinkTokenRing, 4: trace.LinkEthernet, 8: trace.LinkFDDI, 9: trace.LinkNull, 14: trace.LinkNull,
	16: 122, // RFC 2625 IP over Fibre Channel
	18: 123, // Sun ATM: direction, VPI, VCI, then the PDU
	25: trace.LinkEthernet,
	// Private types have the highest bit.
	0x80000001: trace.LinkIPv4, 0x80000002: trace.LinkIPv6, 0x80000004: trace.LinkWiFi, 0x80000005: 226,
}

// Sniff reports whether head begins a snoop file.
func Sniff(head []byte) bool { return len(head) >= len(magic) && string(head[:len(magic)]) == magic }

// Reader reads one snoop file.
type Reader struct {
	in     *format.Input
	win    *format.Window
	link   trace.LinkType
	number int64
	drops  uint32
	info   trace.Info
	meta   trace.Meta
	err    error
}

func open(in *format.Input) (trace.Reader, error) {
	r := &Reader{in: in, win: format.NewWindow(in.Stream)}
	r.info = trace.Info{Name: in.Name, Format: "snoop", Compression: in.Compression, Bytes: in.Size}
	if err := r.header(); err != nil {
		in.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) header() error {
	h := r.win.Peek(fileHeaderLen)
	if len(h) < fileHeaderLen {
		return &trace.Error{Source: r.in.Name, Layer: "snoop file header", Need: fileHeaderLen, Have: int64(len(h)), Err: trace.ErrTruncated}
	}
	if !Sniff(h) {
		return &trace.Error{Source: r.in.Name, Layer: "snoop file header", Err: trace.ErrUnknownFormat}
	}
	version, network := binary.BigEndian.Uint32(h[8:]), binary.BigEndian.Uint32(h[12:])
	if version < 2 || version > 5 { // 3 to 5 are Shomiti's, with the same records
		return &trace.Error{Source: r.in.Name, Offset: 8, Layer: "snoop file header", Detail: fmt.Sprintf("version %d", version), Err: trace.ErrCorrupt}
	}
	var known bool
	if r.link, known = links[network]; !known {
		r.link = trace.LinkUnknown
	}
	r.win.Discard(fileHeaderLen)
	r.info.FormatNote = fmt.Sprintf("version %d, data link type %d", version, network)
	r.info.Interfaces = []trace.Interface{{
		Link: r.link, Resolution: 1000, Received: -1, IfDrop: -1, OSDrop: -1, Accepted: -1, Delivered: -1,
	}}
	return nil
}

// Info implements trace.Reader.
func (r *Reader) Info() *trace.Info { return &r.info }

// Close implements trace.Reader.
func (r *Reader) Close() error { return r.in.Close() }

// Next implements trace.Reader.
func (r *Reader) Next(rec *trace.Record) error {
	if r.err != nil {
		return r.err
	}
	at := r.win.Offset()
	h := r.win.Peek(recordLen)
	if len(h) < recordLen {
		return r.end(at, recordLen, int64(len(h)))
	}
	wire, caplen, size := binary.BigEndian.Uint32(h), binary.BigEndian.Uint32(h[4:]), binary.BigEndian.Uint32(h[8:])
	if size > maxRecord || size < recordLen || caplen > size-recordLen {
		return r.corrupt(at, fmt.Sprintf("captured length %d in a record of %d bytes", caplen, size))
	}
	b, ok := r.win.Take(int(size))
	if !ok {
		return r.end(at, int64(size), int64(r.win.Left()))
	}
	drops := binary.BigEndian.Uint32(b[12:])
	sec, usec := binary.BigEndian.Uint32(b[16:]), binary.BigEndian.Uint32(b[20:])
	r.number++
	*rec = trace.Record{
		Pos:  trace.Pos{Source: r.in.Source, Number: r.number, Offset: at},
		Time: int64(sec)*1e9 + int64(usec)*1000, Kind: trace.Packet, Link: r.link, Data: b[recordLen : recordLen+caplen : recordLen+caplen],
		WireLen: int(wire), Numbered: true,
	}
	if drops > r.drops { // the counter runs over the whole file
		r.meta = trace.Meta{DropCount: uint64(drops - r.drops), HasDropCount: true}
		rec.Meta = &r.meta
	}
	r.drops = drops
	r.info.Interfaces[0].Packets++
	if r.in.Progress != nil && r.number%4096 == 0 {
		r.in.Progress(r.win.Offset())
	}
	return nil
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
	r.err = &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "snoop record", Need: need, Have: have, Err: cause}
	return r.err
}

func (r *Reader) corrupt(at int64, detail string) error {
	r.info.Damage.Unread = -1
	if r.in.Size >= 0 {
		r.info.Damage.Unread = r.in.Size - at
	}
	r.err = &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "snoop record", Detail: detail, Err: trace.ErrCorrupt}
	return r.err
}
