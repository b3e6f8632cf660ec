// Package trace is the model that every reader produces: records with a
// position, a time, and bytes that are slices into what was read.
//
// A reader of package format turns a file into a sequence of [Record]; nothing
// above it knows which format the file had.
package trace

import (
	"io"
	"iter"
	"math"
)

// Pos names a record for ever: findings, reports and filters refer to records by it.
type Pos struct {
	Source int   // index of the source in the run, 0-based
	Number int64 // 1-based; the number that Wireshark or Network Monitor shows for this file
	Offset int64 // byte offset of the record in the uncompressed file; inside a compressed ETL buffer, the offset of that buffer
}

// Kind says what a record is.
type Kind uint8

const (
	Packet      Kind = iota + 1 // a frame: Data is what was captured, Link its first layer
	Event                       // an event of a provider: Event is set, Data is the payload
	Secrets                     // key material: Data is the secrets data, Block its type
	Names                       // name resolution
	Statistics                  // interface statistics
	Journal                     // a systemd journal entry: Data is the export format text
	Custom                      // a custom block
	ProcessInfo                 // what the file says of a process
	Unknown                     // a block of a type that the format's specification does not name
)

// NoTime marks a record that carries no time (a pcapng simple packet block).
const NoTime int64 = math.MinInt64

// A Record is one thing that a source recorded. Readers reuse it and the
// memory behind it: all slices and pointers are valid until the next call of
// Next on the same reader. Copy what must live longer.
type Record struct {
	Pos     Pos
	Time    int64 // nanoseconds since 1970-01-01 UTC, or NoTime
	Kind    Kind
	Link    LinkType // valid iff Kind == Packet
	Data    []byte   // the bytes that were captured
	WireLen int      // length on the wire in bytes; len(Data) or more, when the source knows it
	// FCS is the length of the frame check sequence that ends the frame, in
	// bytes, when the source says so (pcap link-type bits, pcapng if_fcslen); it counts in WireLen. 0 when there is none or the source is silent.
	FCS uint8
	// Interface is an index into Info.Interfaces, -1 when the source names none.
	Interface int
	// Numbered is false for records that do not count in Wireshark's frame
	// numbers (blocks of a pcapng file other than packets); Pos.Number is then
	// the number of the record before.
	Numbered bool
	Event    *EventHeader // valid iff Kind == Event, or when the packet was carried by an event
	Meta     *Meta        // nil when the source says nothing more of the record
	Block    uint32       // the format's own type of a record that is neither packet nor event: pcapng block type, or secrets type for Secrets
	// Section is an index into Info.Sections; valid iff Kind is neither Packet nor Event, and the format has sections.
	Section int
	// Enterprise is the private enterprise number (IANA) of a Custom block; valid iff Kind == Custom.
	Enterprise uint32
	// Text says what a record other than a packet or event holds, "" when the reader does not know. It has no key material.
	Text string
}

// Direction of a packet as the recorder saw it.
type Direction uint8

const (
	DirectionUnknown Direction = iota
	Inbound
	Outbound
)

// Meta is what some formats say of a packet besides its bytes.
type Meta struct {
	Direction  Direction
	Comments   []string
	PID, TID   uint32 // valid iff HasProcess: the owner as the recorder names it
	HasProcess bool
	Process    string // path or name of that process as the recorder names it, "" when it does not
	// Running says that PID and TID are those of whoever was running when the packet was recorded: no owner.
	Running bool
	// OnBehalf is the process that PID acted for, valid iff HasOnBehalf (Apple's effective process).
	OnBehalf     uint32
	OnBehalfName string
	HasOnBehalf  bool
	// DropCount is the number of packets lost between this one and the one before on the same interface.
	DropCount    uint64
	HasDropCount bool // the recorder counts: DropCount 0 says that nothing was lost
	// PacketID is equal for appearances of one packet (pcapng epb_packetid, pktmon PktGroupId); valid iff HasPacketID.
	PacketID    uint64
	HasPacketID bool
	Queue       uint32
	HasQueue    bool
	// ChecksumNotReady and Segmented are the offload flags of pcapng epb_flags (bits 9 and 11).
	ChecksumNotReady, Segmented bool
	Flags                       uint32 // pcapng epb_flags as written
	HasFlags                    bool
	Verdicts                    []Verdict
	Hash                        []byte
	// Drop is set when the recorder says that the packet was dropped.
	Drop *Drop
	// Layer names the place in the stack that saw the packet: an interface layer, a pktmon component.
	Layer string
	// Component and Edge are the place exactly, as pktmon numbers it: two components may have one name, and each has
	// edges to its neighbours; valid iff HasEdge.
	Component, Edge uint16
	HasEdge         bool
	// Appearance is the recorder's count of the sightings of this packet, from 1, and PacketNumber tells the packets of
	// one PacketID apart. Appearance is 0 when the recorder does not count: then PacketID groups nothing.
	Appearance, PacketNumber uint16
	// Options are pcapng options of the block that have no field here, and those that refer to processes.
	Options []Option
}

// VerdictType says who judged a packet (pcapng draft, 4.3.1, epb_verdict).
type VerdictType uint8

const (
	VerdictHardware VerdictType = iota // a network card
	VerdictTC                          // Linux eBPF, traffic control
	VerdictXDP                         // Linux eBPF, express data path
)

// A Verdict is what was done with a packet: a TC_ACT_ or XDP_ action of Linux in Number, else what is in Data.
type Verdict struct {
	Type   VerdictType
	Number int64  // valid iff Type is VerdictTC or VerdictXDP
	Data   []byte // as written
}

// Drop is a drop as the recorder reports it.
type Drop struct {
	Reason     uint32 // the recorder's code
	ReasonText string // its text, "" when unknown
	Location   uint32
	Component  string
}

// Option is an option of a block that the reader does not interpret. Value aliases the record's memory.
type Option struct {
	Code  uint16
	Value []byte
}

// A Reader yields the records of one source in the order that the source has.
//
// Next fills r and returns nil; io.EOF after the last record; an *[Error]
// when the rest of the source cannot be read, and the same error ever after.
// A single bad record does not end the run: it is added to the source's
// damage and skipped.
type Reader interface {
	Next(r *Record) error
	// Info is what is known of the source so far. It grows while reading; the pointer stays the same.
	Info() *Info
	// Close releases files and memory. Records handed out before are invalid after it.
	Close() error
}

// Records ranges over a reader. The yielded record is reused; an error is yielded once, last.
func Records(rd Reader) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		var r Record
		for {
			err := rd.Next(&r)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&r, nil) {
				return
			}
		}
	}
}
