// Package capture judges the capture itself. Its rules run first: what they
// find can silence rules that would take an artefact for a fault.
package capture

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{
		DropsReported, Gaps, OneWay, Duplicates, MultiEncapsulation, SnapLen, Midstream, TxChecksumOffload, LengthZero, LargeSegments,
		TimeBackwards, TimeCoarse, Filter, Wrap, Vantage, Short, PIDUnreliable,
	}
}

func positions(ms []flow.Moment) []trace.Pos {
	out := make([]trace.Pos, 0, len(ms))
	for _, m := range ms {
		out = append(out, m.Pos)
	}
	return out
}

// distinct sorts the records and leaves each in once.
func distinct(list []trace.Pos) []trace.Pos {
	sortByNumber(list)
	return slices.Compact(list)
}

func sortByNumber(list []trace.Pos) {
	slices.SortFunc(list, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
}
