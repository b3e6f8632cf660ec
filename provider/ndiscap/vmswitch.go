package ndiscap

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// Places of values in the out-of-band data: NDIS_NET_BUFFER_LIST_INFO (nblinfo.h).
const (
	oobChecksum  = 0
	oobLargeSend = 2
	oob8021Q     = 4
)

// maxPorts bounds the destinations that a text names: a broadcast goes to all.
const maxPorts = 16

// overSwitch adds what a virtual switch says of a packet: its port, where it
// goes, its VLAN, and what is left to the network card.
func (p *Packets) overSwitch(f *fragment, pointer int) {
	p.meta.Layer = p.ports.of(f.source, portText)
	p.comment(p.routes.of(f.destinations, destinationText))
	info := provider.NBLInfo{
		Checksum: oobValue(f.oob, oobChecksum, pointer), LargeSend: oobValue(f.oob, oobLargeSend, pointer), Tag: oobValue(f.oob, oob8021Q, pointer),
	}
	if id, priority, ok := info.VLAN(); ok {
		p.comment(fmt.Sprintf("802.1Q tag out of band: VLAN %d, priority %d", id, priority))
	}
	if p.meta.Direction == trace.Outbound {
		// The same values tell the verdict of the card when a packet was received.
		p.meta.ChecksumNotReady, p.meta.Segmented = info.ChecksumLeft(), info.MSS() > 0
	}
}

// oobValue is one value of the out-of-band data, 0 when there are not so many.
func oobValue(oob []byte, index, pointer int) uint64 {
	if pointer != 4 {
		pointer = 8
	}
	off := index * pointer
	if off+pointer > len(oob) {
		return 0
	}
	if pointer == 4 {
		return uint64(binary.LittleEndian.Uint32(oob[off:]))
	}
	return binary.LittleEndian.Uint64(oob[off:])
}

// texts remembers what bytes of events mean as text, so that the usual packet
// makes no new string.
type texts map[string]string

// maxKey bounds the bytes that are remembered; longer ones are rare and are read again.
const maxKey = 512

func (t *texts) of(b []byte, read func([]byte) string) string {
	if s, ok := (*t)[string(b)]; ok {
		return s
	}
	s := read(b)
	if len(b) > maxKey {
		return s
	}
	if *t == nil || len(*t) >= maxNames {
		*t = texts{}
	}
	(*t)[string(b)] = s
	return s
}

// portText is the port that a packet came into the switch by: SourcePortId
// u32, then the names of port and network card and the card's type.
func portText(b []byte) string {
	c := bin.Little(b)
	s := fmt.Sprintf("virtual switch port %d", c.U32())
	port, nic, kind := c.UTF16(), c.UTF16(), c.UTF16()
	if nic == "" {
		nic = port
	}
	if nic != "" {
		s += " " + nic
	}
	if kind != "" {
		s += " (" + kind + ")"
	}
	return s
}

// destinationText is the ports that a packet goes to: NDIS_SWITCH_PORT_DESTINATION,
// PortId u32, NicIndex u16, flags u16 of which bit 0 says that it is excluded.
func destinationText(b []byte) string {
	var s strings.Builder
	n := 0
	for ; len(b) >= 8; b = b[8:] {
		if b[6]&1 != 0 {
			continue
		}
		if n++; n > maxPorts {
			continue
		}
		if n > 1 {
			s.WriteString(", ")
		}
		fmt.Fprintf(&s, "%d", binary.LittleEndian.Uint32(b))
	}
	switch {
	case n == 0:
		return ""
	case n == 1:
		return "to switch port " + s.String()
	case n > maxPorts:
		return fmt.Sprintf("to %d switch ports: %s ...", n, s.String())
	}
	return "to switch ports " + s.String()
}
