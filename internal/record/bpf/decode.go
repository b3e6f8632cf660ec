package bpf

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/wiretale/wiretale/internal/record/event"
)

// Offsets in struct event of src/trace.bpf.c; TestLayout holds them to the object.
const (
	offTime     = 0
	offEnter    = 8
	offSock     = 16
	offOther    = 24
	offCookie   = 32
	offLength   = 40
	offResult   = 48
	offPID      = 56
	offTID      = 60
	offFD       = 64
	offArg      = 68
	offNetNS    = 72
	offCPU      = 76
	offFamily   = 78
	offKind     = 80
	offPhase    = 81
	offCall     = 82
	offOld      = 83
	offNew      = 84
	offType     = 85
	offProtocol = 86
	offFlags    = 87
	offSSThresh = 88
	offSRTT     = 92
	offLocal    = 96
	offRemote   = 116
	offAddress  = 136
	offCommand  = 156
	eventSize   = 176
)

// Families of addresses of Linux.
const (
	inet  = 2
	inet6 = 10
)

// A Decoder turns what the programs wrote into events. It remembers names of
// commands, so that an event costs no memory.
type Decoder struct {
	// Reasons and Resets are names of reasons by number, of this kernel; Location names a place in it.
	Reasons, Resets map[uint32]string
	Location        func(address uint64) string
	commands        map[[16]byte]string
}

// maxCommands bounds the names that are remembered.
const maxCommands = 4096

// Decode fills e; its times are those of CLOCK_MONOTONIC. False when the bytes are no event.
func (d *Decoder) Decode(b []byte, e *event.Event) bool {
	if len(b) < eventSize {
		return false
	}
	o := binary.NativeEndian
	*e = event.Event{
		Kind: event.Kind(b[offKind]), Phase: event.Phase(b[offPhase]), Call: event.Number(b[offCall]), CPU: o.Uint16(b[offCPU:]),
		Time: int64(o.Uint64(b[offTime:])), Duration: -1, PID: o.Uint32(b[offPID:]), TID: o.Uint32(b[offTID:]), Command: d.command([16]byte(b[offCommand:])),
		Socket: o.Uint64(b[offSock:]), Cookie: o.Uint64(b[offCookie:]), FD: int32(o.Uint32(b[offFD:])), Family: o.Uint16(b[offFamily:]), Type: b[offType], Protocol: b[offProtocol],
		Local: endpoint(b[offLocal:]), Remote: endpoint(b[offRemote:]), Address: endpoint(b[offAddress:]), Length: int64(o.Uint64(b[offLength:])), Result: int64(o.Uint64(b[offResult:])),
		Old: b[offOld], New: b[offNew], Flags: b[offFlags], NetNS: o.Uint32(b[offNetNS:]),
	}
	e.HasType = e.Type != 0
	arg, other := int32(o.Uint32(b[offArg:])), o.Uint64(b[offOther:])
	switch e.Kind {
	case event.Call:
		e.Arg, e.Accepted = arg, other
		return d.call(b, e)
	case event.SendReset:
		e.Reason, e.Why = uint32(arg), d.Resets[uint32(arg)]
	case event.Drop:
		e.Reason, e.Why = uint32(arg), d.Reasons[uint32(arg)]
		if d.Location != nil {
			e.Location = d.Location(other)
		}
	case event.SocketError:
		e.Errno = uint32(max(arg, -arg))
	case event.Congestion:
		e.CWnd, e.SSThresh, e.SRTT = uint32(arg), o.Uint32(b[offSSThresh:]), int64(o.Uint32(b[offSRTT:]))*1000/8
	case event.Exec, event.Fork:
		e.Parent = uint32(arg)
	case event.State, event.Retransmit, event.ReceiveReset, event.Exit:
	default:
		return false
	}
	return true
}

// call fills in what only calls have.
func (d *Decoder) call(b []byte, e *event.Event) bool {
	if int(e.Call) >= len(event.Calls) || e.Call == 0 || e.Phase > event.Leave {
		return false
	}
	if e.Phase == event.Enter {
		return true
	}
	began := int64(binary.NativeEndian.Uint64(b[offEnter:]))
	e.Duration = max(0, e.Time-began)
	if e.Phase == event.Whole {
		e.Time = began
	}
	if e.Result < 0 && e.Result > -4096 {
		e.Errno, e.Result = uint32(-e.Result), -1
	}
	return true
}

func (d *Decoder) command(raw [16]byte) string {
	if s, ok := d.commands[raw]; ok {
		return s
	}
	if d.commands == nil || len(d.commands) >= maxCommands {
		d.commands = map[[16]byte]string{}
	}
	v, _, _ := bytes.Cut(raw[:], []byte{0})
	d.commands[raw] = string(v)
	return d.commands[raw]
}

func endpoint(b []byte) netip.AddrPort {
	port := binary.NativeEndian.Uint16(b[18:])
	switch binary.NativeEndian.Uint16(b[16:]) {
	case inet:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b)), port)
	case inet6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b)).Unmap(), port)
	}
	return netip.AddrPort{}
}
