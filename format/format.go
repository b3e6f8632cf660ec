// Package format defines what a file format brings: how to recognise it by
// content and how to read it. Each format is a package below this one;
// package all lists them and opens files.
package format

import (
	"io"

	"github.com/wiretale/wiretale/trace"
)

// HeadSize is how many bytes a Sniff gets to see.
const HeadSize = 4096

// A Format is one file format.
type Format struct {
	Name  string // "pcapng"
	Title string // "pcapng capture"
	// Sniff reports whether head, the first HeadSize bytes or fewer, begins a file of this format.
	Sniff func(head []byte) bool
	// Open starts reading. It takes over in: Reader.Close closes it, and Open closes it when it fails.
	Open func(in *Input) (trace.Reader, error)
	// Random is true when Open needs Input.At: the input is spooled to a private temporary file when it is a pipe or compressed.
	Random bool
}

// An Input is the uncompressed bytes of a source.
type Input struct {
	Name        string // for messages
	Source      int    // goes into each Pos
	Compression string
	Size        int64       // bytes, -1 when unknown
	Stream      io.Reader   // valid iff !Random
	At          io.ReaderAt // valid iff Random; Size is then known
	Closer      io.Closer   // nil when there is nothing to close
	// Progress, when set, is called now and then with the bytes consumed so far of Size.
	Progress func(done int64)
}

// Close closes what is behind the input.
func (in *Input) Close() error {
	if in.Closer == nil {
		return nil
	}
	return in.Closer.Close()
}
