package filter

import (
	"github.com/wiretale/wiretale/field"
)

// in compiles the test whether values are in a set of constants, ranges and fields.
func (c *compiler) in(n *node) (test, *Error) {
	left := n.kids[0]
	if isConstant(left) {
		return nil, c.twoConstants(left, "in")
	}
	l, err := c.operand(left)
	if err != nil {
		return nil, err
	}
	match := n.match
	if match == byOperator {
		match = anyMatch
	}
	set := keys{match: match}
	var elements []element
	for _, kid := range n.kids[1:] {
		e, err := c.element(kid, l)
		if err != nil {
			return nil, err
		}
		if l.kind.keyed() && e.low != nil {
			if r, ok := e.keys(); ok {
				set.ranges = append(set.ranges, r)
			}
			continue
		}
		elements = append(elements, e)
	}
	if len(elements) == 0 {
		return keyedTest(l, set), nil
	}
	if len(set.ranges) > 0 {
		elements = append(elements, element{set: &set})
	}
	return memberTest(l, elements, match), nil
}

// An element is a range of constants, other operands, or the ranges of keys that stand for the constants of a keyed kind.
type element struct {
	low, high *constant
	values    source // of a field
	compare   order
	list      []field.Value // of values
	set       *keys
}

func (c *compiler) element(n *node, l *operand) (element, *Error) {
	if n.kind == rangeNode {
		low, err := c.constant(n.kids[0], l)
		if err != nil {
			return element{}, err
		}
		high, err := c.constant(n.kids[1], l)
		return element{low: low, high: high}, err
	}
	if isConstant(n) {
		k, err := c.constant(n, l)
		return element{low: k, high: k}, err
	}
	o, err := c.operand(n)
	if err != nil {
		return element{}, err
	}
	if !compatible(l.kind, o.kind) {
		return element{}, c.incompatible(n, l, o)
	}
	return element{values: o.values, compare: orderOf(l.kind, o.kind)}, nil
}

// keys is the range of keys between two constants; ok is false when there is none.
func (e *element) keys() (r keyRange, ok bool) {
	if e.high.below {
		return r, false
	}
	r = keyRange{e.low.lo, e.high.hi}
	if e.low.below {
		r.lo = 0
	}
	return r, r.lo <= r.hi
}

func memberTest(l *operand, elements []element, match matching) test {
	var values []field.Value
	all := match == allMatch
	k := l.kind
	return func(m *machine) bool {
		values = l.values(m, values[:0])
		if len(values) == 0 {
			return false
		}
		for i := range elements {
			if e := &elements[i]; e.values != nil {
				e.list = e.values(m, e.list[:0])
			}
		}
		for i := range values {
			in := false
			for j := range elements {
				if elements[j].has(&values[i], k) {
					in = true
					break
				}
			}
			if in != all {
				return in
			}
		}
		return all
	}
}

func (e *element) has(v *field.Value, k kind) bool {
	switch {
	case e.set != nil:
		return e.set.pass(key(k, v))
	case e.low != nil:
		low, ok := e.low.order(v)
		if !ok || low < 0 {
			return false
		}
		high, ok := e.high.order(v)
		return ok && high <= 0
	}
	for i := range e.list {
		if order, ok := e.compare(v, &e.list[i]); ok && order == 0 {
			return true
		}
	}
	return false
}
