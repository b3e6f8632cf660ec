package tracefs

import (
	"encoding/binary"
	"net/netip"

	"github.com/wiretale/wiretale/internal/record/event"
)

// An op is what a point tells: a call of package event, a call that is followed to know descriptors, or something of the stack or the host.
type op uint8

const (
	dup op = iota + 64
	dup2
	dup3
	fcntl
	closeRange
	unshare
	setns

	sent
	received
	lookup // of a route
	state
	retransmit
	sendReset
	receiveReset
	congestion
	socketError
	drop
	task
	rename
	exec
	exit
)

// A point is a tracepoint that is recorded.
type point struct {
	system, name string
	op           op
	leave        bool     // the end of a call
	args         []string // fields by name, four at most
	must         []string // fields without which it says nothing
	filter       string   // that the kernel asks
	comm         string   // field with the name of a command
	stack        bool     // not of the thread that runs: recorded whoever it is
	what         string   // for messages; empty when it is not missed
}

// syscall is the two points of a call.
func syscall(name string, o op, args ...string) []point {
	what := "calls of " + name
	if o >= dup {
		what = ""
	}
	return []point{
		{system: "syscalls", name: "sys_enter_" + name, op: o, args: args, what: what},
		{system: "syscalls", name: "sys_exit_" + name, op: o, leave: true, args: []string{"ret"}, must: []string{"ret"}},
	}
}

// named is the point of a call of package event.
func named(n event.Number, args ...string) []point { return syscall(event.Calls[n], op(n), args...) }

// points are all tracepoints. The first argument of a call is its descriptor, but for socket.
var points = concat(
	named(event.Socket, "family", "type", "protocol"),
	named(event.Bind, "fd"), named(event.Listen, "fd", "backlog"), named(event.Accept, "fd"), named(event.Accept4, "fd", "flags"), named(event.Connect, "fd"),
	named(event.Sendto, "fd", "len", "addr"), named(event.Sendmsg, "fd"), named(event.Sendmmsg, "fd"),
	named(event.Recvfrom, "fd", "size"), named(event.Recvmsg, "fd"), named(event.Recvmmsg, "fd"),
	named(event.Read, "fd", "count"), named(event.Write, "fd", "count"), named(event.Readv, "fd"), named(event.Writev, "fd"),
	named(event.Shutdown, "fd", "how"), named(event.Close, "fd"),
	syscall("dup", dup, "fildes"), syscall("dup2", dup2, "oldfd", "newfd"), syscall("dup3", dup3, "oldfd", "newfd", "flags"),
	only("cmd==0||cmd==2||cmd==1030", syscall("fcntl", fcntl, "fd", "cmd", "arg")),
	syscall("close_range", closeRange, "fd", "max_fd", "flags"), syscall("unshare", unshare, "unshare_flags"), syscall("setns", setns, "fd", "flags"),
	[]point{
		{system: "sock", name: "sock_send_length", op: sent, args: []string{"sk", "family", "protocol"}, must: []string{"sk"}, filter: inetOnly, what: "sockets behind descriptors, of those that send"},
		{system: "sock", name: "sock_recv_length", op: received, args: []string{"sk", "family", "protocol"}, must: []string{"sk"}, filter: inetOnly, what: "sockets behind descriptors, of those that receive"},
		{system: "fib", name: "fib_table_lookup", op: lookup, args: []string{"proto"}, must: []string{"dst", "dport"}, filter: "proto==17&&dport!=0", what: "endpoints of UDP"},
		{system: "fib6", name: "fib6_table_lookup", op: lookup, args: []string{"proto"}, must: []string{"dst", "dport"}, filter: "proto==17&&dport!=0", what: "endpoints of UDP over IPv6"},
		{system: "sock", name: "inet_sock_set_state", op: state, args: []string{"skaddr", "oldstate", "newstate", "protocol"}, must: []string{"skaddr", "newstate"}, filter: "protocol==6", stack: true, what: "states of TCP"},
		{system: "tcp", name: "tcp_retransmit_skb", op: retransmit, args: []string{"skaddr", "state"}, stack: true, what: "retransmissions"},
		{system: "tcp", name: "tcp_send_reset", op: sendReset, args: []string{"skaddr", "reason", "skbaddr"}, stack: true, what: "resets sent"},
		{system: "tcp", name: "tcp_receive_reset", op: receiveReset, args: []string{"skaddr", "sock_cookie"}, stack: true, what: "resets received"},
		{system: "tcp", name: "tcp_cong_state_set", op: congestion, args: []string{"skaddr", "cong_state"}, must: []string{"cong_state"}, stack: true, what: "states of congestion control"},
		{system: "sock", name: "inet_sk_error_report", op: socketError, args: []string{"error", "protocol"}, must: []string{"error"}, stack: true, what: "errors of sockets"},
		{system: "skb", name: "kfree_skb", op: drop, args: []string{"rx_sk", "location", "reason", "skbaddr"}, must: []string{"reason"}, filter: "reason>2&&(protocol==0x800||protocol==0x86dd)", stack: true, what: "dropped packets"},
		{system: "task", name: "task_newtask", op: task, args: []string{"pid", "clone_flags"}, must: []string{"pid", "clone_flags"}, comm: "comm", stack: true, what: "processes that are started"},
		{system: "task", name: "task_rename", op: rename, args: []string{"pid"}, comm: "newcomm", stack: true},
		{system: "sched", name: "sched_process_exec", op: exec, args: []string{"pid", "old_pid"}, stack: true, what: "programs that are started"},
		{system: "sched", name: "sched_process_exit", op: exit, args: []string{"pid"}, stack: true, what: "ends of processes"},
	},
)

