package engine

import (
	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// streams follow the applications of a source in order. They have a share for each lane, as the
// lanes have: what the bounds on memory forget is the same for any number of workers.
type streams struct {
	choice *stream.Choice
	source int
	keys   *secrets.Learned
	done   func(*request.Request) // nil when nobody wants requests
	lanes  [flow.Lanes]*stream.Applications
}

func (s *streams) add(p *packet.Packet, seen *flow.Sighting) {
	if seen.Conv == nil {
		return
	}
	l := &s.lanes[flow.LaneOfPair(p)]
	if *l == nil {
		*l = s.begin(s.keys, s.done)
	}
	(*l).Add(p, seen)
}

// begin follows with keys of the source.
func (s *streams) begin(keys proto.Secrets, done func(*request.Request)) *stream.Applications {
	a := stream.New(s.choice, s.source, done)
	if s.choice.Secrets == nil {
		a.Unlock(keys)
	}
	return a
}

// learn takes in the secrets that a capture has itself, the key logs of TLS among them, at a record counted from the first.
func (s *streams) learn(r *trace.Record, at int64) {
	const keyLog = 0x544c534b // of the registry of pcapng: "TLSK"
	if r.Block == keyLog {
		s.keys.KeyLog(r.Data, "a block of secrets in the capture", at)
	}
}

// ordered reports whether somebody listens to connections, in the order of the records, so that they cannot be followed in lanes.
func (s *source) ordered() bool { return s.streams != nil && s.streams.choice.Hear != nil }

// accounts are what became of the connections of a source for the rules, when the user gave keys: numbers of conversations are those of the case.
func (s *source) accounts(base int) (out []diag.Account) {
	if s.options.Secrets == nil || !s.options.Secrets.OpensConnections() {
		return nil
	}
	for _, a := range s.counts.Accounts {
		out = append(out, diag.Account{Account: a.Account, Source: s.index, Conv: base + a.Conv})
	}
	return out
}

func (s *streams) end() {
	for _, l := range s.lanes {
		if l != nil {
			l.End()
		}
	}
}
