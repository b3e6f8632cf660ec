package pktmon

import (
	"encoding/binary"
	"slices"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// maxHeld bounds the out-of-band values whose packet has not come.
const maxHeld = 64

// A sightingKey names one look at one packet.
type sightingKey struct {
	group                               uint64
	number, appearance, component, edge uint16
}

func keyOf(b []byte) sightingKey {
	le := binary.LittleEndian
	return sightingKey{le.Uint64(b), le.Uint16(b[8:]), le.Uint16(b[10:]), le.Uint16(b[16:]), le.Uint16(b[18:])}
}

// held is what was logged of a packet before the packet.
type held struct {
	key  sightingKey
	info provider.NBLInfo
}

// Describes reports whether an event with this header tells something of a packet that comes in an event of its own.
func Describes(h *trace.EventHeader) bool {
	return h.Provider == GUID && (h.ID == eventInfo || h.ID == eventDropInfo)
}

// Describe remembers the out-of-band values of a packet (events 180 and 190)
// for the packet itself, which names the same group, number, appearance and
// place. After the 30 bytes that all packet events begin with come values of
// the size of a pointer: checksum, large send, 802.1Q, two of the hash, virtual subnet, coalescing.
func (p *Packets) Describe(ev *trace.Record) {
	size := int(ev.Event.PointerSize)
	if size != 4 {
		size = 8
	}
	b := ev.Data
	if len(b) < infoLen+7*size {
		p.Short++
		return
	}
	value := func(i int) uint64 {
		at := b[infoLen+i*size:]
		if size == 4 {
			return uint64(binary.LittleEndian.Uint32(at))
		}
		return binary.LittleEndian.Uint64(at)
	}
	h := held{keyOf(b), provider.NBLInfo{Checksum: value(0), LargeSend: value(1), Tag: value(2), Coalesced: value(6)}}
	if len(p.held) == maxHeld {
		p.held = slices.Delete(p.held, 0, 1)
	}
	p.held = append(p.held, h)
}

// described adds the out-of-band values of a packet to what is said of it.
func (p *Packets) described(b []byte) {
	if len(p.held) == 0 {
		return
	}
	key := keyOf(b)
	at := slices.IndexFunc(p.held, func(h held) bool { return h.key == key })
	if at < 0 {
		return
	}
	info := p.held[at].info
	p.held = slices.Delete(p.held, at, at+1)
	outbound := p.meta.Direction == trace.Outbound
	if outbound {
		// The same values tell the verdict of the card when a packet was received.
		p.meta.ChecksumNotReady, p.meta.Segmented = info.ChecksumLeft(), info.MSS() > 0
	}
	if text := info.Text(outbound); text != "" {
		p.comment(text)
	}
}
