package contrast

import (
	"cmp"
	"slices"
)

// A span is from one place or time up to another.
type span struct{ from, to int64 }

// merge puts spans in order and joins those that meet.
func merge(list []span) []span {
	slices.SortFunc(list, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	out := list[:0]
	for _, s := range list {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
		} else if s.to > s.from {
			out = append(out, s)
		}
	}
	return out
}

func total(list []span) (n int64) {
	for _, s := range list {
		n += s.to - s.from
	}
	return n
}

// within are the parts of s in spans that are merged.
func within(list []span, s span) (out []span) {
	i, _ := slices.BinarySearchFunc(list, s.from, func(x span, at int64) int { return cmp.Compare(x.to, at) })
	for ; i < len(list) && list[i].from < s.to; i++ {
		if p := (span{max(list[i].from, s.from), min(list[i].to, s.to)}); p.to > p.from {
			out = append(out, p)
		}
	}
	return out
}

// intersect are the parts that two lists of merged spans have in common.
func intersect(a, b []span) (out []span) {
	for _, s := range a {
		out = append(out, within(b, s)...)
	}
	return out
}

// without are the parts of merged spans that others do not have.
func without(list, others []span) (out []span) {
	for _, s := range list {
		for _, p := range within(others, s) {
			if p.from > s.from {
				out = append(out, span{s.from, p.from})
			}
			s.from = p.to
		}
		if s.to > s.from {
			out = append(out, s)
		}
	}
	return out
}
