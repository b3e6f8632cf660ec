package engine

import (
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/stream"
)

// soFar is the case of a source that would end here. The source goes on: what
// the case points at changes with the next record, so it is for whoever looks at once.
func (s *source) soFar() *Case {
	at := *s
	at.counts.Sightings += s.flows.Copies()
	at.counts.Malformed, at.counts.MalformedFirst = s.malformed.count, s.malformed.first
	at.counts.Recordings = s.watches.all(s.counts.Info, s.index)
	at.neighbors = s.neighbors.SoFar()
	at.fragments = s.fragments.SoFar(s.counts.Last)
	at.requests, at.handshakes = s.requests.Clone(), handshake.List{}
	if s.streams != nil {
		for _, l := range s.streams.lanes {
			if l == nil {
				continue
			}
			open := l.Handshakes().Clone()
			at.handshakes.Join(&open, func(conv int) int { return conv })
			if s.options.Requests {
				l.Waiting(func(r *request.Request) { at.requests.Add(r) })
			}
		}
		at.counts.Locks = stream.Locks(s.streams.lanes[:]...)
	}
	at.session = s.tracker.End()
	s.headers.settle(at.session)
	run := Run{opt: s.options, sources: []*source{&at}}
	return run.Case()
}
