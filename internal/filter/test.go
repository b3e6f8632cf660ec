package filter

import (
	"fmt"

	"github.com/wiretale/wiretale/field"
)

// test compiles a node that stands where a test is wanted.
func (c *compiler) test(n *node) (test, *Error) {
	switch n.kind {
	case logicNode:
		return c.logic(n)
	case notNode:
		kid, err := c.test(n.kids[0])
		if err != nil {
			return nil, err
		}
		return func(m *machine) bool { return !kid(m) }, nil
	case compareNode:
		return c.compare(n)
	case inNode:
		return c.in(n)
	}
	return c.presence(n)
}

func (c *compiler) logic(n *node) (test, *Error) {
	kids := make([]test, len(n.kids))
	for i := range n.kids {
		var err *Error
		if kids[i], err = c.test(n.kids[i]); err != nil {
			return nil, err
		}
	}
	switch {
	case n.op == "^^":
		return func(m *machine) bool {
			odd := false
			for _, kid := range kids {
				odd = odd != kid(m)
			}
			return odd
		}, nil
	case n.op == "&&" && len(kids) == 2:
		a, b := kids[0], kids[1]
		return func(m *machine) bool { return a(m) && b(m) }, nil
	case n.op == "||" && len(kids) == 2:
		a, b := kids[0], kids[1]
		return func(m *machine) bool { return a(m) || b(m) }, nil
	}
	end := n.op == "||" // the first kid that says so decides
	return func(m *machine) bool {
		for _, kid := range kids {
			if kid(m) == end {
				return end
			}
		}
		return !end
	}, nil
}

// presence compiles an operand that stands alone: a field or protocol that is
// there, a slice that is not empty, a calculation that is not 0.
func (c *compiler) presence(n *node) (test, *Error) {
	if isConstant(n) {
		if n.kind == wordNode {
			return nil, c.unknown(n)
		}
		return nil, &Error{From: n.from, To: n.to, Message: fmt.Sprintf("%q is neither a field nor a protocol name", n.text)}
	}
	o, err := c.operand(n)
	if err != nil {
		return nil, err
	}
	switch {
	case o.called:
		return nil, &Error{From: n.from, To: n.to, Message: "you cannot test whether a function is present", Hint: "compare its result: " + n.text + "(...) > 0"}
	case o.column != nil:
		return columnPresence(o), nil
	case n.kind == sliceNode:
		return anyValue(o.values, func(v *field.Value) bool { return len(v.B) > 0 }), nil
	}
	return anyValue(o.values, nonzero), nil
}

func nonzero(v *field.Value) bool {
	if v.B == nil {
		return v.U != 0
	}
	for _, b := range v.B {
		if b != 0 {
			return true
		}
	}
	return false
}

// anyValue passes when a value of the source does.
func anyValue(values source, pass func(*field.Value) bool) test {
	var list []field.Value
	return func(m *machine) bool {
		list = values(m, list[:0])
		for i := range list {
			if pass(&list[i]) {
				return true
			}
		}
		return false
	}
}

// everyValue passes when the source has values and all of them do.
func everyValue(values source, pass func(*field.Value) bool) test {
	var list []field.Value
	return func(m *machine) bool {
		list = values(m, list[:0])
		for i := range list {
			if !pass(&list[i]) {
				return false
			}
		}
		return len(list) > 0
	}
}

// columnPresence tests whether a field is there, where possible without reading it.
func columnPresence(o *operand) test {
	c := o.column
	switch {
	case o.ranges != nil:
	case c.protos != nil:
		return func(m *machine) bool {
			p := m.packet
			for i := range p.Layers[:p.N] {
				if c.protos[p.Layers[i].Proto] {
					return true
				}
			}
			return false
		}
	case c.special == wholeFrame:
		return func(*machine) bool { return true }
	case fixedPlace(c):
		f, id := c.places[0].Field, c.places[0].Proto
		end := int32(f.Off + f.Len)
		return func(m *machine) bool {
			p := m.packet
			for i := range p.Layers[:p.N] {
				if l := &p.Layers[i]; l.Proto == id && l.End-l.Off >= end {
					return true
				}
			}
			return false
		}
	default:
		if get := c.single(); get != nil {
			return func(m *machine) bool { _, ok := get(m); return ok }
		}
	}
	var list []field.Value
	return func(m *machine) bool {
		list = o.values(m, list[:0])
		return len(list) > 0
	}
}
