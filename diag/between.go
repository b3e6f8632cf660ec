package diag

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
)

// Gone is what was lost of a side of a conversation between two points. It is computed once a run.
func (in *Input) Gone(c *flow.Conversation, dir int) []point.Gone {
	if in.Points == nil {
		return nil
	}
	if in.gone == nil {
		in.gone = in.Points.Gone()
	}
	return in.gone[point.End{Conv: c, Side: dir}]
}

// Hops are the pairs of points that packets pass one after another, nil when nobody compared points. They are computed once a run, and not to be changed.
func (in *Input) Hops() []point.Hop {
	if in.hops == nil && in.Points != nil {
		in.hops = in.Points.Hops()
	}
	return in.hops
}

// LostBetween names the two capture points between which packets of a side of a conversation were lost, and counts them: "" when points do not
// tell, or when it was in several places.
func (in *Input) LostBetween(c *flow.Conversation, dir int) (between string, lost int64) {
	list := in.Gone(c, dir)
	if len(list) != 1 {
		return "", 0
	}
	return Between(in.Points, list[0].Pair), list[0].Lost
}

// Between names the two points of a pair: "client and server".
func Between(r *point.Result, p *point.Pair) string {
	return r.Points[p.A].Name + " and " + r.Points[p.B].Name
}
