// Package pcap reads libpcap capture files: micro- and nanosecond, both byte
// orders, and the modified variants that patched libpcaps wrote.
//
// Source: pcap capture file format draft (draft-ietf-opsawg-pcap), section 4
// and 5; the modified variants as Wireshark's libpcap reader knows them.
package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/trace"
)

// Format registers the reader.
var Format = format.Format{Name: "pcap", Title: "pcap capture", Sniff: Sniff, Open: open}

const (
	fileHeaderLen = 24
	// maxRecord bounds a record: Wireshark's limit for any capture file (WTAP_MAX_PACKET_SIZE_STANDARD is 262,144; D-Bus and USB captures go to 128 MiB).
	maxRecord = 128 << 20
	maxUsual  = 262144
	// guessBytes is how much of the records is looked at to tell variants apart.
	guessBytes = 256 << 10
)

// Sniff reports whether head begins a pcap file.
func Sniff(head []byte) bool {
	candidates, _, _ := find(head)
	return candidates != nil
}

// Reader reads one pcap file.
type Reader struct {
	in     *format.Input
	win    *format.Window
	order  binary.ByteOrder
	kind   variant
	link   trace.LinkType
	swap   lengths
	fcs    uint8 // bytes of frame check sequence at the end of each frame, from the file header
	snap   int
	number int64
	info   trace.Info
	meta   trace.Meta
	err    error
}

func open(in *format.Input) (trace.Reader, error) {
	r := &Reader{in: in, win: format.NewWindow(in.Stream)}
	r.info = trace.Info{Name: in.Name, Format: "pcap", Compression: in.Compression, Bytes: in.Size}
	if err := r.header(); err != nil {
		in.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) header() error {
	have := len(r.win.Peek(fileHeaderLen))
	h, ok := r.win.Take(fileHeaderLen)
	if !ok {
		return &trace.Error{Source: r.in.Name, Layer: "pcap file header", Need: fileHeaderLen, Have: int64(have), Err: trace.ErrTruncated}
	}
	candidates, extra, order := find(h)
	if candidates == nil {
		return &trace.Error{Source: r.in.Name, Layer: "pcap file header", Detail: fmt.Sprintf("magic number % x", h[:4]), Err: trace.ErrUnknownFormat}
	}
	r.order = order
	major, minor := order.Uint16(h[4:]), order.Uint16(h[6:])
	if major < 2 {
		return &trace.Error{Source: r.in.Name, Layer: "pcap file header", Detail: fmt.Sprintf("version %d.%d", major, minor), Err: trace.ErrCorrupt}
	}
	snap, network := order.Uint32(h[16:]), order.Uint32(h[20:])
	r.snap = int(min(snap, math.MaxInt32))
	r.link = linkType(network & 0xffff)
	if network&0x04000000 != 0 {
		r.fcs = uint8(network>>28) * 2
	}
	r.win.Discard(int64(extra))
	r.swap = lengthOrder(major, minor)
	r.choose(candidates, major, minor, network)
	r.describe()
	return nil
}

// choose finds the variant. Looking at records is left out where none of the
// others can be meant: they all say version 2.4.
func (r *Reader) choose(candidates []variant, major, minor uint16, network uint32) {
	r.kind = candidates[0]
	if link, ok := aixLinks[network]; ok && r.kind == standard && major == 2 && minor == 2 {
		r.kind, r.link = aix, link
		return
	}
	// A live pipe must not be held up until it has sent three records.
	pipe := r.in.Size < 0 && r.in.Compression == "" && candidates[0] == standard
	if len(candidates) > 1 && r.swap == capturedFirst && !pipe {
		r.kind = guess(candidates, r.win.Peek(guessBytes), r.order, r.snap)
	}
}

func (r *Reader) describe() {
	note, resolution := r.kind.name, 1000.0
	if r.order == binary.BigEndian {
		note += ", big-endian"
	}
	if r.kind.nanos {
		resolution = 1
	}
	r.info.FormatNote, r.info.SnapLen = note, r.snap
	r.info.Interfaces = []trace.Interface{{
		Link: r.link, SnapLen: r.snap, Resolution: resolution, Received: -1, IfDrop: -1, OSDrop: -1, Accepted: -1, Delivered: -1,
	}}
}

// linkType turns the network field into a LINKTYPE_ value: some systems wrote their DLT_ number.
func linkType(network uint32) trace.LinkType {
	switch network {
	case 12, 14: // DLT_RAW of most systems, of OpenBSD
		return trace.LinkRaw
	case 11: // DLT_ATM_RFC1483
		return 100
	case 16: // DLT_PPP_BSDOS
		return trace.LinkPPP
	}
	return trace.LinkType(network)
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
	h, ok := r.win.Take(r.kind.recordLen)
	if !ok {
		return r.end(at, int64(r.kind.recordLen), int64(r.win.Left()))
	}
	sec, frac := r.order.Uint32(h), r.order.Uint32(h[4:])
	caplen, wire := int64(r.order.Uint32(h[8:])), int64(r.order.Uint32(h[12:]))
	if r.swap == originalFirst || r.swap == smallerFirst && caplen > wire {
		caplen, wire = wire, caplen
	}
	if caplen > maxRecord || caplen > maxUsual && caplen > int64(r.snap) {
		return r.corrupt(at, fmt.Sprintf("captured length %d is more than any record can have", caplen))
	}
	var direction trace.Direction
	if r.kind.modified {
		direction = packetType(h[22])
	}
	data, ok := r.win.Take(int(caplen))
	if !ok {
		return r.end(at, caplen+int64(r.kind.recordLen), int64(r.kind.recordLen+r.win.Left()))
	}
	nanos := int64(frac)
	if !r.kind.nanos {
		nanos *= 1000
	}
	r.number++
	*rec = trace.Record{
		Pos:  trace.Pos{Source: r.in.Source, Number: r.number, Offset: at},
		Time: int64(sec)*1e9 + nanos, Kind: trace.Packet, Link: r.link, Data: data,
		WireLen: int(wire), FCS: r.fcs, Numbered: true,
	}
	if direction != trace.DirectionUnknown {
		r.meta = trace.Meta{Direction: direction}
		rec.Meta = &r.meta
	}
	r.info.Interfaces[0].Packets++
	if r.in.Progress != nil && r.number%4096 == 0 {
		r.in.Progress(r.win.Offset())
	}
	return nil
}

// packetType maps a PACKET_ value of Linux.
func packetType(t byte) trace.Direction {
	switch {
	case t <= 2: // to this host, broadcast, multicast
		return trace.Inbound
	case t == 4:
		return trace.Outbound
	}
	return trace.DirectionUnknown
}

func (r *Reader) end(at, need, have int64) error {
	switch {
	case r.win.Err() != nil && !errors.Is(r.win.Err(), io.EOF):
		r.err = &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "pcap record", Need: need, Have: have, Err: r.win.Err()}
	case have == 0:
		r.err = io.EOF
		return r.err
	default:
		r.err = &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "pcap record", Need: need, Have: have, Err: trace.ErrTruncated}
	}
	r.info.Damage.Unread = have
	return r.err
}

func (r *Reader) corrupt(at int64, detail string) error {
	r.err = &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "pcap record", Detail: detail, Err: trace.ErrCorrupt}
	r.info.Damage.Unread = -1
	if r.in.Size >= 0 && r.in.Compression == "" {
		r.info.Damage.Unread = r.in.Size - at
	}
	return r.err
}
