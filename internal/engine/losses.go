package engine

import (
	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// losses collects what the recorder of one source says it did not keep: with
// packets (pcapng epb_dropcount, ERF, snoop), and in statistics, whose counters
// run from the start of the capture, so that the difference of two is a loss between them.
type losses struct {
	list []diag.Loss
	ifs  []lossState // by interface, plus 1: the first stands for packets of none
}

type lossState struct {
	last   flow.Moment // last packet
	stat   flow.Moment // last statistics
	stats  int         // how many
	ifDrop int64       // counters so far
	osDrop int64
	told   int64 // lost packets that packets told of since the last statistics
}

// maxLosses bounds the list: the rest is added to the last entry of its kind.
const maxLosses = 1000

// maxCount bounds a counter that a file gives, so that sums do not overflow.
const maxCount = 1 << 40

// maxLossInterfaces bounds the table; interfaces above it share the last place.
const maxLossInterfaces = 1 << 12

func (l *losses) state(i int) *lossState {
	i = min(max(i, -1)+1, maxLossInterfaces)
	for len(l.ifs) <= i {
		l.ifs = append(l.ifs, lossState{})
	}
	return &l.ifs[i]
}

func (l *losses) packet(rec *trace.Record) {
	s := l.state(rec.Interface)
	now := flow.Moment{Pos: rec.Pos, Time: rec.Time}
	if m := rec.Meta; m != nil && m.DropCount > 0 {
		n := int64(min(m.DropCount, maxCount))
		s.told += n
		l.add(diag.Loss{Source: rec.Pos.Source, Interface: rec.Interface, Count: n, Kind: diag.LostBeforePacket, After: s.last, Before: now})
	}
	s.last = now
}

// counted reports whether the interface had statistics before.
func (l *losses) counted(rec *trace.Record) bool {
	return rec.Interface >= 0 && l.state(rec.Interface).stats > 0
}

// statistics compares the counters with those of the block before. due is the time of the record before.
func (l *losses) statistics(rec *trace.Record, info *trace.Info, due int64) {
	if rec.Interface < 0 || rec.Interface >= len(info.Interfaces) {
		return
	}
	i, s := &info.Interfaces[rec.Interface], l.state(rec.Interface)
	loss := diag.Loss{Source: rec.Pos.Source, Interface: rec.Interface, After: s.stat, Before: flow.Moment{Pos: rec.Pos, Time: due}}
	// What packets told with their place is part of what the interface counts: only the rest is a loss without a place.
	ifDrop, osDrop := max(s.ifDrop, min(i.IfDrop, maxCount)), max(s.osDrop, min(i.OSDrop, maxCount))
	rest := max(0, ifDrop-s.ifDrop+osDrop-s.osDrop-s.told)
	byIf := min(ifDrop-s.ifDrop, rest)
	l.statistic(loss, byIf, diag.LostByInterface)
	l.statistic(loss, min(osDrop-s.osDrop, rest-byIf), diag.LostBySystem)
	s.ifDrop, s.osDrop, s.told = ifDrop, osDrop, 0
	s.stat = loss.Before
	s.stats++
}

func (l *losses) statistic(loss diag.Loss, n int64, kind diag.LossKind) {
	if loss.Count, loss.Kind = n, kind; n > 0 {
		l.add(loss)
	}
}

func (l *losses) add(loss diag.Loss) {
	if len(l.list) >= maxLosses {
		last := &l.list[len(l.list)-1]
		last.Count += loss.Count
		last.Interface, last.Before = -1, loss.Before
		return
	}
	l.list = append(l.list, loss)
}

// all adds what the header of the source says.
func (l *losses) all(info *trace.Info, source int) []diag.Loss {
	out := l.list
	if s := info.Session; s != nil {
		if s.EventsLost > 0 {
			out = append(out, diag.Loss{Source: source, Interface: -1, Count: int64(s.EventsLost), Kind: diag.LostEvents})
		}
		if s.BuffersLost > 0 {
			out = append(out, diag.Loss{Source: source, Interface: -1, Count: int64(s.BuffersLost), Kind: diag.LostBuffers})
		}
	}
	return out
}
