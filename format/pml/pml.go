// Package pml reads the logs of Process Monitor (.PML): what processes did with files, the registry, the network and
// other processes, each event with its process from the table of the log.
//
// The format is not published; docs/formats/pml.md says what was learned from logs beside their CSV exports. All
// numbers are little-endian, texts are UTF-16, times FILETIME in UTC.
package pml

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/trace"
)

// Format registers the reader. The tables are at the end of the file, so reading is at random.
var Format = format.Format{Name: "pml", Title: "Process Monitor log", Sniff: Sniff, Open: open, Random: true}

// Sniff reports whether head begins a log.
func Sniff(head []byte) bool { return bytes.HasPrefix(head, []byte("PML_")) }

// provider stands for Process Monitor in the headers of events; package provider/procmon knows it by the same GUID.
var provider = trace.MustGUID("{7B2E5A40-9C61-4B0F-8D3A-50524F434D4F}")

// Reader reads one log.
type Reader struct {
	in      *format.Input
	head    header
	events  format.View  // the events
	ends    format.View  // how much events returned: a view of its own, as that may lie anywhere
	offsets format.View  // where they begin
	walk    bool         // there is no table of events: they are read one behind the other
	cut     *trace.Error // a table that the file ends before, or inside of
	next    int64        // entry of the table of events
	number  int64        // of the event that was handed out last
	at      int64        // of the next event of a log without a table of them
	handed  int64        // bytes of events so far
	owners  map[uint32]owner
	names   names
	event   trace.EventHeader
	info    trace.Info
	err     error
}

// An owner is the process of an event, by its number in the log.
type owner struct{ pid uint32 }

func open(in *format.Input) (trace.Reader, error) {
	r := &Reader{in: in, events: format.NewView(in.At, in.Size), ends: format.NewView(in.At, in.Size), offsets: format.NewView(in.At, in.Size)}
	r.info = trace.Info{Name: in.Name, Format: "pml", Compression: in.Compression, Bytes: in.Size}
	b := r.events.Piece(0, headerLen)
	if len(b) < headerLen {
		in.Close()
		return nil, &trace.Error{Source: in.Name, Layer: "pml header", Need: headerLen, Have: int64(len(b)), Err: trace.ErrTruncated}
	}
	h, err := parseHeader(b)
	if err != nil {
		in.Close()
		return nil, &trace.Error{Source: in.Name, Layer: "pml header", Offset: 4, Detail: err.Error(), Err: trace.ErrUnknownFormat}
	}
	r.head, r.at = h, h.events
	r.event = trace.EventHeader{Header: trace.HeaderProcmon, Provider: provider, PointerSize: h.pointer, HasThread: true}
	r.walk = !h.closed() || h.offsets > in.Size || entryLen*int64(h.count) > in.Size-h.offsets
	if h.closed() {
		if r.walk {
			r.short("pml table of events", h.offsets, entryLen*int64(h.count))
		}
		r.clip()
		r.readProcesses()
		r.readNames()
	}
	r.describe()
	return r, nil
}

// clip bounds the number of events by the room that there is before the next table.
func (r *Reader) clip() {
	h := &r.head
	if h.processes <= h.offsets {
		return
	}
	if room := (h.processes - h.offsets) / entryLen; int64(h.count) > room {
		r.damaged("pml header", 0, 0, 0, fmt.Sprintf("says %d events, and the table has room for %d", h.count, room))
		h.count = uint32(room)
	}
}

// short notes that the file ends before a table of so many bytes does.
func (r *Reader) short(table string, at, need int64) {
	if r.cut == nil {
		r.cut = &trace.Error{Source: r.in.Name, Offset: at, Layer: table, Need: need, Have: max(0, r.in.Size-at), Err: trace.ErrTruncated}
	}
}

// end is how reading ends: at the end of the events, or with what the file lacks.
func (r *Reader) end() error {
	if r.cut != nil {
		return r.cut
	}
	return io.EOF
}

