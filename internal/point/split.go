package point

import (
	"cmp"
	"slices"

	"github.com/wiretale/wiretale/internal/request"
)

// A Split is a request that two points saw, and whose time it was. Asked and Answered are the places of it in the list of requests: as the point
// nearest to who asks has it, and as the one nearest to who answers.
type Split struct {
	Asked, Answered int
	From, To        int // those points
	// Server is the time from the question to the first byte of the answer at the point there, by its own clock. Network is what the other point
	// waited longer than that, both ways together; There and Back are each of them, to Error, Unbounded when the clocks tell nothing.
	Server, Network, There, Back, Error int64
	// Client is the time from the end of the answer before to the question at the point here, -1 when another question was open then.
	Client int64
}

// maxAhead is how many requests ahead a counterpart is looked for: those between are at the other point alone.
const maxAhead = 64

// Splits finds the requests that two points saw, in the order of the list. Nearest to who asks is the first point that its packets pass.
func (r *Result) Splits(list []request.Request) (out []Split) {
	if r == nil {
		return nil
	}
	by := map[[2]int][]int{} // places of requests, by conversation and side
	for i := range list {
		q := &list[i]
		if _, ok := q.Service(); ok && q.Sent.Seen() {
			by[[2]int{q.Conv, q.Dir}] = append(by[[2]int{q.Conv, q.Dir}], i)
		}
	}
	if len(by) == 0 {
		return nil
	}
	for _, s := range r.sighted() {
		for d := range 2 {
			points, _ := s.points(d)
			points = slices.DeleteFunc(points, func(p int) bool { return len(by[[2]int{int(s.convs[p]), s.side(p, d)}]) == 0 })
			if len(points) < 2 {
				continue
			}
			from, to := points[0], points[len(points)-1]
			if p, ok := s.passage(from, to, d); !ok || p.Way().From == Unknown {
				continue
			}
			at := func(p int) []int { return by[[2]int{int(s.convs[p]), s.side(p, d)}] }
			out = append(out, r.split(list, from, to, at(from), at(to))...)
		}
	}
	slices.SortFunc(out, func(a, b Split) int { return cmp.Compare(a.Asked, b.Asked) })
	return out
}

// split pairs the requests of a conversation at two points: the same in content, in order, and the one inside the other in time.
func (r *Result) split(list []request.Request, from, to int, here, there []int) (out []Split) {
	next := 0
	for k, i := range here {
		for j := next; j < len(there) && j < next+maxAhead; j++ {
			x, ok := r.within(&list[i], &list[there[j]], from, to)
			if !ok {
				continue
			}
			x.Asked, x.Answered, x.Client = i, there[j], -1
			if k > 0 && list[i].Depth == 1 {
				if before := &list[here[k-1]]; before.Answered() && before.Last.Time <= list[i].Asked.Time {
					x.Client = list[i].Asked.Time - before.Last.Time
				}
			}
			out = append(out, x)
			next = j + 1
			break
		}
	}
	return out
}

// within splits the time of a request of one point, if that of the other can be the same: the question passes there after it was asked here, and the answer before it came here.
func (r *Result) within(a, b *request.Request, from, to int) (s Split, ok bool) {
	if !a.Alike(b) {
		return s, false
	}
	here, _ := a.Service()
	server, _ := b.Service()
	clockA, clockB := r.Clock(a.Source), r.Clock(b.Source)
	sentA, errA := clockA.At(a.Sent.Number, a.Sent.Time)
	sentB, errB := clockB.At(b.Sent.Number, b.Sent.Time)
	s = Split{From: from, To: to, Server: server, Network: here - server, There: difference(sentB, sentA), Error: Unbounded}
	s.Back = s.Network - s.There
	slack := together
	if clockA.Bound == Both && clockB.Bound == Both && errA < Unbounded && errB < Unbounded {
		s.Error = errA + errB
		slack = s.Error
	}
	ticks := clockA.Tick + clockB.Tick
	return s, s.Network >= -ticks && s.There >= -slack && s.Back >= -slack
}

// A Share is whose time the requests between two points took.
type Share struct {
	From, To                int
	N                       int
	Server, Network, Client int64    // in all
	Median                  [3]int64 // of server, network and client
	There, Back             int64    // medians of the two ways, to Error
	Error                   int64
}

// Shares sum up splits by their points.
func Shares(splits []Split) (out []Share) {
	var lists [][]Split
	for _, s := range splits {
		i := slices.IndexFunc(lists, func(l []Split) bool { return l[0].From == s.From && l[0].To == s.To })
		if i < 0 {
			i = len(lists)
			lists = append(lists, nil)
		}
		lists[i] = append(lists[i], s)
	}
	for _, list := range lists {
		x := Share{From: list[0].From, To: list[0].To, N: len(list)}
		middle := func(of func(*Split) int64) int64 {
			values := make([]int64, len(list))
			for i := range list {
				values[i] = of(&list[i])
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		for i := range list {
			s := &list[i]
			x.Server, x.Network, x.Client = x.Server+s.Server, x.Network+max(0, s.Network), x.Client+max(0, s.Client)
			x.Error = max(x.Error, s.Error)
		}
		x.Median = [3]int64{middle(func(s *Split) int64 { return s.Server }), middle(func(s *Split) int64 { return max(0, s.Network) }), middle(func(s *Split) int64 { return max(0, s.Client) })}
		x.There, x.Back = middle(func(s *Split) int64 { return s.There }), middle(func(s *Split) int64 { return s.Back })
		out = append(out, x)
	}
	return out
}
