// Package all lists the file formats and opens files with the one that
// recognises them, by content and never by extension.
package all

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/format/erf"
	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/format/netmon"
	"github.com/wiretale/wiretale/format/pcap"
	"github.com/wiretale/wiretale/format/pcapng"
	"github.com/wiretale/wiretale/format/pml"
	"github.com/wiretale/wiretale/format/procmoncsv"
	"github.com/wiretale/wiretale/format/snoop"
	"github.com/wiretale/wiretale/trace"
)

// Formats lists every format, in the order in which they are asked: those
// with a magic number first.
func Formats() []format.Format {
	return []format.Format{pcapng.Format, pcap.Format, netmon.Format, snoop.Format, etl.Format, pml.Format, procmoncsv.Format, procmoncsv.XML, erf.Format}
}

// Options of Open. The zero value is ready to use.
type Options struct {
	Source   int // goes into each Pos
	Progress func(done, total int64)
}

// Open opens a trace; the path "-" is standard input. The error wraps
// trace.ErrUnknownFormat when no format recognises the content, and says what the content looks like.
func Open(path string, opt Options) (trace.Reader, error) {
	if path == "-" {
		return openStream("-", os.Stdin, -1, nil, opt)
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.IsDir() {
		return nil, &UnknownError{Name: path, Looks: "a directory", Hint: "name the files in it"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	size := st.Size()
	if !st.Mode().IsRegular() {
		size = -1
	}
	return openStream(path, f, size, f, opt)
}

// openStream looks at the first bytes of r, undoes compression, and hands over to the format.
func openStream(name string, r io.Reader, size int64, closer io.Closer, opt Options) (trace.Reader, error) {
	in := &format.Input{Name: name, Source: opt.Source, Size: size, Closer: closer}
	fail := func(err error) (trace.Reader, error) {
		in.Close()
		return nil, err
	}
	head, stream, err := peek(r)
	if err != nil {
		return fail(&trace.Error{Source: name, Offset: 0, Err: err})
	}
	plain, compression, err := decompress(head, stream)
	if err != nil {
		return fail(&trace.Error{Source: name, Offset: 0, Layer: compression, Err: err})
	}
	if compression != "" {
		in.Compression, in.Size = compression, -1
		if head, plain, err = peek(plain); err != nil && len(head) == 0 {
			return fail(&trace.Error{Source: name, Offset: 0, Layer: compression, Err: errors.Join(trace.ErrTruncated, err)})
		}
	}
	if opt.Progress != nil {
		total := in.Size
		in.Progress = func(done int64) { opt.Progress(done, total) }
	}
	for _, f := range Formats() {
		if f.Sniff(head) {
			return start(f, in, plain)
		}
	}
	return fail(unknown(name, head, compression))
}

// start gives the format what it needs: a stream, or random access.
func start(f format.Format, in *format.Input, plain io.Reader) (trace.Reader, error) {
	if !f.Random {
		in.Stream = plain
		return f.Open(in)
	}
	if file, ok := in.Closer.(*os.File); ok && in.Compression == "" && in.Size >= 0 {
		in.At = file
		return f.Open(in)
	}
	cut := spool(in, plain)
	if cut != nil && !errors.Is(cut, trace.ErrTruncated) {
		in.Close()
		return nil, cut
	}
	rd, err := f.Open(in)
	if err != nil || cut == nil {
		return rd, err
	}
	return &cutSource{rd, &trace.Error{Source: in.Name, Offset: in.Size, Layer: in.Compression, Err: cut}}, nil
}

// peek reads the first bytes of r and returns them with a reader that starts over.
func peek(r io.Reader) ([]byte, io.Reader, error) {
	head := make([]byte, format.HeadSize)
	n, err := io.ReadFull(r, head)
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		err = nil
	}
	head = head[:n]
	return head, io.MultiReader(bytes.NewReader(head), r), err
}