// describe says what the header tells of the machine.
func (r *Reader) describe() {
	h := &r.head
	bits := 8 * int(h.pointer)
	r.info.FormatNote = fmt.Sprintf("version %d, %d-bit Windows", h.version, bits)
	if !h.closed() {
		r.info.FormatNote += ", not closed: without the names of processes"
	}
	r.info.Application = "Process Monitor"
	r.info.OS = fmt.Sprintf("Windows %d.%d.%d", h.major, h.minor, h.build)
	if h.servicePack != "" {
		r.info.OS += " " + h.servicePack
	}
	r.info.Hardware = fmt.Sprintf("%d processors, %d MiB memory", h.processors, h.memory>>20)
	if h.computer != "" {
		r.info.Hardware = h.computer + ", " + r.info.Hardware
	}
}

// Info implements trace.Reader.
func (r *Reader) Info() *trace.Info { return &r.info }

// Close implements trace.Reader.
func (r *Reader) Close() error { return r.in.Close() }

// progressEvery is how many events pass between two reports of progress.
const progressEvery = 4096

// Next implements trace.Reader.
func (r *Reader) Next(rec *trace.Record) error {
	for r.err == nil {
		if r.in.Progress != nil && r.number%progressEvery == 0 {
			r.in.Progress(r.handed)
		}
		var ok bool
		if r.walk {
			ok = r.walked(rec)
		} else {
			ok = r.listed(rec)
		}
		if ok {
			return nil
		}
	}
	return r.err
}

// entryLen is the size of an entry of the table of events: offset u32, flags u8.
const entryLen = 5

// listed reads the next event of the table. One that cannot be read is damage, and the next may be good.
func (r *Reader) listed(rec *trace.Record) bool {
	if r.next == int64(r.head.count) {
		r.err = r.end()
		return false
	}
	at := r.head.offsets + entryLen*r.next
	entry := r.offsets.Piece(at, entryLen)
	r.next++
	if len(entry) < entryLen {
		return r.stop(at, "pml table of events", entryLen, int64(len(entry)), "", trace.ErrTruncated)
	}
	off := int64(binary.LittleEndian.Uint32(entry))
	size, err := r.measure(off)
	if err != nil {
		r.info.Damage.Add(err, 0)
		return false
	}
	// Events do not overlap; a table that says so could make a small file endless.
	if r.handed += size; r.handed > 2*r.in.Size {
		return r.stop(off, "pml table of events", 0, 0, "its events overlap", trace.ErrCorrupt)
	}
	r.fill(rec, off, size)
	return true
}

func (r *Reader) stop(at int64, layer string, need, have int64, detail string, cause error) bool {
	r.err = &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: layer, Need: need, Have: have, Detail: detail, Err: cause}
	r.info.Damage.Unread = -1
	return false
}

// fill hands out the event at off.
func (r *Reader) fill(rec *trace.Record, off, size int64) {
	b := r.events.Piece(off, size)
	r.number++
	e := &r.event
	e.TID, e.Task = binary.LittleEndian.Uint32(b[threadAt:]), uint16(binary.LittleEndian.Uint32(b[classAt:]))
	e.ID, e.Opcode, e.Names = binary.LittleEndian.Uint16(b[operationAt:]), 0, nil
	e.Total = int(size)
	number := binary.LittleEndian.Uint32(b)
	e.PID, e.ProcessKey = r.owners[number].pid, key(number)
	e.HasThread = e.PID != 0
	e.RawTime = int64(binary.LittleEndian.Uint64(b[timeAt:]))
	detail := b[min(int64(len(b)), eventLen+stack(b, int64(e.PointerSize))):]
	detail = detail[:min(len(detail), int(binary.LittleEndian.Uint32(b[detailLenAt:])))]
	switch {
	case e.Task == fileSystem && len(detail) > 0:
		e.Opcode = detail[0]
	case e.Task == network:
		e.Names = r.names.of(detail)
	}
	*rec = trace.Record{
		Pos:  trace.Pos{Source: r.in.Source, Number: r.number, Offset: off},
		Time: nanoseconds(uint64(e.RawTime)), Kind: trace.Event, Data: b, WireLen: len(b), Interface: -1, Numbered: true, Event: e,
	}
}
