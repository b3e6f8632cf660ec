package procmon

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// Flags of a network event.
const (
	localIPv4  = 1
	remoteIPv4 = 2
	overTCP    = 4
)

// Detail of a network event.
const (
	netLengthAt  = 4
	netLocalAt   = 8
	netRemoteAt  = 24
	netPortsAt   = 40
	netParamsAt  = 44
	netDetailLen = 44
)

// Endpoints are the two ends of a network event, as its detail has them: the first 44 bytes. The second one is remote, also of what was received.
func Endpoints(detail []byte) (local, remote netip.AddrPort, tcp, ok bool) {
	if len(detail) < netDetailLen {
		return local, remote, false, false
	}
	flags := binary.LittleEndian.Uint16(detail)
	end := func(at, port int, v4 bool) netip.AddrPort {
		a := netip.AddrFrom16([16]byte(detail[at : at+16]))
		if v4 {
			a = netip.AddrFrom4([4]byte(detail[at : at+4]))
		}
		return netip.AddrPortFrom(a, binary.LittleEndian.Uint16(detail[port:]))
	}
	return end(netLocalAt, netPortsAt, flags&localIPv4 != 0), end(netRemoteAt, netPortsAt+2, flags&remoteIPv4 != 0), flags&overTCP != 0, true
}

// parameters are the fields of what stands behind the endpoints, by name.
var parameters = map[string]uint8{
	"mss": fMSS, "sackopt": fSACKOpt, "tsopt": fTSOpt, "wsopt": fWSOpt, "rcvwin": fRcvWin, "rcvwinscale": fRcvWinScale, "sndwinscale": fSndWinScale,
	"startime": fStartTime, "endtime": fEndTime, "seqnum": fSeqNum, "connid": fConnID,
}

// maxParameters bounds the pairs of name and value: events have ten at most.
const maxParameters = 32

// network lays out an event of the network and returns its name with the protocol.
func (d *decoder) network(h *trace.EventHeader, name string) string {
	p := d.detail
	local, remote, tcp, ok := Endpoints(p.b)
	if !ok {
		d.e.Short = true
		d.common("", field.Span{})
		return name
	}
	protocol := "UDP "
	if tcp {
		protocol = "TCP "
	}
	d.common(path(local, remote, h.Names), p.span(netLocalAt, netParamsAt-netLocalAt))
	d.e.Put(fLocal, field.Value{Type: field.SockAddr, B: sockAddr(local)}, p.span(netLocalAt, 16))
	d.e.Put(fRemote, field.Value{Type: field.SockAddr, B: sockAddr(remote)}, p.span(netRemoteAt, 16))
	d.num(fNetLength, p, netLengthAt, 4)
	at := netParamsAt
	for range maxParameters {
		key, next := d.param(p, at)
		if key == "" {
			break
		}
		value, end := d.param(p, next)
		span := p.span(next, max(0, end-2-next))
		id, known := parameters[key]
		n, err := strconv.ParseUint(value, 10, 64)
		if known && err == nil && strconv.FormatUint(n, 10) == value {
			d.e.Put(id, field.U(n), span)
		} else {
			d.put(fOther, key+": "+value, p.span(at, end-at))
		}
		at = end
	}
	return protocol + name
}

// param is a text in UTF-16 with its NUL.
func (d *decoder) param(p part, at int) (string, int) {
	for i := at; i+1 < len(p.b); i += 2 {
		if p.b[i]|p.b[i+1] == 0 {
			return d.e.UTF16(p.b[at:i]), i + 2
		}
	}
	if at >= len(p.b) {
		return "", at
	}
	return d.e.UTF16(p.b[at:]), len(p.b)
}

// path is the Path column: both ends, under the names that the log has for them.
func path(local, remote netip.AddrPort, names []string) string {
	name := func(i int, s string) string {
		if i < len(names) && names[i] != "" {
			return names[i]
		}
		return s
	}
	var b strings.Builder
	b.WriteString(name(0, address(local.Addr())) + ":" + name(1, strconv.Itoa(int(local.Port()))))
	b.WriteString(" -> ")
	b.WriteString(name(2, address(remote.Addr())) + ":" + name(3, strconv.Itoa(int(remote.Port()))))
	return b.String()
}

// address is an address as Process Monitor prints it: all eight groups of IPv6, without zeros in front.
func address(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	b := a.As16()
	out := make([]byte, 0, 39)
	for i := 0; i < 16; i += 2 {
		if i > 0 {
			out = append(out, ':')
		}
		out = strconv.AppendUint(out, uint64(binary.BigEndian.Uint16(b[i:])), 16)
	}
	return string(out)
}

// sockAddr is an endpoint as a Windows SOCKADDR.
func sockAddr(a netip.AddrPort) []byte {
	const inet, inet6 = 2, 23
	if a.Addr().Is4() {
		b := make([]byte, 16)
		b[0] = inet
		binary.BigEndian.PutUint16(b[2:], a.Port())
		v := a.Addr().As4()
		copy(b[4:], v[:])
		return b
	}
	b := make([]byte, 28)
	b[0] = inet6
	binary.BigEndian.PutUint16(b[2:], a.Port())
	v := a.Addr().As16()
	copy(b[8:], v[:])
	return b
}
