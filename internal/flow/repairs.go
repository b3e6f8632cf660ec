package flow

import (
	"math"

	"github.com/wiretale/wiretale/proto/tcp"
)

// Repairs are the losses of one side's data that another copy made good, as
// far as the capture shows both the loss and its repair, and how long the
// receiver had to wait for what was lost.
type Repairs struct {
	// Fast were asked for by acknowledgements, or sent again after a probe timer: their repair took no time-out.
	// Timer waited for a time-out of the sender.
	Fast, Timer RepairsOf
	// Before is how many were lost on the way to the place of the capture: only the later copy passed here.
	// After were lost behind it: both copies passed.
	Before, After int64
	// Reordered segments came behind later ones by less than a loss takes to be repaired. They are no repairs.
	Reordered RepairsOf
	// Needless repetitions are of what had been acknowledged here already, or was acknowledged too soon after them. They are no repairs.
	Needless      int64
	FirstNeedless Moment
	Waits         Waits // in which something lost was missing: what Fast.Took and Timer.Took count

	until int64 // end of the time that is counted
}

// RepairsOf are those of one kind.
type RepairsOf struct {
	Count int64
	// Took is the time in nanoseconds in which something lost was missing. What was missing at the same time counts once, over all kinds of repairs.
	Took         int64
	First, Worst Repair
}

// A Repair is one loss and its end.
type Repair struct {
	// Lost is the first copy, or, where that was lost before the place of the capture, the segment behind it. Its position may have no byte offset.
	Lost  Moment
	Again Moment // the copy that arrived in its place
	Bytes uint32
}

// Lasted is how long it took, in nanoseconds.
func (r *Repair) Lasted() int64 { return r.Again.Time - r.Lost.Time }

// Count is how many repairs there were.
func (r *Repairs) Count() int64 { return r.Fast.Count + r.Timer.Count }

// Took is how long something lost was missing, in nanoseconds.
func (r *Repairs) Took() int64 { return r.Fast.Took + r.Timer.Took }

func (r *Repairs) needless(at *Moment) {
	r.Needless++
	if r.Needless == 1 {
		r.FirstNeedless = *at
	}
}

func (t *Trouble) repairs() *Repairs {
	if t.Repairs == nil {
		t.Repairs = &Repairs{until: math.MinInt64}
	}
	return t.Repairs
}

// repair is for data that do not advance. behind is the segment at which the
// hole that they fill was seen, if they fill one.
func (f *tcpFlow) repair(v Analysis, g *segment, from, to *side, s *Sighting, behind, now *Moment) {
	d := &f.flow.Dir[s.Dir]
	if v.Has(SpuriousRetransmission) {
		d.Trouble.repairs().needless(now)
		return
	}
	one := Repair{Again: *now, Bytes: g.len}
	before := behind.Seen()
	if before {
		one.Lost = *behind
	} else {
		if to.ack == 0 {
			return // what the other side has is not known
		}
		o := from.unacked.covering(g.seq, g.frame, from.base)
		if o == nil {
			return
		}
		one.Lost = Moment{Time: o.time}
		one.Lost.Pos.Source, one.Lost.Pos.Number = now.Pos.Source, o.frame
		if f.retry(g, o, from, to, s, now) {
			return
		}
	}
	took := one.Lasted()
	if took < 0 { // the clock went back, or the file is not in order
		return
	}
	r := d.Trouble.repairs()
	if before && f.overtaken(from, took) {
		r.Reordered.add(&one, took)
		return
	}
	if before {
		r.Before++
	} else {
		r.After++
	}
	kind := &r.Fast
	if took >= max(timeout, 2*f.irtt) && (to.dupAcks < 3 || to.dupAcks == unseenAcked || s.TimeDelta >= timeout/2) {
		kind = &r.Timer
	}
	kind.add(&one, r.fresh(&one))
}

// fresh is the part of a repair's time that has not been counted, in nanoseconds. It is counted from then on.
func (r *Repairs) fresh(one *Repair) int64 {
	end := one.Again.Time
	took := end - max(one.Lost.Time, r.until)
	r.until = max(r.until, end)
	r.Waits.add(end-took, end)
	return max(0, took)
}

func (k *RepairsOf) add(one *Repair, took int64) {
	k.Count++
	k.Took += took
	if k.Count == 1 {
		k.First = *one
	}
	if k.Count == 1 || one.Lasted() > k.Worst.Lasted() {
		k.Worst = *one
	}
}

