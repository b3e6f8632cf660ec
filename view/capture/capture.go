// Package capture writes capture files: what a reader of package format hands
// out as [trace.Record] goes into a pcapng or pcap file that Wireshark reads,
// and that the reader reads back as the same records.
//
// A command that writes a capture makes one [Writer], gives it the records in
// their order, each with the [trace.Info] of its source, and closes it. What
// it wants to be different it changes in the record or the info first: another
// time, more comments, other bytes, a name for an interface.
package capture

import (
	"io"

	"github.com/wiretale/wiretale/trace"
)

// A Format is a kind of capture file, by the name that editcap and tshark have for it.
type Format struct {
	Name, Title string
	create      func(w io.Writer, opt Options) Writer
}

// Formats lists them; the first one is the default.
func Formats() []Format {
	return []Format{
		{"pcapng", "Wireshark/... - pcapng", func(w io.Writer, opt Options) Writer { return NewPcapNG(w, opt) }},
		{"pcap", "Wireshark/tcpdump/... - pcap", func(w io.Writer, _ Options) Writer { return newPcap(w, false) }},
		{"nsecpcap", "Wireshark/tcpdump/... - nanosecond pcap", func(w io.Writer, _ Options) Writer { return newPcap(w, true) }},
	}
}

// New starts a file of the format on w.
func (f *Format) New(w io.Writer, opt Options) Writer { return f.create(w, opt) }

// Options of a Writer. The zero value is ready to use.
type Options struct {
	// Joined puts the records of all sources into one section; without it each section of a source becomes one of the file, in its own byte
	// order, and there is one source.
	Joined bool
	// Section is the header of the joined section, and what stands in for that of a source without sections.
	Section trace.Section
}

// A Writer writes records into one file.
type Writer interface {
	// Describe writes what is known of a source before its packets: sections and interfaces. Later ones are written when a
	// record needs them, or with another Describe.
	Describe(source int, info *trace.Info) error
	// Write writes a record; info is that of its source. What the format has no place for is counted in Omitted.
	Write(info *trace.Info, rec *trace.Record) error
	// Close writes what is held back, the header of a file without records too. It does not close what is below.
	Close() error
	// Omitted is what was not written, or not as it was.
	Omitted() []Omission
}

// An Omission is a kind of thing that a file lacks, and how many there were.
type Omission struct {
	What  string
	Count int64
}

// omissions count what was left out.
type omissions []Omission

func (o *omissions) add(what string) {
	for i := range *o {
		if (*o)[i].What == what {
			(*o)[i].Count++
			return
		}
	}
	*o = append(*o, Omission{what, 1})
}

// flushAt is how many bytes are gathered before they are written.
const flushAt = 256 << 10

// maxLink is the largest link type that files can name: it has 16 bits.
const maxLink = 0xffff

// place is the interface of a record, nil when its source names none.
func place(info *trace.Info, rec *trace.Record) *trace.Interface {
	if rec.Interface < 0 || rec.Interface >= len(info.Interfaces) {
		return nil
	}
	return &info.Interfaces[rec.Interface]
}

// kindNames are the kinds of records that are no packets, for messages.
var kindNames = map[trace.Kind]string{
	trace.Event: "events", trace.Secrets: "blocks of secrets", trace.Names: "blocks of names", trace.Statistics: "blocks of statistics",
	trace.Journal: "systemd journal entries", trace.Custom: "custom blocks", trace.ProcessInfo: "blocks about processes", trace.Unknown: "blocks of unknown types",
}
