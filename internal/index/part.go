package index

import (
	"math"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// worth says when a part of a file is read in place of all of it.
type worth struct {
	beginning int64 // so much of the beginning is in each part: by that much readers tell variants of a format apart
	percent   int64 // of the file are at most in the part
}

var usually = worth{beginning: 256 << 10, percent: 50}

// Narrow makes a further pass over the paths of the index, with options of the analysis whose case is opt.Case, read the records of some of its conversations alone,
// and what belongs to none. What cannot be read in parts is read whole.
// The numbers of the streams around a tunnelled packet, and of one that an ICMP error quotes, are left out.
func (x *Index) Narrow(opt engine.Options, convs []*flow.Conversation) ([]string, engine.Options) {
	x.mu.RLock()
	owners, complete := x.owners, x.complete
	x.mu.RUnlock()
	if !complete || owners == nil || owners.c != opt.Case || opt.Secrets != nil {
		return x.paths, opt
	}
	wanted := make([]map[int32]bool, len(x.sources))
	for i := range wanted {
		wanted[i] = map[int32]bool{}
	}
	for _, c := range convs {
		owners.related(c, func(source int, number int32) { wanted[source][number] = true })
	}
	paths, opt := x.again(opt, x.sources...)
	parts := make([]*engine.Part, len(x.sources))
	for i, s := range x.sources {
		parts[i] = x.part(s, wanted[i], s.n)
	}
	opt.Part = func(source int) *engine.Part { return parts[source] }
	return paths, opt
}

// related are the conversations of a source whose packets are followed with those of one: all between the same ends.
func (o *owners) related(c *flow.Conversation, add func(source int, number int32)) {
	base, ok := o.base(c.Source)
	if !ok {
		return
	}
	add(c.Source, int32(c.ID-base))
	if c.TCP == nil {
		return
	}
	for other := range o.c.Conversations.Alike(c) {
		add(c.Source, int32(other-base))
	}
}

// part is the part of a source that has the conversations wanted, with what belongs to none and what is loose, up to record until; nil when the source is to be read whole: its bytes cannot be read again, or little would be left out.
func (x *Index) part(s *source, wanted map[int32]bool, until int) *engine.Part {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if !s.complete || !s.again || s.gaps.broken || s.secrets || s.spool != nil && s.spool.err != nil {
		return nil
	}
	if _, _, ok := trace.CutPoint(x.paths[s.index]); ok {
		return nil
	}
	p := &engine.Part{Conversation: func(number int64) int {
		x.mu.RLock()
		defer x.mu.RUnlock()
		if i, ok := s.find(number); ok {
			if st, _ := s.of(i); st != nil {
				return int(st.conv)
			}
		}
		return -1
	}}
	g := gathering{s: s, part: p, most: s.gaps.at / 100 * x.worth.percent}
	early, want := s.early(x.worth.beginning), s.wanted(wanted)
	var values [blockLen]int64
	for from := 0; from < until; from += blockLen {
		link, same := s.link.same(from / blockLen)
		usual := same && link != noLink
		n := s.stance.block(from/blockLen, &values)
		for k, v := range values[:min(n, until-from)] {
			i := from + k
			if v != 0 && i >= early {
				v = (v - 1) >> 1
				if !want[v%(flow.Lanes+1)][v/(flow.Lanes+1)] && (usual || s.link.at(i) != noLink) && !s.loose.has(i) {
					continue
				}
			}
			if !g.add(i) {
				return nil
			}
		}
	}
	if until == s.n {
		g.gaps(math.MaxInt64)
	}
	return p
}

// early is how many records lie before an offset of the file. The lock is held.
func (s *source) early(offset int64) int {
	for i := range s.n {
		if s.offset.at(i) >= offset {
			return i
		}
	}
	return s.n
}

// A gathering collects the spans of a part.
type gathering struct {
	s     *source
	part  *engine.Part
	gap   int   // next of the gaps of the source
	bytes int64 // of the spans so far
	most  int64 // more are not worth it
}

// add adds a record of the source; false when the part is too large.
func (g *gathering) add(i int) bool {
	s := g.s
	g.part.Numbers = append(g.part.Numbers, s.frame(i))
	if at := s.offset.at(i); at >= 0 { // the others lie in gaps
		g.gaps(at)
		g.span(engine.Span{Start: at - s.gaps.head, End: at + s.gaps.behind(s.captured.at(i))})
	}
	return g.bytes <= g.most
}

// gaps adds those before an offset.
func (g *gathering) gaps(before int64) {
	for list := g.s.gaps.list; g.gap < len(list) && list[g.gap].Start < before; g.gap++ {
		g.span(list[g.gap])
	}
}

func (g *gathering) span(of engine.Span) {
	g.bytes += of.End - of.Start
	spans := g.part.Spans
	if n := len(spans); n > 0 && spans[n-1].End == of.Start {
		spans[n-1].End = of.End
		return
	}
	g.part.Spans = append(spans, of)
}

// wanted are the stances of conversations, by lane as in stances.
func (s *source) wanted(convs map[int32]bool) (out [flow.Lanes + 1][]bool) {
	for lane, list := range s.stances {
		out[lane] = make([]bool, len(list))
		for i := range list {
			out[lane][i] = convs[list[i].conv]
		}
	}
	return out
}
