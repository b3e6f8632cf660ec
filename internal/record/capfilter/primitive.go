package capfilter

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/bpf"
)

// EtherTypes.
const (
	typeIPv4 = 0x0800
	typeARP  = 0x0806
	typeRARP = 0x8035
	typeIPv6 = 0x86dd
)

// numbers of protocols over IP, and over which version each is asked for.
var numbers = map[string]struct {
	n      uint32
	v4, v6 bool
}{
	"tcp": {6, true, true}, "udp": {17, true, true}, "sctp": {132, true, true}, "icmp": {1, true, false}, "icmp6": {58, false, true},
	"igmp": {2, true, false}, "pim": {103, true, true}, "ah": {51, true, true}, "esp": {50, true, true}, "vrrp": {112, true, false},
}

// at loads from the network layer.
func (p *parser) at(off uint32, size int) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadAbsolute{Off: p.network() + off, Size: size}}
}

func (p *parser) network() uint32 {
	switch p.link {
	case Ethernet:
		return 14 + p.shift
	case Raw:
		return 0
	}
	return networkOff
}

// frame loads from the link layer.
func (p *parser) frame(off uint32, size int) []bpf.Instruction {
	if p.link == Socket {
		off += linkOff
	}
	return []bpf.Instruction{bpf.LoadAbsolute{Off: off, Size: size}}
}

// etherType tests what the network layer is.
func (p *parser) etherType(t uint32) condition {
	switch p.link {
	case Ethernet:
		return test{p.frame(12+p.shift, 2), bpf.JumpEqual, t}
	case Socket:
		return test{[]bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtProto}}, bpf.JumpEqual, t}
	}
	version := map[uint32]uint32{typeIPv4: 0x40, typeIPv6: 0x60}[t]
	if version == 0 {
		return always(false)
	}
	return test{append(p.at(0, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0}), bpf.JumpEqual, version}
}

func equal(load []bpf.Instruction, v uint32) condition { return test{load, bpf.JumpEqual, v} }

// over4 and over6 test the protocol over IP; in IPv6 that behind a fragment header too.
func (p *parser) over4(n uint32) condition {
	return all(p.etherType(typeIPv4), equal(p.at(9, 1), n))
}

func (p *parser) over6(n uint32) condition {
	return all(p.etherType(typeIPv6), anyOf(equal(p.at(6, 1), n), all(equal(p.at(6, 1), 44), equal(p.at(40, 1), n))))
}

// protocol is the test that a protocol is there.
func (p *parser) protocol(name string) (condition, error) {
	switch name {
	case "ip":
		return p.etherType(typeIPv4), nil
	case "ip6":
		return p.etherType(typeIPv6), nil
	case "arp":
		return p.etherType(typeARP), nil
	case "rarp":
		return p.etherType(typeRARP), nil
	case "ether":
		return nil, fmt.Errorf("ether what: ether host, ether src, ether dst, ether proto")
	}
	n := numbers[name]
	switch {
	case n.v4 && n.v6:
		return anyOf(p.over4(n.n), p.over6(n.n)), nil
	case n.v4:
		return p.over4(n.n), nil
	}
	return p.over6(n.n), nil
}

// qualified is a test of a value.
func (p *parser) qualified(q qualifiers) (condition, error) {
	w := p.next()
	if w == "" {
		return nil, fmt.Errorf("it ends where the value of %s should be", q.kind)
	}
	w = strings.TrimPrefix(w, "\\")
	switch q.kind {
	case "host":
		if q.proto == "ether" {
			return p.mac(q.dir, w)
		}
		return p.host(q, w)
	case "net":
		return p.net(q, w)
	case "port", "portrange":
		return p.ports(q, w)
	}
	return p.carried(q, w)
}

// sides joins the tests of source and destination as the direction says.
func sides(dir string, side func(dst bool) condition) condition {
	switch dir {
	case "src":
		return side(false)
	case "dst":
		return side(true)
	case "and":
		return both{side(false), side(true)}
	}
	return either{side(false), side(true)}
}

