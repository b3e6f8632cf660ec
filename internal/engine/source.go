package engine

import (
	"cmp"
	"io"
	"os"
	"slices"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/fragment"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/internal/neighbor"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

// A source is one input with everything that follows its records. Trackers
// are per source: kernel addresses and stream numbers mean nothing elsewhere.
type source struct {
	index      int
	path       string
	part       *Part // nil when all of it is read
	reader     trace.Reader
	record     trace.Record
	due        int64 // time of record; that of the record before when it has none
	rank       int64 // due on the clock that sources are put in order by
	counts     Source
	events     map[eventKey]int64
	options    Options
	decoder    packet.Decoder
	packet     packet.Packet
	seen       flow.Sighting
	flows      *flow.Tracker
	streams    *streams               // nil when nobody wants applications
	shown      *streams               // of a survey beside an analysis, nil without one
	followed   []*stream.Applications // what followed them, at the end; nil for a lane without any
	requests   request.List
	handshakes handshake.List
	points     *point.Recorder // nil when points are not compared
	prints     prints
	tracker    *session.Tracker
	session    *session.Session // set by finish
	headers    headers
	known      int   // processes of the source's list that the tracker has learned
	host       *host // nil until the source turns out to hold events
	malformed
	losses    losses
	watches   watches
	neighbors neighbor.Recorder
	fragments fragment.Recorder
	begin     flow.Moment // first event that is not the session's own
}

// eventKey counts events by provider; kernel groups have no GUID.
type eventKey struct {
	guid  trace.GUID
	group uint8
}

// prepasser is a reader that can be asked, before the first Next, for records
// that matter early but were written late.
type prepasser interface {
	Prepass(early func(*trace.EventHeader) bool, visit func(*trace.Record)) error
}

func openSource(path string, index int, opt Options) (*source, error) {
	input := formats.Options{Source: index, Name: opt.Called[path]}
	if opt.Progress != nil {
		input.Progress = func(done, total int64) { opt.Progress(index, done, total) }
	}
	if opt.Spool != nil {
		input.Spool = func() io.Writer { return opt.Spool(index) }
	}
	var reader trace.Reader
	var err error
	part := opt.part(index)
	if part != nil {
		reader, err = openPart(path, part, input)
	} else {
		reader, err = openReader(path, input)
	}
	if err != nil {
		return nil, err
	}
	s := newSource(path, index, reader.Info(), opt)
	s.reader, s.part = reader, part
	if p, ok := reader.(prepasser); ok {
		s.host = newHost(reader.Info(), s.tracker)
		if err := p.Prepass(s.host.wants, s.host.learn); err != nil {
			reader.Close()
			return nil, err
		}
		s.host.ready()
	}
	s.process()
	s.reader = first(reader, opt.Prefix)
	return s, nil
}

// newSource follows the records of a source that says of itself what is in info.
func newSource(path string, index int, info *trace.Info, opt Options) *source {
	s := &source{
		index: index, path: path, due: trace.NoTime, rank: trace.NoTime, events: map[eventKey]int64{},
		options: opt, tracker: session.NewTracker(index),
		decoder: opt.decoder(), counts: Source{Info: info, First: trace.NoTime, Last: trace.NoTime},
	}
	s.flows = opt.follower(flow.NewTracker(index))
	if opt.Requests && opt.beside {
		s.tracker.KeepOperations()
	}
	if opt.Applications != nil {
		s.streams = &streams{choice: opt.Applications, source: index, keys: secrets.NewLearned(opt.Secrets)}
		if opt.Requests {
			s.streams.done = s.requests.Add
		}
	}
	if opt.Points {
		s.points = s.newRecorder()
	}
	return s
}

// reopen starts the source over.
func (s *source) reopen() (*source, error) {
	if err := s.reader.Close(); err != nil {
		return nil, err
	}
	return openSource(s.path, s.index, s.options)
}

// rewindable reports whether the source can be opened again: it is a file, and no pipe.
func (s *source) rewindable() bool {
	file, _ := fileOf(s.path)
	st, err := os.Stat(file)
	return err == nil && st.Mode().IsRegular()
}

// advance reads the next record; false at the end, with the reason in counts.Err when it is not the ordinary one.
func (s *source) advance() bool {
	if err := s.reader.Next(&s.record); err != nil {
		if !isEnd(err) {
			s.counts.Err = err
		}
		return false
	}
	if s.record.Time != trace.NoTime {
		s.due = s.record.Time
		if s.rank = s.due; s.options.Clock != nil {
			s.rank = s.options.Clock(&s.record)
		}
	}
	return true
}

// fill runs the current record through the trackers and describes it in row.
func (s *source) fill(row *Row) {
	*row = Row{Record: &s.record, Source: s.index, Info: s.counts.Info}
	s.counts.Records++
	s.span(s.record.Time)
	switch s.record.Kind {
	case trace.Packet:
		s.counts.Packets++
		s.losses.packet(&s.record)
		s.walk(&s.record, row)
	case trace.Statistics:
		s.losses.statistics(&s.record, s.counts.Info, s.due)
	case trace.Event:
		s.event(row)
	case trace.ProcessInfo:
		s.process()
	case trace.Secrets:
		if s.streams != nil {
			s.streams.learn(&s.record, s.counts.Records)
		}
	}
}

// span widens the time that the source covers.
func (s *source) span(t int64) {
	if t == trace.NoTime {
		return
	}
	if s.counts.First == trace.NoTime || t < s.counts.First {
		s.counts.First = t
	}
	s.counts.Last = max(s.counts.Last, t)
}

// process takes what the reader has learned of processes since the last time; it keeps them in the source's list.
func (s *source) process() {
	list := s.counts.Info.Processes
	for _, p := range list[min(s.known, len(list)):] {
		name := p.Name
		if name == "" {
			name = p.Path
		}
		s.tracker.LearnProcess(session.ProcessRecord{
			PID: p.PID, Parent: p.Parent, Key: p.Key, Name: name, CommandLine: p.CommandLine, Path: p.Path, User: p.User, Start: p.Start, End: p.End, From: session.FromFile,
		})
	}
	s.known = len(list)
}

// walk decodes a packet and puts it into its conversation.
func (s *source) walk(rec *trace.Record, row *Row) {
	s.decoder.Decode(rec, &s.packet)
	s.watches.packet(rec, &s.packet)
	s.neighbors.Add(&s.packet)
	s.fragments.Add(&s.packet)
	s.malformed.add(&s.packet)
	s.flows.Add(&s.packet, &s.seen)
	s.print(&s.packet, &s.seen)
	if s.streams != nil {
		s.streams.add(&s.packet, &s.seen)
	}
	row.Packet, row.Sighting = &s.packet, &s.seen
	row.Object = s.tracker.Packet(&s.packet, &s.seen)
}

// event decodes an event, and the packet that it may carry.
func (s *source) event(row *Row) {
	s.counts.Events++
	h := s.record.Event
	if !s.begin.Seen() && !(h.Kernel() && h.Group == 0) { // group 0 is the session's own
		s.begin = flow.Moment{Pos: s.record.Pos, Time: s.record.Time}
	}
	key := eventKey{guid: h.Provider}
	if h.Provider == (trace.GUID{}) {
		key.group = h.Group
	}
	s.events[key]++
	if s.host == nil {
		s.host = newHost(s.counts.Info, s.tracker)
		s.host.ready()
	}
	if len(s.counts.Info.Processes) > s.known {
		s.process()
	}
	row.Event = s.host.decode(&s.record)
	row.Header = s.host.header(h, s.record.Time)
	if rec := s.host.packet(&s.record); rec != nil {
		row.Record = rec
		s.counts.Packets++
		s.walk(rec, row)
		s.place(rec)
		s.headers.add(row)
		return
	}
	if row.Event.Def == nil || row.Event.Short {
		s.counts.Undecoded++
	}
	row.Object = s.tracker.Event(row.Event, &s.record)
	s.headers.add(row)
}

// place counts a packet of an event with its interface, at its first sighting.
func (s *source) place(rec *trace.Record) {
	switch list := s.counts.Info.Interfaces; {
	case s.seen.Duplicate:
		s.counts.Sightings++
	case rec.Meta != nil && rec.Meta.Drop != nil:
		s.counts.Dropped++
	case rec.Interface >= 0 && rec.Interface < len(list):
		list[rec.Interface].Packets++
	}
}

// finish closes the trackers and the counts.
func (s *source) finish() {
	if s.session != nil {
		return
	}
	s.counts.Malformed, s.counts.MalformedFirst = s.malformed.count, s.malformed.first
	s.counts.Recordings = s.watches.all(s.counts.Info, s.index)
	s.flows.End()
	s.neighbors.End()
	s.fragments.End(s.counts.Last)
	if s.streams != nil {
		s.streams.end()
		s.followed = append(s.followed, s.streams.lanes[:]...)
		for _, l := range s.streams.lanes {
			if l != nil {
				s.handshakes.Join(l.Handshakes(), func(conv int) int { return conv })
			}
		}
	}
	s.counts.Locks = stream.Locks(s.followed...)
	s.counts.Accounts, s.counts.MoreAccounts = stream.Accounts(s.followed...)
	s.counts.Sightings += s.flows.Copies()
	s.session = s.tracker.End()
	s.headers.settle(s.session)
	for key, n := range s.events {
		name := ""
		if s.host != nil {
			name = s.host.name(key)
		}
		s.counts.Providers = append(s.counts.Providers, ProviderCount{GUID: key.guid, Name: name, Count: n})
	}
	slices.SortFunc(s.counts.Providers, func(a, b ProviderCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name), slices.Compare(a.GUID[:], b.GUID[:]))
	})
}
