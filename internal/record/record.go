// Package record makes recordings on Linux: packets of interfaces, calls of
// processes on sockets, and what the TCP/IP stack says of both, in one file on
// one clock. docs/record.md says how to use it, docs/formats/record.md what it
// writes.
package record

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// A Backend is how calls and the stack are recorded.
type Backend string

const (
	Auto    Backend = "auto"    // the first of the others that works
	BPF     Backend = "bpf"     // eBPF programs on tracepoints
	Tracefs Backend = "tracefs" // tracepoints without eBPF
	None    Backend = "none"    // packets only
)

// Backends lists them.
func Backends() []string { return []string{string(Auto), string(BPF), string(Tracefs), string(None)} }

// A Config says what is recorded.
type Config struct {
	Interfaces  []string // by name; any, or none named, for all
	Filter      string   // of packets and of events with endpoints, in the language of libpcap
	Snap        int      // bytes of a packet; 0 for 262,144
	HeadersOnly bool     // packets are cut behind the header of their transport
	Backend     Backend
	// PIDs are the processes whose calls and packets are recorded, with those that they start; nil for all.
	PIDs []uint32
	// Command is started and recorded, when it has words.
	Command        []string
	Stdout, Stderr io.Writer // of the command
	Stdin          io.Reader
	// AllNamespaces records the events of other network namespaces than this one too; packets are those of this one.
	AllNamespaces bool
	Ring          int // bytes of the ring of packets; 0 for 64 MiB
	Application   string
	// Keep keeps the privileges that opening took.
	Keep bool
}

// ErrUnsupported is the error of systems that packages of this one do not know.
var ErrUnsupported = fmt.Errorf("recording is known on Linux only, this is %s: wiretale recipe says how to capture here", runtime.GOOS)

// ErrNothing says that not even packets can be recorded.
var ErrNothing = errors.New("nothing can be recorded")

// Counts are what was recorded so far.
type Counts struct {
	Packets, PacketsLost uint64
	Events, EventsLost   uint64
	Bytes                int64
	Steps                int // of the clock
}

// tick is how often what came is written.
const tick = 20 * time.Millisecond

// hold is how long events and packets are kept back for those of the same time that come by another way.
const hold = 50 * time.Millisecond

// An Output gives a recording its files.
type Output interface {
	// Open is the next file, at the beginning and each time that Full was true.
	Open() (io.Writer, error)
	// Full reports whether the file that has so many bytes, and began then, is to be followed by another.
	Full(bytes int64, since time.Duration) bool
	// Done ends the file, which has whole blocks up to a length: the rest is to be cut off.
	Done(whole int64) error
}
