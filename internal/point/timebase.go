package point

import (
	"cmp"
	"math"
	"slices"
)

// A Timebase says when records of a point were on the one clock of all points: that of the reference point.
type Timebase struct {
	// Reference says that it is the clock that all others are moved to: its times stay as they are.
	Reference bool
	// Linked says that something tells how far the two clocks are apart. Without it times stay as they are, and nothing is known of them.
	Linked bool
	// Bound is what is known. With Both an error is all that a time may be off. Of AtMost and AtLeast times are early, or late, by the time
	// on the way besides: packets went one way only. Of Loose they are one or the other.
	Bound Bound
	// Tick is the step of the point's own clock, or the unit of its times, in nanoseconds: no time is known finer, and each is that much early at most.
	Tick int64
	// Stretches are the times of the point in which no clock was set.
	Stretches []Stretch
	runs      []run

	before int64 // records of the sources before it at the point
}

// Unbounded is the error of a time of which nothing is known.
const Unbounded = int64(math.MaxInt64)

// A run is a time in which neither the clock of the point nor one that it is compared with was set.
type run struct {
	first, last uint32 // records of the point, modulo 2^32; 0 at the ends
	pieces      []piece
}

// A piece is a line between two times of the point.
type piece struct {
	from, to int64    // by its own clock
	off, err [2]int64 // at from and to: what it is ahead of the reference, and how far that may be off
}

// A Stretch is a time of a point without a step, for whoever prints its clock: what it is ahead of the reference at the beginning and the end.
type Stretch struct {
	From, To int64 // by its own clock
	Offset   [2]int64
	Error    int64 // the greatest in it
}

// stretch sums up each run.
func (b *Timebase) stretch() {
	for _, r := range b.runs {
		first, last := r.pieces[0], r.pieces[len(r.pieces)-1]
		s := Stretch{From: first.from, To: last.to, Offset: [2]int64{first.off[0], last.off[1]}}
		for _, p := range r.pieces {
			s.Error = max(s.Error, p.err[0], p.err[1])
		}
		b.Stretches = append(b.Stretches, s)
	}
}

// At is the time on the one clock of a record with a number and a time at the point, and how far it may be off; number is 0 when it is not
// known: it tells which of two times is meant when a clock was set back. See Bound for what the error leaves out.
func (b *Timebase) At(number, t int64) (at, err int64) {
	if b.Reference {
		return t, b.Tick
	}
	if len(b.runs) == 0 {
		return t, Unbounded
	}
	if number != 0 {
		number += b.before
	}
	i := b.run(uint32(number), t)
	off, err := b.runs[i].at(t)
	if n := uint32(number); n != 0 && i+1 < len(b.runs) && n > b.runs[i].last && b.runs[i].last != 0 { // it was set before or after this record
		other, e := b.runs[i+1].at(t)
		err = max(err, e) + max(difference(off, other), difference(other, off))
	}
	return difference(t, off), total(err, b.Tick)
}

// run is the run of a record: by its number, else by its time.
func (b *Timebase) run(number uint32, t int64) int {
	i := len(b.runs) - 1
	for i > 0 {
		r := &b.runs[i]
		if number != 0 && number >= r.first || number == 0 && t >= r.pieces[0].from {
			break
		}
		i--
	}
	return i
}

// at is how far the point is ahead of the reference at a time of its own, and the error of that.
func (r *run) at(t int64) (off, err int64) {
	i, found := slices.BinarySearchFunc(r.pieces, t, func(p piece, t int64) int { return cmp.Compare(p.from, t) })
	if !found {
		i = max(0, i-1)
	}
	p := &r.pieces[i]
	length := float64(max(1, difference(p.to, p.from)))
	line := func(v [2]int64, t int64) int64 {
		x := v[0] + int64(float64(difference(v[1], v[0]))*float64(difference(t, p.from))/length)
		return max(min(v[0], v[1]), min(x, max(v[0], v[1]))) // years are rounded to more than some errors are
	}
	slope := int64(max(-maxDrift, min(maxDrift, float64(difference(p.off[1], p.off[0]))*1e9/length)))
	switch {
	case t < p.from:
		return p.off[0] + scale(difference(t, p.from), slope), p.err[0] + scale(difference(p.from, t), maxDrift)
	case t > p.to:
		return p.off[1] + scale(difference(t, p.to), slope), p.err[1] + scale(difference(t, p.to), maxDrift)
	}
	return line(p.off, t), line(p.err, t) + 1
}

// Clock says what the times of a source are on the one clock of all.
func (r *Result) Clock(source int) *Timebase {
	for i := range r.Points {
		if p := &r.Points[i]; p.has(source) && i < len(r.Timebases) {
			b := r.Timebases[i]
			b.before = p.number(source, 1) - 1
			return &b
		}
	}
	return &Timebase{}
}

// Reference is the point whose clock is that of all, -1 when there is none.
func (r *Result) Reference() int {
	return slices.IndexFunc(r.Timebases, func(b Timebase) bool { return b.Reference })
}

// Between is the pair of two points, nil when they were not compared.
func (r *Result) Between(a, b int) *Pair {
	for i := range r.Pairs {
		if p := &r.Pairs[i]; p.A == a && p.B == b || p.A == b && p.B == a {
			return p
		}
	}
	return nil
}

// Rate is how fast the clock of the point gains on the reference in the stretch, in parts per billion, and how far that may be off.
func (s *Stretch) Rate() (ppb, err int64) {
	length := max(1, difference(s.To, s.From))
	return ratio(difference(s.Offset[1], s.Offset[0]), length), ratio(2*s.Error, length)
}

// ratio is a/b in parts per billion, held to what is no clock any more.
func ratio(a, b int64) int64 {
	const most = 1e9
	return int64(max(-most, min(most, float64(a)/float64(b)*1e9)))
}
