package flow

import (
	"math"
	"net/netip"
)

// made is what p points to: something new when a conversation is read.
func made[T any](c *packer, p **T) *T {
	if c.reading {
		*p = new(T)
	}
	return *p
}

// mended is what a side's losses, closed windows and repetitions cost.
func (c *packer) mended(t *Trouble) {
	repairs, closures, retry, longest := t.Repairs != nil, t.Closures != nil, t.Retry != nil, t.LongestRetry != nil
	c.flag(&repairs, &closures, &retry, &longest)
	if repairs {
		c.repairs(made(c, &t.Repairs))
	}
	if closures {
		c.closures(made(c, &t.Closures))
	}
	if retry {
		c.retry(made(c, &t.Retry))
	}
	if longest {
		c.retry(made(c, &t.LongestRetry))
	}
}

func (c *packer) overtaken(o *Overtaken) {
	any := *o != Overtaken{}
	if c.flag(&any); !any {
		return
	}
	num(c, &o.Count)
	num(c, &o.pending)
	num(c, &o.acked)
	num(c, &o.Longest)
	num(c, &o.resent)
	c.time(&o.since)
	c.moment(&o.First)
	c.moment(&o.Last)
	c.moment(&o.began)
}

func (c *packer) repairs(r *Repairs) {
	num(c, &r.Before)
	num(c, &r.After)
	num(c, &r.Needless)
	num(c, &r.until)
	c.moment(&r.FirstNeedless)
	c.waits(&r.Waits)
	for _, k := range []*RepairsOf{&r.Fast, &r.Timer, &r.Reordered} {
		num(c, &k.Count)
		num(c, &k.Took)
		for _, one := range []*Repair{&k.First, &k.Worst} {
			c.moment(&one.Lost)
			c.moment(&one.Again)
			num(c, &one.Bytes)
		}
	}
}

// waits are written with their lengths: times of a trace may lie anywhere.
func (c *packer) waits(w *Waits) {
	n := uint32(len(*w))
	num(c, &n)
	if c.reading && n > 0 {
		*w = make(Waits, n)
	}
	for i := range *w {
		one := &(*w)[i]
		length := one.length()
		c.time(&one.From)
		num(c, &length)
		one.To = one.From + length
	}
}

func (c *packer) closures(v *Closures) {
	num(c, &v.Count)
	num(c, &v.Total)
	c.waits(&v.Waits)
	for _, one := range []*Closure{&v.First, &v.Longest, &v.Standing} {
		c.moment(&one.At)
		c.moment(&one.Opened)
		c.moment(&one.Next)
		num(c, &one.Probes)
	}
}

func (c *packer) pauses(p *Pauses) {
	num(c, &p.Count)
	num(c, &p.Total)
	c.waits(&p.Waits)
	for _, one := range []*Pause{&p.First, &p.Longest} {
		c.moment(&one.Before)
		c.moment(&one.After)
		num(c, &one.Lasted)
	}
}

func (c *packer) retry(r *Retry) {
	for _, m := range []*Moment{&r.First, &r.Last, &r.Heard, &r.Acked} {
		c.moment(m)
	}
	num(c, &r.Times)
	num(c, &r.Bytes)
	num(c, &r.LastBytes)
	num(c, &r.Passed)
	num(c, &r.seq)
}

func (c *packer) queue(q *Queue) {
	num(c, &q.N)
	num(c, &q.High)
	num(c, &q.Took)
	num(c, &q.WorstRTT)
	num(c, &q.WorstSent)
	num(c, &q.Shortest)
	num(c, &q.last)
	c.moment(&q.First)
	c.moment(&q.Worst)
	for i := range q.sums {
		bits := math.Float64bits(q.sums[i])
		num(c, &bits)
		q.sums[i] = math.Float64frombits(bits)
	}
	near := q.echoes != nil
	if c.flag(&near); near {
		c.echoes(made(c, &q.echoes))
	}
}

func (c *packer) echoes(e *echoes) {
	num(c, &e.n)
	num(c, &e.trip)
	for i := range e.of[:e.n] {
		one := &e.of[i]
		num(c, &one.value)
		num(c, &one.ack)
		c.time(&one.time)
	}
}

func (c *packer) tooBig(t *TooBig) {
	c.moment(&t.At)
	num(c, &t.MTU)
	num(c, &t.Dir)
	num(c, &t.Count)
	from := netip.AddrPortFrom(t.From, 0)
	c.endpoint(&from)
	t.From = from.Addr()
}
