package budget

import (
	"cmp"
	"slices"
)

// Times are stretches of time in order and apart from each other, whatever took them.
type Times []Stretch

// A Stretch is a time from one moment to another, in nanoseconds since 1970.
type Stretch struct{ From, To int64 }

// Union is the time that any of the stretches covers, in any order.
func Union(all ...Stretch) Times {
	all = slices.DeleteFunc(all, func(s Stretch) bool { return s.From >= s.To })
	slices.SortFunc(all, func(a, b Stretch) int { return cmp.Compare(a.From, b.From) })
	out := Times(all[:0])
	for _, s := range all {
		if n := len(out); n > 0 && s.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, s.To)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// With is the time in either.
func (t Times) With(o Times) Times { return Union(slices.Concat(t, o)...) }

// Without is the time in t and not in o.
func (t Times) Without(o Times) (out Times) {
	i := 0
	for _, s := range t {
		for ; i < len(o) && o[i].To <= s.From; i++ {
		}
		for j := i; j < len(o) && o[j].From < s.To; j++ {
			if o[j].From > s.From {
				out = append(out, Stretch{s.From, o[j].From})
			}
			s.From = max(s.From, o[j].To)
		}
		if s.From < s.To {
			out = append(out, s)
		}
	}
	return out
}

// And is the time in both.
func (t Times) And(o Times) Times { return t.Without(t.Without(o)) }

// First is as much of the time as lasts so many nanoseconds.
func (t Times) First(ns int64) (out Times) {
	for _, s := range t {
		if ns <= 0 {
			break
		}
		s.To = min(s.To, s.From+ns)
		ns -= s.To - s.From
		out = append(out, s)
	}
	return out
}

// Length is in nanoseconds.
func (t Times) Length() (ns int64) {
	for _, s := range t {
		ns += s.To - s.From
	}
	return ns
}
