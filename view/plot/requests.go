package plot

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/trace"
)

// maxGroups is how many protocols and commands have a look of their own; the others share the last.
const maxGroups = 6

var (
	looksGroup = [maxGroups + 1]Look{
		{shape: marks, mark: dot, color: blue}, {shape: marks, mark: triangle, color: vermilion}, {shape: marks, mark: square, color: green},
		{shape: marks, mark: diamond, color: purple}, {shape: marks, mark: wedge, color: orange}, {shape: marks, mark: cross, color: black},
		{shape: marks, mark: dot, color: sky},
	}
	lookOpen = Look{shape: steps, color: blue, width: 1.4}
)

// Service shows how long the answer to each request took to begin, over the time when its question was sent: a series for each of
// the most usual protocols and commands. opt has Start, Columns and the part of time that is shown.
func Service(opt Options, requests []*request.Request) []Panel {
	groups := usual(requests)
	points := make([]thinned, maxGroups+1)
	for i := range points {
		points[i] = newThinned(&opt)
	}
	for _, r := range requests {
		ns, ok := r.Service()
		if !ok || r.Waits || r.Asked.Time == trace.NoTime {
			continue
		}
		i := slices.Index(groups, groupOf(r))
		if i < 0 {
			i = maxGroups
		}
		points[i].add(moment(&opt, r, r.Asked, float64(ns)))
	}
	p := Panel{Label: "service time", Unit: Seconds, FromZero: true, Empty: "no request has an answer"}
	for i := range points {
		name := "others"
		if i < len(groups) {
			name = groups[i]
		}
		if s := points[i].series(name, looksGroup[i]); len(s.Points) > 0 {
			p.Series = append(p.Series, s)
		}
	}
	return []Panel{p}
}

// moment is a point of a request.
func moment(opt *Options, r *request.Request, m request.Mark, v float64) Point {
	return Point{since(m.Time, opt.Start), v, v, m.Number, int32(r.Source)}
}

func groupOf(r *request.Request) string { return r.Protocol.String() + " " + r.Command }

// usual are the most usual protocols and commands, the most usual first.
func usual(requests []*request.Request) (names []string) {
	count := map[string]int{}
	for _, r := range requests {
		name := groupOf(r)
		if count[name]++; count[name] == 1 {
			names = append(names, name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(count[b], count[a]) })
	return names[:min(len(names), maxGroups)]
}

// Depth shows how many requests were open, over time: from the question's first byte to the answer's last. What has no answer is left out, as are
// questions whose answer waits for something to happen.
func Depth(opt Options, requests []*request.Request) []Panel {
	type change struct {
		of *request.Request
		at request.Mark
		by int
	}
	var list []change
	for _, r := range requests {
		if r.Answered() && !r.Waits && r.Asked.Time != trace.NoTime && r.Last.Time != trace.NoTime {
			list = append(list, change{r, r.Asked, 1}, change{r, r.Last, -1})
		}
	}
	slices.SortStableFunc(list, func(a, b change) int { return cmp.Or(cmp.Compare(a.at.Time, b.at.Time), cmp.Compare(a.by, b.by)) })
	points, open := newThinned(&opt), 0
	for _, c := range list {
		open += c.by
		points.add(moment(&opt, c.of, c.at, float64(open)))
	}
	return []Panel{{Label: "open requests", Unit: Open, FromZero: true, Empty: "no request has an answer", Series: []Series{points.series("open requests", lookOpen)}}}
}
