package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/spell"
)

// A function of the filter language.
type function struct {
	least, most int // number of arguments; most -1 for any
	check       func(o *operand) string
	build       func(c *compiler, n *node, args []*operand) *operand
}

var functions map[string]function

func init() { // build refers to functions
	functions = map[string]function{
		"len":    {1, 1, nil, buildLen},
		"count":  {1, 1, nil, buildCount},
		"upper":  {1, 1, wantString, buildCase(strings.ToUpper)},
		"lower":  {1, 1, wantString, buildCase(strings.ToLower)},
		"string": {1, 1, wantPrintable, buildString},
		"max":    {1, -1, wantOrdered, buildExtreme(1)},
		"min":    {1, -1, wantOrdered, buildExtreme(-1)},
		"abs":    {1, 1, wantNumber, buildAbs},
	}
}

func (c *compiler) call(n *node) (*operand, *Error) {
	f, ok := functions[n.text]
	if !ok {
		e := &Error{From: n.from, To: n.from + len(n.text), Message: fmt.Sprintf("function %q does not exist", n.text)}
		if near := spell.Nearest(n.text, slices.Sorted(maps.Keys(functions))); near != "" {
			e.Hint = "did you mean " + near
		}
		return nil, e
	}
	if len(n.kids) < f.least || f.most >= 0 && len(n.kids) > f.most {
		return nil, &Error{From: n.from, To: n.to, Message: fmt.Sprintf("function %s takes %s, not %d", n.text, count(f), len(n.kids))}
	}
	args := make([]*operand, len(n.kids))
	var first *operand
	for i, kid := range n.kids {
		if isConstant(kid) {
			continue
		}
		var err *Error
		if args[i], err = c.operand(kid); err != nil {
			return nil, err
		}
		if first == nil {
			first = args[i]
		}
	}
	if first == nil {
		return nil, c.constantArgument(n)
	}
	for i, kid := range n.kids {
		if args[i] == nil {
			var err *Error
			if args[i], err = c.constantOperand(kid, first); err != nil {
				return nil, err
			}
		}
		if f.check != nil {
			if message := f.check(args[i]); message != "" {
				return nil, &Error{From: kid.from, To: kid.to, Message: fmt.Sprintf("%s(): %s", n.text, message)}
			}
		}
		if !compatible(first.kind, args[i].kind) && len(args) > 1 {
			return nil, &Error{From: kid.from, To: kid.to, Message: fmt.Sprintf("the arguments of %s must have the same type: %s is a %s, not a %s", n.text, args[i].describe(), args[i].kind, first.kind)}
		}
	}
	o := f.build(c, n, args)
	o.node, o.called = n, true
	return o, nil
}

// constantArgument is the error of a function without a field.
func (c *compiler) constantArgument(n *node) *Error {
	kid := n.kids[0]
	if kid.kind == wordNode {
		if e := c.unknown(kid); e.Hint != "" {
			return e
		}
	}
	return &Error{From: kid.from, To: kid.to, Message: fmt.Sprintf("%s() needs a field", n.text)}
}

func count(f function) string {
	switch {
	case f.most < 0:
		return fmt.Sprintf("%d or more arguments", f.least)
	case f.least == 1:
		return "one argument"
	}
	return fmt.Sprintf("%d arguments", f.least)
}

func wantString(o *operand) string {
	if o.kind != str && o.kind != dynamic {
		return fmt.Sprintf("%s is a %s, not a string", o.describe(), o.kind)
	}
	return ""
}

func wantNumber(o *operand) string {
	if !o.kind.integer() && o.kind != duration && o.kind != dynamic {
		return fmt.Sprintf("%s is a %s, not a number", o.describe(), o.kind)
	}
	return ""
}

func wantOrdered(o *operand) string {
	if o.kind == label || o.kind == protocol {
		return fmt.Sprintf("%s is a %s and has no order", o.describe(), o.kind)
	}
	return ""
}

// wantPrintable holds for what has another form than its text or bytes.
func wantPrintable(o *operand) string {
	switch o.kind {
	case unsigned, signed, ipv4, ipv6, ether, guid, float, dynamic:
		return ""
	}
	return fmt.Sprintf("there is no conversion of %s (%s) to a string", o.describe(), o.kind)
}

func buildLen(_ *compiler, _ *node, args []*operand) *operand {
	arg := args[0]
	values, bits := arg.values, arg.bits
	if arg.sized != nil {
		values = arg.sized
	}
	return mapped(unsigned, values, func(v *field.Value) field.Value {
		switch kinds[v.Type] {
		case str:
			return field.U(uint64(len(v.S)))
		case unsigned, signed, boolean:
			return field.U(uint64(max(bits, 8) / 8))
		case moment, duration, float:
			return field.U(8)
		}
		return field.U(uint64(len(v.B)))
	})
}

func buildCount(_ *compiler, _ *node, args []*operand) *operand {
	var list []field.Value
	return &operand{kind: unsigned, values: func(m *machine, dst []field.Value) []field.Value {
		if list = args[0].values(m, list[:0]); len(list) == 0 {
			return dst
		}
		return append(dst, field.U(uint64(len(list))))
	}}
}

func buildCase(change func(string) string) func(*compiler, *node, []*operand) *operand {
	return func(_ *compiler, _ *node, args []*operand) *operand {
		return mapped(str, args[0].values, func(v *field.Value) field.Value { return field.S(change(v.S)) })
	}
}

func buildString(_ *compiler, _ *node, args []*operand) *operand {
	return mapped(str, args[0].values, func(v *field.Value) field.Value { return field.S(searchText(v)) })
}

// buildExtreme finds the greatest value of all arguments, or with sign -1 the least. Arguments that are not there do not count, as in Wireshark.
func buildExtreme(sign int) func(*compiler, *node, []*operand) *operand {
	return func(_ *compiler, _ *node, args []*operand) *operand {
		var list []field.Value
		first := args[0]
		result := &operand{kind: first.kind, bits: 0}
		if first.kind.integer() {
			result.kind = signed
		}
		result.values = func(m *machine, dst []field.Value) []field.Value {
			var best field.Value
			var bestKind kind
			found := false
			for _, arg := range args {
				list = arg.values(m, list[:0])
				for i := range list {
					order, ok := orderOf(bestKind, arg.kind)(&best, &list[i])
					if !found || ok && order*sign < 0 {
						best, bestKind, found = list[i], arg.kind, true
					}
				}
			}
			if !found {
				return dst
			}
			if result.kind == signed {
				best.Type = field.Int
			}
			return append(dst, best)
		}
		return result
	}
}

func buildAbs(_ *compiler, _ *node, args []*operand) *operand {
	k := args[0].kind
	if k.integer() || k == dynamic {
		k = signed
	}
	return mapped(k, args[0].values, func(v *field.Value) field.Value {
		out := *v
		if v.Type != field.Uint && int64(v.U) < 0 {
			out.U = -v.U
		}
		if k == signed {
			out.Type = field.Int
		}
		return out
	})
}

// mapped changes each value.
func mapped(k kind, values source, change func(*field.Value) field.Value) *operand {
	return &operand{kind: k, values: func(m *machine, dst []field.Value) []field.Value {
		n := len(dst)
		dst = values(m, dst)
		for i := n; i < len(dst); i++ {
			dst[i] = change(&dst[i])
		}
		return dst
	}}
}
