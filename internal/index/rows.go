package index

import (
	"context"
	"fmt"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A Row is a row of the list.
type Row struct {
	Index  int   // place in the whole list
	Source int   // index of the source
	Frame  int64 // number of the record in it
	Time   int64 // nanoseconds since 1970; trace.NoTime when the record has none, or the source's clock did not advance
	Words
	Event        bool             // an event that carries no packet
	Conversation int              // number in the case, -1 when there is none or it is not yet known
	Process      *session.Process // who owns it; nil when not known
}

// A Page is a part of the list.
type Page struct {
	Total    int  // rows that are known so far
	Complete bool // there are no more
	Rows     []Row
}

// Rows are at most limit rows from offset on: of the whole list, or of those that pass the filter. An error
// of the filter is a *filter.Error. A filter is searched once, in the background, and its rows are
// there as they are found; Rows waits a moment for those that are asked for.
func (x *Index) Rows(ctx context.Context, offset, limit int, filter string) (Page, error) {
	offset, limit = max(offset, 0), max(limit, 0)
	var places []int
	var page Page
	if filter == "" {
		page.Total, page.Complete = x.Total()
		for i := offset; i < page.Total && len(places) < limit; i++ {
			places = append(places, i)
		}
	} else {
		s, err := x.search(filter)
		if err != nil {
			return Page{}, err
		}
		if page.Total, page.Complete, err = s.wait(ctx, offset+limit); err != nil {
			return Page{}, err
		}
		places = s.places(offset, min(limit, max(0, page.Total-offset)))
	}
	rows, err := x.at(ctx, places)
	page.Rows = rows
	return page, err
}

// kept is what the index has of a record.
type kept struct {
	source            *source
	at                int
	row               Row
	path              string // to read the record again
	offset            int64
	captured, missing int
	link              trace.LinkType
	stance            stance
	dir               int
	hasStance         bool
	told              int // place among the words that are kept, -1 when they are made from the bytes
}

// look is what the index has of place i of the list. The lock is held.
func (x *Index) look(i int) kept {
	s, at := x.locate(i)
	k := kept{
		source: s, at: at, path: x.reread(s), offset: s.offset.at(at), captured: int(s.captured.at(at)), missing: int(s.missing.at(at)), link: trace.LinkType(s.link.at(at)), told: -1,
		row: Row{Index: i, Source: s.index, Frame: s.frame(at), Time: s.time.at(at), Conversation: -1},
	}
	if s.words.has(at) {
		k.told = s.words.rank(at)
	}
	if st, dir := s.of(at); st != nil {
		k.stance, k.dir, k.hasStance = *st, dir, true
		if base, ok := x.owners.base(s.index); ok && s.numbered {
			k.row.Conversation = base + int(st.conv)
		}
	}
	if s.untimed {
		k.row.Time = trace.NoTime
	}
	return k
}

// at makes the rows at places of the list.
func (x *Index) at(ctx context.Context, places []int) ([]Row, error) {
	x.mu.RLock()
	if x.isClosed {
		x.mu.RUnlock()
		return nil, errEnd
	}
	list := make([]kept, len(places))
	for n, i := range places {
		list[n] = x.look(i)
	}
	owners := x.owners
	x.mu.RUnlock()
	rows := make([]Row, len(list))
	m := x.maker()
	for n := range list {
		if n%64 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		k := &list[n]
		if err := m.make(k); err != nil {
			return nil, err
		}
		rows[n] = k.row
		if rows[n].Process == nil && k.row.Conversation >= 0 {
			rows[n].Process = owners.of(k.row.Conversation)
		}
	}
	return rows, nil
}

// A maker makes rows from what the index has of them.
type maker struct {
	x       *Index
	decoder packet.Decoder
	packet  packet.Packet
	seen    flow.Sighting
	record  trace.Record
	buffer  []byte
}

func (x *Index) maker() *maker {
	opt := &x.opt.Engine
	return &maker{x: x, decoder: packet.Decoder{LengthAsSent: opt.LengthAsSent, Applications: true, Datagrams: opt.Applications.Datagrams()}}
}

func (m *maker) make(k *kept) error {
	if k.told >= 0 {
		var e entry
		if err := k.source.told.at(k.told, &e); err != nil {
			return err
		}
		k.row.Words, k.row.Event = e.Words, e.event
		if e.conv > 0 {
			k.row.Conversation = e.conv - 1
		}
		if e.owned {
			k.row.Process = &session.Process{Source: k.source.index, PID: e.pid, Name: e.process}
		}
		return nil
	}
	row, err := m.remake(k)
	if err == nil {
		k.row.Words = m.x.opt.Words(row)
	}
	return err
}

// remake decodes the bytes of a record again, and says of it what the tracker said.
func (m *maker) remake(k *kept) (*engine.Row, error) {
	if cap(m.buffer) < k.captured {
		m.buffer = make([]byte, k.captured+k.captured/2)
	}
	data := m.buffer[:k.captured]
	if err := m.x.readers.read(k.path, k.source.index, data, k.offset); err != nil {
		return nil, fmt.Errorf("record %d of %s cannot be read again: %w", k.row.Frame, m.x.paths[k.source.index], err)
	}
	m.record = trace.Record{
		Pos: trace.Pos{Source: k.source.index, Number: k.row.Frame}, Time: k.row.Time, Kind: trace.Packet, Link: k.link, Data: data, WireLen: k.captured + k.missing, Numbered: true,
	}
	m.decoder.Decode(&m.record, &m.packet)
	m.seen = flow.Sighting{}
	if k.hasStance && m.packet.Transport == proto.TCP {
		m.seen.TCP, m.seen.Dir, m.seen.Analysis = true, k.dir, flow.Analysed
		m.seen.RelSeq, m.seen.RelAck, m.seen.Window = k.stance.told(segmentOf(&m.packet), k.dir)
	}
	return &engine.Row{Record: &m.record, Packet: &m.packet, Sighting: &m.seen, Source: k.source.index}, nil
}
