package view

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/contrast"
	"github.com/wiretale/wiretale/internal/engine"
)

// RunOf is what a case tells of a run of work that is compared with another. each makes a second pass over its files, where connections were held up:
// the packets say when.
func RunOf(c *engine.Case, each func(visit func(*engine.Row) error) error) (*contrast.Input, error) {
	in := &contrast.Input{Requests: &c.Requests, Conversations: c.Conversations, FileIO: c.FileIO}
	for i := range c.Sources {
		in.Untimed = in.Untimed || Untimed(c, i)
	}
	if !contrast.Stalled(in) {
		return in, nil
	}
	var stalls contrast.Stalls
	err := each(func(row *engine.Row) error {
		if s := row.Sighting; s != nil && s.Conv != nil {
			stalls.Add(s.Conv, s, row.Record.Time)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("second pass: %w", err)
	}
	in.Stalls = stalls.List
	return in, nil
}
