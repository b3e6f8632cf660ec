package scrub

import (
	"encoding/binary"
	"net/netip"

	"github.com/wiretale/wiretale/internal/checksum"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// A datagram is what fragments are of.
type datagram struct {
	source   int
	src, dst netip.Addr
	protocol uint8
	id       uint32
}

// An assembly is what stays of a datagram that came in fragments.
type assembly struct {
	number int64 // of the record with which it was whole
	bytes  []byte
}

// maxAssembled bounds what is kept of such datagrams, in bytes; fragments of others become zeros.
const maxAssembled = 64 << 20

// Datagram takes, in the first pass, a packet that completes a datagram: its fragments are written from it in the second pass.
func (s *Scrubber) Datagram(p *packet.Packet) {
	t := p.TransportLayer()
	if !p.Has(packet.Reassembled) || t < 0 || !p.Layers[t].Assembled || s.assembled+int64(len(p.Assembled)) > maxAssembled {
		return
	}
	key, _, _, ok := fragmentOf(p)
	if !ok {
		return
	}
	was, is := p.Assembled, make([]byte, len(p.Assembled))
	for i := t; i < p.N; i++ {
		if l := &p.Layers[i]; l.Assembled && l.Unit == 0 && l.End > l.Off {
			s.layer(p, i, was[l.Off:l.End], is[l.Off:l.End])
		}
	}
	l := &p.Layers[t]
	a, b := checksum.Sum(p.Src.AsSlice())+checksum.Sum(p.Dst.AsSlice()), checksum.Sum(s.secret.Addr(p.Src).AsSlice())+checksum.Sum(s.secret.Addr(p.Dst).AsSlice())
	transportChecksum(p, t, was[l.Off:l.End], is[l.Off:l.End], a, b)
	s.assembled += int64(len(is))
	s.datagrams[key] = append(s.datagrams[key], assembly{p.Record.Pos.Number, is[l.Off:]})
}

// fragmentOf says which datagram a fragment is of, where in it the fragment lies, and where its bytes begin in the record.
func fragmentOf(p *packet.Packet) (key datagram, off, data int, ok bool) {
	key = datagram{source: p.Record.Pos.Source, src: p.Src, dst: p.Dst}
	for i := range p.N {
		l := &p.Layers[i]
		if l.Assembled || l.Unit != 0 || l.Quoted {
			continue
		}
		b := p.Record.Data[l.Off:l.End]
		switch {
		case l.Proto == proto.IPv4 && len(b) >= 20 && int(l.Header) <= len(b):
			flags := binary.BigEndian.Uint16(b[6:])
			if flags&0x3fff != 0 {
				key.protocol, key.id = b[9], uint32(binary.BigEndian.Uint16(b[4:]))
				return key, int(flags&0x1fff) * 8, int(l.Off + l.Header), true
			}
		case l.Proto == proto.IPv6Fragment && len(b) >= 8:
			key.protocol, key.id = b[0], binary.BigEndian.Uint32(b[4:])
			return key, int(binary.BigEndian.Uint16(b[2:]) &^ 7), int(l.Off) + 8, true
		}
	}
	return key, 0, 0, false
}

// piece writes the bytes of a fragment from its datagram, and reports whether there is one.
func (s *Scrubber) piece(p *packet.Packet, out []byte) bool {
	key, off, data, ok := fragmentOf(p)
	if !ok {
		return false
	}
	for _, a := range s.datagrams[key] {
		if a.number < p.Record.Pos.Number {
			continue
		}
		if off < len(a.bytes) && data < len(out) {
			end := len(out)
			if n := p.NetworkLayer(); n >= 0 && !p.Layers[n].Assembled {
				end = min(end, int(p.Layers[n].End)) // padding behind it stays zero
			}
			copy(out[min(data, end):end], a.bytes[off:])
		}
		return true
	}
	return false
}
