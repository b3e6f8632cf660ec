package engine

import (
	"unsafe"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/prefetch"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// A lane follows the conversations of one lane.
type lane struct {
	decoder  packet.Decoder
	tracker  *flow.Tracker
	record   trace.Record
	packet   packet.Packet
	seen     flow.Sighting
	streams  *stream.Applications // nil when nobody wants applications
	keys     *secrets.Lane        // of the streams, nil like them
	shown    *stream.Applications // for a survey beside an analysis, which has its own; nil without one
	showing  *secrets.Lane        // its keys
	requests request.List
	prints   *point.Recorder // nil when points are not compared
	match    func(*Row) bool // of a selection, nil without one
	looker   Looker          // of a survey, nil without one
	row      Row             // that match or looker is asked
	outside  outside
	asked    flow.Mark // for what was asked for last
	malformed
}

// malformed counts packets that contradict themselves.
type malformed struct {
	count int64
	first []trace.Pos // 20 at most
}

func (m *malformed) add(p *packet.Packet) {
	if !p.Has(packet.Malformed) {
		return
	}
	m.count++
	if len(m.first) < maxMalformed {
		m.first = append(m.first, p.Record.Pos)
	}
}

// maxMalformed bounds the examples of malformed packets.
const maxMalformed = 20

// follow tracks the frames that a batch has for lane i.
func (l *lane) follow(b *batch, i int) {
	frames := b.lanes[i]
	for k := range frames {
		if k+bytesAhead < len(frames) {
			l.ahead(b, &frames[k+bytesAhead], &frames[k+flowsAhead])
		}
		d, p := &frames[k], &l.packet
		place := d.place &^ several
		if d.place == place {
			if l.outside.passes != nil && l.skips(b, place) {
				b.picks.judged[place] = true
				continue
			}
			conv, payload, flags := l.tracker.AddFrame(&b.Batch, &d.frame, d.mark, &l.seen)
			if conv != nil && !l.looks(b, d, conv, payload, flags) && l.surveyed(b, i, d) {
				l.print(b, &d.frame, conv)
				continue
			}
			b.Fill(&d.frame, &l.record)
			l.decoder.Decode(&l.record, p)
			if conv != nil {
				l.tracker.Tell(&l.seen)
			} else {
				l.tracker.AddOwn(p, &l.seen, d.mark)
			}
		} else {
			if known := b.decoded[place]; known != nil {
				p = known
			} else {
				b.Record(int(place), &l.record)
				l.decoder.Decode(&l.record, p)
			}
			l.tracker.Add(p, &l.seen)
		}
		if l.seen.Conv == nil {
			continue
		}
		l.malformed.add(p)
		if l.prints != nil {
			l.prints.Add(p, &l.seen)
		}
		if l.streams != nil {
			if p != &l.packet && p.PayloadLen > 0 { // other lanes may look at it
				p = p.Clone()
			}
			l.keys.Begin(b.base + int64(place))
			if l.shown != nil {
				l.showing.Begin(b.base + int64(place))
			}
			l.streams.Add(p, &l.seen)
		}
		if l.shown != nil {
			l.shown.Add(p, &l.seen)
		}
		if l.match != nil || l.looker != nil {
			l.judge(b, i, place, p)
		}
	}
}

// looks reports whether anybody looks at a frame that the tracker took: it is decoded for them.
func (l *lane) looks(b *batch, d *dealt, conv *flow.Conversation, payload int, flags tcp.Flags) bool {
	if l.match != nil {
		return true
	}
	if l.looker != nil { // its streams want any payload
		shown := l.shown
		if shown == nil {
			shown = l.streams
		}
		switch {
		case shown == nil || !shown.Wants(conv.ID, payload, flags):
		case payload == 0 || flags&(tcp.FIN|tcp.RST) != 0 || meets(shown, b, d, conv, payload):
			return true
		}
		if l.shown == nil {
			return false
		}
	}
	return l.streams != nil && (payload > 0 || flags&(tcp.FIN|tcp.RST) != 0) && l.streams.Wants(conv.ID, payload, flags)
}

// print keeps what points are compared by of a frame that the tracker took.
func (l *lane) print(b *batch, f *trace.Frame, conv *flow.Conversation) {
	if l.prints == nil {
		return
	}
	s := l.tracker.Taken(b.Data[f.Off : f.Off+f.Len])
	l.prints.AddTaken(conv, b.First+int64(f.Number), f.Time, &s)
}

// ahead asks for the memory of frames that come soon: another processor wrote
// them, and they arrive while the frames before are followed. What a
// conversation needs is known when its frame comes, so it is asked for later.
func (l *lane) ahead(b *batch, bytes, flow *dealt) {
	if bytes.place&several == 0 {
		prefetch.Two(unsafe.Pointer(&b.Data[bytes.frame.Off]), l.tracker.Mark(bytes.mark))
	}
	if flow.place&several == 0 && flow.mark != l.asked { // frames of one conversation come in trains
		l.asked = flow.mark
		l.tracker.Ahead(flow.mark)
	}
}

// So many frames before its own the bytes of a frame are asked for, and the state of its conversation.
const (
	bytesAhead = 8
	flowsAhead = 4
)
