package diag

import (
	"cmp"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// Elapsed is the time between two moments of one source. It is not ok when
// the source has no times, or its clock did not advance or was set in between.
func (in *Input) Elapsed(from, to flow.Moment) (time.Duration, bool) {
	s := from.Pos.Source
	if s < 0 || s >= len(in.Sources) || in.Sources[s].Untimed || from.Time == trace.NoTime || to.Time == trace.NoTime || to.Time < from.Time {
		return 0, false
	}
	if to.Seen() && in.over(s, from.Pos.Number, to.Pos.Number) {
		return 0, false
	}
	return time.Duration(to.Time - from.Time), true
}

// End is the last moment that the source recorded.
func (in *Input) End(source int) flow.Moment {
	m := flow.Moment{Pos: trace.Pos{Source: source}, Time: trace.NoTime}
	if source >= 0 && source < len(in.Spans) {
		m.Time = in.Spans[source].Last
	}
	return m
}

// An Interval is a stretch of time of one source in which a user waited.
type Interval struct {
	From, To flow.Moment
	Conv     *flow.Conversation // that it is of; nil where that follows from the moments
}

// Waited is the length of the union of the intervals: attempts that overlap
// are waited for once. It is not ok when a time is missing: then there is no cost rather than none.
func (in *Input) Waited(all []Interval) (total time.Duration, ok bool) {
	spans := make([][2]int64, 0, len(all))
	for _, i := range all {
		if _, ok := in.Elapsed(i.From, i.To); !ok {
			return 0, false
		}
		spans = append(spans, [2]int64{i.From.Time, i.To.Time})
	}
	slices.SortFunc(spans, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	for i := 0; i < len(spans); {
		end := spans[i][1]
		j := i + 1
		for ; j < len(spans) && spans[j][0] <= end; j++ {
			end = max(end, spans[j][1])
		}
		total += time.Duration(end - spans[i][0])
		i = j
	}
	if len(all) == 0 || !in.measurable(all[0].From.Pos.Source, total) {
		return 0, false
	}
	return total, true
}
