package filter

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/wiretale/wiretale/field"
)

// An operator says which orders of two values pass, and of how many of them.
type operator struct {
	less, equal, greater bool
	match                matching
}

// operators by symbol. Those that ask for equality of all values are the two with three signs, and !=.
var operators = map[string]operator{
	"==":  {equal: true, match: anyMatch},
	"===": {equal: true, match: allMatch},
	"!=":  {less: true, greater: true, match: allMatch},
	"!==": {less: true, greater: true, match: anyMatch},
	">":   {greater: true, match: anyMatch},
	"<":   {less: true, match: anyMatch},
	">=":  {greater: true, equal: true, match: anyMatch},
	"<=":  {less: true, equal: true, match: anyMatch},
}

// mirrored is the operator with its sides exchanged.
func (o operator) mirrored() operator {
	o.less, o.greater = o.greater, o.less
	return o
}

func (o operator) passes(order int) bool {
	switch {
	case order < 0:
		return o.less
	case order > 0:
		return o.greater
	}
	return o.equal
}

// compare compiles a comparison of two operands.
func (c *compiler) compare(n *node) (test, *Error) {
	switch n.op {
	case "contains":
		return c.contains(n)
	case "~":
		return c.matches(n)
	}
	op := operators[n.op]
	if n.match != byOperator {
		op.match = n.match
	}
	left, right := n.kids[0], n.kids[1]
	if isConstant(left) {
		if isConstant(right) {
			return nil, c.twoConstants(left, n.op)
		}
		left, right, op = right, left, op.mirrored()
	}
	l, err := c.operand(left)
	if err != nil {
		return nil, err
	}
	if isConstant(right) {
		k, err := c.constant(right, l)
		if err != nil {
			return nil, err
		}
		return constantTest(l, op, k), nil
	}
	r, err := c.operand(right)
	if err != nil {
		return nil, err
	}
	if !compatible(l.kind, r.kind) {
		return nil, c.incompatible(n, l, r)
	}
	return pairTest(l.values, r.values, op, orderOf(l.kind, r.kind)), nil
}

func (c *compiler) twoConstants(left *node, op string) *Error {
	if left.kind == wordNode && !strings.ContainsAny(left.text[:1], "0123456789:") {
		return c.unknown(left)
	}
	return &Error{From: left.from, To: left.to, Message: fmt.Sprintf("a side of %q must be a field or function", op)}
}

func (c *compiler) incompatible(n *node, l, r *operand) *Error {
	return &Error{From: n.from, To: n.to, Message: fmt.Sprintf("%s (%s) and %s (%s) are not of compatible types", l.describe(), l.kind, r.describe(), r.kind)}
}

// An order compares two values; ok is false when they do not compare.
type order func(a, b *field.Value) (result int, ok bool)

func orderOf(l, r kind) order {
	switch {
	case l == dynamic || r == dynamic:
		return eventOrder
	case l.integer():
		return func(a, b *field.Value) (int, bool) { return integerOrder(l, r, a, b), true }
	case l == ether || r == ether: // a slice may stand on the other side
		return bytesOrder
	case l.keyed():
		return func(a, b *field.Value) (int, bool) { return cmp.Compare(key(l, a), key(l, b)), true }
	case l == str:
		return func(a, b *field.Value) (int, bool) { return strings.Compare(a.S, b.S), true }
	case l == float:
		return func(a, b *field.Value) (int, bool) {
			return cmp.Compare(math.Float64frombits(a.U), math.Float64frombits(b.U)), true
		}
	}
	return bytesOrder
}

func bytesOrder(a, b *field.Value) (int, bool) { return bytes.Compare(a.B, b.B), true }

// integerOrder compares integers of maybe different signs.
func integerOrder(l, r kind, a, b *field.Value) int {
	x, y := a.U, b.U
	below := func(k kind, v uint64) bool { return k == signed && int64(v) < 0 }
	switch lower := below(l, x); {
	case lower != below(r, y):
		if lower {
			return -1
		}
		return 1
	case l == boolean && r == boolean:
		return cmp.Compare(min(x, 1), min(y, 1))
	}
	return cmp.Compare(x, y) // two negative numbers compare like the unsigned ones that they look like
}

// eventOrder compares a field of an event with another field: numbers as numbers, everything else of one type by its bytes or text.
func eventOrder(a, b *field.Value) (int, bool) {
	ka, kb := kinds[a.Type], kinds[b.Type]
	switch {
	case !compatible(ka, kb) || ka == dynamic:
		return 0, false
	case ka.integer():
		return integerOrder(ka, kb, a, b), true
	case ka == str:
		return strings.Compare(a.S, b.S), true
	case ka == moment || ka == duration || ka == float:
		return cmp.Compare(key(moment, a), key(moment, b)), true
	}
	return bytes.Compare(a.B, b.B), true
}

// constantTest compares an operand with a constant.
func constantTest(l *operand, op operator, k *constant) test {
	if l.kind.keyed() {
		return keyedTest(l, keysOf(l.kind, op, k))
	}
	if op.match == anyMatch {
		return anyValue(l.values, func(v *field.Value) bool {
			order, ok := k.order(v)
			return ok && op.passes(order)
		})
	}
	var list []field.Value
	return func(m *machine) bool {
		list = l.values(m, list[:0])
		compared := false
		for i := range list {
			order, ok := k.order(&list[i])
			if ok && !op.passes(order) {
				return false
			}
			compared = compared || ok
		}
		return compared
	}
}

// order compares a value with the constant. All of a network is equal to it.
func (k *constant) order(v *field.Value) (int, bool) {
	switch {
	case k.kind == dynamic:
		return k.event.order(v)
	case k.kind == str:
		return strings.Compare(v.S, k.v.S), true
	case k.last != nil:
		if bytes.Compare(v.B, k.v.B) >= 0 && bytes.Compare(v.B, k.last) <= 0 {
			return 0, true
		}
	case k.kind.keyed():
		x := key(k.kind, v)
		switch {
		case k.below || x > k.hi:
			return 1, true
		case x < k.lo:
			return -1, true
		}
		return 0, true
	}
	return bytes.Compare(v.B, k.v.B), true
}

// pairTest compares every value of one side with every one of the other.
func pairTest(left, right source, op operator, compare order) test {
	var as, bs []field.Value
	all := op.match == allMatch
	return func(m *machine) bool {
		if as = left(m, as[:0]); len(as) == 0 {
			return false
		}
		bs = right(m, bs[:0])
		for i := range as {
			for j := range bs {
				order, ok := compare(&as[i], &bs[j])
				if (ok && op.passes(order)) != all {
					return !all
				}
			}
		}
		return all && len(bs) > 0
	}
}
