// Package session joins what happened on a host: processes, sockets, calls,
// TCP control blocks and packets of one conversation.
//
// No single key runs through all of them. Some joins are exact (two events
// carry the same address of the same object), some follow from equal
// endpoints, some only from order within one thread; every [Join] says which.
// The process in an event's header is never used as an owner: it is whatever
// was interrupted.
package session

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/provider/linux"
)

// A Process is one process of one source. Process ids are reused: Start and End bound its life.
type Process struct {
	Source      int
	PID         uint32
	Parent      uint32
	Name        string // image file name without path, "" when unknown
	CommandLine string
	Path, User  string // of the image, and whose process it is; "" when unknown
	Key         uint64 // address of the process object (EPROCESS), 0 when unknown
	Start, End  int64  // 0 when not seen
	// Where the name was learned: "kernel process rundown", "Kernel-Process start", "comment".
	From string
}

// JoinKind says how sure a join is.
type JoinKind string

const (
	ByKey     JoinKind = "key"     // both events carry the same key
	ByTuple   JoinKind = "derived" // equal endpoints and process
	ByNesting JoinKind = "nesting" // between enter and exit of a call in the same thread
	ByFile    JoinKind = "file"    // the capture file names the owner of the packet
	ByOrder   JoinKind = "order"   // next event of the same context with the same length
)

// A Join is one step from an object to another, with its evidence.
type Join struct {
	What     string // "afd endpoint -> tcb"
	From, To string
	Kind     JoinKind
	Where    []flow.Moment
	Evidence string // the fields that prove it
}

// A Socket is an AFD endpoint: what the application calls a socket.
type Socket struct {
	ID            int
	Source        int
	Endpoint      uint64 // kernel address; reused after the socket is closed
	Process       *Process
	Local, Remote netip.AddrPort
	Family        uint32
	Type          uint32
	Protocol      uint32
	Listening     bool
	Listener      *Socket // the listening socket that this one was accepted from
	TCB           *TCB
	Conv          *flow.Conversation
	Opened        flow.Moment
	Closed        flow.Moment
	Calls         []*Call
	// TL is the stack's endpoint that was created while the socket was, 0 when none was seen.
	TL uint64
	// AbortReason is the text of AFD's abort event, "" without one.
	AbortReason string
	AbortAt     flow.Moment
	System      System
	// Unread are the times that data waited for a call to read, of Linux: Windows has indications for it.
	Unread []Unread
}

// Backlog is the size of the queue that listen asked for, 0 when no call was seen that says so.
func (s *Socket) Backlog() (size uint32) {
	for _, c := range s.Calls {
		if c.Role == RoleListen && c.Backlog > 0 {
			size = c.Backlog
		}
	}
	return size
}

// An Unread is a time that data waited for a reader.
type Unread struct{ From, To flow.Moment }

// A Call is one API call of the application, from enter to exit.
type Call struct {
	Socket      *Socket
	Name        string      // as the system has it: "socket", "bind", "recv", "read"
	Role        Role        // what it does
	Enter, Exit flow.Moment // Exit is zero while the call is pending
	// Indication is true for an event from below that has no pair (connect, data, disconnect indications).
	Indication bool
	Address    netip.AddrPort
	Requested  int64  // bytes asked for, -1 when the call has none
	Returned   int64  // bytes moved, -1 when the call has none or is pending
	Flight     int64  // of a call to send: bytes of its connection that were not acknowledged when it began, as the packets tell; -1 when they do not
	Status     uint32 // NTSTATUS at exit
	EnterSeq   uint32 // Location codes of afd.sys: labels, not an order
	ExitSeq    uint32
	TID        uint32
	Buffer     uint64
	Pended     bool // completed by the transport later, not before the call returned
	// Outer is the call of the application that this one is part of: AFD hands its own copy of a buffer to TCP.
	Outer *Call
	// Accepted is the new socket of an accept.
	Accepted *Socket
	// Backlog is the argument of listen; Family, Type and Protocol are those of socket.
	Backlog                uint32
	Family, Type, Protocol uint32
	// Of Linux: Errno is the number of the error, of which Status is the nearest status of Windows, 0 without one; FD the descriptor; and By who
	// called, which need not be whom the socket belongs to.
	System System
	Errno  uint32
	FD     int
	By     *Process
}

// Failed reports whether the call ended with an error. A call that would have had to wait did not fail.
func (c *Call) Failed() bool { return c.Status>>30 == 3 }

// StatusName is the name of its error as the system has it: "STATUS_ACCESS_DENIED", "EACCES".
func (c *Call) StatusName() string {
	if c.System == Linux {
		return linux.ErrnoName(c.Errno)
	}
	if n, ok := statusNames[c.Status]; ok {
		return n
	}
	return fmt.Sprintf("0x%08X", c.Status)
}

// statusNames are those of [MS-ERREF] 2.3.1 that calls of sockets end with.
var statusNames = map[uint32]string{
	0xC0000022: "STATUS_ACCESS_DENIED", 0xC0000209: "STATUS_TOO_MANY_ADDRESSES", 0xC000020A: "STATUS_ADDRESS_ALREADY_EXISTS",
	0xC000020D: "STATUS_CONNECTION_RESET", 0xC0000236: "STATUS_CONNECTION_REFUSED", 0xC0000241: "STATUS_CONNECTION_ABORTED",
	0xC00000B5: "STATUS_IO_TIMEOUT", 0xC000023C: "STATUS_NETWORK_UNREACHABLE", 0xC000023D: "STATUS_HOST_UNREACHABLE",
}

