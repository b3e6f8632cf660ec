package plot

import (
	"math"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto/tcp"
)

// window shows what the receiver allowed, and how much of it the sender used:
// bytes in flight are those from the highest acknowledgement to the highest
// byte sent. Bytes that SACK blocks name still count, as they do in Wireshark.
type window struct {
	segments
	sender        int
	allowed, used thinned
	zero          thinned
	high, acked   int64
}

func newWindow(opt Options) Collector {
	t := newThinned(&opt)
	return &window{segments: newSegments(&opt), sender: opt.Sender, allowed: t, used: t, zero: t, high: math.MinInt64, acked: math.MinInt64}
}

func (w *window) Add(row *engine.Row) {
	var g segment
	if !w.of(row, &g) || !g.tcp || g.flags&tcp.RST != 0 {
		return
	}
	if g.from == w.sender {
		if !g.occupies() {
			return
		}
		w.high = max(w.high, g.next())
	} else {
		w.answered(&g)
		if !g.hasAck || g.ack <= w.acked {
			return
		}
		w.acked = g.ack
	}
	// Before both are known, what is in flight is not; an acknowledgement of what was not captured leaves nothing.
	if w.acked != math.MinInt64 && w.high != math.MinInt64 {
		w.used.add(at(g.time, float64(max(w.high-w.acked, 0))))
	}
}

func (w *window) answered(g *segment) {
	if !g.hasWindow {
		return
	}
	w.allowed.add(at(g.time, float64(g.window)))
	if g.zeroWindow {
		w.zero.add(at(g.time, 0))
	}
}

func (w *window) Panels() ([]Panel, []string) {
	return []Panel{{
		Label: "window", Unit: Bytes, FromZero: true, Empty: "the receiver of this direction sent nothing",
		Series: []Series{
			{Name: "receive window", Look: lookEdge, Points: w.allowed.line()},
			{Name: "bytes in flight", Look: lookFlight, Points: w.used.line()},
			{Name: "zero window", Look: lookZero, Points: w.zero.all()},
		},
	}}, append(w.notes(), w.windowNote(1-w.sender)...)
}
