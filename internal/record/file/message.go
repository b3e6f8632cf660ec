package file

import (
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/record/event"
)

// appendMessage appends an event in words.
func appendMessage(b []byte, e *event.Event) []byte {
	switch e.Kind {
	case event.Call:
		return appendCall(b, e)
	case event.State:
		b = appendPair(append(b, "TCP "...), e)
		b = append(append(b, short(event.Name(event.States[:], e.Old))...), " -> "...)
		return append(b, short(event.Name(event.States[:], e.New))...)
	case event.Retransmit:
		return append(appendPair(append(b, "TCP "...), e), "retransmits"...)
	case event.SendReset:
		return append(append(appendPair(append(b, "TCP "...), e), "sends a reset: "...), e.Why...)
	case event.ReceiveReset:
		return append(appendPair(append(b, "TCP "...), e), "received a reset"...)
	case event.Congestion:
		b = append(appendPair(append(b, "TCP "...), e), "congestion control: "...)
		return append(b, strings.TrimPrefix(event.Name(event.Congestions[:], e.New), "TCP_CA_")...)
	case event.SocketError:
		return append(append(appendPair(append(b, "error of the socket "...), e), ": "...), event.ErrnoName(e.Errno)...)
	case event.Drop:
		b = append(append(b, "packet dropped: "...), e.Why...)
		if e.Local.IsValid() {
			b = appendEndpoint(append(b, ", "...), e.Local)
			b = appendEndpoint(append(b, " -> "...), e.Remote)
		}
		if e.Location != "" {
			b = append(append(b, " in "...), e.Location...)
		}
		return b
	case event.Exec:
		return append(append(b, "program started: "...), printable(e.Command)...)
	case event.Fork:
		return strconv.AppendUint(append(b, "process started by "...), uint64(e.Parent), 10)
	case event.Exit:
		return append(append(b, "process ended: "...), printable(e.Command)...)
	}
	return b
}

func short(state string) string { return strings.TrimPrefix(state, "TCP_") }

// printable is a name that a process gave itself, without what would end the line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return '.'
		}
		return r
	}, s)
}

func appendPair(b []byte, e *event.Event) []byte {
	if e.Local.IsValid() {
		b = appendEndpoint(b, e.Local)
	}
	if e.Remote.Port() != 0 {
		b = appendEndpoint(append(b, " - "...), e.Remote)
	}
	return append(b, ' ')
}

// appendCall appends connect(7, 10.0.0.1:80) = 0, 0.204 ms.
func appendCall(b []byte, e *event.Event) []byte {
	b = append(append(b, event.Calls[e.Call]...), '(')
	sep := ""
	add := func(s string) {
		b = append(append(b, sep...), s...)
		sep = ", "
	}
	if e.FD >= 0 {
		b = strconv.AppendInt(b, int64(e.FD), 10)
		sep = ", "
	}
	switch {
	case e.Call == event.Socket:
		add(families[e.Family])
		add(types[min(int(e.Type), len(types)-1)])
	case e.Call == event.Listen || e.Call == event.Shutdown:
		add("")
		b = strconv.AppendInt(b, int64(e.Arg), 10)
	}
	if e.Length >= 0 && e.Call.Lightens() {
		add("")
		b = append(strconv.AppendInt(b, e.Length, 10), " bytes"...)
	}
	if e.Address.IsValid() {
		add("")
		b = appendEndpoint(b, e.Address)
	}
	b = append(b, ')')
	if e.Phase == event.Enter {
		return b
	}
	b = append(b, " = "...)
	if e.Errno != 0 {
		b = append(b, event.ErrnoName(e.Errno)...)
	} else {
		b = strconv.AppendInt(b, e.Result, 10)
	}
	if e.Duration >= 1e6 {
		b = append(strconv.AppendFloat(append(b, ", "...), float64(e.Duration)/1e6, 'f', 3, 64), " ms"...)
	}
	return b
}

var (
	families = map[uint16]string{2: "AF_INET", 10: "AF_INET6"}
	types    = [...]string{"", "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "type"}
)
