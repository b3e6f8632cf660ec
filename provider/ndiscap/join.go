package ndiscap

import (
	"slices"

	"github.com/wiretale/wiretale/trace"
)

const (
	maxPending = 64      // packets in pieces at a time
	maxPacket  = 1 << 18 // bytes of a packet put together
	maxFree    = 8       // buffers kept for the next ones
)

// A pieceKey tells the packets apart that are logged at the same time. One
// thread logs all pieces of a packet; it may be moved to another processor in
// between. What has no thread is a deferred call, which stays on its processor,
// as does one that interrupts a thread and goes by its number: it receives
// while the thread sends.
type pieceKey struct {
	lower, miniport uint32
	thread          uint64
	direction       uint64
}

// piece is a packet whose end has not come yet.
type piece struct {
	key  pieceKey
	pos  trace.Pos
	data []byte
}

func keyOf(h *trace.EventHeader, f *fragment) pieceKey {
	k := pieceKey{lower: f.lower, miniport: f.miniport, direction: h.Keyword & (keywordSend | keywordReceive)}
	if k.thread = uint64(h.TID); !h.HasThread || h.TID == 0 {
		k.thread = 1<<32 | uint64(h.CPU)
	}
	return k
}

// join collects a fragment and returns the packet when it is complete, else nil.
func (p *Packets) join(ev *trace.Record, f *fragment, start, end bool) []byte {
	key := keyOf(ev.Event, f)
	at := slices.IndexFunc(p.pending, func(q piece) bool { return q.key == key })
	if start {
		if at >= 0 {
			p.drop(ev, at, "a packet begins before the end of the one before")
		}
		if len(p.pending) == maxPending {
			p.drop(ev, 0, "more packets in pieces than are kept")
		}
		p.pending = append(p.pending, piece{key, ev.Pos, append(p.buffer(), f.data...)})
		return nil
	}
	if at < 0 {
		p.lost(ev, "a fragment whose packet's start is not in the trace", len(f.data))
		return nil
	}
	if len(p.pending[at].data)+len(f.data) > maxPacket {
		p.drop(ev, at, "a packet in pieces that never ends")
		return nil
	}
	p.pending[at].data = append(p.pending[at].data, f.data...)
	if !end {
		return nil
	}
	whole := p.pending[at].data
	p.pending = slices.Delete(p.pending, at, at+1)
	p.handed = whole
	return whole
}

// drop gives up a packet in pieces.
func (p *Packets) drop(ev *trace.Record, at int, why string) {
	q := p.pending[at]
	p.pending = slices.Delete(p.pending, at, at+1)
	p.keep(q.data)
	p.lost(&trace.Record{Pos: q.pos, Event: ev.Event}, why, len(q.data))
}

// End counts the packets whose end never came. Call it after the last event.
func (p *Packets) End() {
	for len(p.pending) > 0 {
		p.drop(&trace.Record{}, 0, "a packet whose end is not in the trace")
	}
}

// reuse takes back the buffer that the last packet was handed out in.
func (p *Packets) reuse() {
	if p.handed != nil {
		p.keep(p.handed)
		p.handed = nil
	}
}

func (p *Packets) keep(b []byte) {
	if len(p.free) < maxFree {
		p.free = append(p.free, b[:0])
	}
}

func (p *Packets) buffer() []byte {
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	return nil
}
