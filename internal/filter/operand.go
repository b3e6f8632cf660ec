package filter

import (
	"fmt"
	"time"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/internal/spell"
)

// A machine is what the compiled tests look at.
type machine struct {
	row *session.Row
	// packet is that of the row, or one without layers around the record of an event.
	packet *packet.Packet
	bare   packet.Packet
	clock  clock
}

// A source appends the values that an operand has in the row. The bytes of
// values alias the row or the source's own memory: they are valid until it is asked again.
type source func(m *machine, dst []field.Value) []field.Value

// A test says whether the row passes.
type test func(m *machine) bool

// An operand is one side of a comparison.
type operand struct {
	node  *node
	kind  kind
	bits  int // of integers, 0 when they are not bounded
	names field.Names
	// column and ranges are set for a field that stands alone.
	column *column
	ranges []span
	values source
	// sized gives the bytes that a protocol's length counts, where values gives all that follow; nil when they are the same.
	sized source
	// computed marks the result of arithmetic, called that of a function.
	computed, called bool
}

// describe names the operand for messages.
func (o *operand) describe() string {
	if o.column != nil {
		return o.column.name
	}
	return o.kind.String()
}

// A compiler turns the tree into tests. Their sources keep memory for the
// values, so a compiled filter serves one goroutine.
type compiler struct {
	location *time.Location
	final    bool // a column needs what only the whole of the input tells
	ordered  bool // a column needs the rows before, or numbers given in their order
	// applications: a column depends on what package stream finds.
	applications bool
}

// operand compiles a node that is no literal.
func (c *compiler) operand(n *node) (*operand, *Error) {
	switch n.kind {
	case wordNode:
		col, ok := lookup(n.text)
		if !ok {
			return nil, c.unknown(n)
		}
		return c.field(n, col, nil), nil
	case layerNode:
		col, ok := lookup(n.kids[0].text)
		if !ok {
			return nil, c.unknown(n.kids[0])
		}
		return c.field(n, col, n.ranges), nil
	case sliceNode:
		return c.slice(n)
	case callNode:
		return c.call(n)
	case mathNode:
		return c.math(n)
	case minusNode:
		return c.minus(n)
	}
	return nil, &Error{From: n.from, To: n.to, Message: fmt.Sprintf("%q is neither a field nor a protocol name", n.text)}
}

// isConstant reports whether the node stands for itself.
func isConstant(n *node) bool {
	if n.kind == minusNode {
		return isConstant(n.kids[0])
	}
	if n.kind == wordNode {
		_, ok := lookup(n.text)
		return !ok
	}
	return literal(n)
}

func (c *compiler) unknown(n *node) *Error {
	e := &Error{From: n.from, To: n.to, Message: fmt.Sprintf("%s is neither a field nor a protocol name", n.text), Hint: c.meant(n.text)}
	if e.Hint == "" {
		e.Hint = "wiretale fields lists them"
	}
	return e
}

// meant is the hint at the column that a word was probably meant to be, "" when none is near.
func (c *compiler) meant(word string) string {
	if len(word) > 64 {
		return ""
	}
	all := Names()
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	if near := spell.Nearest(word, names); near != "" && len(word) > 1 {
		return "did you mean " + near
	}
	return ""
}

// finals are the columns that a first pass over the input must have settled.
var finals = map[string]bool{
	"finding": true, "process.name": true, "process.pid": true, "frame.process.name": true, "frame.process.pid": true, "conv.id": true,
}

func (c *compiler) field(n *node, col *column, ranges []span) *operand {
	c.applications = c.applications || col.applications()
	c.final = c.final || finals[col.name]
	c.ordered = c.ordered || finals[col.name] || session.InOrder(col.name)
	o := &operand{node: n, kind: col.kind, bits: col.bits, names: col.names, column: col, ranges: ranges}
	o.values, o.sized = columnSource(col, ranges)
	return o
}

// slice compiles the slice operator. Its result are bytes.
func (c *compiler) slice(n *node) (*operand, *Error) {
	if isConstant(n.kids[0]) {
		return nil, &Error{From: n.from, To: n.to, Message: fmt.Sprintf("a constant cannot be sliced: %q", n.kids[0].text), Hint: c.meant(n.kids[0].text)}
	}
	of, err := c.operand(n.kids[0])
	if err != nil {
		return nil, err
	}
	if !of.kind.sliceable() {
		return nil, &Error{From: n.from, To: n.to, Message: fmt.Sprintf("%q is a %s and cannot be sliced into a sequence of bytes", of.describe(), of.kind)}
	}
	values := of.values
	if of.sized != nil {
		values = of.sized
	}
	return &operand{node: n, kind: octets, values: sliceSource(values, n.ranges)}, nil
}

// sliceSource cuts each value. A range that does not lie in the value adds nothing, so the result may be empty.
func sliceSource(values source, ranges []span) source {
	var in []field.Value
	var joined []byte
	return func(m *machine, dst []field.Value) []field.Value {
		in = values(m, in[:0])
		joined = joined[:0]
		for i := range in {
			b := valueBytes(&in[i])
			if len(ranges) == 1 {
				from, to, ok := ranges[0].bounds(len(b))
				if !ok {
					from, to = 0, 0
				}
				dst = append(dst, field.Value{Type: field.Bytes, B: b[from:to]})
				continue
			}
			start := len(joined)
			for j := range ranges {
				if from, to, ok := ranges[j].bounds(len(b)); ok {
					joined = append(joined, b[from:to]...)
				}
			}
			dst = append(dst, field.Value{Type: field.Bytes, B: joined[start:len(joined):len(joined)]})
		}
		return dst
	}
}

// valueBytes are the bytes of a value that has some.
func valueBytes(v *field.Value) []byte {
	if v.Type == field.String {
		return []byte(v.S)
	}
	return v.B
}
