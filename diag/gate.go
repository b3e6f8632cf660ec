package diag

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
)

// A gate remembers which rules are silenced where, and by which finding.
type gate struct {
	byConv   map[*flow.Conversation]map[string]*Finding // by the silenced rule's id
	bySource map[int]map[string]*Finding
	asked    map[question]*Withheld
	quality  map[*flow.Conversation][]string // ids of the rules that found something about how it was recorded
	whole    map[int][]string                // the same of a whole source
}

// A question is one look of a rule that a finding forbade.
type question struct {
	rule string
	by   *Finding
}

func newGate(in *Input) *gate {
	g := &gate{byConv: map[*flow.Conversation]map[string]*Finding{}, bySource: map[int]map[string]*Finding{}, asked: map[question]*Withheld{},
		quality: map[*flow.Conversation][]string{}, whole: map[int][]string{}}
	in.Withhold = func(r *Rule, c *flow.Conversation) bool {
		by := g.byConv[c][r.ID]
		if by == nil {
			by = g.bySource[c.Source][r.ID]
		}
		if by == nil {
			return false
		}
		w := g.asked[question{r.ID, by}]
		if w == nil {
			w = &Withheld{Rule: r.ID, Because: by.Rule.ID, Why: by.Why, First: c}
			g.asked[question{r.ID, by}] = w
		}
		w.Conversations++
		return true
	}
	return g
}

// silence notes the rules that a quality finding withholds.
func (g *gate) silence(f *Finding) {
	for _, id := range f.Silences {
		if f.Everywhere {
			put(g.bySource, f.Source, id, f)
			continue
		}
		for _, c := range f.Conversations {
			put(g.byConv, c, id, f)
		}
	}
}

// remember notes what a quality finding is about: its conversations, or without any the whole source.
func (g *gate) remember(f *Finding) {
	if f.Everywhere || len(f.Conversations) == 0 {
		g.whole[f.Source] = append(g.whole[f.Source], f.Rule.ID)
		return
	}
	for _, c := range f.Conversations {
		g.quality[c] = append(g.quality[c], f.Rule.ID)
	}
}

// doubt leaves a finding no more than likely where one of its conversations was recorded in a way that its rule names.
func (g *gate) doubt(f *Finding) {
	doubted := func(id string) bool { return slices.Contains(f.Rule.DoubtedBy, id) }
	for _, c := range f.Conversations {
		if slices.ContainsFunc(g.quality[c], doubted) || slices.ContainsFunc(g.whole[c.Source], doubted) {
			f.Confidence = min(f.Confidence, Likely)
			return
		}
	}
}

func put[K comparable](m map[K]map[string]*Finding, key K, rule string, by *Finding) {
	if m[key] == nil {
		m[key] = map[string]*Finding{}
	}
	m[key][rule] = by
}

func (g *gate) withheld() []Withheld {
	var out []Withheld
	for _, w := range g.asked {
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b Withheld) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Because, b.Because), cmp.Compare(a.First.ID, b.First.ID))
	})
	return out
}
