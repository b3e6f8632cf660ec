package filter

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/field"
)

// contains compiles the search for bytes or text in a value.
func (c *compiler) contains(n *node) (test, *Error) {
	l, err := c.searched(n, "contains")
	if err != nil {
		return nil, err
	}
	right := n.kids[1]
	if isConstant(right) {
		as := &operand{node: l.node, kind: l.kind, column: l.column}
		if l.kind.sequence() && l.kind != octets {
			if as.kind = octets; right.kind == stringNode && l.kind == ether {
				return nil, &Error{From: right.from, To: right.to, Message: fmt.Sprintf("%s cannot be converted from a string (%q)", l.describe(), right.text)}
			}
		}
		k, err := c.constant(right, as)
		if err != nil {
			return nil, err
		}
		return found(l, n.match, containing(l.kind, k)), nil
	}
	r, err := c.operand(right)
	if err != nil {
		return nil, err
	}
	if !compatible(l.kind, r.kind) {
		return nil, c.incompatible(n, l, r)
	}
	var needles []field.Value
	fill := r.values
	inner := found(l, n.match, func(v *field.Value) bool {
		for i := range needles {
			if strings.Contains(searchIn(v), searchIn(&needles[i])) {
				return true
			}
		}
		return false
	})
	return func(m *machine) bool {
		needles = fill(m, needles[:0])
		return len(needles) > 0 && inner(m)
	}, nil
}

func searchIn(v *field.Value) string {
	if v.Type == field.String {
		return v.S
	}
	if v.Type == field.Bytes || v.Type == field.Ether || v.Type == field.GUID {
		return string(v.B)
	}
	return searchText(v)
}

// containing is the test of one value. Nothing contains the empty string, as in Wireshark.
func containing(k kind, c *constant) func(*field.Value) bool {
	switch {
	case k == dynamic:
		return func(v *field.Value) bool {
			if v.Type == field.Bytes {
				return len(c.event.bytes) > 0 && bytes.Contains(v.B, c.event.bytes)
			}
			return c.event.text != "" && strings.Contains(searchText(v), c.event.text)
		}
	case k == str:
		return func(v *field.Value) bool { return c.v.S != "" && strings.Contains(v.S, c.v.S) }
	case len(c.v.B) == 0:
		return func(*field.Value) bool { return false }
	}
	needle := c.v.B
	return func(v *field.Value) bool { return bytes.Contains(v.B, needle) }
}

// matches compiles the search for a regular expression.
func (c *compiler) matches(n *node) (test, *Error) {
	l, err := c.searched(n, "matches")
	if err != nil {
		return nil, err
	}
	right := n.kids[1]
	if right.kind != stringNode {
		return nil, &Error{From: right.from, To: right.to, Message: "matches requires a double quoted string on the right side"}
	}
	p, message := newPattern(right.text)
	if message != "" {
		return nil, &Error{From: right.from, To: right.to, Message: "regular expression: " + message}
	}
	return found(l, n.match, func(v *field.Value) bool {
		if v.B != nil && v.Type != field.SockAddr {
			return p.match(v.B)
		}
		return p.matchString(searchText(v))
	}), nil
}

// searched is the left side of contains or matches.
func (c *compiler) searched(n *node, op string) (*operand, *Error) {
	left := n.kids[0]
	if isConstant(left) {
		return nil, c.twoConstants(left, op)
	}
	l, err := c.operand(left)
	if err != nil {
		return nil, err
	}
	if !l.kind.searchable() {
		e := &Error{From: left.from, To: left.to, Message: fmt.Sprintf("%s (%s) cannot participate in a %s comparison", l.describe(), l.kind, op)}
		if wantPrintable(l) == "" && l.column != nil {
			e.Hint = fmt.Sprintf("string(%s) is its text", l.column.name)
		}
		return nil, e
	}
	return l, nil
}

// found tests any value, or with all every one.
func found(l *operand, match matching, pass func(*field.Value) bool) test {
	if match == allMatch {
		return everyValue(l.values, pass)
	}
	return anyValue(l.values, pass)
}
