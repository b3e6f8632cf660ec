package point

import (
	"slices"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// A Packet is one packet of a conversation with the records that points have of it.
type Packet struct {
	Records []uint32 // by point, modulo 2^32; 0 where it was not seen
	Lost    []bool   // by point: it passed the point before and did not come here
}

// Seen is how many points have it.
func (p *Packet) Seen() (n int) {
	for _, r := range p.Records {
		if r != 0 {
			n++
		}
	}
	return n
}

// A Followed conversation is one at several points, packet by packet.
type Followed struct {
	Points []int                // that have it, in the order in which packets of the first end pass
	Convs  []*flow.Conversation // by point, nil where it was not seen
	Turned []bool               // by point: its ends are the other way around than at the first that has it
	of     map[recordOf]*Packet
	r      *Result
}

// A recordOf a point.
type recordOf struct {
	point  int
	number uint32
}

// Of is the packet of a record of a source, nil when no other point has it or lacks it.
func (f *Followed) Of(source int, number int64) *Packet {
	i := f.r.index(source)
	if i < 0 {
		return nil
	}
	return f.of[recordOf{i, uint32(f.r.Points[i].number(source, number))}]
}

func (r *Result) index(source int) int {
	return slices.IndexFunc(r.Points, func(p Point) bool { return p.has(source) })
}

// Index is the place of the point of a source in the points of the result, -1 when it is of none.
func (f *Followed) Index(source int) int { return f.r.index(source) }

// Pos is the record with a number at the point: of which of its sources, and which there.
func (p *Point) Pos(number uint32) trace.Pos { return p.pos(&print{number: number}) }

// Follow follows a conversation from point to point, nil when only one has it. The result must be of [AnalyseMatches].
func (r *Result) Follow(c *flow.Conversation) *Followed {
	if r == nil {
		return nil
	}
	for _, s := range r.sighted() {
		if slices.Contains(s.convs, int32(c.ID)) {
			return r.follow(s)
		}
	}
	return nil
}

func (r *Result) follow(s *sighted) *Followed {
	f := &Followed{r: r, Convs: make([]*flow.Conversation, len(s.convs)), Turned: s.turned, of: map[recordOf]*Packet{}}
	for i, c := range s.convs {
		if c >= 0 {
			f.Convs[i] = r.Conv(c)
		}
	}
	for d := range 2 {
		list, _ := s.points(d)
		if len(list) > len(f.Points) {
			f.Points = list
			if d == 1 {
				f.Points = reversed(list)
			}
		}
	}
	for _, m := range s.meetings {
		for d := range 2 {
			for _, x := range m.Ways[d].Places().records {
				f.join(r.packet(f, m.Pair.A, x[0]), r.packet(f, m.Pair.B, x[1]))
			}
		}
	}
	for d := range 2 {
		for _, h := range s.hops(nil, d) {
			p := &h.Passages[0]
			for _, number := range p.Way().Places().missing[way(p.Pair.A != h.From)] {
				if h.Known {
					r.packet(f, h.From, number).Lost[h.To] = true
				}
			}
		}
	}
	return f
}

// packet is that of a record, a new one when it is the first.
func (r *Result) packet(f *Followed, point int, number uint32) *Packet {
	at := recordOf{point, number}
	if f.of[at] == nil {
		p := &Packet{Records: make([]uint32, len(r.Points)), Lost: make([]bool, len(r.Points))}
		p.Records[point] = number
		f.of[at] = p
	}
	return f.of[at]
}

// join makes one packet of two.
func (f *Followed) join(a, b *Packet) {
	if a == b {
		return
	}
	for i, number := range b.Records {
		if number != 0 && a.Records[i] == 0 {
			a.Records[i] = number
			f.of[recordOf{i, number}] = a
		}
	}
}

func reversed(list []int) []int {
	out := make([]int, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		out = append(out, list[i])
	}
	return out
}

// remember keeps which record is which.
func (c *couple) remember(f *found, d int, w *Way) {
	if !c.a.keep {
		return
	}
	for _, h := range f.hits[d] {
		if h.kind != ranged {
			at := w.at()
			at.records = append(at.records, [2]uint32{f.a.prints[h.a].number, f.b.prints[h.b].number})
		}
	}
}