// A Timeout is a timer of retransmissions that expired, as the stack reports it.
type Timeout struct {
	At           flow.Moment
	RTO          time.Duration // 0 when the stack does not say
	SndUna, CWnd uint32        // CWnd in segments on Linux, in bytes on Windows; 0 when the stack does not say
}

// A TCB is a TCP control block of the stack.
type TCB struct {
	ID            int
	Source        int
	Address       uint64
	Local, Remote netip.AddrPort
	PID           uint32
	Process       *Process
	Sockets       []*Socket
	Conv          *flow.Conversation
	States        []Transition
	Opened        flow.Moment
	Closed        flow.Moment
	Sent          int64 // bytes as the stack counts them, SYN and FIN as 1
	Received      int64
	// Shutdown is the status of the stack's shutdown event, valid iff ShutdownAt is seen.
	Shutdown   uint32
	ShutdownAt flow.Moment
	// AbortReason is the text of AFD's abort event on a socket of this connection, "" without one.
	AbortReason string
	AbortAt     flow.Moment
	// Rundown is when the trace listed the connection as existing already, in the state of State.
	Rundown flow.Moment
	State   string // last one reported, "" when none was
	// Disconnect is when the application's side was told to close (the event has no key: the next of its thread tells which TCB).
	Disconnect  flow.Moment
	System      System
	Retransmits int64         // rounds that the stack reports
	Resent      []flow.Moment // the first of these reports
	Timeouts    []Timeout     // the first timers that expired
	RTT         uint32        // last smoothed round-trip time of the stack, in its own unit
	Summary     *Summary
	Congestion  *Congestion // nil when the stack does not say
}

// Summary is what the stack says of a connection at its end (TCPIP 1477, Windows 10 1809 and later).
type Summary struct {
	At                              flow.Moment
	BytesOut, BytesIn               uint64
	SegmentsOut, SegmentsIn         uint64
	BytesRetransmitted, Timeouts    uint32
	FastRetransmits, SYNRetransmits uint32
	RTT, MinRTT, MaxRTT             uint32 // microseconds
	Milliseconds                    uint64 // life of the connection
}

// A Transition is a change of TCP state as the stack reports it.
type Transition struct {
	From, To string
	At       flow.Moment
	SndNxt   uint32
}

// A Drop is what the host says it dropped for one reason, at one component, of one conversation.
// The counts are exact; of the records the first ones are kept.
type Drop struct {
	Source    int
	By        string // provider that reported it: "PktMon", "TCPIP"
	Reason    string
	Code      uint32
	Component string
	ID        uint16             // pktmon's number of the component
	Conv      *flow.Conversation // nil when the reports name none
	From, To  netip.AddrPort     // of the first packet, where the report has them
	// Reports counts the records, Packets what they are about: several listeners that refuse one packet for the same
	// reason each report it, and it counts at the first of them.
	Reports, Packets int64
	SYNs             int64 // of Packets: SYN segments without ACK, as far as the reports have their bytes
	First, Last      flow.Moment
	Where            []flow.Moment // the first reports, without those of packets that were counted
	Locations        []uint32      // the first places in the driver, each once
}

// A DropCount is what a component of pktmon says it dropped while pktmon ran.
type DropCount struct {
	At        flow.Moment
	ID        uint16
	Component string
	In, Out   uint64 // packets
}

// An Endpoint ties a conversation to the host that recorded it.
type Endpoint struct {
	Conv    *flow.Conversation
	Side    int // which of Conv.Ends is this host; -1 unknown
	Process *Process
	Sockets []*Socket
	TCBs    []*TCB
	// Foreign counts the records of the conversation whose header names another process than the owner; ForeignFirst is the first.
	Foreign      int64
	ForeignFirst flow.Moment
	// How sure the owner is: the weakest join between process and packets.
	Kind JoinKind
}

// A Session is everything the host's events say, joined.
type Session struct {
	Processes []*Process
	Sockets   []*Socket
	TCBs      []*TCB
	Calls     []*Call // in order of enter
	Joins     []Join
	Drops     []*Drop // in order of the first report
	Counted   []DropCount
	Claims    []*Claim // in order of the first event
	// Operations are those of a log of Process Monitor, in order, where a tracker was asked to keep them.
	Operations []Operation
	Endpoints  map[int]*Endpoint // by conversation ID
}

// An Object is what a single event or packet is about, as far as the tracker knows.
// Any of the pointers may be nil.
type Object struct {
	Process *Process
	Socket  *Socket
	TCB     *TCB
	Call    *Call
	Conv    *flow.Conversation
	// Kind of the join that led from the event to Process.
	Kind JoinKind
	// Own says that Process did it itself, whoever the socket belongs to.
	Own bool
}

// Header is who was running when the event was logged; for display only.
type Header struct {
	PID, TID uint32
	Name     string
}
