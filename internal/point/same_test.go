package point_test

import (
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
)

func TestSame(t *testing.T) {
	convs := make([]*flow.Conversation, 8)
	for i := range convs {
		convs[i] = &flow.Conversation{ID: i}
	}
	meet := func(a, b int32) point.Meeting { return point.Meeting{A: a, B: b} }
	r := &point.Result{Pairs: []point.Pair{
		{Meetings: []point.Meeting{meet(5, 6), meet(1, 3)}},
		{Meetings: []point.Meeting{meet(3, 5), meet(1, 6)}}, // joins both, twice
		{Meetings: []point.Meeting{meet(0, 4)}},
	}}
	s := point.NewSame(r)
	for id, want := range []struct{ of, others int }{{0, 1}, {1, 3}, {2, 0}, {1, 3}, {0, 1}, {1, 3}, {1, 3}, {7, 0}} {
		if of, others := s.Of(convs[id]), s.Others(convs[id]); of != want.of || others != want.others {
			t.Errorf("conversation %d: the same as %d, %d others; want %v", id, of, others, want)
		}
	}
	none := point.NewSame(nil)
	if none.Of(convs[3]) != 3 || none.Others(convs[3]) != 0 {
		t.Error("without points a conversation is itself, alone")
	}
}
