// Package pcapng reads pcapng capture files: every block and option of the
// draft (draft-ietf-opsawg-pcapng), several sections and interfaces, both byte
// orders. Blocks that are not packets are handed out as records of their own
// kind, unknown ones included; nothing is dropped.
package pcapng

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/trace"
)

// Format registers the reader.
var Format = format.Format{Name: "pcapng", Title: "pcapng capture", Sniff: Sniff, Open: open}

// Block types (draft, 10.1).
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockPacket     = 2 // obsolete
	blockSimple     = 3
	blockNames      = 4
	blockStatistics = 5
	blockEnhanced   = 6
	blockJournal    = 9
	blockSecrets    = 10
	blockSysdig     = 0x204 // event, event with flags, version 2, large
	blockSysdigV2   = 0x216
	blockSysdigBig  = 0x221
	blockCustom     = 0xbad
	blockCustomNo   = 0x40000bad // not to be copied
)

const (
	byteOrderMagic = 0x1a2b3c4d
	blockOverhead  = 12 // type, length, length again
	// maxBlock is Wireshark's limit for a block with a 128 MiB packet plus options.
	maxBlock = 129 << 20
)

// Sniff reports whether head begins a pcapng file.
func Sniff(head []byte) bool {
	if len(head) < 12 || binary.BigEndian.Uint32(head) != blockSection {
		return false
	}
	m := binary.LittleEndian.Uint32(head[8:])
	return m == byteOrderMagic || m == 0x4d3c2b1a
}

// Reader reads one pcapng file.
type Reader struct {
	in      *format.Input
	win     *format.Window
	order   binary.ByteOrder
	section int
	first   int // index in info.Interfaces of the section's interface 0
	clocks  []clock
	// firstProcess is the index in info.Processes of the section's first one.
	firstProcess int
	number       int64
	info         trace.Info
	meta         trace.Meta
	event        trace.EventHeader
	skip         bool // the section has a version that nobody knows
	err          error
}

func open(in *format.Input) (trace.Reader, error) {
	r := &Reader{in: in, win: format.NewWindow(in.Stream), order: binary.LittleEndian, section: -1}
	r.info = trace.Info{Name: in.Name, Format: "pcapng", NamesInterfaces: true, Compression: in.Compression, Bytes: in.Size}
	if !Sniff(r.win.Peek(12)) {
		in.Close()
		return nil, &trace.Error{Source: in.Name, Layer: "pcapng section header", Err: trace.ErrUnknownFormat}
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
		order := r.order
		kind, body, err := r.block(at)
		if err != nil {
			r.order = order
			if !r.resume(err) {
				return r.err
			}
			continue
		}
		if r.decode(kind, body, at, rec) {
			return nil
		}
	}
	return r.err
}

// block takes the next block and returns its type and body.
func (r *Reader) block(at int64) (kind uint32, body []byte, err error) {
	h := r.win.Peek(12)
	if len(h) == 0 && errors.Is(r.win.Err(), io.EOF) {
		return 0, nil, io.EOF
	}
	if len(h) < 12 {
		return 0, nil, r.short(at, 12, len(h))
	}
	if binary.BigEndian.Uint32(h) == blockSection {
		if err := r.byteOrder(h, at); err != nil {
			return 0, nil, err
		}
	}
	kind = r.order.Uint32(h)
	size := int64(r.order.Uint32(h[4:]))
	if size < blockOverhead || size > maxBlock {
		return 0, nil, r.corrupt(at, fmt.Sprintf("block length %d", size))
	}
	padded := (size + 3) &^ 3 // some writers do not pad their length; Wireshark rounds up too
	have := len(r.win.Peek(int(padded)))
	if int64(have) >= size && int64(have) < padded { // the last block of an unpadded writer
		padded = size
	}
	if int64(have) < padded {
		return 0, nil, r.short(at, padded, have)
	}
	b := r.win.Peek(int(padded))
	if tail := int64(r.order.Uint32(b[len(b)-4:])); tail != size {
		return 0, nil, r.corrupt(at, fmt.Sprintf("block length is %d at its start and %d at its end", size, tail))
	}
	r.win.Take(len(b))
	return kind, b[8 : len(b)-4], nil
}

func (r *Reader) byteOrder(h []byte, at int64) error {
	switch {
	case binary.LittleEndian.Uint32(h[8:]) == byteOrderMagic:
		r.order = binary.LittleEndian
	case binary.BigEndian.Uint32(h[8:]) == byteOrderMagic:
		r.order = binary.BigEndian
	default:
		return r.corrupt(at, fmt.Sprintf("byte-order magic % x", h[8:12]))
	}
	return nil
}

