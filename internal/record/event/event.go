// Package event is what a recording knows besides packets: calls of processes
// on sockets, and what the kernel says of connections and packets.
package event

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/journal"
)

// A Kind is what happened.
type Kind uint8

const (
	Call Kind = iota + 1
	State
	Retransmit
	SendReset
	ReceiveReset
	Congestion
	SocketError
	Drop
	Exec
	Fork
	Exit
)

// Names are the names of kinds in a recording; calls have their own.
var Names = [...]string{
	State: journal.State, Retransmit: journal.Retransmit, SendReset: journal.SentReset, ReceiveReset: journal.ReceivedReset, Congestion: journal.Congestion,
	SocketError: journal.SocketError, Drop: journal.Drop, Exec: journal.ProcessStart, Fork: journal.ProcessStart, Exit: journal.ProcessEnd,
}

// A Phase is which part of a call it is.
type Phase uint8

const (
	Whole Phase = iota
	Enter
	Leave
)

// A Number is a call.
type Number uint8

const (
	Socket Number = iota + 1
	Bind
	Listen
	Accept
	Accept4
	Connect
	Sendto
	Sendmsg
	Sendmmsg
	Recvfrom
	Recvmsg
	Recvmmsg
	Read
	Write
	Readv
	Writev
	Shutdown
	Close
	calls
)

// Calls are the names of calls.
var Calls = [calls]string{
	Socket: "socket", Bind: "bind", Listen: "listen", Accept: "accept", Accept4: "accept4", Connect: "connect", Sendto: "sendto", Sendmsg: "sendmsg", Sendmmsg: "sendmmsg",
	Recvfrom: "recvfrom", Recvmsg: "recvmsg", Recvmmsg: "recvmmsg", Read: "read", Write: "write", Readv: "readv", Writev: "writev", Shutdown: "shutdown", Close: "close",
}

// Sends and Receives report what a call does with data.
func (n Number) Sends() bool {
	return n >= Sendto && n <= Sendmmsg || n == Write || n == Writev
}

func (n Number) Receives() bool {
	return n >= Recvfrom && n <= Recvmmsg || n == Read || n == Readv
}

// Accepts reports whether the call takes a connection.
func (n Number) Accepts() bool { return n == Accept || n == Accept4 }

// Lightens reports whether the call is one of those that are written in one entry when they did not wait.
func (n Number) Lightens() bool { return n.Sends() || n.Receives() }

// An Event is something that happened. What is unknown is zero.
type Event struct {
	Kind     Kind
	Phase    Phase
	Call     Number
	CPU      uint16
	Time     int64 // nanoseconds since 1970; of a whole call that of its beginning
	Duration int64 // nanoseconds, of calls that ended; -1 when unknown
	PID, TID uint32
	Parent   uint32 // of Fork and Exec
	Command  string

	Socket, Accepted uint64 // addresses in the kernel: they never reach a file
	Cookie           uint64
	FD               int32 // -1 when unknown
	Family           uint16
	Type, Protocol   uint8
	HasType          bool

	Local, Remote, Address netip.AddrPort
	Length, Result         int64 // Length -1 when unknown
	Errno                  uint32
	Arg                    int32 // backlog of listen, how of shutdown

	Old, New uint8 // states of TCP, or of its congestion control in New
	Reason   uint32
	Why      string // name of the reason
	Location string
	Flags    uint8 // of TCP
	NetNS    uint32
	CWnd     uint32
	SSThresh uint32
	SRTT     int64 // nanoseconds
}

// States are names of states of TCP (net/tcp_states.h).
var States = [...]string{
	1: "TCP_ESTABLISHED", 2: "TCP_SYN_SENT", 3: "TCP_SYN_RECV", 4: "TCP_FIN_WAIT1", 5: "TCP_FIN_WAIT2", 6: "TCP_TIME_WAIT",
	7: "TCP_CLOSE", 8: "TCP_CLOSE_WAIT", 9: "TCP_LAST_ACK", 10: "TCP_LISTEN", 11: "TCP_CLOSING", 12: "TCP_NEW_SYN_RECV",
}

// Congestions are names of states of its congestion control.
var Congestions = [...]string{"TCP_CA_Open", "TCP_CA_Disorder", "TCP_CA_CWR", "TCP_CA_Recovery", "TCP_CA_Loss"}

// Name is an entry of a list of names, with a number that it has not as "7".
func Name(list []string, n uint8) string {
	if int(n) < len(list) && list[n] != "" {
		return list[n]
	}
	return "state " + itoa(uint64(n))
}

func itoa(n uint64) string {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}
