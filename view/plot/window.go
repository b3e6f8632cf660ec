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
		w.used.add(g.at(float64(max(w.high-w.acked, 0))))
	}
}

func (w *window) answered(g *segment) {
	if !g.hasWindow {
		return
	}
	w.allowed.add(g.at(float64(g.window)))
	if g.zeroWindow {
		w.zero.add(g.at(0))
	}
}

// much is how many times the window must be what is in flight, for that to get a panel where its course is seen.
const much = 10

func (w *window) Panels() ([]Panel, []string) {
	flight := w.used.series("bytes in flight", lookFlight)
	both := Panel{
		Label: "window", Unit: Bytes, FromZero: true, Empty: "the receiver of this direction sent nothing",
		Series: []Series{w.allowed.series("receive window", lookEdge), flight, w.zero.series("zero window", lookZero)},
	}
	panels := []Panel{both}
	_, most := widen(0, 0, both.Series[0].Points)
	if _, used := widen(0, 0, flight.Points); used > 0 && most > much*used {
		panels = append(panels, Panel{Label: "in flight", Unit: Bytes, FromZero: true, Series: []Series{flight}})
	}
	return panels, append(w.notes(), w.windowNote(1-w.sender)...)
}