func (p *parser) host(q qualifiers, w string) (condition, error) {
	a, err := netip.ParseAddr(w)
	if err != nil {
		return nil, fmt.Errorf("%q is no address; names are never looked up", w)
	}
	return p.prefix(q, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
}

// net is host for a network: a prefix, an address with a mask, or the first bytes of an address of IPv4.
func (p *parser) net(q qualifiers, w string) (condition, error) {
	head, length, hasLength := strings.Cut(w, "/")
	bits := 0
	if !strings.Contains(head, ":") { // 10, 10.1 and 10.1.2 are networks of 8, 16 and 24 bits
		parts := strings.Count(head, ".") + 1
		if bits = 8 * parts; parts < 4 {
			head += strings.Repeat(".0", 4-parts)
		}
	} else {
		bits = 128
	}
	a, err := netip.ParseAddr(head)
	if err != nil {
		return nil, fmt.Errorf("%q is no network; names are never looked up", w)
	}
	switch {
	case hasLength:
		if bits, err = strconv.Atoi(length); err != nil {
			return nil, fmt.Errorf("%q is no network", w)
		}
	case p.accept("mask"):
		m, err := netip.ParseAddr(p.next())
		if err != nil || !m.Is4() {
			return nil, fmt.Errorf("a mask is four numbers: 255.255.255.0")
		}
		v := m.As4()
		mask := binary.BigEndian.Uint32(v[:])
		for bits = 0; bits < 32 && mask<<bits&(1<<31) != 0; bits++ {
		}
		if mask != uint32(uint64(0xffffffff)<<(32-bits)) {
			return nil, fmt.Errorf("the mask %v has gaps", m)
		}
	}
	n, err := a.Prefix(bits)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", w, err)
	}
	if n.Addr() != a {
		return nil, fmt.Errorf("%q has bits behind its length: write %v", w, n)
	}
	return p.prefix(q, n)
}

// prefix tests addresses in packets of IP and in those of ARP.
func (p *parser) prefix(q qualifiers, n netip.Prefix) (condition, error) {
	if n.Addr().Is6() {
		if q.proto != "" && q.proto != "ip6" {
			return nil, fmt.Errorf("%s has no addresses of IPv6", q.proto)
		}
		return all(p.etherType(typeIPv6), sides(q.dir, func(dst bool) condition { return p.within(n, 8, 24, dst) })), nil
	}
	v4 := all(p.etherType(typeIPv4), sides(q.dir, func(dst bool) condition { return p.within(n, 12, 16, dst) }))
	arp := func(t uint32) condition {
		return all(p.etherType(t), sides(q.dir, func(dst bool) condition { return p.within(n, 14, 24, dst) }))
	}
	switch q.proto {
	case "":
		return anyOf(v4, arp(typeARP), arp(typeRARP)), nil
	case "ip":
		return v4, nil
	case "arp":
		return arp(typeARP), nil
	case "rarp":
		return arp(typeRARP), nil
	}
	return nil, fmt.Errorf("%s has no addresses: write %s and host %v", q.proto, q.proto, n.Addr())
}

// within compares the words of an address at one of two places.
func (p *parser) within(n netip.Prefix, src, dst uint32, isDst bool) condition {
	off := src
	if isDst {
		off = dst
	}
	var list []condition
	b := n.Addr().AsSlice()
	for i := 0; i < len(b) && i*8 < n.Bits(); i += 4 {
		load := p.at(off+uint32(i), 4)
		if left := n.Bits() - i*8; left < 32 {
			load = append(load, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xffffffff << (32 - left)})
		}
		list = append(list, equal(load, binary.BigEndian.Uint32(b[i:])))
	}
	if len(list) == 0 {
		return always(true)
	}
	return all(list...)
}

