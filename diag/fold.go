package diag

import (
	"time"

	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
)

// An Elsewhere is a finding as another capture point has it: the same rule on the same conversations.
type Elsewhere struct {
	Source  int
	Summary string
	Cost    time.Duration
	Count   int
	Where   []trace.Pos // 20 at most
}

// fold makes one finding of those that several points have of one cause: the
// same rule on conversations that are the same. The first in the order of
// ranks stays, the others are told in it. What is said of a recording is true of
// that one alone and stays by itself.
func fold(findings []Finding, points *point.Result) []Finding {
	if points == nil {
		return findings
	}
	same := point.NewSame(points)
	type cause struct {
		rule *Rule
		conv int
	}
	at := map[cause]int{} // index into kept
	kept := findings[:0]
	for _, f := range findings {
		if f.Rule.Quality || f.Source < 0 || len(f.Conversations) == 0 {
			kept = append(kept, f)
			continue
		}
		if i, ok := at[cause{f.Rule, same.Of(f.Conversations[0])}]; ok && f.within(&kept[i], same) {
			kept[i].Elsewhere = append(kept[i].Elsewhere, Elsewhere{f.Source, f.Summary, f.Cost, f.Count, f.Where})
			continue
		}
		for _, c := range f.Conversations {
			key := cause{f.Rule, same.Of(c)}
			if _, known := at[key]; !known {
				at[key] = len(kept)
			}
		}
		kept = append(kept, f)
	}
	return kept
}

// within reports whether the finding is of another source than first, and of conversations that first is about, each of them.
func (f *Finding) within(first *Finding, same point.Same) bool {
	if f.Source == first.Source || f.end() != first.end() {
		return false
	}
	for _, e := range first.Elsewhere {
		if e.Source == f.Source {
			return false
		}
	}
	about := map[int]bool{}
	for _, c := range first.Conversations {
		about[same.Of(c)] = true
	}
	for _, c := range f.Conversations {
		if !about[same.Of(c)] {
			return false
		}
	}
	return true
}

// end is the end of its first conversation that the finding is about, 2 when it is about neither. The address
// does not tell: it may be rewritten on the way.
func (f *Finding) end() int {
	for i, e := range f.Conversations[0].Ends {
		if e.Addr().String() == f.Host {
			return i
		}
	}
	return 2
}
