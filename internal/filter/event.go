package filter

import (
	"bytes"
	"cmp"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// An eventConstant is a constant in all forms that it may have to compare in:
// only the event tells the type of its field.
type eventConstant struct {
	text    string
	number  float64
	whole   uint64 // valid iff integer
	integer bool
	numeric bool
	address netip.Prefix // valid when the text is an address
	port    netip.AddrPort
	bytes   []byte // nil when the text is no byte string
	time    int64
	timed   bool
	span    int64
	spanned bool
	guid    trace.GUID
	isGUID  bool
}

func newEventConstant(n *node, negative bool, location *time.Location) *eventConstant {
	c := &eventConstant{text: n.text}
	if n.kind == charNode {
		c.whole, c.integer = uint64(n.text[0]), true
	} else {
		c.whole, c.integer = parseNumber(n.text)
	}
	if c.integer {
		c.number, c.numeric = float64(c.whole), true
	} else if f, err := strconv.ParseFloat(n.text, 64); err == nil && !math.IsNaN(f) {
		c.number, c.numeric = f, true
	}
	if negative {
		c.number = -c.number
		c.whole, c.text = -c.whole, "-"+c.text
	}
	if p, err := netip.ParsePrefix(n.text); err == nil {
		c.address = p.Masked()
	} else if a, err := netip.ParseAddr(n.text); err == nil {
		c.address = netip.PrefixFrom(a.WithZone(""), a.BitLen())
	}
	if p, err := netip.ParseAddrPort(n.text); err == nil {
		c.port = p
	}
	if b, ok := parseBytes(n.text); ok && n.kind == wordNode {
		c.bytes = b
	} else {
		c.bytes = []byte(n.text)
	}
	c.time, c.timed = parseTime(n.text, location)
	c.span, c.spanned = parseDuration(n.text)
	if negative {
		c.span = -c.span
	}
	if g, err := trace.ParseGUID(n.text); err == nil {
		c.guid, c.isGUID = g, true
	}
	return c
}

// order compares a value with the constant; ok is false when they do not compare.
func (c *eventConstant) order(v *field.Value) (int, bool) {
	switch v.Type {
	case field.Uint, field.Bool, field.Pointer:
		if c.integer && c.number >= 0 {
			return cmp.Compare(v.U, c.whole), true
		}
		return cmp.Compare(float64(v.U), c.number), c.numeric
	case field.Int:
		if c.integer {
			return cmp.Compare(int64(v.U), int64(c.whole)), true
		}
		return cmp.Compare(float64(int64(v.U)), c.number), c.numeric
	case field.Float:
		return cmp.Compare(math.Float64frombits(v.U), c.number), c.numeric
	case field.String:
		return strings.Compare(v.S, c.text), v.U != nameOfNumber || !c.numeric
	case field.IPv4, field.IPv6:
		a, ok := netip.AddrFromSlice(v.B)
		return c.network(a), ok && c.address.IsValid()
	case field.SockAddr:
		p := provider.SockAddr(v.B)
		if c.port.IsValid() {
			return p.Compare(c.port), p.IsValid()
		}
		return c.network(p.Addr()), p.IsValid() && c.address.IsValid()
	case field.Time:
		return cmp.Compare(int64(v.U), c.time), c.timed
	case field.Duration:
		return cmp.Compare(int64(v.U), c.span), c.spanned
	case field.GUID:
		return bytes.Compare(v.B, c.guid[:]), c.isGUID
	case field.Bytes, field.Ether, field.SID:
		return bytes.Compare(v.B, c.bytes), c.bytes != nil
	}
	return 0, false
}

// network orders an address against the constant's network; 0 lies inside of it.
func (c *eventConstant) network(a netip.Addr) int {
	if a.Is4In6() {
		a = a.Unmap()
	}
	if c.address.Contains(a) {
		return 0
	}
	return a.Compare(c.address.Addr())
}

// searchText is what contains and matches look at in a value of a field of an event: the bytes, or the printed form.
func searchText(v *field.Value) string {
	switch v.Type {
	case field.String:
		return v.S
	case field.Bytes:
		return string(v.B)
	case field.SockAddr:
		return provider.SockAddr(v.B).String()
	}
	return v.String()
}