// ports tests ports of TCP, UDP and SCTP, or of the one that is named.
func (p *parser) ports(q qualifiers, w string) (condition, error) {
	carriers, err := carriers(q.proto)
	if err != nil {
		return nil, err
	}
	lo, hi, carriers, err := portRange(w, carriers)
	if err != nil {
		return nil, err
	}
	over := func(off uint32) condition {
		var list []condition
		for _, n := range carriers {
			list = append(list, equal(p.at(off, 1), n))
		}
		return anyOf(list...)
	}
	between := func(load []bpf.Instruction) condition {
		if lo == hi {
			return equal(load, lo)
		}
		return both{test{load, bpf.JumpGreaterOrEqual, lo}, test{load, bpf.JumpLessOrEqual, hi}}
	}
	off := func(dst bool) uint32 {
		if dst {
			return 2
		}
		return 0
	}
	v6 := all(p.etherType(typeIPv6), over(6), sides(q.dir, func(dst bool) condition { return between(p.at(40+off(dst), 2)) }))
	v4 := all(p.etherType(typeIPv4), over(9), p.first(), sides(q.dir, func(dst bool) condition { return between(p.behind(off(dst), 2)) }))
	return either{v6, v4}, nil
}

// first is true of packets of IPv4 that are no later fragment.
func (p *parser) first() condition { return test{p.at(6, 2), bpf.JumpBitsNotSet, 0x1fff} }

// behind loads from what lies behind the header of IPv4.
func (p *parser) behind(off uint32, size int) []bpf.Instruction {
	return []bpf.Instruction{bpf.LoadMemShift{Off: p.network()}, bpf.LoadIndirect{Off: p.network() + off, Size: size}}
}

// carriers are the protocols with ports that a name stands for.
func carriers(proto string) ([]uint32, error) {
	switch proto {
	case "":
		return []uint32{132, 6, 17}, nil
	case "tcp", "udp", "sctp":
		return []uint32{numbers[proto].n}, nil
	}
	return nil, fmt.Errorf("%s has no ports", proto)
}

// portRange reads a port, by its number or name, or a range of them, and of the carriers leaves those that have a name.
func portRange(w string, carriers []uint32) (lo, hi uint32, of []uint32, err error) {
	if lo, of, err = port(w, carriers); err == nil {
		return lo, lo, of, nil
	}
	from, to, ok := strings.Cut(w, "-")
	if !ok {
		return 0, 0, nil, err
	}
	if lo, of, err = port(from, carriers); err == nil {
		hi, of, err = port(to, of)
	}
	return min(lo, hi), max(lo, hi), of, err
}

// port reads the number or name of a port; names are those of this machine's list of services, which says of which protocol they are.
func port(w string, carriers []uint32) (uint32, []uint32, error) {
	if n, err := strconv.ParseUint(w, 0, 16); err == nil {
		return uint32(n), carriers, nil
	}
	var of []uint32
	var n int
	for _, network := range []string{"tcp", "udp"} {
		if found, err := net.LookupPort(network, w); err == nil && w != "" {
			n, of = found, append(of, numbers[network].n)
		}
	}
	switch {
	case len(of) == 0:
		return 0, nil, fmt.Errorf("%q is no port", w)
	case len(of) == 2: // of any
		return uint32(n), carriers, nil
	case !slices.Contains(carriers, of[0]):
		return 0, nil, fmt.Errorf("%q is no port of this protocol", w)
	}
	return uint32(n), of, nil
}

// carried is the protocol that another one carries.
func (p *parser) carried(q qualifiers, w string) (condition, error) {
	if q.dir != "" {
		return nil, fmt.Errorf("a protocol has no direction")
	}
	if q.proto == "ether" {
		if t, ok := map[string]uint32{"ip": typeIPv4, "ip6": typeIPv6, "arp": typeARP, "rarp": typeRARP}[w]; ok {
			return p.etherType(t), nil
		}
		t, err := number(w, 0xffff)
		if err == nil && t < 0x600 {
			err = fmt.Errorf("%s is a length, no type of Ethernet", w)
		}
		return p.etherType(t), err
	}
	n, err := number(w, 255)
	if known, ok := numbers[w]; ok {
		n, err = known.n, nil
	}
	if err != nil {
		return nil, err
	}
	switch q.proto {
	case "":
		return anyOf(p.over4(n), p.over6(n)), nil
	case "ip":
		return p.over4(n), nil
	case "ip6":
		return p.over6(n), nil
	}
	return nil, fmt.Errorf("%s proto is not known here: ip proto, ip6 proto, ether proto", q.proto)
}
