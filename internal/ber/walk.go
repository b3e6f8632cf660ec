package ber

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wiretale/wiretale/field"
)

// maxDepth bounds the elements one inside another.
const maxDepth = 200

// A walker looks for one field.
type walker struct {
	b     []byte
	want  int
	reach [][]uint64
	yield func(field.Span, field.Value) bool
	kept  Kept
}

// walk yields the occurrences of a field in the message b[at:end]. It reports whether to go on.
func (g *Grammar) walk(b []byte, at, end, want int, yield func(field.Span, field.Value) bool) bool {
	w := walker{b: b, want: want, reach: g.reach(), yield: yield}
	e, ok := Next(b, at, end)
	return !ok || !g.root.match(e.Tag) || w.node(g.root, &e, 0)
}

// wants reports whether a node leads to what is looked for.
func (w *walker) wants(n *Node) bool { return n.Keep > 0 || has(w.reach[n.id], w.want) }

// node reads the element e, whose tag is that of the node.
func (w *walker) node(n *Node, e *Element, depth int) bool {
	if !w.wants(n) || depth == maxDepth {
		return true
	}
	if n.Explicit {
		inner, ok := Next(w.b, e.Body, e.End)
		if !ok || n.Kind == Choice && n.alternative(inner.Tag) == nil {
			return true
		}
		e = &inner
	}
	switch n.Kind {
	case Label:
		return w.value(n, e, field.Value{}) && w.sequence(n, e, depth)
	case List:
		return w.list(n, e, depth)
	case Choice:
		a := n.alternative(e.Tag)
		return w.value(n, e, field.U(a.Number)) && w.node(a, e, depth+1)
	case Any:
		i := n.Choose(&w.kept, w.b[e.Body:e.End])
		return i < 0 || i >= len(n.Cases) || !n.Cases[i].match(e.Tag) || w.node(n.Cases[i], e, depth+1)
	}
	return w.leaf(n, e, depth)
}

// sequence gives the elements of a sequence to its members in their order. An element that is none of theirs is passed over.
func (w *walker) sequence(n *Node, e *Element, depth int) bool {
	members := n.Of
	for at := e.Body; len(members) > 0; {
		one, ok := Next(w.b, at, e.End)
		if !ok {
			return true
		}
		for i, m := range members {
			if m.match(one.Tag) {
				if !w.node(m, &one, depth+1) {
					return false
				}
				members = members[i+1:]
				break
			}
		}
		at = one.End
	}
	return true
}

func (w *walker) list(n *Node, e *Element, depth int) bool {
	if n.field == w.want && !e.Cut() {
		count := uint64(0)
		for at := e.Body; ; count++ {
			one, ok := Next(w.b, at, e.End)
			if !ok {
				break
			}
			at = one.End
		}
		if !w.value(n, e, field.U(count)) {
			return false
		}
	}
	for at := e.Body; ; {
		one, ok := Next(w.b, at, e.End)
		if !ok {
			return true
		}
		if n.Of[0].match(one.Tag) && !w.node(n.Of[0], &one, depth+1) {
			return false
		}
		at = one.End
	}
}

func (w *walker) leaf(n *Node, e *Element, depth int) bool {
	if e.Cut() {
		return true
	}
	content := w.b[e.Body:e.End]
	if n.Choose != nil {
		in := *e
		if n.Kind == Bits && e.Body < e.End {
			in.Body++
		}
		held := w.b[in.Body:in.End]
		if i := n.Choose(&w.kept, held); i >= 0 && i < len(n.Cases) {
			return (n.Instead || w.value(n, &in, field.Value{Type: field.Bytes, B: held})) && w.inside(n.Cases[i], &in, depth)
		}
	}
	if n.unused == w.want && n.unused >= 0 && len(content) > 0 {
		return w.yield(field.Span{Off: e.Body, Len: 1}, field.U(uint64(content[0])))
	}
	if n.field != w.want && n.Keep == 0 && n.Flags == nil {
		return true
	}
	get := n.Read
	if get == nil {
		get = n.Kind.read
	}
	v, ok := get(content)
	if !ok {
		return true
	}
	if n.Keep > 0 {
		w.kept[n.Keep-1] = v
	}
	return w.value(n, e, v) && (n.Flags == nil || w.flags(n, e, v.B))
}

