package ber

import (
	"slices"
	"sync"

	"github.com/wiretale/wiretale/field"
)

// A Grammar is a tree of nodes that is ready for use. It is immutable.
type Grammar struct {
	root   *Node
	nodes  []*Node
	fields []field.Field // in the order in which the nodes name them
	index  map[string]int
	// reach has the fields that each node leads to, a bit for each.
	reach func() [][]uint64
}

// Compile numbers the nodes below root and collects their fields. A node belongs to one grammar.
func Compile(root *Node) *Grammar {
	g := &Grammar{root: root, index: map[string]int{}}
	g.add(root, map[*Node]bool{})
	g.reach = sync.OnceValue(g.reachable)
	return g
}

func (g *Grammar) add(n *Node, seen map[*Node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	n.id, n.field = len(g.nodes), g.name(n.Name, n.Title, n)
	g.nodes = append(g.nodes, n)
	if n.unused = -1; n.Unused != "" {
		n.unused = g.name(n.Unused, "Padding", &Node{Kind: Unsigned})
	}
	n.flags = n.flags[:0]
	for _, name := range n.Flags {
		n.flags = append(n.flags, g.name(name, name, nil))
	}
	n.below(func(one *Node) { g.add(one, seen) })
}

// name is the number of a field, -1 for none. n is nil for a bit.
func (g *Grammar) name(name, title string, n *Node) int {
	if name == "" {
		return -1
	}
	if i, ok := g.index[name]; ok {
		return i
	}
	f := field.Field{Name: name, Title: title, Type: field.Bool, Bits: true}
	if n != nil {
		f.Type, f.Names, f.Bits = types[n.Kind], n.Names, false
		if n.Hex {
			f.Base, f.Width = field.Hex, 4
		}
	}
	i := len(g.fields)
	g.index[name], g.fields = i, append(g.fields, f)
	return i
}

func set(bits []uint64, i int) {
	if i >= 0 {
		bits[i/64] |= 1 << (i % 64)
	}
}

func has(bits []uint64, i int) bool { return bits[i/64]>>(i%64)&1 != 0 }

// reachable follows the nodes until nothing is added: grammars have cycles.
func (g *Grammar) reachable() [][]uint64 {
	words := len(g.fields)/64 + 1
	all := make([][]uint64, len(g.nodes))
	for i, n := range g.nodes {
		all[i] = make([]uint64, words)
		set(all[i], n.field)
		set(all[i], n.unused)
		for _, one := range n.flags {
			set(all[i], one)
		}
	}
	for changed := true; changed; {
		changed = false
		for i, n := range g.nodes {
			n.below(func(one *Node) {
				for w, bits := range all[one.id] {
					if more := all[i][w] | bits; more != all[i][w] {
						all[i][w], changed = more, true
					}
				}
			})
		}
	}
	return all
}

// Fields are the fields of the grammar, in the messages of a layer that each walks.
func (g *Grammar) Fields(each func(b []byte, yield func(off, n int) bool)) []field.Field {
	fields := slices.Clone(g.fields)
	for i := range fields {
		fields[i].Find = func(b []byte, yield func(field.Span, field.Value) bool) {
			each(b, func(off, n int) bool { return g.walk(b, off, off+n, i, yield) })
		}
	}
	return fields
}

// Noted is Fields for a layer whose messages are found by what the connection says of it.
func (g *Grammar) Noted(each func(b []byte, note *field.Note, yield func(off, n int) bool)) []field.Field {
	fields := slices.Clone(g.fields)
	for i := range fields {
		fields[i].Noted = func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
			each(b, note, func(off, n int) bool { return g.walk(b, off, off+n, i, yield) })
		}
	}
	return fields
}
