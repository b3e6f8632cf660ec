// Package etl reads event trace logs (ETL), the files of Windows' event
// tracing: netsh trace, pktmon, logman, WPR and PerfView write them. It runs
// on any system and needs nothing of Windows.
//
// [Open] gives a [Reader] that yields every record of the file in order of
// time, with its header and its payload; package provider gives payloads
// names. Files are read buffer by buffer: memory does not grow with the file.
//
//	r, err := etl.Open("trace.etl")
//	if err != nil { ... }
//	defer r.Close()
//	var rec trace.Record
//	for r.Next(&rec) == nil {
//		fmt.Println(rec.Pos.Number, rec.Time, rec.Event.Provider, rec.Event.ID, len(rec.Data))
//	}
//
// The layouts are those of Windows' SDK headers (evntrace.h, evntcons.h) and
// of the kernel's public symbols (WMI_BUFFER_HEADER); docs/formats/etl.md
// describes them.
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

// Open opens a file by name.
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

// NewReader reads an ETL file of size bytes through at. The reader does not
// close at. The error is a *trace.Error when the file's header cannot be read.
func NewReader(at io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{at: at, size: size, info: trace.Info{Format: "etl", Bytes: size, Ordered: true}, in: &format.Input{}, memory: memory{limit: budget}}
	if err := r.readHeader(); err != nil {
		return nil, err
	}
	return r, nil
}

// Info implements trace.Reader.
func (r *Reader) Info() *trace.Info { return &r.info }

// Close implements trace.Reader.
func (r *Reader) Close() error {
	r.open, r.memory, r.index, r.scratch, r.wide = merge{}, memory{}, nil, nil, nil
	return r.in.Close()
}
