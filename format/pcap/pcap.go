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
	last   uint32 // seconds of the last record that had bytes, 0 before it
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
		Link: r.link, SnapLen: r.snap, Resolution: resolution, FCS: r.fcs, Received: -1, IfDrop: -1, OSDrop: -1, Accepted: -1, Delivered: -1,
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
	for r.err == nil {
		at := r.win.Offset()
		h := r.win.Peek(r.kind.recordLen)
		if len(h) < r.kind.recordLen {
			return r.end(at, int64(r.kind.recordLen), int64(len(h)))
		}
		sec, frac := r.order.Uint32(h), r.order.Uint32(h[4:])
		caplen, wire := r.lengths(h)
		if r.impossible(caplen) {
			detail := fmt.Sprintf("captured length %d is more than any record can have", caplen)
			if !r.resume(&trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "pcap record", Detail: detail, Err: trace.ErrCorrupt}) {
				return r.err
			}
			continue
		}
		var direction trace.Direction
		if r.kind.modified {
			direction = packetType(h[22])
		}
		b, ok := r.win.Take(r.kind.recordLen + int(caplen))
		if !ok {
			if !r.cut(at, caplen+int64(r.kind.recordLen), int64(r.win.Left())) {
				return r.err
			}
			continue
		}
		nanos := int64(frac)
		if !r.kind.nanos {
			nanos *= 1000
		}
		r.number++
		if caplen > 0 { // zeros in a damaged file look like empty records of 1970
			r.last = sec
		}
		*rec = trace.Record{
			Pos:  trace.Pos{Source: r.in.Source, Number: r.number, Offset: at},
			Time: int64(sec)*1e9 + nanos, Kind: trace.Packet, Link: r.link, Data: b[r.kind.recordLen:],
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
	return r.err
}

// impossible reports whether no record captures that many bytes.
func (r *Reader) impossible(caplen int64) bool {
	return caplen > maxRecord || caplen > maxUsual && caplen > int64(r.snap)
}

// lengths are the captured and the original length of a record header.
func (r *Reader) lengths(h []byte) (caplen, wire int64) {
	caplen, wire = int64(r.order.Uint32(h[8:])), int64(r.order.Uint32(h[12:]))
	if r.swap == originalFirst || r.swap == smallerFirst && caplen > wire {
		caplen, wire = wire, caplen
	}
	return caplen, wire
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

// end is the error of a stream that ends with fewer bytes than a record header has.
func (r *Reader) end(at, need, have int64) error {
	if have == 0 && (r.win.Err() == nil || errors.Is(r.win.Err(), io.EOF)) {
		r.err = io.EOF
		return r.err
	}
	r.err = r.truncated(at, need, have)
	r.info.Damage.Unread = have
	return r.err
}

func (r *Reader) truncated(at, need, have int64) *trace.Error {
	e := &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "pcap record", Need: need, Have: have, Err: trace.ErrTruncated}
	if cause := r.win.Err(); cause != nil && !errors.Is(cause, io.EOF) {
		e.Err = cause
	}
	return e
}

// cut handles a record that ends behind the stream. Most are the last of a
// capture that was cut; where another record follows, the length lies.
func (r *Reader) cut(at, need, have int64) bool {
	e := r.truncated(at, need, have)
	if !errors.Is(e, trace.ErrTruncated) || !errors.Is(r.win.Err(), io.EOF) {
		r.err, r.info.Damage.Unread = e, have
		return false
	}
	skipped, found := r.win.Search(lookAhead, r.plausible)
	if !found {
		r.err, r.info.Damage.Unread = e, have
		return false
	}
	r.info.Damage.Add(e, skipped)
	return true
}

// resume goes on at the next place that looks like a record, after one that
// cannot be; false when there is none, and what was skipped is lost.
func (r *Reader) resume(e *trace.Error) bool {
	skipped, found := r.win.Search(lookAhead, r.plausible)
	if !found {
		r.err, r.info.Damage.Unread = e, skipped
		return false
	}
	r.info.Damage.Add(e, skipped)
	return true
}

const (
	// chain is how many records in a row make a place plausible, and lookAhead the bytes that they can have.
	chain     = 3
	lookAhead = chain * (maxUsual + 32)
	// aroundSeconds is how far the time of a record is from that of the one read before, in seconds: a day.
	aroundSeconds = 86400
)

// plausible reports whether a record begins at b: its header makes sense, and
// so do those of the records behind it, or the last one ends with the stream.
func (r *Reader) plausible(b []byte, last bool) bool {
	for range chain {
		if len(b) < r.kind.recordLen || !r.sensible(b) {
			return false
		}
		caplen, _ := r.lengths(b)
		b = b[r.kind.recordLen:]
		if caplen >= int64(len(b)) {
			return last && caplen == int64(len(b))
		}
		b = b[caplen:]
	}
	return true
}

// sensible is stricter than Next, which takes what it gets: empty records and
// odd times are legal, but rarer than zeros and garbage.
func (r *Reader) sensible(h []byte) bool {
	caplen, wire := r.lengths(h)
	if caplen == 0 || caplen > maxUsual || caplen > wire || wire > maxUsual {
		return false
	}
	if r.snap > 0 && caplen > int64(r.snap) {
		return false
	}
	limit := uint32(1e6)
	if r.kind.nanos {
		limit = 1e9
	}
	sec := r.order.Uint32(h)
	if r.order.Uint32(h[4:]) >= limit || sec == 0 {
		return false
	}
	return r.last == 0 || sec-r.last < aroundSeconds || r.last-sec < aroundSeconds
}
