package web

import (
	"context"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/wiretale/wiretale/view/api"
)

// maxCases is how many cases there are at most: each is in memory.
const maxCases = 32

// cases are those that are open.
type cases struct {
	ctx  context.Context // until the server ends
	end  context.CancelFunc
	mu   sync.Mutex
	list []*Case
	next int
}

func (cs *cases) init() { cs.ctx, cs.end = context.WithCancel(context.Background()) }

// add makes a case and starts its analysis. The folder, when not "", is removed with it.
func (cs *cases) add(s *Server, files []File, folder string) (*Case, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	switch {
	case cs.ctx.Err() != nil:
		return nil, problem(http.StatusServiceUnavailable, "the server ends")
	case len(cs.list) >= maxCases:
		return nil, tooMany()
	}
	cs.next++
	c := newCase(s, itoa(cs.next), files, folder)
	cs.list = append(cs.list, c)
	c.busy.Add(1)
	go func() {
		defer c.busy.Done()
		defer func() {
			if p := recover(); p != nil {
				s.log.Printf("case %s: panic: %v\n%s", c.id, p, debug.Stack())
				c.change(func(st *State) { st.State, st.Error = Failed, inside })
			}
		}()
		c.run()
		debug.FreeOSMemory() // of the analysis little stays, and the server may be there for long
	}()
	return c, nil
}

func tooMany() *api.Error {
	p := problem(http.StatusConflict, "%d cases are open, and there cannot be more", maxCases)
	p.Suggestion = "close one"
	return p
}

// full is an error when there is no room for another case.
func (cs *cases) full() error {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if len(cs.list) >= maxCases {
		return tooMany()
	}
	return nil
}

// use finds a case, whose files stay until release is called.
func (cs *cases) use(id string) (c *Case, release func(), err error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, c := range cs.list {
		if c.id == id {
			c.busy.Add(1)
			return c, c.busy.Done, nil
		}
	}
	return nil, nil, problem(http.StatusNotFound, "there is no such case")
}

// take takes a case off the list.
func (cs *cases) take(id string) *Case {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for i, c := range cs.list {
		if c.id == id {
			cs.list = append(cs.list[:i:i], cs.list[i+1:]...)
			return c
		}
	}
	return nil
}

func (cs *cases) states() []State {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	list := make([]State, 0, len(cs.list))
	for _, c := range cs.list {
		list = append(list, c.State())
	}
	return list
}

// close cancels all that runs and returns what was open, for whoever closes it.
func (cs *cases) close() []*Case {
	cs.end()
	cs.mu.Lock()
	defer cs.mu.Unlock()
	open := cs.list
	cs.list = nil
	return open
}

func itoa(n int) string { return strconv.Itoa(n) }

// closeCase answers DELETE of a case.
func (s *Server) closeCase(w http.ResponseWriter, r *http.Request) {
	c := s.cases.take(r.PathValue("case"))
	if c == nil {
		s.tell(w, r, problem(http.StatusNotFound, "there is no such case"))
		return
	}
	c.close()
	w.WriteHeader(http.StatusNoContent)
}

// cancelCase answers POST cancel of a case.
func (s *Server) cancelCase(w http.ResponseWriter, r *http.Request) {
	c, release, err := s.cases.use(r.PathValue("case"))
	if err != nil {
		s.tell(w, r, err)
		return
	}
	defer release()
	c.cancel()
	put(w, http.StatusAccepted, c.State())
}
