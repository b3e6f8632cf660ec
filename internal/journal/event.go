package journal

import "github.com/wiretale/wiretale/trace"

// GUIDs that stand for the parts of Linux in headers of events. They are ours: Linux has none.
var (
	SocketGUID = trace.MustGUID("{7B2E5A40-9C61-4B0F-8D3A-4C494E555801}") // calls of processes
	StackGUID  = trace.MustGUID("{7B2E5A40-9C61-4B0F-8D3A-4C494E555802}") // TCP/IP
	HostGUID   = trace.MustGUID("{7B2E5A40-9C61-4B0F-8D3A-4C494E555803}") // processes, the clock, the recorder
)

// Fields that tell what an entry is.
const (
	EventKey  = "WIRETALE_EVENT"   // name of the event
	TimeKey   = "WIRETALE_TIME_NS" // nanoseconds since 1970
	ThreadKey = "TID"
	CPUKey    = "WIRETALE_CPU"
)

// Events of the stack and of the host, by the names that entries have.
const (
	State         = "tcp_state"
	Retransmit    = "tcp_retransmit"
	SentReset     = "tcp_send_reset"
	ReceivedReset = "tcp_receive_reset"
	Congestion    = "tcp_cong_state"
	SocketError   = "socket_error"
	Drop          = "packet_drop"
	ProcessStart  = "process_start"
	ProcessEnd    = "process_exit"
	Clock         = "clock"
	ClockStep     = "clock_step"
	Lost          = "events_lost"
)

// An Event is a kind of entry.
type Event struct {
	ID       uint16
	Provider trace.GUID
}

// Find is the event of a name; false for one that nobody knows.
func Find(name string) (Event, bool) {
	e, ok := events[name]
	return e, ok
}

// events are all kinds: calls by the names of Linux from 1 on, the stack from 101, the host from 201.
var events = func() map[string]Event {
	m := map[string]Event{}
	add := func(guid trace.GUID, first uint16, names ...string) {
		for i, n := range names {
			m[n] = Event{first + uint16(i), guid}
		}
	}
	add(SocketGUID, 1, "socket", "bind", "listen", "connect", "accept", "accept4", "sendto", "sendmsg", "sendmmsg", "write", "writev",
		"recvfrom", "recvmsg", "recvmmsg", "read", "readv", "shutdown", "close")
	add(StackGUID, 101, State, Retransmit, SentReset, ReceivedReset, Congestion, SocketError, Drop)
	add(HostGUID, 201, ProcessStart, ProcessEnd, Clock, ClockStep, Lost)
	return m
}()
