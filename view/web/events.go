package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// eventPause is the least time between two events of a case: five a second are enough for eyes.
	eventPause = 200 * time.Millisecond
	// eventSilence is how long nothing may be said: then a comment shows that the server is there, and finds out whether the client is.
	eventSilence = 15 * time.Second
)

// events tells the states of a case as Server-Sent Events until the client leaves or the case is closed (HTML, 9.2).
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	c, release, err := s.cases.use(r.PathValue("case"))
	if err != nil {
		s.tell(w, r, err)
		return
	}
	release() // it does not use the files
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	for {
		state, changed := c.watch()
		b, err := json.Marshal(state)
		if err != nil || say(w, fmt.Sprintf("event: case\ndata: %s\n\n", b)) != nil {
			return
		}
		pause := time.After(eventPause)
		for silent := true; silent; {
			select {
			case <-changed:
				silent = false
			case <-time.After(eventSilence):
				if say(w, ": here\n\n") != nil {
					return
				}
			case <-r.Context().Done():
				return
			case <-c.life.Done():
				return
			}
		}
		select {
		case <-pause:
		case <-r.Context().Done():
			return
		}
	}
}

// say writes a part of an answer that is to be seen at once.
func say(w http.ResponseWriter, text string) error {
	if err := write(w, []byte(text)); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
