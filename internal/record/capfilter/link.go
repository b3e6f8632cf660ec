package capfilter

import (
	"encoding/binary"
	"fmt"
	"net"

	"golang.org/x/net/bpf"
)

// hardwareEthernet is the type of devices with a header of Ethernet (ARPHRD_ETHER), and hardwareLoopback that of lo.
const (
	hardwareEthernet = 1
	hardwareLoopback = 772
)

// ether guards tests of the link layer: sockets have other devices too.
func (p *parser) ether(c condition) (condition, error) {
	switch p.link {
	case Raw:
		return nil, fmt.Errorf("there is no header of Ethernet here")
	case Socket:
		kind := []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtLinkLayerType}}
		return both{either{equal(kind, hardwareEthernet), equal(kind, hardwareLoopback)}, c}, nil
	}
	return c, nil
}

func (p *parser) mac(dir, w string) (condition, error) {
	a, err := net.ParseMAC(w)
	if err != nil || len(a) != 6 {
		return nil, fmt.Errorf("%q is no address of Ethernet", w)
	}
	return p.ether(sides(dir, func(dst bool) condition {
		off := uint32(6)
		if dst {
			off = 0
		}
		return all(equal(p.frame(off+2, 4), binary.BigEndian.Uint32(a[2:])), equal(p.frame(off, 2), uint32(binary.BigEndian.Uint16(a))))
	}))
}

// cast tests where a packet goes to: everyone, or a group.
func (p *parser) cast(proto, w string) (condition, error) {
	switch {
	case proto == "ether" && w == "broadcast":
		return p.ether(all(equal(p.frame(2, 4), 0xffffffff), equal(p.frame(0, 2), 0xffff)))
	case proto == "ether":
		return p.ether(test{p.frame(0, 1), bpf.JumpBitsSet, 1})
	case proto == "ip" && w == "multicast":
		return all(p.etherType(typeIPv4), test{p.at(16, 1), bpf.JumpGreaterOrEqual, 224}), nil
	case proto == "ip6" && w == "multicast":
		return all(p.etherType(typeIPv6), equal(p.at(24, 1), 255)), nil
	}
	return nil, fmt.Errorf("%s %s is not known here", proto, w)
}

// vlan is true of frames with a tag, or with the tag of a number. What comes behind it in the expression is about what the tag carries.
func (p *parser) vlan() (condition, error) {
	var id condition
	if p.named() {
		n, err := number(p.next(), 0xfff)
		if err != nil {
			return nil, err
		}
		load := p.frame(14+p.shift, 2)
		if p.link == Socket {
			load = []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtVLANTag}}
		}
		id = equal(append(load, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff}), n)
	}
	var c condition
	switch {
	case p.link == Raw:
		return always(false), nil
	case p.link == Ethernet:
		kind := p.frame(12+p.shift, 2)
		c = anyOf(equal(kind, 0x8100), equal(kind, 0x88a8), equal(kind, 0x9100))
		p.shift += 4
	case p.tags > 0:
		return nil, fmt.Errorf("a tag inside a tag is not known here")
	default:
		c = test{[]bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtVLANTagPresent}}, bpf.JumpNotEqual, 0}
	}
	if p.tags++; p.tags > maxDepth {
		return nil, fmt.Errorf("more than %d tags inside one another", maxDepth)
	}
	if id != nil {
		c = both{c, id}
	}
	return c, nil
}

// direction tests which way a packet went past the socket.
func (p *parser) direction(w string) (condition, error) {
	if p.link != Socket {
		return nil, fmt.Errorf("%s is known while recording only", w)
	}
	const outgoing = 4 // PACKET_OUTGOING
	c := equal([]bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtType}}, outgoing)
	if w == "inbound" {
		return negate{c}, nil
	}
	return c, nil
}
