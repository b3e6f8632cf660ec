package engine

import (
	"container/heap"
	"context"
	"errors"
	"io"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

// A Run is one pass over a set of sources as a single stream in order of time.
type Run struct {
	ctx     context.Context
	opt     Options
	sources []*source
	result  *Case
}

// Open opens every source and learns what a first look can tell (names and
// schemas that an ETL file holds at its end). On an error nothing stays open.
func Open(ctx context.Context, paths []string, opt Options) (*Run, error) {
	opt.beside = len(paths) > 1
	opt.Points = opt.Points && len(paths) > 1
	run := &Run{ctx: ctx, opt: opt}
	for i, path := range paths {
		s, err := openSource(path, i, opt)
		if err != nil {
			run.Close()
			return nil, err
		}
		run.sources = append(run.sources, s)
	}
	return run, nil
}

// Close releases the sources. Rows handed out before are invalid after it.
func (r *Run) Close() error {
	var errs []error
	for _, s := range r.sources {
		errs = append(errs, s.reader.Close())
	}
	return errors.Join(errs...)
}

// checkEvery is how many rows pass between two looks at the context.
const checkEvery = 4096

// Each feeds every record through the trackers and, when visit is not nil,
// hands out its row. Rows come in order of time over all sources, ties in the
// order of the sources; records without a time keep their place in the source.
// An error of visit or of the context ends the run; damage in a source does not.
func (r *Run) Each(visit func(*Row) error) error { return r.inOrder(r.sources, visit) }

func (r *Run) inOrder(sources []*source, visit func(*Row) error) error {
	var row Row
	first, previous := trace.NoTime, trace.NoTime
	return r.ordered(sources, func(s *source) error {
		s.fill(&row)
		row.First, row.Previous, row.Displayed = first, previous, previous
		if t := row.Record.Time; t != trace.NoTime && row.Record.Numbered {
			if previous = t; first == trace.NoTime {
				first = t
			}
		}
		switch {
		case r.opt.Case == nil:
		case s.part != nil:
			s.part.resolve(r.opt.Case, &row)
		default:
			r.opt.Case.Resolve(&row)
		}
		if visit == nil {
			return nil
		}
		return visit(&row)
	})
}

// ordered steps through the records of sources in order of time: step finds each in its source.
func (r *Run) ordered(sources []*source, step func(*source) error) error {
	queue := make(sourceQueue, 0, len(sources))
	for _, s := range sources {
		if s.advance() {
			queue = append(queue, s)
		}
	}
	heap.Init(&queue)
	for n := 0; len(queue) > 0; n++ {
		if n%checkEvery == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		s := queue[0]
		if err := step(s); err != nil {
			return err
		}
		if s.advance() {
			heap.Fix(&queue, 0)
		} else {
			heap.Pop(&queue)
		}
	}
	return nil
}

// All feeds every record of every source through the trackers, as Each does
// without a visitor. Sources are read one after another: what one says does not depend on
// the others. Captures are read by several workers.
func (r *Run) All() error {
	for i, s := range r.sources {
		if reader, ok := s.reader.(trace.BatchReader); ok && s.rewindable() && !s.ordered() {
			ok, err := s.inLanes(r.ctx, reader, workers(r.opt.Workers), s.besides())
			if ok {
				if err != nil {
					return err
				}
				continue
			}
			if s, err = s.reopen(); err != nil {
				return err
			}
			r.sources[i] = s
		}
		if err := r.inOrder([]*source{s}, nil); err != nil {
			return err
		}
	}
	return nil
}

// maxSpendings bounds Case.Spendings.
const maxSpendings = 20

// Case closes the trackers and applies the rules. Call it once, after Each.
func (r *Run) Case() *Case {
	if r.result != nil {
		return r.result
	}
	c := &Case{Session: &session.Session{Endpoints: map[int]*session.Endpoint{}}}
	infos := make([]*trace.Info, 0, len(r.sources))
	for _, s := range r.sources {
		s.finish()
		c.Sources = append(c.Sources, &s.counts)
		infos = append(infos, s.counts.Info)
		base := c.Conversations.Len()
		c.adopt(s.flows, s.session)
		number := func(conv int) int { return base + conv }
		c.Requests.Join(&s.requests, number)
		c.Handshakes.Join(&s.handshakes, number)
	}
	c.Requests.Sort()
	c.Handshakes.Sort()
	c.joinBeside()
	r.comparePoints(c, c.bases)
	in := &diag.Input{Sources: infos, Points: c.Points, Conversations: c.Conversations, Hosts: c.Hosts, Session: c.Session, Requests: c.Requests.Requests, Unasked: c.Requests.Unasked, FileIO: c.FileIO, Handshakes: c.Handshakes.Handshakes}
	for _, s := range r.sources {
		in.Neighbors, in.Fragments = append(in.Neighbors, &s.neighbors), append(in.Fragments, &s.fragments)
		in.Spans = append(in.Spans, diag.Span{First: s.counts.First, Last: s.counts.Last, Begin: s.begin})
		in.Losses = append(in.Losses, s.losses.all(s.counts.Info, s.index)...)
		in.Recordings = append(in.Recordings, s.counts.Recordings...)
		in.Accounts = append(in.Accounts, s.accounts(c.bases[s.index])...)
	}
	c.Findings, c.Withheld = diag.Run(r.opt.rules(), in)
	c.input = in
	c.Spendings = in.Spendings(c.Findings, maxSpendings)
	c.noteProofs()
	r.result = c
	return c
}

// adopt takes over what one source's trackers found. Conversation numbers
// become unique over the case: those of the first source stay as they are.
func (c *Case) adopt(flows *flow.Tracker, own *session.Session) {
	base := c.Conversations.Len()
	c.Conversations.Add(flows)
	c.bases = append(c.bases, base)
	c.perSource = append(c.perSource, own)
	c.byKey = append(c.byKey, byKey(own.Processes))
	c.Hosts = append(c.Hosts, flows.Hosts()...)
	all := c.Session
	all.Processes = append(all.Processes, own.Processes...)
	all.Sockets = append(all.Sockets, own.Sockets...)
	all.TCBs = append(all.TCBs, own.TCBs...)
	all.Calls = append(all.Calls, own.Calls...)
	all.Joins = append(all.Joins, own.Joins...)
	all.Drops = append(all.Drops, own.Drops...)
	all.Counted = append(all.Counted, own.Counted...)
	all.Claims = append(all.Claims, own.Claims...)
	all.Operations = append(all.Operations, own.Operations...)
	for id, end := range own.Endpoints {
		all.Endpoints[id+base] = end
	}
}

// Base is the number in the case of a source's first conversation; false when the case has no such source.
func (c *Case) Base(source int) (base int, ok bool) {
	if source < 0 || source >= len(c.bases) {
		return 0, false
	}
	return c.bases[source], true
}

// Resolve replaces what a second pass knows so far by what the first pass
// knew at its end. Both passes number conversations, sockets and control
// blocks of a source in the same order.
func (c *Case) Resolve(row *Row) {
	conv := -1
	if row.Object.Conv != nil {
		conv = row.Object.Conv.ID
	}
	c.resolve(row, conv)
}

// resolve is Resolve for a row whose conversation has a number in its source.
func (c *Case) resolve(row *Row, conv int) {
	if len(c.proofs) > 0 {
		row.Findings = c.proofs[place{row.Source, row.Record.Pos.Number}]
	}
	if row.Source >= len(c.perSource) {
		return
	}
	own, base := c.perSource[row.Source], c.bases[row.Source]
	o := &row.Object
	if o.Conv == nil && row.Packet == nil {
		o.Conv = c.beside(row)
	} else if o.Conv != nil && conv >= 0 && base+conv < c.Conversations.Len() {
		o.Conv = c.Conversations.At(base + conv)
	}
	if o.Socket != nil && o.Socket.ID < len(own.Sockets) {
		o.Socket = own.Sockets[o.Socket.ID]
	}
	if o.TCB != nil && o.TCB.ID < len(own.TCBs) {
		o.TCB = own.TCBs[o.TCB.ID]
	}
	if o.Conv == nil {
		switch {
		case o.TCB != nil && o.TCB.Conv != nil:
			o.Conv = o.TCB.Conv
		case o.Socket != nil && o.Socket.Conv != nil:
			o.Conv = o.Socket.Conv
		}
	}
	switch {
	case o.Own && o.Process != nil:
		o.Process = c.known(row.Source, o.Process)
	case o.Socket != nil && o.Socket.Process != nil:
		o.Process = o.Socket.Process
	case o.TCB != nil && o.TCB.Process != nil:
		o.Process = o.TCB.Process
	case o.Conv != nil && c.Session.Endpoints[o.Conv.ID] != nil && c.Session.Endpoints[o.Conv.ID].Process != nil:
		o.Process = c.Session.Endpoints[o.Conv.ID].Process
	case o.Process != nil:
		o.Process = c.known(row.Source, o.Process)
	}
	if row.Sighting != nil && row.Sighting.Conv != nil && o.Conv != nil {
		row.Sighting.Conv = o.Conv
	}
}

// known finds a process of the second pass among those of the first: the same
// object, else the same life of the same id.
func (c *Case) known(source int, p *session.Process) *session.Process {
	if p.Key != 0 {
		if q := c.byKey[source][p.Key]; q != nil && q.PID == p.PID {
			return q
		}
	}
	found := p
	for _, q := range c.perSource[source].Processes {
		if q.PID != p.PID {
			continue
		}
		if q.Start == p.Start {
			return q
		}
		if found == p {
			found = q
		}
	}
	return found
}

// byKey are the processes by the address of their object, or by their number in a log.
func byKey(list []*session.Process) map[uint64]*session.Process {
	all := map[uint64]*session.Process{}
	for _, p := range list {
		if p.Key != 0 && all[p.Key] == nil {
			all[p.Key] = p
		}
	}
	return all
}

// sourceQueue is a heap of sources by the time of their next record.
type sourceQueue []*source

func (q sourceQueue) Len() int { return len(q) }
func (q sourceQueue) Less(i, j int) bool {
	if q[i].rank != q[j].rank {
		return q[i].rank < q[j].rank
	}
	return q[i].index < q[j].index
}
func (q sourceQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *sourceQueue) Push(x any)   { *q = append(*q, x.(*source)) }
func (q *sourceQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// isEnd reports whether err is the ordinary end of a source.
func isEnd(err error) bool { return err == io.EOF }

// Infos is what the sources say of themselves, in the order of the paths. It grows while reading.
func (r *Run) Infos() []*trace.Info {
	infos := make([]*trace.Info, len(r.sources))
	for i, s := range r.sources {
		infos[i] = s.counts.Info
	}
	return infos
}
