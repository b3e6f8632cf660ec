package session

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/provider/linux"
)

// A Step is what one API call of the application looks like from outside:
// several events of AFD, or the part of a call that blocked.
type Step struct {
	API       string // "recv() #2", "accept() #1, waiting part"
	Arguments string
	Enter     flow.Moment
	Exit      flow.Moment // zero while pending at the end of the trace
	Status    uint32      // NTSTATUS at exit
	Bytes     int64       // bytes moved, -1 when the step moves none
	Socket    *Socket
	Call      *Call // nil for a step that has no event of its own
}

// Pending reports whether the step had not ended at the end of the trace.
func (s *Step) Pending() bool { return !s.Exit.Seen() }

// Outcome is the status and the bytes in words.
func (s *Step) Outcome() string {
	switch {
	case s.Pending():
		return "pending at end of listing"
	case s.Call != nil && s.Call.System == Linux && s.Call.Errno != 0:
		return linux.ErrnoName(s.Call.Errno)
	case s.Status != 0:
		return fmt.Sprintf("0x%08X", s.Status)
	case s.Bytes >= 0:
		return fmt.Sprintf("Success, %d bytes", s.Bytes)
	}
	return "Success"
}

// API is the timeline of the application: what it called, in order of entering.
// A call that AFD splits is one step (the buffered half of a send), and a call that is several for
// the application is several (accept waits, makes a socket, binds it).
func (s *Session) API() []Step {
	n := numbering{seen: map[*Socket]map[string]int{}, accepts: map[*Socket]int{}}
	made := map[*Socket]*Call{} // new socket -> the accept that it is for
	for _, c := range s.Calls {
		if c.Accepted != nil {
			made[c.Accepted] = c
		}
	}
	var out []Step
	for _, c := range s.Calls {
		if c.Indication || c.Outer != nil {
			continue
		}
		out = append(out, n.step(c, made))
	}
	for _, t := range s.TCBs {
		if t.Disconnect.Seen() {
			out = append(out, closePath(t))
		}
	}
	slices.SortStableFunc(out, func(a, b Step) int {
		return cmp.Or(cmp.Compare(a.order().Pos.Source, b.order().Pos.Source), cmp.Compare(a.order().Pos.Number, b.order().Pos.Number))
	})
	return out
}

func (s *Step) order() flow.Moment {
	if s.Enter.Seen() {
		return s.Enter
	}
	return s.Exit
}

// numbering counts the calls of each kind on each socket.
type numbering struct {
	seen    map[*Socket]map[string]int
	accepts map[*Socket]int // waits so far on a listening socket
}

func (n *numbering) next(s *Socket, name string) int {
	if n.seen[s] == nil {
		n.seen[s] = map[string]int{}
	}
	n.seen[s][name]++
	return n.seen[s][name]
}

func (n *numbering) step(c *Call, made map[*Socket]*Call) Step {
	st := Step{Enter: c.Enter, Exit: c.Exit, Status: c.Status, Bytes: -1, Socket: c.Socket, Call: c}
	if hasBuffer[c.Name] || c.System == Linux {
		st.Bytes = c.Returned
	}
	if c.System == Linux {
		n.linux(&st, c)
		return st
	}
	switch c.Name {
	case callSocket:
		st.API, st.Arguments = "socket()", socketArguments(c)
		if a := made[c.Socket]; a != nil {
			st.API = fmt.Sprintf("accept() #%d, socket for the connection", max(1, n.accepts[a.Socket]))
		}
	case callBind:
		st.API, st.Arguments = "bind()", c.Address.String()
	case callListen:
		st.API, st.Arguments = "listen()", fmt.Sprintf("backlog %d", c.Backlog)
	case callWait:
		n.accepts[c.Socket]++
		st.API = fmt.Sprintf("accept() #%d, waiting part", n.accepts[c.Socket])
		st.Arguments = "listen socket"
	case callAccept:
		st.API = fmt.Sprintf("accept() #%d, binding part", max(1, n.accepts[c.Socket]))
		st.Arguments = "peer " + c.Address.String()
	case callCleanup:
		st.API = "closesocket() cleanup"
	case callClose:
		st.API = "closesocket() close"
	case callConnect, callConnEx, callAcceptEx:
		st.API = c.Name + "()"
		if c.Address.IsValid() {
			st.Arguments = c.Address.String()
		}
	default:
		st.API = fmt.Sprintf("%s() #%d", c.Name, n.next(c.Socket, c.Name))
		st.Arguments = bufferArguments(c)
	}
	return st
}

// linux words a call of Linux: what a call does is one call there.
func (n *numbering) linux(st *Step, c *Call) {
	st.API = c.Name + "()"
	switch c.Role {
	case RoleSocket:
		st.Arguments = linuxSocketArguments(c)
	case RoleBind, RoleConnect:
		st.Arguments = c.Address.String()
	case RoleListen:
		st.Arguments = fmt.Sprintf("backlog %d", c.Backlog)
	case RoleAccept:
		st.API = fmt.Sprintf("%s() #%d", c.Name, n.next(c.Socket, "accept"))
		if c.Address.IsValid() {
			st.Arguments = "peer " + c.Address.String()
		}
	case RoleSend, RoleReceive:
		st.API = fmt.Sprintf("%s() #%d", c.Name, n.next(c.Socket, c.Name))
		if c.Requested >= 0 {
			st.Arguments = fmt.Sprintf("%d bytes", c.Requested)
			if c.Role == RoleReceive {
				st.Arguments = fmt.Sprintf("buffer %d", c.Requested)
			}
		}
	}
}

// linuxFamilies are the address families that differ from those of Windows.
var linuxFamilies = map[uint32]string{2: "AF_INET", 10: "AF_INET6", 1: "AF_UNIX", 16: "AF_NETLINK", 17: "AF_PACKET"}

func linuxSocketArguments(c *Call) string {
	return named(linuxFamilies, c.Family) + ", " + named(typeNames, c.Type) + ", " + named(protocolNames, c.Protocol)
}

func bufferArguments(c *Call) string {
	switch {
	case c.Requested < 0:
		return ""
	case family[c.Name] == callRecv:
		return fmt.Sprintf("buffer %d", c.Requested)
	}
	return fmt.Sprintf("%d bytes", c.Requested)
}

var (
	familyNames   = map[uint32]string{2: "AF_INET", 23: "AF_INET6"}
	typeNames     = map[uint32]string{1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET"}
	protocolNames = map[uint32]string{1: "IPPROTO_ICMP", 6: "IPPROTO_TCP", 17: "IPPROTO_UDP", 58: "IPPROTO_ICMPV6"}
)

func socketArguments(c *Call) string {
	return named(familyNames, c.Family) + ", " + named(typeNames, c.Type) + ", " + named(protocolNames, c.Protocol)
}

func named(names map[uint32]string, n uint32) string {
	if s, ok := names[n]; ok {
		return s
	}
	return fmt.Sprint(n)
}

// closePath is the half of a close that no AFD event shows: from the stack's
// disconnect request to the FIN that this host sent.
func closePath(t *TCB) Step {
	st := Step{API: "close path: FIN sent", Enter: t.Disconnect, Bytes: -1}
	if len(t.Sockets) > 0 {
		st.Socket = t.Sockets[len(t.Sockets)-1]
		st.Arguments = "shutdown or close of the socket"
	}
	if c := t.Conv; c != nil && c.TCP != nil {
		st.Exit = c.TCP.Sides[sideOf(c, t.Local)].FIN
	}
	return st
}
