package index

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// A looker notes the rows of a lane: it finds out which can be made again from
// their bytes and a stance, and makes the words of the others.
type looker struct {
	words   func(*engine.Row) Words
	again   bool     // the bytes of records can be read again
	stances []stance // of the lane
	current []int32  // stance of each conversation, -1 without one
	buffer  []byte   // of the last note
	// resolve gives rows in order their final owners, and reports whether their conversations have the numbers of the case; nil in lanes.
	resolve func(*engine.Row) bool
}

// The number of a note is that of the stance counted from 1, 0 without one, above four bits.
const (
	noteDir    = 1 << iota // who sent the packet
	noteTold               // the words follow
	noteStance             // the stance changed, and comes first
	noteLoose              // other conversations than its own depend on it
	noteBits   = iota
)

// Look implements engine.Looker.
func (l *looker) Look(row *engine.Row, framed bool) engine.Note {
	if !row.Record.Numbered {
		return engine.Note{}
	}
	l.buffer = l.buffer[:0]
	n, plain := uint32(0), l.again && framed && row.Packet != nil
	if seen := row.Sighting; seen != nil && seen.Conv != nil {
		var fits bool
		n, fits = l.take(seen, segmentOf(row.Packet), seen.TCP)
		plain = plain && fits
	}
	if p := row.Packet; p != nil && (p.Flags&pieces != 0 || p.QuotedSrc.IsValid()) {
		n |= noteLoose
	}
	if plain && remade(row) {
		return engine.Note{Number: n, Text: l.buffer}
	}
	words := l.words(row)
	e := entry{Words: words, event: row.Packet == nil}
	if l.resolve != nil && l.resolve(row) {
		e.own(row)
	}
	l.buffer = e.append(l.buffer)
	return engine.Note{Number: n | noteTold, Text: l.buffer}
}

// Plain implements engine.Looker.
func (l *looker) Plain(h []byte, seen *flow.Sighting) (engine.Note, bool) {
	if !l.again || seen.Duplicate || seen.Analysis.Has(flow.Flagged) {
		return engine.Note{}, false
	}
	l.buffer = l.buffer[:0]
	n, fits := l.take(seen, segment{
		seq: binary.BigEndian.Uint32(h[4:]), ack: binary.BigEndian.Uint32(h[8:]), window: binary.BigEndian.Uint16(h[14:]), flags: tcp.Flags(h[13]),
	}, true)
	return engine.Note{Number: n, Text: l.buffer}, fits
}

func segmentOf(p *packet.Packet) segment {
	return segment{p.TCP.Seq, p.TCP.Ack, p.TCP.Window, p.TCP.Flags}
}

// pieces are the flags of fragments, and of packets that are put together from them.
const pieces = packet.Fragment | packet.Reassembled | packet.FragmentDropped

// remade reports whether the row of a packet follows from its bytes and a stance: nothing that other packets say shows in its words.
func remade(row *engine.Row) bool {
	p, seen := row.Packet, row.Sighting
	if p.Flags&(pieces|packet.Overlap) != 0 {
		return false
	}
	if len(p.Units) > 0 || len(p.Notes) > 0 || len(p.Asked) > 0 || p.Part.Proto != proto.None {
		return false
	}
	if seen != nil && (seen.Duplicate || seen.Analysis.Has(flow.Flagged) || seen.Nth > 1) {
		return false
	}
	i := p.TransportLayer()
	switch p.Transport {
	case proto.TCP:
		if seen == nil || !seen.TCP {
			return seen == nil || seen.Conv == nil
		}
		for k := i + 1; k < p.N; k++ { // layers of applications are those of the stream
			if id := p.Layers[k].Proto; id != proto.Data && id != proto.Trailer && id != proto.Malformed {
				return false
			}
		}
	case proto.UDP:
		return i+1 >= p.N || p.Layers[i+1].Proto != proto.DTLS
	}
	return true
}

// take finds the stance of a packet, and begins another one where what is said of it does not follow from that of its
// conversation. The note has the change in front. fits is false when no stance says it.
func (l *looker) take(seen *flow.Sighting, h segment, isTCP bool) (note uint32, fits bool) {
	id := seen.Conv.ID
	for len(l.current) <= id {
		l.current = append(l.current, -1)
	}
	at := l.current[id]
	changed := at < 0
	if changed {
		at = int32(len(l.stances))
		l.stances = append(l.stances, stance{conv: int32(id)})
		l.current[id] = at
	}
	s := &l.stances[at]
	fits = true
	if isTCP {
		var w stance
		if w, fits = s.wants(h, seen); fits {
			switch {
			case !s.agrees(&w):
				other := *s
				at = int32(len(l.stances))
				other.take(&w)
				l.stances = append(l.stances, other)
				l.current[id], s, changed = at, &l.stances[at], true
			case s.known|w.known != s.known:
				s.take(&w)
				changed = true
			}
		}
	}
	note = uint32(at+1)<<noteBits | uint32(seen.Dir&1)*noteDir
	if changed {
		note |= noteStance
		l.buffer = s.append(l.buffer)
	}
	return note, fits
}
