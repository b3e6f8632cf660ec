package point

import "github.com/wiretale/wiretale/internal/flow"

// sightings are where a point has conversations of another.
type sightings map[*flow.Conversation]*Meeting

// Adjacent are the pairs of points that saw the same traffic with no third point between them: what
// happens between two others happens between these.
func (r *Result) Adjacent() (out []*Pair) {
	met := map[[2]int]sightings{}
	for i := range r.Pairs {
		p := &r.Pairs[i]
		s := sightings{}
		for j := range p.Meetings {
			s[p.Meetings[j].A] = &p.Meetings[j]
		}
		met[[2]int{p.A, p.B}] = s
	}
	for i := range r.Pairs {
		p := &r.Pairs[i]
		if len(p.Meetings) == 0 {
			continue
		}
		between := false
		for c := range r.Points {
			between = between || c != p.A && c != p.B && r.between(p, c, met)
		}
		if !between {
			out = append(out, p)
		}
	}
	return out
}

// maxAsked bounds the conversations that are asked which points they pass.
const maxAsked = 50

// between reports whether most conversations of the pair pass point c between its two points.
func (r *Result) between(p *Pair, c int, met map[[2]int]sightings) bool {
	yes, no := 0, 0
	toC, toB := stages(p.A, c, met), stages(c, p.B, met)
	for i := range p.Meetings {
		if i == maxAsked {
			break
		}
		m := &p.Meetings[i]
		first, ok := toC[m.A]
		if !ok {
			continue
		}
		second, ok := toB[first.conv]
		if !ok {
			continue
		}
		d := 0
		if m.Ways[0].Matched == 0 {
			d = 1
		}
		e := d
		if first.flipped {
			e = 1 - d
		}
		if course := m.Ways[d].From; course != Unknown && first.ways[d] == course && second.ways[e] == course {
			yes++
		} else {
			no++
		}
	}
	return yes > no
}

// A stage is what becomes of a conversation from one point to another.
type stage struct {
	conv    *flow.Conversation // at the other point
	flipped bool
	ways    [2]Course // AtoB: from the one to the other
}

// stages are the stages from point a to point b, whichever comes first in the pair.
func stages(a, b int, met map[[2]int]sightings) map[*flow.Conversation]stage {
	out := map[*flow.Conversation]stage{}
	for conv, m := range met[[2]int{a, b}] {
		out[conv] = stage{m.B, m.Flipped, [2]Course{m.Ways[0].From, m.Ways[1].From}}
	}
	for conv, m := range met[[2]int{b, a}] {
		s := stage{conv: conv, flipped: m.Flipped}
		for d := range 2 {
			e := d
			if m.Flipped {
				e = 1 - d
			}
			if w := m.Ways[d].From; w != Unknown {
				s.ways[e] = AtoB + BtoA - w
			}
		}
		out[m.B] = s
	}
	return out
}