// overtaken reports whether the last segment of a side, which fills a hole that was seen so long ago, was sent before those that came before it. Its
// time stamp says so when it is another one than theirs, else the time: a repair takes a round trip at least.
func (f *tcpFlow) overtaken(from *side, took int64) bool {
	switch {
	case from.has(older):
		return took < longestLate
	case from.has(newer):
		return false
	}
	return took < max(reorderLimit, f.roundTrip()/2)
}

// longestLate is the time, in nanoseconds, by which no packet comes late: a time stamp that says so is damaged.
const longestLate = 1_000_000_000

// roundTrip is the shortest one that is known, in nanoseconds, 0 without any.
func (f *tcpFlow) roundTrip() int64 {
	there, ok := f.trip(0)
	back, too := f.trip(1)
	if trip := there + back; ok && too && (f.irtt == 0 || trip < f.irtt) {
		return trip
	}
	return f.irtt
}

// covering is the oldest segment with the number, but for that of one record; nil without.
func (u *unacked) covering(seq uint32, but int64, base uint32) *sent {
	holds := func(s *sent) bool { return s.frame != but && le(s.seq, seq) && gt(s.next, seq) }
	if u.single && holds(&u.first) {
		return &u.first
	}
	for b := u.head; b != nil; b = b.next {
		if !b.wraps && (seq-base < b.lo || seq-base >= b.hi) {
			continue
		}
		for i := range b.of[:b.n] {
			if holds(&b.of[i]) {
				return &b.of[i]
			}
		}
	}
	return nil
}

// A Retry is a row of copies of the same bytes while the other side
// acknowledged none of them. Only those that waited for a timer are counted.
type Retry struct {
	First, Last Moment // the first copy, and the newest; the position of the first has no byte offset
	Times       uint32 // how often a timer sent them again
	Bytes       uint32 // payload of the first copy
	LastBytes   uint32 // and of the newest
	Passed      uint32 // the largest payload of that side of which all had been acknowledged before, 0 for none
	// Heard is the newest segment of the other side meanwhile, which still acknowledged none of it; not seen when there was none.
	Heard Moment
	Acked Moment // the acknowledgement that ended it; not seen when none came

	seq uint32
}

// retry counts a repetition of what o carried first. It reports whether a timer sent what the other side waits for:
// that is a repair once it is acknowledged.
func (f *tcpFlow) retry(g *segment, o *sent, from, to *side, s *Sighting, now *Moment) bool {
	t := f.flow.Dir[s.Dir].Trouble
	r := t.Retry
	switch {
	case from.has(retrying) && r != nil && r.seq == g.seq: // once more
	case from.has(retrying) || to.ack != g.seq || g.time-o.time < max(timeout, 2*f.irtt):
		return false // not what is waited for, or no timer
	default:
		if r != nil && (t.LongestRetry == nil || t.LongestRetry.Times < r.Times) {
			t.LongestRetry = r
		}
		r = &Retry{seq: g.seq, Bytes: o.next - o.seq, Passed: from.passed}
		r.First.Time, r.First.Pos.Source, r.First.Pos.Number = o.time, now.Pos.Source, o.frame
		t.Retry = r
		from.known |= retrying
	}
	if g.time-max(r.Last.Time, r.First.Time) >= timeout {
		r.Times++
	}
	r.Last, r.LastBytes = *now, g.len
	return true
}

// answered is for a segment of the other side while data are repeated.
func (f *tcpFlow) answered(g *segment, to *side, s *Sighting, now *Moment) {
	t := f.flow.Dir[1-s.Dir].Trouble
	if t == nil || t.Retry == nil {
		to.known &^= retrying
		return
	}
	r := t.Retry
	if g.flags&tcp.ACK == 0 {
		return
	}
	if !after(g.ack, r.seq) {
		r.Heard = *now
		return
	}
	r.Acked = *now
	to.known &^= retrying
	one := Repair{Lost: r.First, Again: r.Last, Bytes: r.Bytes}
	if one.Lasted() < 0 {
		return
	}
	all := t.repairs()
	if trip, ok := f.trip(1 - s.Dir); ok && g.time-clock(&r.Last) < trip/2 { // too soon for the last copy: an earlier one had arrived (RFC 3522)
		all.needless(&r.Last)
		return
	}
	all.After += int64(r.Times)
	all.Timer.add(&one, all.fresh(&one))
	all.Timer.Count += int64(r.Times) - 1
}

// Rows are the newest row of copies and the longest before it, if there were any.
func (t *Trouble) Rows() (out []*Retry) {
	if t == nil {
		return nil
	}
	for _, r := range []*Retry{t.LongestRetry, t.Retry} {
		if r != nil {
			out = append(out, r)
		}
	}
	return out
}
