package contrast

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// Work is what was asked of one file or name with one command.
type Work struct {
	Protocol proto.ID
	Command  string
	Shares   [2]Share
	Common   int64 // bytes that both moved of the same places
}

// A Share is what one run did of a work.
type Share struct {
	Name     string // "" for several
	N        int
	Moved    int64 // bytes of content
	Distinct int64 // of Moved, bytes of different places; 0 where places have no meaning
	list     []*request.Request
	places   []span
}

// Passes is how often each byte was moved, 0 when that is not known.
func (s *Share) Passes() float64 {
	if s.Distinct == 0 {
		return 0
	}
	return float64(s.Moved) / float64(s.Distinct)
}

// once are the answered requests of a run. A connection that several captures of the run have counts where it was nearest to the client.
func (c *Contrast) once(run int, in *Input) (out []*request.Request) {
	drop := in.doubles()
	for i := range in.Requests.Requests {
		r := &in.Requests.Requests[i]
		if r.Answered() && !r.Waits && !drop[r.Conv] {
			out = append(out, r)
		}
	}
	if len(drop) > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%s: %d connections are in several of its files; each counts where it was captured nearest to the client", runNames[run], len(drop)))
	}
	return out
}

// doubles are the conversations that another source captured nearer to the client.
func (in *Input) doubles() map[int]bool {
	drop, best := map[int]bool{}, map[[2]netip.AddrPort]*flow.Conversation{}
	seen := map[int]bool{}
	for i := range in.Requests.Requests {
		id := in.Requests.Requests[i].Conv
		if seen[id] {
			continue
		}
		seen[id] = true
		c := in.Conversations.At(id)
		ends := c.Ends
		if ends[1].Compare(ends[0]) < 0 {
			ends[0], ends[1] = ends[1], ends[0]
		}
		b := best[ends]
		switch {
		case b == nil || b.Source == c.Source || b.Last.Time < c.First.Time || c.Last.Time < b.First.Time:
			best[ends] = c
		case toClient(c) < toClient(b):
			drop[b.ID], best[ends] = true, c
		default:
			drop[c.ID] = true
		}
	}
	return drop
}

// toClient is the round trip from the capture to the client, larger than any when it is not known.
func toClient(c *flow.Conversation) int64 {
	if c.TCP != nil {
		if _, client, ok := c.TCP.RTT(); ok {
			return client
		}
	}
	return 1 << 62
}

// A key is what a work is told by.
type key struct {
	protocol      proto.ID
	command, name string
}

// group sorts requests by what they are about, in order of the first of each.
func group(list []*request.Request) (out []*Share, keys []key) {
	index := map[key]*Share{}
	for _, r := range list {
		k := key{r.Protocol, r.Command, r.Name}
		s := index[k]
		if s == nil {
			s = &Share{Name: r.Name}
			index[k] = s
			out, keys = append(out, s), append(keys, k)
		}
		s.add(r)
	}
	for _, s := range out {
		s.settle()
	}
	return out, keys
}

func (s *Share) add(r *request.Request) {
	s.N++
	s.list = append(s.list, r)
	n := r.Content()
	s.Moved += n
	if r.Offset >= 0 && n > 0 && r.Offset <= 1<<62-n {
		s.places = append(s.places, span{r.Offset, r.Offset + n})
	}
}

func (s *Share) settle() {
	s.places = merge(s.places)
	s.Distinct = total(s.places)
}

// align finds the work that both runs did and returns the requests of it:
//
//  1. Requests are grouped by command and name. Groups of one command are the same work when their names end in the same components of a path; the
//     longest such ends are matched first. Letters in upper and lower case are the same.
//  2. When no name matches, all requests of one command are one work.
//  3. The protocol that moved most of the content decides, or without content the one with most requests.
//  4. When both runs moved content of files, only that is the work.
func (c *Contrast) align(lists *[2][]*request.Request) (work [2][]*request.Request) {
	var shares [2][]*Share
	var keys [2][]key
	for i, list := range lists {
		shares[i], keys[i] = group(list)
	}
	pairs := match(&keys)
	if len(pairs) == 0 {
		pairs = c.byCommand(&shares, &keys)
	}
	matched := [2]map[int]bool{{}, {}}
	for _, p := range pairs {
		w := &Work{Protocol: keys[0][p[0]].protocol, Command: keys[0][p[0]].command}
		for i := range p {
			w.Shares[i] = *shares[i][p[i]]
			matched[i][p[i]] = true
		}
		if !c.ByCommand {
			w.Common = total(intersect(w.Shares[0].places, w.Shares[1].places))
		}
		c.Work = append(c.Work, w)
	}
	c.choose()
	for i := range shares {
		for j, s := range shares[i] {
			if k := keys[i][j]; !matched[i][j] && k.protocol == c.Protocol && (!c.Bytes || s.Moved > 0) {
				w := &Work{Protocol: k.protocol, Command: k.command}
				w.Shares[i] = *s
				c.Only[i] = append(c.Only[i], w)
			}
		}
		most(c.Only[i])
		for _, w := range c.Work {
			work[i] = append(work[i], w.Shares[i].list...)
		}
		slices.SortStableFunc(work[i], func(a, b *request.Request) int {
			return cmp.Or(cmp.Compare(a.Asked.Time, b.Asked.Time), cmp.Compare(a.Asked.Number, b.Asked.Number))
		})
	}
	for _, w := range c.Work {
		c.Overlap += w.Common
	}
	return work
}

