package engine

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
)

// headers counts which processes the event headers of a conversation's records
// name. The owner is known only at the end: then those of others are counted.
type headers map[*flow.Conversation]map[uint32]*named

type named struct {
	records int64
	first   flow.Moment
}

func (h *headers) add(row *Row) {
	c := row.Object.Conv
	if c == nil && row.Sighting != nil {
		c = row.Sighting.Conv
	}
	if c == nil || row.Record.Event == nil || !row.Record.Event.HasThread {
		return
	}
	if *h == nil {
		*h = headers{}
	}
	pids := (*h)[c]
	if pids == nil {
		pids = map[uint32]*named{}
		(*h)[c] = pids
	}
	n := pids[row.Header.PID]
	if n == nil {
		n = &named{first: flow.Moment{Pos: row.Record.Pos, Time: row.Record.Time}}
		pids[row.Header.PID] = n
	}
	n.records++
}

// settle writes to each endpoint how many headers name another process than its owner.
func (h headers) settle(s *session.Session) {
	for c, pids := range h {
		e := s.Endpoints[c.ID]
		if e == nil || e.Process == nil {
			continue
		}
		for pid, n := range pids {
			if pid == e.Process.PID {
				continue
			}
			e.Foreign += n.records
			if !e.ForeignFirst.Seen() || n.first.Pos.Number < e.ForeignFirst.Pos.Number {
				e.ForeignFirst = n.first
			}
		}
	}
}
