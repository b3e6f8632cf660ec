package fileio

import (
	"cmp"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/session"
)

// Join joins the operations of logs with the requests of captures, one map a log:
//
//  1. Calls and requests are grouped by file and direction; files are the same when their paths end alike (see same).
//  2. The difference of the clocks is what lets most requests lie inside a call of their range.
//  3. A request belongs to the open call of an application that asks for its range, the
//     one that began last. Without one it is the system's: pages, or read-ahead when a later call asks for it.
//  4. Pauses of the requests are filled with what the process was at.
//
// Both lists must stay as they are as long as the maps are used.
func Join(operations []session.Operation, requests []request.Request) (maps []*Map) {
	if len(operations) == 0 || len(requests) == 0 {
		return nil
	}
	wire := group(requests)
	for i := 0; i < len(operations); {
		j := i + 1
		for j < len(operations) && operations[j].At.Pos.Source == operations[i].At.Pos.Source {
			j++
		}
		if m := join(operations[i:j], wire); m != nil {
			maps = append(maps, m)
		}
		i = j
	}
	return maps
}

// A key is a file and a direction.
type key struct {
	path   string // in lower case, components behind "/"
	writes bool
}

// asked are the requests for one file in one direction.
type asked struct {
	key
	name string
	list []*request.Request
}

// called are the reads or writes of one file.
type called struct {
	key
	path string
	list []*session.Operation // all, in order
	near index
}

func group(requests []request.Request) (out []*asked) {
	by := map[key]*asked{}
	for i := range requests {
		r := &requests[i]
		if r.Name == "" || r.Offset < 0 || r.Wanted <= 0 || r.Command != "Read" && r.Command != "Write" {
			continue
		}
		k := key{plain(r.Name), r.Command == "Write"}
		a := by[k]
		if a == nil {
			a = &asked{key: k, name: r.Name}
			by[k] = a
			out = append(out, a)
		}
		a.list = append(a.list, r)
	}
	return out
}

func join(operations []session.Operation, wire []*asked) *Map {
	by := map[key]*called{}
	var calls []*called
	for i := range operations {
		o := &operations[i]
		if !o.Calls() {
			continue
		}
		k := key{plain(o.Path), o.Writes()}
		c := by[k]
		if c == nil {
			c = &called{key: k, path: o.Path}
			by[k] = c
			calls = append(calls, c)
		}
		c.list = append(c.list, o)
	}
	pairs := match(calls, wire)
	if len(pairs) == 0 {
		return nil
	}
	var v votes
	for _, p := range pairs {
		p.calls.near = newIndex(p.calls.list)
		v.add(p)
	}
	clock, ok := v.elect()
	if !ok {
		return nil
	}
	m := &Map{Source: operations[0].At.Pos.Source, Clock: clock}
	for _, p := range pairs {
		m.Files = append(m.Files, p.file(&m.Clock))
	}
	slices.SortStableFunc(m.Files, func(a, b *File) int { return cmp.Compare(b.bytes(), a.bytes()) })
	m.explain(operations)
	return m
}

func (f *File) bytes() (n int64) {
	for i := range f.Requests {
		n += f.Requests[i].Wanted
	}
	return n
}

// plain is a path in lower case with one kind of separator, and without drive and empty components.
func plain(path string) string {
	parts := strings.FieldsFunc(strings.ToLower(path), func(r rune) bool { return r == '\\' || r == '/' })
	if len(parts) > 0 && len(parts[0]) == 2 && parts[0][1] == ':' {
		parts = parts[1:]
	}
	return strings.Join(parts, "/")
}

// A pair is the calls and the requests of one file.
type pair struct {
	calls *called
	wire  *asked
}

// match pairs files whose paths end in the same components: a log has drives and servers by other names than a
// capture. The longest common ends are matched first.
func match(calls []*called, wire []*asked) (out []*pair) {
	type candidate struct{ call, wire, common int }
	by := map[key][]int{}
	last := func(k key) key { return key{k.path[strings.LastIndexByte(k.path, '/')+1:], k.writes} }
	for i, w := range wire {
		by[last(w.key)] = append(by[last(w.key)], i)
	}
	var list []candidate
	for i, c := range calls {
		for _, j := range by[last(c.key)] {
			if len(list) < maxCandidates {
				list = append(list, candidate{i, j, common2(c.key.path, wire[j].key.path)})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(b.common, a.common) })
	usedCalls, usedWire := map[int]bool{}, map[int]bool{}
	for _, x := range list {
		if !usedCalls[x.call] && !usedWire[x.wire] {
			usedCalls[x.call], usedWire[x.wire] = true, true
			out = append(out, &pair{calls[x.call], wire[x.wire]})
		}
	}
	return out
}

// maxCandidates bounds the pairs of files that are compared.
const maxCandidates = 1 << 18

// common2 is how many components two plain paths have in common at their ends.
func common2(a, b string) (n int) {
	for a != "" && b != "" {
		i, j := strings.LastIndexByte(a, '/'), strings.LastIndexByte(b, '/')
		if a[i+1:] != b[j+1:] {
			return n
		}
		n++
		a, b = a[:max(i, 0)], b[:max(j, 0)]
	}
	return n
}
