package fileio

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/session"
)

// file says which call made which request of the pair.
func (p *pair) file(clock *Clock) *File {
	f := &File{Name: p.wire.name, Path: p.calls.path, Writes: p.wire.writes}
	at := map[*session.Operation]int{}
	by := map[*session.Process]int{}
	var sizes []int64
	for _, o := range p.calls.list {
		if o.Paging {
			f.Paging++
			continue
		}
		at[o] = len(f.Calls)
		f.Calls = append(f.Calls, Call{Operation: o})
		sizes = append(sizes, o.Requested)
		if by[o.Process]++; f.Process == nil || by[o.Process] > by[f.Process] {
			f.Process = o.Process
		}
	}
	f.CallSize, sizes = common(sizes), nil
	times := newTimeline(p.calls.list)
	for _, r := range p.wire.list {
		sizes = append(sizes, r.Wanted)
		f.Requests = append(f.Requests, p.why(r, clock, times, at, f))
	}
	if !f.Writes {
		f.fetched(clock)
	}
	f.Size = common(sizes)
	f.Depth = depth(f.Calls)
	return f
}

// why says which call made a request.
func (p *pair) why(r *request.Request, clock *Clock, times *timeline, at map[*session.Operation]int, f *File) Request {
	out := Request{Request: r, Call: -1, Why: Unknown}
	asked := r.Asked.Time - clock.Ahead // as the log's clock has it
	var made, pages *session.Operation
	times.open(asked-clock.Bound, asked+clock.Bound, func(o *session.Operation) {
		switch {
		case !covers(o, r.Offset):
		case o.Paging:
			pages = o
		case made == nil || o.At.Time > made.At.Time:
			made = o
		}
	})
	switch {
	case made != nil:
		out.Call, out.Why = at[made], ByCall
		f.Calls[out.Call].Requests++
	case !f.Writes && times.later(asked+clock.Bound, func(o *session.Operation) bool { return !o.Paging && covers(o, r.Offset) }):
		out.Why = ReadAhead
	case pages != nil:
		out.Why = Pages
	}
	return out
}

func covers(o *session.Operation, place int64) bool {
	return o.Offset <= place && place-o.Offset < o.Requested
}

// fetched marks the calls without requests that begin where a request before them had asked for.
func (f *File) fetched(clock *Clock) {
	list, longest := make([]*request.Request, len(f.Requests)), int64(0)
	for i := range f.Requests {
		list[i] = f.Requests[i].Request
		longest = max(longest, list[i].Wanted)
	}
	slices.SortStableFunc(list, func(a, b *request.Request) int { return cmp.Compare(a.Offset, b.Offset) })
	for i := range f.Calls {
		c := &f.Calls[i]
		if c.Requests > 0 {
			continue
		}
		end, _ := slices.BinarySearchFunc(list, c.Offset, func(r *request.Request, at int64) int {
			if r.Offset <= at {
				return -1
			}
			return 1
		})
		for n := 0; end > 0 && list[end-1].Offset > c.Offset-longest && !c.Fetched && n < maxLooks; n++ {
			end--
			r := list[end]
			c.Fetched = c.Offset-r.Offset < r.Wanted && r.Asked.Time-clock.Ahead <= c.At.Time+c.Duration+clock.Bound
		}
	}
}

// common is the most common of some numbers, the largest of several; 0 without any.
func common(list []int64) (best int64) {
	count, most := map[int64]int{}, 0
	for _, n := range list {
		if count[n]++; count[n] > most || count[n] == most && n > best {
			best, most = n, count[n]
		}
	}
	return best
}

// depth is how many calls were open at once, at most. One that begins as another ends comes after it.
func depth(calls []Call) (most int) {
	begins, ends := make([]int64, len(calls)), make([]int64, len(calls))
	for i := range calls {
		begins[i], ends[i] = calls[i].At.Time, calls[i].At.Time+calls[i].Duration
	}
	slices.Sort(begins)
	slices.Sort(ends)
	done := 0
	for i, t := range begins {
		for ends[done] <= t && done < i {
			done++
		}
		most = max(most, i+1-done)
	}
	return most
}

// explain fills the pauses of the files with the operations of their processes.
func (m *Map) explain(operations []session.Operation) {
	for _, f := range m.Files {
		list := make([]*request.Request, len(f.Requests))
		for i := range f.Requests {
			list[i] = f.Requests[i].Request
		}
		for s := range request.Stretches(list) {
			if s.Part == request.Paused && s.To.Time > s.From.Time {
				f.Pauses = append(f.Pauses, Pause{Pause: request.Pause{From: s.From, To: s.To}})
			}
		}
	}
	by := map[*session.Process][]*session.Operation{}
	for _, f := range m.Files {
		by[f.Process] = nil
	}
	for i := range operations {
		o := &operations[i]
		if _, ok := by[o.Process]; ok && o.Process != nil {
			by[o.Process] = append(by[o.Process], o)
		}
	}
	for _, f := range m.Files {
		times := newTimeline(by[f.Process])
		for i := range f.Pauses {
			f.Pauses[i].fill(times, &m.Clock)
		}
	}
}

// fill finds what of a process was open in the pause.
func (p *Pause) fill(times *timeline, clock *Clock) {
	from, to := p.From.Time-clock.Ahead, p.To.Time-clock.Ahead
	var open []*session.Operation
	times.open(from, to, func(o *session.Operation) { open = append(open, o) })
	slices.SortStableFunc(open, func(a, b *session.Operation) int { return cmp.Compare(a.At.Time, b.At.Time) })
	index, covered := map[[2]string]int{}, from
	for _, o := range open {
		begin, end := max(o.At.Time, from), min(o.At.Time+o.Duration, to)
		if o.At.Time >= to || o.At.Time < from && end <= from {
			continue // it touches the pause, and is not in it
		}
		p.add(index, Activity{o.Name, o.Path, 1, end - begin})
		p.Rest += max(begin-covered, 0)
		covered = max(covered, end)
	}
	p.Rest += max(to-covered, 0)
	p.sort()
}

// add adds an activity to those of the same name and path.
func (p *Pause) add(index map[[2]string]int, a Activity) {
	k := [2]string{a.Name, a.Path}
	i, ok := index[k]
	if !ok {
		index[k] = len(p.Activities)
		p.Activities = append(p.Activities, a)
		return
	}
	p.Activities[i].Count += a.Count
	p.Activities[i].Time += a.Time
}

func (p *Pause) sort() {
	slices.SortStableFunc(p.Activities, func(a, b Activity) int { return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(b.Count, a.Count)) })
}
