package diag

import (
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/fragment"
	"github.com/wiretale/wiretale/internal/request"
)

// Datagrams are the conversations of datagrams between two addresses in which somebody asked something.
func (in *Input) Datagrams(source int, a, b netip.Addr) (out []*flow.Conversation) {
	for _, t := range in.Talks() {
		client, server := t.Client, t.Server.Addr()
		if t.Source != source || (client != a || server != b) && (client != b || server != a) {
			continue
		}
		for _, c := range t.Conversations {
			if c.TCP == nil {
				out = append(out, c)
			}
		}
	}
	return out
}

// Fragmented are the questions whose answer seems to be a datagram of which fragments are missing, with what came of it: it began soon after
// the question, and no answer came before. They are found once a run, and are the finding of frag.incomplete, not of a silent server.
func (in *Input) Fragmented() map[*request.Request]fragment.Partial {
	if in.fragmented != nil {
		return in.fragmented
	}
	in.fragmented = map[*request.Request]fragment.Partial{}
	for source, rec := range in.Fragments {
		for _, w := range rec.Ways {
			if w.Incomplete == 0 {
				continue
			}
			for _, c := range in.Datagrams(source, w.Src, w.Dst) {
				for _, r := range in.requestsOf(c) {
					if c.Ends[r.Dir].Addr() == w.Dst {
						in.inPieces(r, w)
					}
				}
			}
		}
	}
	return in.fragmented
}

func (in *Input) inPieces(r *request.Request, w *fragment.Way) {
	for _, e := range w.Examples {
		since := time.Duration(e.First.Time - r.Asked.Time)
		if e.First.Pos.Number > r.Asked.Number && since < fragment.Patience && (!r.First.Seen() || r.First.Number > e.First.Pos.Number) {
			in.fragmented[r] = e
			return
		}
	}
}
