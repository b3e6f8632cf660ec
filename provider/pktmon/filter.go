package pktmon

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/wiretale/wiretale/internal/bin"
)

// maxFilters bounds the filters that are kept; pktmon takes 32.
const maxFilters = 64

// Filters are the packet filters that were in force, as text: what none of them passes is not in the trace.
func (p *Packets) Filters() []string { return p.filters }

// filter takes events 100 and 110: id u16, name UTF-16, two MAC addresses, EtherType u16, VLAN u16, two addresses (IPv4
// or IPv6), protocol u8, two ports u16, TCP flags u8. What is 0 is not filtered by.
func (p *Packets) filter(b []byte, v6 bool) {
	c := bin.Little(b)
	id, name := c.U16(), c.UTF16()
	var parts []string
	add := func(set bool, format string, v any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, v))
		}
	}
	for range 2 {
		mac := c.Bytes(6)
		add(strings.Trim(string(mac), "\x00") != "", "MAC %v", net.HardwareAddr(mac))
	}
	kind, vlan := c.U16(), c.U16()
	add(kind != 0, "type 0x%04x", kind)
	add(vlan != 0, "VLAN %d", vlan)
	size := 4
	if v6 {
		size = 16
	}
	for range 2 {
		a, ok := netip.AddrFromSlice(c.Bytes(size))
		add(ok && !a.IsUnspecified(), "IP %v", a)
	}
	protocol := c.U8()
	add(protocol != 0, "protocol %d", protocol)
	for range 2 {
		port := c.U16()
		add(port != 0, "port %d", port)
	}
	flags := c.U8()
	add(flags != 0, "TCP flags 0x%02x", flags)
	if c.Err() != nil || len(p.filters) >= maxFilters {
		return
	}
	text := fmt.Sprintf("%d", id)
	if name != "" {
		text += " " + name
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	p.filters = append(p.filters, text)
}
