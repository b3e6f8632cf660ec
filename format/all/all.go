// Package all lists the file formats and opens files with the one that
// recognises them, by content and never by extension.
package all

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	// Spool, when set, is asked for a writer that gets the uncompressed bytes of a source that is compressed, as they are read; nil for nobody.
	// An error of the writer is its own affair.
	Spool    func() io.Writer
	Source   int    // goes into each Pos
	Name     string // what the source is called in messages, "" for its path
	Progress func(done, total int64)
}

// Open opens a trace; the path "-" is standard input. The error wraps
// trace.ErrUnknownFormat when no format recognises the content, and says what the content looks like.
func Open(path string, opt Options) (trace.Reader, error) {
	if path == "-" {
		return openStream("-", os.Stdin, -1, nil, opt)
	}
	name := cmp.Or(opt.Name, path)
	st, err := os.Stat(path)
	if err != nil {
		return nil, called(err, name)
	}
	if st.IsDir() {
		return nil, &UnknownError{Name: name, Looks: "a directory", Hint: "name the files in it"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, called(err, name)
	}
	size := st.Size()
	if !st.Mode().IsRegular() {
		size = -1
	}
	return openStream(name, f, size, f, opt)
}

// Read opens a trace whose bytes come from r, size of them, or -1 when that is not known. closer, which may be nil, is closed with the reader and when there is none.
func Read(r io.Reader, size int64, closer io.Closer, opt Options) (trace.Reader, error) {
	return openStream(opt.Name, r, size, closer, opt)
}

// called puts the name of a source where an error of the system has its path.
func called(err error, name string) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return &fs.PathError{Op: of.Op, Path: name, Err: of.Err}
	}
	return err
}

// Stream opens a trace that is still being written, as far as it has come: it
// waits for no more bytes than tell the format. The error wraps
// [ErrNotLive] when the format can be read only from its end.
func Stream(name string, r io.Reader, opt Options) (trace.Reader, error) {
	head, r, err := first(r)
	if err != nil {
		return nil, &trace.Error{Source: name, Offset: 0, Err: err}
	}
	for _, f := range Formats() {
		if f.Sniff(head) && f.Random {
			return nil, fmt.Errorf("%s: %s %w", name, f.Title, ErrNotLive)
		}
	}
	return openPeeked(name, head, r, -1, nil, opt)
}

// ErrNotLive is why a format cannot be followed while it is written.
var ErrNotLive = errors.New("can be read only when it is complete")

// enough is how many bytes tell a capture file: the header of pcap.
const enough = 24

// first reads as many bytes as tell what is in r, and returns them with a reader that starts over.
func first(r io.Reader) ([]byte, io.Reader, error) {
	head := make([]byte, 0, format.HeadSize)
	for len(head) < cap(head) {
		n, err := r.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if len(head) >= enough && (pcapng.Sniff(head) || pcap.Format.Sniff(head)) {
			break
		}
	}
	return head, io.MultiReader(bytes.NewReader(head), r), nil
}

// openStream looks at the first bytes of r, undoes compression, and hands over to the format.
func openStream(name string, r io.Reader, size int64, closer io.Closer, opt Options) (trace.Reader, error) {
	head, stream, err := peek(r)
	if err != nil {
		if closer != nil {
			closer.Close()
		}
		return nil, &trace.Error{Source: name, Offset: 0, Err: err}
	}
	return openPeeked(name, head, stream, size, closer, opt)
}

// openPeeked opens a stream whose first bytes are in head; stream starts over with them.
func openPeeked(name string, head []byte, stream io.Reader, size int64, closer io.Closer, opt Options) (trace.Reader, error) {
	in := &format.Input{Name: name, Source: opt.Source, Size: size, Closer: closer}
	fail := func(err error) (trace.Reader, error) {
		in.Close()
		return nil, err
	}
	plain, compression, err := decompress(head, stream)
	if err != nil {
		return fail(&trace.Error{Source: name, Offset: 0, Layer: compression, Err: err})
	}
	if compression != "" {
		in.Compression, in.Size = compression, -1
		if opt.Spool != nil {
			if w := opt.Spool(); w != nil {
				plain = io.TeeReader(plain, w)
			}
		}
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
