package request

import (
	"fmt"
	"testing"
)

// at is a request of times in microseconds: asked, sent, first and last byte of the answer.
func at(asked, sent, first, last int64) *Request {
	mark := func(us int64) Mark { return Mark{Number: us + 1, Time: us * 1000} }
	r := &Request{Asked: mark(asked), Sent: mark(sent), First: mark(first), Last: mark(last), Moved: 65536, Length: 65620}
	if first < 0 {
		r.First, r.Last = Mark{}, Mark{}
	}
	return r
}

func TestBudget(t *testing.T) {
	waits := at(0, 0, 9000, 9000)
	waits.Waits = true
	for _, tt := range []struct {
		what                  string
		list                  []*Request
		wait, transfer, pause int64 // microseconds
		pauses, depth         int
		mean                  string
	}{
		{"one", []*Request{at(0, 0, 1000, 6000)}, 1000, 5000, 0, 0, 1, "1.00"},
		{"a pause", []*Request{at(0, 0, 1000, 6000), at(50000, 50000, 51000, 56000)}, 2000, 10000, 44000, 1, 1, "1.00"},
		{"two at once, answered at the pace of the link", []*Request{at(0, 0, 1885, 7078), at(13, 13, 7198, 12398)}, 1885, 10513, 0, 0, 2, "1.57"},
		{"two at once, the second answer late", []*Request{at(0, 0, 1000, 6000), at(0, 0, 20000, 25000)}, 15000, 10000, 0, 0, 2, "1.24"},
		{"a question that brings content", []*Request{at(0, 5000, 6000, 6000)}, 1000, 5000, 0, 0, 1, "1.00"},
		{"no answer", []*Request{at(0, 0, 1000, 6000), at(7000, 7000, -1, -1)}, 1000, 5000, 0, 0, 1, "1.00"},
		{"one that waits", []*Request{waits, at(100, 100, 1000, 6000)}, 900, 5000, 0, 0, 1, "1.00"},
		{"nothing", nil, 0, 0, 0, 0, 0, "0.00"},
	} {
		b, d := budget(tt.list)
		if b.Wait != tt.wait*1000 || b.Transfer != tt.transfer*1000 || b.Pause != tt.pause*1000 || len(b.Pauses) != tt.pauses {
			t.Errorf("%s: wait %d transfer %d pause %d in %d, want %d %d %d in %d", tt.what, b.Wait/1000, b.Transfer/1000, b.Pause/1000, len(b.Pauses), tt.wait, tt.transfer, tt.pause, tt.pauses)
		}
		if got := fmt.Sprintf("%.2f", d.Mean); got != tt.mean || d.Max != tt.depth {
			t.Errorf("%s: depth %s at most %d, want %s and %d", tt.what, got, d.Max, tt.mean, tt.depth)
		}
	}
}

func TestMeasure(t *testing.T) {
	failed := at(60000, 60000, 60500, 60500)
	failed.Failed, failed.Moved = true, -1
	m := MeasureOf([]*Request{at(0, 0, 1000, 6000), at(50000, 50000, 52000, 56000), failed})
	if m.N != 3 || m.Answered != 3 || m.Failed != 1 || m.Moved != 131072 || m.First.Number != 1 || m.Last.Number != 60501 {
		t.Errorf("got %+v", m)
	}
	if want := (Spread{N: 3, Min: 500e3, Median: 1000e3, P95: 2000e3, Max: 2000e3, Mean: 3500000 / 3}); m.Service != want {
		t.Errorf("service %+v, want %+v", m.Service, want)
	}
	if got := fmt.Sprintf("%.0f", m.Rate()); got != fmt.Sprintf("%.0f", 131072*8/0.0605) {
		t.Errorf("rate %s", got)
	}
}