// inetOnly is a filter: sockets of IPv4 and IPv6.
const inetOnly = "family==2||family==10"

func concat(lists ...[]point) (all []point) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// only has a call recorded when the filter passes its beginning.
func only(filter string, call []point) []point {
	call[0].filter = filter
	return call
}

// A record is what a point told.
type record struct {
	time          int64 // of CLOCK_MONOTONIC
	point         *point
	tid           uint32
	cpu           uint16
	interrupt     bool // not in the name of the thread that ran
	args          [4]uint64
	local, remote netip.AddrPort
	family        uint16
	comm          [16]byte
}

// A decoder fills records from the bytes of one point.
type decoder struct {
	point                          *point
	order                          binary.ByteOrder
	args                           [4]Field
	tid, flags, comm               Field
	family, sport, dport           Field
	saddr, daddr, saddr6, daddr6   Field
	addresses, addresses6, between bool
}

// newDecoder finds the fields of a point. What is missing is empty if the point says something without it.
func newDecoder(p *point, f *Format, order binary.ByteOrder) (*decoder, string) {
	for _, name := range p.must {
		if _, ok := f.Field(name); !ok {
			return nil, name
		}
	}
	d := &decoder{point: p, order: order}
	take := func(to *Field, name string) bool {
		var ok bool
		*to, ok = f.Field(name)
		return ok
	}
	for i, name := range p.args {
		take(&d.args[i], name)
	}
	take(&d.tid, "common_pid")
	take(&d.flags, "common_flags")
	if p.comm != "" {
		take(&d.comm, p.comm)
	}
	take(&d.family, "family")
	take(&d.sport, "sport")
	take(&d.dport, "dport")
	d.addresses = take(&d.saddr, "saddr") && take(&d.daddr, "daddr")
	d.addresses6 = take(&d.saddr6, "saddr_v6") && take(&d.daddr6, "daddr_v6")
	if p.op == lookup {
		d.addresses = take(&d.saddr, "src") && take(&d.daddr, "dst")
	}
	d.between = d.addresses && d.saddr.Size == 28 && d.daddr.Size == 28 // struct sockaddr_in6 or sockaddr_in
	return d, ""
}

// number is the value of a field, extended with its sign; 0 where the record is too short.
func (d *decoder) number(f Field, b []byte) uint64 {
	if f.Offset+f.Size > len(b) {
		return 0
	}
	b = b[f.Offset:]
	switch f.Size {
	case 1:
		if f.Signed {
			return uint64(int8(b[0]))
		}
		return uint64(b[0])
	case 2:
		if f.Signed {
			return uint64(int16(d.order.Uint16(b)))
		}
		return uint64(d.order.Uint16(b))
	case 4:
		if f.Signed {
			return uint64(int32(d.order.Uint32(b)))
		}
		return uint64(d.order.Uint32(b))
	case 8:
		return d.order.Uint64(b)
	}
	return 0
}

// Bits of common_flags (include/linux/trace_events.h).
const (
	inHardIRQ = 0x08
	inSoftIRQ = 0x10
	inNMI     = 0x40
)

func (d *decoder) decode(b []byte, r *record) {
	r.point = d.point
	r.tid = uint32(d.number(d.tid, b))
	r.args = [4]uint64{}
	r.interrupt = d.number(d.flags, b)&(inHardIRQ|inSoftIRQ|inNMI) != 0
	for i := range d.point.args {
		r.args[i] = d.number(d.args[i], b)
	}
	r.local, r.remote, r.family = netip.AddrPort{}, netip.AddrPort{}, uint16(d.number(d.family, b))
	if d.addresses {
		d.ends(b, r)
	}
	if n := d.comm.Size; n > 0 && d.comm.Offset+n <= len(b) {
		r.comm = [16]byte{}
		copy(r.comm[:], b[d.comm.Offset:d.comm.Offset+n])
	}
}

// Families of addresses of Linux.
const (
	inet  = 2
	inet6 = 10
)

func (d *decoder) ends(b []byte, r *record) {
	if d.between {
		r.local, r.remote = d.address(d.saddr, b), d.address(d.daddr, b)
		switch {
		case r.local.Addr().Is4():
			r.family = inet
		case r.local.IsValid():
			r.family = inet6
		}
		return
	}
	from, to := d.saddr, d.daddr
	if d.addresses6 && r.family == inet6 {
		from, to = d.saddr6, d.daddr6
	}
	if from.Offset+from.Size > len(b) || to.Offset+to.Size > len(b) {
		return
	}
	local, ok1 := netip.AddrFromSlice(b[from.Offset : from.Offset+from.Size])
	remote, ok2 := netip.AddrFromSlice(b[to.Offset : to.Offset+to.Size])
	if ok1 && ok2 {
		r.local = netip.AddrPortFrom(local.Unmap(), uint16(d.number(d.sport, b)))
		r.remote = netip.AddrPortFrom(remote.Unmap(), uint16(d.number(d.dport, b)))
	}
}

// address reads a struct sockaddr: the family in the order of the kernel, the port in that of the network.
func (d *decoder) address(f Field, b []byte) netip.AddrPort {
	if f.Offset+28 > len(b) {
		return netip.AddrPort{}
	}
	b = b[f.Offset:]
	port := binary.BigEndian.Uint16(b[2:])
	switch d.order.Uint16(b) {
	case inet:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:])), port)
	case inet6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:])).Unmap(), port)
	}
	return netip.AddrPort{}
}
