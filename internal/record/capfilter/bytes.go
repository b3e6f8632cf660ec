package capfilter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// names of numbers in headers (pcap-filter(7)).
var constants = map[string]uint32{
	"tcpflags": 13, "tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16, "tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,
	"icmptype": 0, "icmpcode": 1, "icmp-echoreply": 0, "icmp-unreach": 3, "icmp-redirect": 5, "icmp-echo": 8, "icmp-timxceed": 11, "icmp-paramprob": 12,
	"icmp6type": 0, "icmp6code": 1,
}

// relations and what the program tests.
var relations = map[string]bpf.JumpTest{
	"=": bpf.JumpEqual, "==": bpf.JumpEqual, "!=": bpf.JumpNotEqual, "<": bpf.JumpLessThan, ">": bpf.JumpGreaterThan, "<=": bpf.JumpLessOrEqual, ">=": bpf.JumpGreaterOrEqual,
}

// length tests the length of a frame: less and greater mean "or as long".
func (p *parser) length(w string) (condition, error) {
	load := []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtLen}}
	if w == "len" {
		return p.compare(load)
	}
	n, err := number(p.next(), 1<<32-1)
	if w == "less" {
		return test{load, bpf.JumpLessOrEqual, n}, err
	}
	return test{load, bpf.JumpGreaterOrEqual, n}, err
}

// bytes tests a number in a header: proto[offset:size].
func (p *parser) bytes(proto string) (condition, error) {
	p.next()
	off, err := p.constant()
	if err != nil {
		return nil, err
	}
	size := uint32(1)
	if p.accept(":") {
		if size, err = p.constant(); err != nil {
			return nil, err
		}
	}
	switch {
	case size != 1 && size != 2 && size != 4:
		return nil, fmt.Errorf("a size of %d: 1, 2 and 4 are", size)
	case off > 0xffff:
		return nil, fmt.Errorf("the offset %d is beyond any header", off)
	case !p.accept("]"):
		return nil, fmt.Errorf("a bracket is not closed; offsets are numbers here")
	}
	var guard condition
	var load []bpf.Instruction
	switch proto {
	case "ether":
		load = p.frame(off, int(size))
		c, err := p.compare(load)
		if err != nil {
			return nil, err
		}
		return p.ether(c)
	case "ip", "ip6", "arp", "rarp":
		if guard, err = p.protocol(proto); err != nil {
			return nil, err
		}
		load = p.at(off, int(size))
	case "icmp6":
		guard = all(p.etherType(typeIPv6), equal(p.at(6, 1), numbers[proto].n))
		load = p.at(40+off, int(size))
	default:
		guard = all(p.over4(numbers[proto].n), p.first())
		load = p.behind(off, int(size))
	}
	c, err := p.compare(load)
	if err != nil {
		return nil, err
	}
	return both{guard, c}, nil
}

// compare reads "& mask", a relation and a number.
func (p *parser) compare(load []bpf.Instruction) (condition, error) {
	if p.accept("&") {
		m, err := p.operand()
		if err != nil {
			return nil, err
		}
		load = append(load, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: m})
	}
	op, ok := relations[p.peek()]
	if !ok {
		return nil, fmt.Errorf("%q where a comparison should be: =, !=, <, >, <=, >=", p.peek())
	}
	p.next()
	v, err := p.constant()
	return test{load, op, v}, err
}

// constant reads numbers joined by |, & and +.
func (p *parser) constant() (uint32, error) {
	v, err := p.operand()
	for err == nil {
		var w uint32
		switch {
		case p.accept("|"):
			w, err = p.operand()
			v |= w
		case p.accept("+"):
			w, err = p.operand()
			v += w
		case p.accept("&"):
			w, err = p.operand()
			v &= w
		default:
			return v, nil
		}
	}
	return 0, err
}

func (p *parser) operand() (uint32, error) {
	if p.accept("(") {
		if p.depth++; p.depth > maxDepth {
			return 0, fmt.Errorf("more than %d parentheses inside one another", maxDepth)
		}
		defer func() { p.depth-- }()
		v, err := p.constant()
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return v, err
	}
	w := p.next()
	if n, ok := constants[w]; ok {
		return n, nil
	}
	if w == "" {
		return 0, fmt.Errorf("it ends where a number should be")
	}
	return number(w, 1<<32-1)
}