// choose keeps the work of one protocol, and of that what moved content when both runs did.
func (c *Contrast) choose() {
	type weight struct {
		bytes int64
		n     int
	}
	weights := map[proto.ID]weight{}
	for _, w := range c.Work {
		sum := weights[w.Protocol]
		sum.bytes += min(w.Shares[0].Moved, w.Shares[1].Moved)
		sum.n += min(w.Shares[0].N, w.Shares[1].N)
		weights[w.Protocol] = sum
	}
	var best weight
	for id, w := range weights {
		if o := cmp.Or(cmp.Compare(w.bytes, best.bytes), cmp.Compare(w.n, best.n), cmp.Compare(c.Protocol, id)); o > 0 {
			best, c.Protocol = w, id
		}
	}
	c.Bytes = best.bytes > 0
	c.Work = slices.DeleteFunc(c.Work, func(w *Work) bool {
		moved := w.Shares[0].Moved > 0 && w.Shares[1].Moved > 0
		return w.Protocol != c.Protocol || c.Bytes && !moved
	})
	if slices.ContainsFunc(c.Work, (*Work).placed) {
		c.Work = slices.DeleteFunc(c.Work, func(w *Work) bool { return !w.placed() })
	}
	most(c.Work)
}

// placed reports whether the content has places in a file.
func (w *Work) placed() bool { return w.Shares[0].Distinct > 0 && w.Shares[1].Distinct > 0 }

// most puts the work with the most content first, then that with the most requests.
func most(list []*Work) {
	sum := func(w *Work) (int64, int) {
		return w.Shares[0].Moved + w.Shares[1].Moved, w.Shares[0].N + w.Shares[1].N
	}
	slices.SortStableFunc(list, func(a, b *Work) int {
		am, an := sum(a)
		bm, bn := sum(b)
		return cmp.Or(cmp.Compare(bm, am), cmp.Compare(bn, an))
	})
}

// maxCandidates bounds the names with one last component that are compared with each other; of more only equal ones match.
const maxCandidates = 256

// match pairs the keys of both runs by command and name.
func match(keys *[2][]key) (pairs [][2]int) {
	type bucket struct{ of [2][]int }
	buckets := map[key]*bucket{}
	var order []*bucket
	paths := [2][][]string{}
	for i, list := range keys {
		for j, k := range list {
			path := components(k.name)
			paths[i] = append(paths[i], path)
			last := ""
			if len(path) > 0 {
				last = path[len(path)-1]
			}
			at := key{k.protocol, k.command, last}
			b := buckets[at]
			if b == nil {
				b = &bucket{}
				buckets[at] = b
				order = append(order, b)
			}
			b.of[i] = append(b.of[i], j)
		}
	}
	type candidate struct{ a, b, common int }
	for _, b := range order {
		var list []candidate
		if len(b.of[0])*len(b.of[1]) > maxCandidates*maxCandidates {
			list = nil
			at := map[string]int{}
			for _, j := range b.of[1] {
				at[strings.Join(paths[1][j], "/")] = j
			}
			for _, i := range b.of[0] {
				if j, ok := at[strings.Join(paths[0][i], "/")]; ok {
					list = append(list, candidate{i, j, len(paths[0][i])})
				}
			}
		} else {
			for _, i := range b.of[0] {
				for _, j := range b.of[1] {
					list = append(list, candidate{i, j, suffix(paths[0][i], paths[1][j])})
				}
			}
		}
		slices.SortStableFunc(list, func(x, y candidate) int { return cmp.Compare(y.common, x.common) })
		used := [2]map[int]bool{{}, {}}
		for _, x := range list {
			if !used[0][x.a] && !used[1][x.b] {
				used[0][x.a], used[1][x.b] = true, true
				pairs = append(pairs, [2]int{x.a, x.b})
			}
		}
	}
	return pairs
}

// components are those of a path, in lower case.
func components(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '\\' || r == '/' })
}

// suffix is how many components two paths have in common at their ends.
func suffix(a, b []string) (n int) {
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// byCommand makes one work of all requests of a command in both runs.
func (c *Contrast) byCommand(shares *[2][]*Share, keys *[2][]key) [][2]int {
	c.ByCommand = true
	for i := range shares {
		index := map[key]*Share{}
		var joined []*Share
		var of []key
		for j, s := range shares[i] {
			k := keys[i][j]
			k.name = ""
			t := index[k]
			if t == nil {
				t = &Share{Name: s.Name}
				index[k] = t
				joined, of = append(joined, t), append(of, k)
			} else {
				t.Name = ""
			}
			for _, r := range s.list {
				t.add(r)
			}
		}
		for _, t := range joined {
			t.settle()
		}
		shares[i], keys[i] = joined, of
	}
	return match(keys)
}

// unsaid is how many bytes connections may carry beside what their requests tell of: setting up, and small talk.
const unsaid = 1 << 16

// sealed is the error of a run in which requests without content are all that could be read of connections that carried much.
func (in *Input) sealed(work []*request.Request) error {
	var told, payload int64
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	ids := conversations(work)
	for i := range in.Requests.Requests {
		if q := &in.Requests.Requests[i]; ids[q.Conv] {
			told += q.Length + max(q.Wanted, 0)
		}
	}
	for id := range ids {
		c := in.Conversations.At(id)
		payload += c.Dir[0].Payload + c.Dir[1].Payload
		first, last = min(first, c.First.Time), max(last, c.Last.Time)
	}
	if payload < unsaid || 10*told > payload || last <= first {
		return nil
	}
	return &SealedError{payload, float64(payload) * 8e9 / float64(last-first)}
}
