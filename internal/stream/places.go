package stream

import (
	"slices"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// A Place is a piece of a stream in the capture.
type Place struct {
	At     int64     // offset of its first byte in the stream: 0 is the first byte that was seen
	Record trace.Pos // that carries it
	Off    int       // where it begins in the record's data
	Len    int       // in bytes
}

// A Map says where in the capture the bytes of one direction of a connection
// lie, so that they can be read again instead of being kept. Each byte has one
// place, that of the segment that brought it first. The zero value is ready.
type Map struct {
	once   once
	parts  []span
	places []Place // in the order of the stream
}

// Add notes the places of a segment's payload. Bytes that the snap length cut
// have none, nor have those of datagrams that were put together from fragments.
func (m *Map) Add(p *packet.Packet) {
	t := p.TransportLayer()
	if p.Transport != proto.TCP || t < 0 || p.PayloadLen == 0 || p.Layers[t].Assembled {
		return
	}
	seq := p.TCP.Seq
	if p.TCP.Flags&tcp.SYN != 0 {
		seq++
	}
	m.parts = m.once.pass(seq, p.PayloadLen, false, m.parts[:0])
	base := m.once.next + int64(int32(seq-m.once.seq))
	data := int(p.Layers[t].Off) + p.TCP.Len
	for _, s := range m.parts {
		from, to := int(s.from-base), min(int(s.to-base), len(p.Payload))
		if from < to {
			m.insert(Place{At: s.from, Record: p.Record.Pos, Off: data + from, Len: to - from})
		}
	}
}

// insert keeps the places in order: most come at the end.
func (m *Map) insert(p Place) {
	i := len(m.places)
	if i > 0 && m.places[i-1].At > p.At {
		i, _ = slices.BinarySearchFunc(m.places, p.At, func(q Place, at int64) int { return int(min(max(q.At-at, -1), 1)) })
	}
	m.places = slices.Insert(m.places, i, p)
}

// Places are all places in the order of the stream. What lies between two that
// do not touch is missing. The slice is the map's own.
func (m *Map) Places() []Place { return m.places }
