// Package etl reads event trace logs (ETL), the files of Windows' event
// tracing: netsh trace, pktmon, logman, WPR and PerfView write them. It runs
// on any system and needs nothing of Windows.
//
// [Open] reads a file, [NewReader] any [io.ReaderAt]. The [Reader] yields each
// record with its header decoded and its payload as it stands; package
// provider gives payloads names and fields, provider/ndiscap and
// provider/pktmon take packets out of them.
//
//	r, err := etl.Open("trace.etl")
//	if err != nil { ... }
//	defer r.Close()
//	var rec trace.Record
//	for r.Next(&rec) == nil {
//		fmt.Println(rec.Pos.Number, rec.Time, rec.Event.Provider, rec.Event.ID, len(rec.Data))
//	}
//
// # What it reads
//
// Files of Windows Vista and later: events of manifests, TraceLogging and
// EventSource (EVENT_HEADER), classic and kernel events (EVENT_TRACE_HEADER,
// EVENT_INSTANCE_HEADER, SYSTEM_TRACE_HEADER, PERFINFO_TRACE_HEADER), WPP
// messages (TRACE_MESSAGE_HEADER), each with 32- and 64-bit pointers; buffers
// that are plain or compressed with LZNT1, XPRESS or XPRESS with Huffman
// coding; sequential, circular and merged files, and those whose session was
// never closed. Numbers on disk are little-endian. The layouts are those of
// Windows' SDK headers (evntrace.h, evntcons.h) and of the kernel's public
// symbols (WMI_BUFFER_HEADER); docs/formats/etl.md describes them.
//
// # Order and time
//
// Records come by (time, place of their buffer in the file, place in the
// buffer) and are numbered from 1 in that order. Time is in nanoseconds since
// 1970-01-01 UTC; [trace.EventHeader.RawTime] is the stamp as written. Within a
// buffer time never goes back: a record without a stamp, or with an earlier
// one than the record before it, has the time of that one. Equal times say
// nothing of what came first. What stands at a file's end but is needed at its
// start (process names, event layouts) is had with [Reader.Prepass].
//
// # Ownership
//
// The record, its header and all their slices alias memory of the reader. They
// are valid until the next call of Next, or until visit returns in a pre-pass.
// Copy what must live longer. A Reader belongs to one goroutine at a time.
//
// # Errors
//
// Open and NewReader fail when there is no file header to read, with a
// [*trace.Error] that says where and what. After that, what is damaged is
// skipped and counted in [trace.Info.Damage], with its place: a record that
// does not fit ends its buffer, a buffer that cannot be read is left out and
// the next one is looked for. Damage is known after the walk over the file,
// that is after Prepass or the first Next. Next returns io.EOF after the last record, or a
// *trace.Error when the file ends inside a buffer ([trace.ErrTruncated]) or
// when nothing could be read behind a damaged place ([trace.ErrCorrupt]); it
// returns the same ever after. All records that could be read come before it.
//
// # Memory
//
// A file of any length needs 16 bytes for each of its buffers (64 KB as a
// rule), and the buffers that overlap in time: about one a processor, at most
// 64 MB of them. Where more overlap, each keeps a window of at least 4 KB.
// Sizes that a file claims are not believed: memory goes by what is there.
package etl

import (
	"encoding/binary"
	"io"
	"os"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/trace"
)

// Format registers the reader.
var Format = format.Format{
	Name: "etl", Title: "Windows event trace log", Sniff: Sniff, Random: true,
	Open: func(in *format.Input) (trace.Reader, error) {
		r, err := NewReader(in.At, in.Size)
		if err != nil {
			in.Close()
			if e, ok := err.(*trace.Error); ok {
				e.Source = in.Name
			}
			return nil, err
		}
		r.in = in
		r.source = in.Source
		r.info.Name, r.info.Compression = in.Name, in.Compression
		return r, nil
	},
}

// Sniff reports whether head begins an ETL file: a plausible buffer header
// whose first record is the kernel's event-trace header.
func Sniff(head []byte) bool {
	if len(head) < bufferHeaderLen+systemHeaderLen {
		return false
	}
	b := parseBufferHeader(head)
	if b.size < bufferHeaderLen || b.saved < bufferHeaderLen+systemHeaderLen || b.size > maxBuffer {
		return false
	}
	if b.kind == bufferTypeHeader && b.flags&bufferCompressed != 0 {
		return true
	}
	word := binary.LittleEndian.Uint32(head[bufferHeaderLen:])
	group := binary.LittleEndian.Uint16(head[bufferHeaderLen+6:])
	return word>>24 == 0xc0 && (word>>16&0xff == 1 || word>>16&0xff == 2) && group == 0
}

// Open opens a file by name. The error is that of the operating system, or a
// *trace.Error when the file's header cannot be read.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	r, err := NewReader(f, st.Size())
	if err != nil {
		f.Close()
		return nil, err
	}
	r.in = &format.Input{Name: path, Size: st.Size(), At: f, Closer: f}
	r.info.Name = path
	return r, nil
}

// NewReader reads an ETL file of size bytes through at, which must stay open
// and unchanged while the reader is in use; Close does not close it. The error
// is a *trace.Error when the file's header cannot be read.
func NewReader(at io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{at: at, size: size, info: trace.Info{Format: "etl", NamesInterfaces: true, Bytes: size, Ordered: true}, in: &format.Input{}, memory: memory{limit: budget}}
	if err := r.readHeader(); err != nil {
		return nil, err
	}
	return r, nil
}

// Info implements trace.Reader. Its Session is what the file header says; Buffers and Compressed of it are counted by the walk over the file.
func (r *Reader) Info() *trace.Info { return &r.info }

// Close implements trace.Reader. It closes the file that Open opened.
func (r *Reader) Close() error {
	r.open, r.memory, r.index, r.scratch, r.wide = merge{}, memory{}, nil, nil, nil
	return r.in.Close()
}
