package capfilter

import (
	"fmt"
	"slices"
	"strconv"
)

// A parser reads an expression from left to right: and and or bind alike, not binds closer (pcap-filter(7)).
type parser struct {
	link  Link
	words []string
	shift uint32 // bytes of the tags of VLANs before the network layer
	tags  int
	last  qualifiers // of the primitive before, for a number or an address that has none
	depth int
}

// qualifiers stand before what a primitive names.
type qualifiers struct{ proto, dir, kind string }

func (p *parser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *parser) next() string {
	w := p.peek()
	if w != "" {
		p.words = p.words[1:]
	}
	return w
}

func (p *parser) accept(words ...string) bool {
	if !slices.Contains(words, p.peek()) || p.peek() == "" {
		return false
	}
	p.next()
	return true
}

func (p *parser) whole() (condition, error) {
	c, err := p.expression()
	if err == nil && p.peek() != "" {
		return nil, fmt.Errorf("%q is not expected here: join tests with and, or", p.peek())
	}
	return c, err
}

// maxDepth bounds parentheses.
const maxDepth = 64

func (p *parser) expression() (condition, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("more than %d parentheses or nots inside one another", maxDepth)
	}
	defer func() { p.depth-- }()
	c, err := p.factor()
	for err == nil {
		var next condition
		switch {
		case p.accept("and", "&&"):
			if next, err = p.factor(); err == nil {
				c = both{c, next}
			}
		case p.accept("or", "||"):
			if next, err = p.factor(); err == nil {
				c = either{c, next}
			}
		default:
			return c, nil
		}
	}
	return nil, err
}

func (p *parser) factor() (condition, error) {
	switch {
	case p.accept("not", "!"):
		if p.depth++; p.depth > maxDepth {
			return nil, fmt.Errorf("more than %d parentheses or nots inside one another", maxDepth)
		}
		defer func() { p.depth-- }()
		c, err := p.factor()
		if err != nil {
			return nil, err
		}
		return negate{c}, nil
	case p.peek() == "(":
		p.next()
		c, err := p.expression()
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return c, err
	case p.peek() == "":
		return nil, fmt.Errorf("it ends where a test should be")
	}
	return p.primitive()
}

// Words of qualifiers.
var (
	protos = []string{"ether", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "pim", "ah", "esp", "vrrp"}
	kinds  = []string{"host", "net", "port", "portrange", "proto"}
)

// primitive reads one test.
func (p *parser) primitive() (condition, error) {
	switch w := p.peek(); w {
	case "less", "greater", "len":
		return p.length(p.next())
	case "vlan":
		p.next()
		return p.vlan()
	case "broadcast", "multicast":
		p.next()
		return p.cast("ether", w)
	case "inbound", "outbound":
		p.next()
		return p.direction(w)
	}
	var q qualifiers
	if slices.Contains(protos, p.peek()) {
		q.proto = p.next()
		switch {
		case p.peek() == "[":
			return p.bytes(q.proto)
		case p.peek() == "broadcast" || p.peek() == "multicast":
			return p.cast(q.proto, p.next())
		}
	}
	if p.peek() == "src" || p.peek() == "dst" {
		q.dir = p.next()
		if len(p.words) > 1 && (p.words[0] == "or" || p.words[0] == "and") && (p.words[1] == "src" || p.words[1] == "dst") && p.words[1] != q.dir {
			q.dir = p.next()
			p.next()
		}
	}
	if slices.Contains(kinds, p.peek()) {
		q.kind = p.next()
	}
	if q.proto != "" && q.dir == "" && q.kind == "" && !p.named() {
		return p.protocol(q.proto)
	}
	if q == (qualifiers{}) {
		if q = p.last; q == (qualifiers{}) {
			return nil, fmt.Errorf("%q is no test of a capture filter that is known here", p.peek())
		}
	}
	if q.kind == "" {
		q.kind = "host"
	}
	p.last = q
	return p.qualified(q)
}

// named reports whether the next word is a value, and not the end of the test.
func (p *parser) named() bool {
	w := p.peek()
	return w != "" && !slices.Contains([]string{"and", "or", "not", "&&", "||", "!", ")", "("}, w)
}

// number reads a number in decimal, or in hex or octal as C writes them.
func number(w string, limit uint64) (uint32, error) {
	n, err := strconv.ParseUint(w, 0, 32)
	if err != nil || n > limit {
		return 0, fmt.Errorf("%q is no number up to %d", w, limit)
	}
	return uint32(n), nil
}
