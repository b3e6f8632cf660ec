package ndiscap

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// maxNames bounds what is remembered of interfaces, layers and ports: a real
// machine has tens, a forged trace as many as it has events.
const maxNames = 4096

// ruleTruncate is the capture rule "Packet Truncate Bytes" (map RuleIdMap); its value is a number.
const ruleTruncate = 17

type layerKey struct{ miniport, lower uint32 }

// Use takes the interfaces that the trace names: packets get the index of
// theirs and layers get their names. Filter layers are interfaces of their own.
func (p *Packets) Use(list []trace.Interface) {
	p.Interfaces, p.layers = make(map[uint32]int, len(list)), nil
	for i := range list {
		if id := list[i].ID; id >= 0 && id <= math.MaxUint32 {
			p.Interfaces[uint32(id)] = i
			p.name(uint32(id), list[i].Name)
		}
	}
}

// name remembers the name of an interface; the one that was told first stays.
func (p *Packets) name(index uint32, name string) {
	if name == "" || p.names[index] != "" || len(p.names) >= maxNames {
		return
	}
	if p.names == nil {
		p.names = map[uint32]string{}
	}
	p.names[index] = name
	clear(p.layers)
}

// Learn takes what an event says of the capture: the names of its sources
// (5101: SourceId u8, SourceName UTF-16, IfIndex u32), and the length that
// packets are cut to (1016: RuleId u8, Directive u8, Length u16, Value).
func (p *Packets) Learn(rec *trace.Record) {
	c := bin.Little(rec.Data)
	switch rec.Event.ID {
	case eventSource:
		c.Skip(1)
		name := c.UTF16()
		if index := c.U32(); c.Err() == nil {
			p.name(index, name)
		}
	case eventRule:
		rule := c.U8()
		c.Skip(1)
		v := c.Bytes(int(c.U16()))
		if rule != ruleTruncate || c.Err() != nil {
			return
		}
		switch len(v) {
		case 2:
			p.truncate = int(binary.LittleEndian.Uint16(v))
		case 4:
			p.truncate = int(min(binary.LittleEndian.Uint32(v), maxPacket))
		}
	}
}

// layer is the text of the layer that saw a packet: "miniport 14 Ethernet" at
// the bottom, "filter 23 Ethernet-QoS Packet Scheduler-0000" above it.
func (p *Packets) layer(miniport, lower uint32) string {
	k := layerKey{miniport, lower}
	if s, ok := p.layers[k]; ok {
		return s
	}
	s := fmt.Sprintf("miniport %d", lower)
	name := p.names[lower]
	if lower != miniport {
		s = fmt.Sprintf("filter %d", lower)
		if name == "" {
			name = fmt.Sprintf("above miniport %d", miniport)
		}
	}
	if name != "" {
		s += " " + name
	}
	if p.layers == nil {
		p.layers = map[layerKey]string{}
	}
	if len(p.layers) >= maxNames {
		clear(p.layers)
	}
	p.layers[k] = s
	return s
}