// decode handles one block; true when rec holds a record.
func (r *Reader) decode(kind uint32, body []byte, at int64, rec *trace.Record) bool {
	*rec = trace.Record{
		Pos: trace.Pos{Source: r.in.Source, Number: r.number, Offset: at}, Time: trace.NoTime, Interface: -1, Block: kind,
	}
	var err *trace.Error
	ok := false
	if r.skip && kind != blockSection {
		r.info.Damage.Bytes += int64(len(body) + blockOverhead)
		return false
	}
	switch kind {
	case blockSection:
		err = r.sectionHeader(body)
	case blockInterface:
		err = r.interfaceDescription(body)
	case blockEnhanced:
		ok, err = r.enhanced(body, rec)
	case blockPacket:
		ok, err = r.obsolete(body, rec)
	case blockSimple:
		ok, err = r.simple(body, rec)
	case blockStatistics:
		r.statistics(body, rec)
		rec.Kind, rec.Data, ok = trace.Statistics, body, true
	case blockNames:
		r.names(body, rec)
		ok = true
	case blockDarwinProcess:
		ok, err = r.darwinProcess(body, rec)
	case blockSecrets:
		ok, err = r.secrets(body, rec)
	case blockJournal:
		ok = r.journal(body, rec)
	case blockCustom, blockCustomNo:
		ok, err = r.custom(body, rec)
	case blockSysdig, blockSysdigV2, blockSysdigBig:
		ok, err = r.sysdig(body, rec)
	default:
		rec.Kind, rec.Data, ok = trace.Unknown, body, true
	}
	if err != nil {
		err.Source, err.Offset = r.in.Name, at
		r.info.Damage.Add(err, int64(len(body)+blockOverhead))
		return false
	}
	if ok && rec.Kind != trace.Packet {
		rec.Section = max(0, r.section) // a damaged header begins none
		if rec.Kind != trace.Event {
			r.count(rec)
		}
	}
	if ok && r.in.Progress != nil && r.number%4096 == 0 {
		r.in.Progress(r.win.Offset())
	}
	return ok
}

// resume goes on at the next place that looks like a block, after something
// that cannot be one; false at the end of the stream, and where no such place is left.
func (r *Reader) resume(err error) bool {
	e, bad := err.(*trace.Error)
	if !bad || !errors.Is(err, trace.ErrCorrupt) && !errors.Is(r.win.Err(), io.EOF) {
		r.err = err
		if bad {
			r.info.Damage.Unread = e.Have
		}
		return false
	}
	skipped, found := r.win.Search(lookAhead, r.plausible)
	if !found {
		r.err, r.info.Damage.Unread = e, skipped
		if errors.Is(err, trace.ErrTruncated) { // the search left out the first byte
			r.info.Damage.Unread = e.Have
		}
		return false
	}
	r.info.Damage.Add(e, skipped)
	return true
}

// lookAhead is how much of what follows is looked at to tell a block, in bytes: the largest usual packet with its options.
const lookAhead = 512 << 10

// plausible reports whether a block begins at b: a known type whose length
// stands at both of its ends, and behind it another one or the end of the stream.
func (r *Reader) plausible(b []byte, last bool) bool {
	order := r.order
	for n := range 2 {
		if len(b) < blockOverhead {
			return n > 0 && last && len(b) == 0
		}
		if binary.BigEndian.Uint32(b) == blockSection {
			switch {
			case binary.LittleEndian.Uint32(b[8:]) == byteOrderMagic:
				order = binary.LittleEndian
			case binary.BigEndian.Uint32(b[8:]) == byteOrderMagic:
				order = binary.BigEndian
			default:
				return false
			}
		} else if !known(order.Uint32(b)) {
			return false
		}
		size := int64(order.Uint32(b[4:]))
		if size < blockOverhead || size > maxBlock {
			return false
		}
		if size > int64(len(b)) { // the end is not in sight: the first block has to show its own
			return n > 0
		}
		if int64(order.Uint32(b[size-4:])) != size {
			return false
		}
		b = b[min((size+3)&^3, int64(len(b))):]
	}
	return true
}

func known(kind uint32) bool {
	switch kind {
	case blockInterface, blockPacket, blockSimple, blockNames, blockStatistics, blockEnhanced, blockJournal, blockSecrets, blockCustom, blockCustomNo,
		blockDarwinProcess, blockSysdig, blockSysdigV2, blockSysdigBig:
		return true
	}
	return false
}

func (r *Reader) short(at, need int64, have int) error {
	cause := trace.ErrTruncated
	if e := r.win.Err(); e != nil && !errors.Is(e, io.EOF) {
		cause = e
	}
	return &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "pcapng block", Need: need, Have: int64(have), Err: cause}
}

func (r *Reader) corrupt(at int64, detail string) error {
	return &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "pcapng block", Detail: detail, Err: trace.ErrCorrupt}
}
