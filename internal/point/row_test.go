package point

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
)

// A place is what one point of a test recorded, in files.
type place struct {
	name  string
	files [][]record
}

// several compares places; files of one place are sources of their own, as told by series or left to be found out.
func several(list []place, series bool) *Result {
	var points []Point
	var recorders []*Recorder
	var convs flow.Conversations
	for _, p := range list {
		for n, f := range p.files {
			q, r, t := recorded(len(points), f)
			q.Name, q.Records = p.name, int64(len(f))
			if series {
				q.Series, q.Number = p.name, n
			}
			r.Number(convs.Len())
			convs.Add(t)
			points, recorders = append(points, *q), append(recorders, r)
		}
	}
	return Analyse(points, recorders, &convs)
}

// cut makes n files of records.
func cut(list []record, n int) (out [][]record) {
	for i := range n {
		out = append(out, list[len(list)*i/n:len(list)*(i+1)/n])
	}
	return out
}

func totals(p *Pair) (w Way) {
	for i := range p.Meetings {
		for d := range 2 {
			x := &p.Meetings[i].Ways[d]
			w.Matched, w.Lost, w.Only, w.Outside = w.Matched+x.Matched, w.Lost+x.Lost, w.Only+x.Only, w.Outside+x.Outside
		}
	}
	return w
}

// TestFilesInARow: files of one point say what the whole capture says, whether their names tell it or the connections that go on.
func TestFilesInARow(t *testing.T) {
	sc := &scene{offset: 5 * time.Hour, loss: 0.02, forth: 10 * time.Millisecond, back: 10 * time.Millisecond, conversations: 6, exchanges: 60, ids: true, minimum: 20 * time.Second}
	_, a, b, _ := simulate(sc, 21)
	whole := several([]place{{"a", [][]record{a}}, {"b", [][]record{b}}}, false)
	want := totals(&whole.Pairs[0])
	if want.Matched == 0 || want.Lost == 0 {
		t.Fatalf("%+v: the scene has nothing to tell", want)
	}
	for _, series := range []bool{true, false} {
		r := several([]place{{"a", cut(a, 4)}, {"b", cut(b, 3)}}, series)
		if len(r.Points) != 2 || len(r.Points[0].More) != 3 || len(r.Points[1].More) != 2 {
			t.Errorf("series %v: %d points, want 2 of 4 and 3 files: %+v", series, len(r.Points), r.Points)
			continue
		}
		if got := totals(&r.Pairs[0]); got.Matched != want.Matched || got.Lost != want.Lost || got.Only != want.Only {
			t.Errorf("series %v: %+v of files, %+v of the whole", series, got, want)
		}
		for _, m := range r.Pairs[0].Meetings {
			for d := range 2 {
				for _, pos := range m.Ways[d].Places().LostAt {
					if !r.Points[0].has(pos.Source) && !r.Points[1].has(pos.Source) || pos.Number < 1 || pos.Number > int64(max(len(a), len(b))) {
						t.Errorf("lost at %+v, which no file has", pos)
					}
				}
			}
		}
	}
}

// TestNotInARow: two points whose clocks do not overlap are two, and so are files with nothing between them that goes on.
func TestNotInARow(t *testing.T) {
	sc := &scene{offset: time.Hour, forth: 10 * time.Millisecond, back: 10 * time.Millisecond, conversations: 6, exchanges: 20, ids: true}
	_, a, b, _ := simulate(sc, 22)
	shift := a[len(a)-1].time - b[0].time + int64(100*time.Millisecond)
	var near []record
	for _, r := range b { // B begins right where A ends, by its clock
		r.time += shift
		near = append(near, r)
	}
	if r := several([]place{{"a", [][]record{a}}, {"b", [][]record{near}}}, false); len(r.Points) != 2 || totals(&r.Pairs[0]).Matched == 0 {
		t.Errorf("%d points, want 2 that have the same packets", len(r.Points))
	}
	_, other, _, _ := simulate(sc, 23)
	var later []record
	for _, r := range other {
		r.time += a[len(a)-1].time - other[0].time + int64(100*time.Millisecond)
		later = append(later, r)
	}
	if r := several([]place{{"a", [][]record{a}}, {"b", [][]record{later}}}, false); len(r.Points) != 2 {
		t.Errorf("%d points, want 2: no connection of one goes on in the other", len(r.Points))
	}
}

// TestTimeZones: three points and more, whose clocks are time zones apart, one of them by half an hour: all meet, and every offset is right.
func TestTimeZones(t *testing.T) {
	zones := []time.Duration{0, 5 * time.Hour, -(3*time.Hour + 30*time.Minute), 5*time.Hour + 45*time.Minute}
	sc := &scene{forth: 10 * time.Millisecond, back: 10 * time.Millisecond, conversations: 12, exchanges: 10, ids: true}
	_, a, b, w := simulate(sc, 24)
	rnd := rand.New(rand.NewPCG(1, 2))
	var list []place
	for i, z := range zones {
		from := a
		if i > 0 {
			from = b
		}
		var own []record
		for _, r := range from {
			r.time += int64(z)
			if i > 1 { // behind B, a millisecond on
				d := time.Millisecond * time.Duration(i)
				if s := &w.wire[r.first-1]; s.back {
					d = -d
				}
				r.time += int64(d) + rnd.Int64N(20_000)
			}
			own = append(own, r)
		}
		list = append(list, place{string(rune('a' + i)), [][]record{own}})
	}
	r := several(list, false)
	if len(r.Pairs) != 6 {
		t.Fatalf("%d pairs, want 6", len(r.Pairs))
	}
	for i := range r.Pairs {
		p := &r.Pairs[i]
		want := zones[p.B] - zones[p.A]
		if len(p.Meetings) < sc.conversations-1 || len(p.Clock.Segments) != 1 {
			t.Errorf("%d and %d: %d conversations, %d segments", p.A, p.B, len(p.Meetings), len(p.Clock.Segments))
			continue
		}
		off := time.Duration(p.Clock.Segments[0].At(p.Clock.Segments[0].From))
		if (off - want).Abs() > 15*time.Millisecond {
			t.Errorf("%d and %d: %v apart, want %v", p.A, p.B, off, want)
		}
	}
}
