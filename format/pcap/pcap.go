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
)

// variant is what the magic number says.
type variant struct {
	magic     uint32
	name      string
	nanos     bool
	recordLen int // length of the record header in bytes
}

var variants = []variant{
	{0xa1b2c3d4, "microsecond", false, 16},
	{0xa1b23c4d, "nanosecond", true, 16},
	{0xa1b2cd34, "modified", false, 24},
	{0xa1b234cd, "nokia", false, 20},
}

func find(head []byte) (variant, binary.ByteOrder, bool) {
	if len(head) < 4 {
		return variant{}, nil, false
	}
	for _, v := range variants {
		if binary.LittleEndian.Uint32(head) == v.magic {
			return v, binary.LittleEndian, true
		}
		if binary.BigEndian.Uint32(head) == v.magic {
			return v, binary.BigEndian, true
		}
	}
	return variant{}, nil, false
}

// Sniff reports whether head begins a pcap file.
func Sniff(head []byte) bool {
	_, _, ok := find(head)
	return ok
}

// Reader reads one pcap file.
type Reader struct {
	in     *format.Input
	win    *format.Window
	order  binary.ByteOrder
	kind   variant
	link   trace.LinkType
	fcs    int // bytes of frame check sequence at the end of each frame, from the file header
	snap   int
	number int64
	info   trace.Info
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
	var found bool
	if r.kind, r.order, found = find(h); !found {
		return &trace.Error{Source: r.in.Name, Layer: "pcap file header", Detail: fmt.Sprintf("magic number % x", h[:4]), Err: trace.ErrUnknownFormat}
	}
	network := r.order.Uint32(h[20:])
	r.link = linkType(network & 0x0fffffff & 0xffff)
	if network&0x04000000 != 0 {
		r.fcs = int(network>>28) * 2
	}
	r.snap = int(min(r.order.Uint32(h[16:]), math.MaxInt32))
	note := r.kind.name
	if r.order == binary.BigEndian {
		note += ", big-endian"
	}
	resolution := 1000.0
	if r.kind.nanos {
		resolution = 1
	}
	r.info.FormatNote, r.info.SnapLen = note, r.snap
	r.info.Interfaces = []trace.Interface{{Link: r.link, SnapLen: r.snap, Resolution: resolution}}
	return nil
}

// linkType turns the network field into a LINKTYPE_ value: some systems wrote their DLT_ number.
func linkType(network uint32) trace.LinkType {
	switch network {
	case 12, 14: // DLT_RAW of most systems, of OpenBSD
		return trace.LinkRaw
	case 11: // DLT_ATM_RFC1483
		return 100
	case 15, 16:
		return trace.LinkType(network)
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
	if caplen > wire && wire > 0 && r.swapped(caplen, wire) {
		caplen, wire = wire, caplen
	}
	if caplen > maxRecord || caplen > maxUsual && caplen > int64(r.snap) {
		return r.corrupt(at, fmt.Sprintf("captured length %d is more than any record can have", caplen))
	}
	data, ok := r.win.Take(int(caplen))
	if !ok {
		return r.end(at, caplen+int64(r.kind.recordLen), int64(r.kind.recordLen+r.win.Left()))
	}
	if !r.kind.nanos {
		frac *= 1000
	}
	r.number++
	*rec = trace.Record{
		Pos:  trace.Pos{Source: r.in.Source, Number: r.number, Offset: at},
		Time: int64(sec)*1e9 + int64(frac), Kind: trace.Packet, Link: r.link, Data: data,
		WireLen: int(wire), Numbered: true,
	}
	r.info.Interfaces[0].Packets++
	if r.in.Progress != nil && r.number%4096 == 0 {
		r.in.Progress(r.win.Offset())
	}
	return nil
}

// swapped: files of some old libpcaps have the two lengths exchanged (draft, 5: "captured length ... not larger").
// Only an original length within the snap length makes that believable.
func (r *Reader) swapped(caplen, wire int64) bool {
	return r.snap > 0 && caplen > int64(r.snap) && wire <= int64(r.snap)
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
