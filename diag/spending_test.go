package diag

import (
	"math/rand/v2"
	"testing"

	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/request"
)

// TestSpansAreParts: the times of a spell, stretch by stretch, are what Parts adds up, for requests one after another and at once.
func TestSpansAreParts(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		talk := &Talk{}
		at := int64(0)
		for range 1 + r.IntN(20) {
			at += int64(r.IntN(40_000_000))
			q := &request.Request{Asked: request.Mark{Number: 1, Time: at}, Sent: request.Mark{Number: 1, Time: at + int64(r.IntN(1000))}, Wanted: -1, Moved: -1, Length: 100}
			q.First = request.Mark{Number: 2, Time: q.Sent.Time + int64(r.IntN(60_000_000))}
			q.Last = request.Mark{Number: 3, Time: q.First.Time + int64(r.IntN(5_000_000))}
			if talk.Requests = append(talk.Requests, q); r.IntN(2) == 0 {
				at = q.Last.Time
			}
		}
		for _, s := range talk.Spells() {
			p := s.Parts()
			var got [budget.Causes]int64
			last := s.First.Time
			for _, span := range s.Spans() {
				if span.From != last {
					t.Fatalf("a gap: %d after %d", span.From, last)
				}
				got[span.Cause], last = got[span.Cause]+span.To-span.From, span.To
			}
			want := [budget.Causes]int64{
				budget.Server: int64(p.Server), budget.Client: int64(p.Client), budget.Network: int64(p.Network + p.Transfer), budget.Unknown: int64(p.Unknown),
			}
			for cause := range got {
				if d := got[cause] - want[cause]; d < -100 || d > 100 { // each stretch is rounded
					t.Fatalf("%v: %d ns, of parts %d\n%v", budget.Cause(cause), got[cause], want[cause], p)
				}
			}
		}
	}
}
