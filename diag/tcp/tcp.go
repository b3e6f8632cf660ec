// Package tcp holds the diagnoses of TCP connections.
package tcp

import (
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{SYNSilent, SYNRefused, ResetByApplication} }

// group collects conversations with one cause: the same server endpoint.
type group struct {
	finding diag.Finding
	server  string
	first   *flow.Conversation
	worst   time.Duration
}

// byServer groups conversations by the endpoint that was asked, in order of appearance.
func byServer(cs []*flow.Conversation, cost func(*flow.Conversation) time.Duration) []*group {
	index := map[string]*group{}
	var out []*group
	for _, c := range cs {
		key := fmt.Sprintf("%d %v", c.Source, c.Ends[1])
		g := index[key]
		if g == nil {
			g = &group{server: c.Ends[1].String(), first: c}
			g.finding.Source = c.Source
			index[key] = g
			out = append(out, g)
		}
		d := cost(c)
		g.finding.Conversations = append(g.finding.Conversations, c)
		g.finding.Count++
		g.finding.Cost += d
		g.worst = max(g.worst, d)
	}
	return out
}

// seconds prints a duration with the precision that it deserves.
func seconds(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}

func filter(c *flow.Conversation) string {
	return fmt.Sprintf("tcp.stream == %d", c.Stream)
}
