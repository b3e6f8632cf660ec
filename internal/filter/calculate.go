package filter

import (
	"fmt"
	"math"

	"github.com/wiretale/wiretale/field"
)

// maxResults bounds the results of arithmetic between two fields with many values each.
const maxResults = 1 << 16

// math compiles arithmetic. Integers are computed in 64 bits; what does not fit there, and a division by 0, has no result.
func (c *compiler) math(n *node) (*operand, *Error) {
	left, right := n.kids[0], n.kids[1]
	if isConstant(left) && isConstant(right) {
		return c.folded(n)
	}
	if isConstant(left) {
		r, err := c.operand(right)
		if err != nil {
			return nil, err
		}
		l, err := c.constantOperand(left, r)
		if err != nil {
			return nil, err
		}
		return c.combine(n, l, r)
	}
	l, err := c.operand(left)
	if err != nil {
		return nil, err
	}
	var r *operand
	if isConstant(right) {
		r, err = c.constantOperand(right, l)
	} else {
		r, err = c.operand(right)
	}
	if err != nil {
		return nil, err
	}
	return c.combine(n, l, r)
}

// folded is arithmetic between two constants: what they are is known only from what the result is compared with, so they are numbers.
func (c *compiler) folded(n *node) (*operand, *Error) {
	as := &operand{kind: signed}
	l, err := c.constantOperand(n.kids[0], as)
	if err != nil {
		return nil, err
	}
	r, err := c.constantOperand(n.kids[1], as)
	if err != nil {
		return nil, err
	}
	return c.combine(n, l, r)
}

// constantOperand is a constant as an operand of the kind of another one. Masks of bytes and addresses are of any length.
func (c *compiler) constantOperand(n *node, o *operand) (*operand, *Error) {
	as := &operand{node: n, kind: o.kind, names: o.names}
	if as.kind.integer() {
		as.kind = signed
	}
	if as.kind == ether {
		as.kind = octets
	}
	k, err := c.constant(n, as)
	if err != nil {
		return nil, err
	}
	if as.kind == dynamic {
		if !k.event.integer {
			return nil, &Error{From: n.from, To: n.to, Message: fmt.Sprintf("%q is not a valid number", n.text)}
		}
		as.kind, k.v = signed, field.Value{Type: field.Int, U: k.event.whole}
	}
	as.values = func(_ *machine, dst []field.Value) []field.Value { return append(dst, k.v) }
	return as, nil
}

func (c *compiler) combine(n *node, l, r *operand) (*operand, *Error) {
	cannot := func(o *operand) *Error {
		return &Error{From: o.node.from, To: o.node.to, Message: fmt.Sprintf("%s (%s) cannot %s", o.describe(), o.kind, n.op)}
	}
	o := &operand{node: n, computed: true}
	lk, rk := l.kind, r.kind
	number := func(k kind) bool { return k.integer() || k == dynamic }
	switch {
	case number(lk) && number(rk):
		o.kind = signed
		o.values = pairs(l.values, r.values, func(a, b *field.Value) (field.Value, bool) { return integerMath(n.op[0], a, b) })
	case n.op == "&" && maskable(lk) && maskable(rk) && (lk == rk || lk.sequence() && rk.sequence()):
		o.kind = lk
		o.values = maskSource(l.values, r.values)
	case lk == duration && rk == duration && (n.op == "+" || n.op == "-"):
		o.kind = duration
		o.values = pairs(l.values, r.values, func(a, b *field.Value) (field.Value, bool) {
			v, ok := integerMath(n.op[0], a, b)
			v.Type = field.Duration
			return v, ok
		})
	case number(lk) || maskable(lk) && n.op == "&":
		return nil, cannot(r)
	default:
		return nil, cannot(l)
	}
	return o, nil
}

func maskable(k kind) bool { return k == ipv4 || k == ipv6 || k.sequence() }

// pairs computes a result for every two values.
func pairs(left, right source, compute func(a, b *field.Value) (field.Value, bool)) source {
	var as, bs []field.Value
	return func(m *machine, dst []field.Value) []field.Value {
		if as = left(m, as[:0]); len(as) == 0 {
			return dst
		}
		bs = right(m, bs[:0])
		for i := range as {
			for j := range bs {
				if len(dst) >= maxResults {
					return dst
				}
				if v, ok := compute(&as[i], &bs[j]); ok {
					dst = append(dst, v)
				}
			}
		}
		return dst
	}
}

// integerMath computes with two integers.
func integerMath(op byte, x, y *field.Value) (field.Value, bool) {
	if kinds[x.Type] == str || kinds[y.Type] == str || x.B != nil || y.B != nil { // fields of events are what they are
		return field.Value{}, false
	}
	a, b := int64(x.U), int64(y.U)
	var r int64
	switch {
	case op == '&':
		return field.Value{Type: field.Int, U: x.U & y.U}, true
	case a < 0 && x.Type == field.Uint || b < 0 && y.Type == field.Uint:
		return field.Value{}, false
	case (op == '/' || op == '%') && (b == 0 || a == math.MinInt64 && b == -1):
		return field.Value{}, false
	case op == '+':
		if r = a + b; (r > a) != (b > 0) && b != 0 {
			return field.Value{}, false
		}
	case op == '-':
		if r = a - b; (r < a) != (b > 0) && b != 0 {
			return field.Value{}, false
		}
	case op == '*':
		if r = a * b; a != 0 && (r/a != b || a == -1 && b == math.MinInt64) {
			return field.Value{}, false
		}
	case op == '/':
		r = a / b
	case op == '%':
		r = a % b
	}
	return field.Value{Type: field.Int, U: uint64(r)}, true
}

// maskSource ands the bytes of every two values; the result has the length of the shorter one.
func maskSource(left, right source) source {
	var memory []byte
	and := pairs(left, right, func(a, b *field.Value) (field.Value, bool) {
		n, start := min(len(a.B), len(b.B)), len(memory)
		for i := range n {
			memory = append(memory, a.B[i]&b.B[i])
		}
		return field.Value{Type: a.Type, B: memory[start:len(memory):len(memory)]}, true
	})
	return func(m *machine, dst []field.Value) []field.Value {
		memory = memory[:0]
		return and(m, dst)
	}
}

// minus compiles the negative of an operand.
func (c *compiler) minus(n *node) (*operand, *Error) {
	o, err := c.operand(n.kids[0])
	if err != nil {
		return nil, err
	}
	if !o.kind.integer() && o.kind != duration && o.kind != dynamic {
		return nil, &Error{From: n.from, To: n.to, Message: fmt.Sprintf("%s (%s) cannot be negative", o.describe(), o.kind)}
	}
	zero := func(_ *machine, dst []field.Value) []field.Value { return append(dst, field.Value{Type: field.Int}) }
	result := &operand{node: n, kind: signed, computed: true}
	t := field.Int
	if o.kind == duration {
		result.kind, t = duration, field.Duration
	}
	result.values = pairs(zero, o.values, func(a, b *field.Value) (field.Value, bool) {
		v, ok := integerMath('-', a, b)
		v.Type = t
		return v, ok
	})
	return result, nil
}