// inside reads what an octet string holds.
func (w *walker) inside(n *Node, e *Element, depth int) bool {
	if n.Tag == 0 && n.Kind != Choice {
		return w.node(n, e, depth+1)
	}
	inner, ok := Next(w.b, e.Body, e.End)
	return !ok || !n.match(inner.Tag) || w.node(n, &inner, depth+1)
}

// value yields the value of a node, when it is what is looked for.
func (w *walker) value(n *Node, e *Element, v field.Value) bool {
	return n.field != w.want || w.yield(field.Span{Off: e.Body, Len: e.End - e.Body}, v)
}

// flags yields a bit of a bit string; those that are left out are 0 (X.680, 22.7), and lie at its end.
func (w *walker) flags(n *Node, e *Element, bits []byte) bool {
	for i, one := range n.flags {
		if one != w.want {
			continue
		}
		v, off := field.Value{Type: field.Bool}, min(e.Body+1+i/8, e.End-1)
		if i/8 < len(bits) {
			v.U = uint64(bits[i/8] >> (7 - i%8) & 1)
		}
		if len(bits) > 0 && !w.yield(field.Span{Off: off, Len: 1}, v) {
			return false
		}
	}
	return true
}

// read is the value of a content; not ok when it is none of its kind.
func (k Kind) read(content []byte) (v field.Value, ok bool) {
	switch v.Type = types[k]; k {
	case Unsigned:
		v.U = uint64(uint32(Uint(content)))
	case Signed:
		v.U = uint64(int64(int32(Uint(content))))
	case Flag:
		if len(content) == 0 {
			return v, false
		}
		if content[0] != 0 {
			v.U = 1
		}
	case Octets, GUID, IPv4, IPv6:
		v.B = content
	case Text, Digits: // some senders end a text with a zero
		v.S = strings.TrimRight(string(content), "\x00")
	case Readable:
		v.S = readable(content)
	case OID:
		v.S, ok = Dotted(content)
		return v, ok
	case Bits:
		if len(content) == 0 {
			return v, false
		}
		v.B = content[1:]
	case Time:
		v.U, ok = clock(content)
		return v, ok
	}
	return v, true
}

// readable is content as text; as hex with colons when it has control characters or is no UTF-8.
func readable(content []byte) string {
	text := strings.TrimRight(string(content), "\x00")
	if utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0 && len(content)-len(text) <= 1 {
		return text
	}
	out := make([]byte, 0, 3*len(content))
	for i, c := range content {
		if i > 0 {
			out = append(out, ':')
		}
		out = hex.AppendEncode(out, []byte{c})
	}
	return string(out)
}

// clock reads a time such as 20261127212000Z; not ok for one that nanoseconds since 1970 do not hold.
func clock(content []byte) (uint64, bool) {
	t, err := time.Parse("20060102150405Z", string(content))
	if err != nil || t.Year() < 1678 || t.Year() > 2261 {
		return 0, false
	}
	return uint64(t.UnixNano()), true
}

// maxOID bounds the text of an object identifier.
const maxOID = 256

// Dotted is the text of an object identifier (X.690, 8.19).
func Dotted(content []byte) (string, bool) {
	var out []byte
	var n uint64
	for i, c := range content {
		if n >= 1<<56 || len(out) > maxOID {
			return "", false
		}
		n = n<<7 | uint64(c&0x7f)
		if c&0x80 != 0 {
			if i == len(content)-1 {
				return "", false
			}
			continue
		}
		if len(out) == 0 {
			first := min(n/40, 2)
			out = strconv.AppendUint(out, first, 10)
			n -= 40 * first
		}
		out = append(out, '.')
		out = strconv.AppendUint(out, n, 10)
		n = 0
	}
	return string(out), len(out) > 0
}
