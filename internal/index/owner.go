package index

import (
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/session"
)

// owners are the processes of conversations, as an analysis knows them at its end.
type owners struct{ c *engine.Case }

func ownersOf(c *engine.Case) *owners {
	if c == nil {
		return nil
	}
	return &owners{c}
}

// of is the process of a conversation by its number in the case, nil when none is known.
func (o *owners) of(conv int) *session.Process {
	if o == nil || o.c.Session == nil {
		return nil
	}
	if e := o.c.Session.Endpoints[conv]; e != nil {
		return e.Process
	}
	return nil
}

// base is the number in the case of the first conversation of a source; false when only the case would tell.
func (o *owners) base(source int) (int, bool) {
	if o == nil {
		return 0, source == 0
	}
	return o.c.Base(source)
}

// resolve gives the row of a source, read alone, its place in the case and its final owners. It reports whether numbers of conversations are those of the case.
func (x *Index) resolve(s *source, row *engine.Row) bool {
	row.Source, row.Record.Pos.Source = s.index, s.index
	x.mu.RLock()
	o := x.owners
	x.mu.RUnlock()
	if o == nil {
		return s.index == 0
	}
	o.c.Resolve(row)
	return true
}
