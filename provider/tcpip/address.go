package tcpip

import (
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

const (
	eventInterfaceRundown = 1202
	protocolIPv4          = 4
	protocolIPv6          = 6

	maxAddresses = 64 // of one interface
)

// Learns reports whether Learn reads records with this header: those with which the stack describes its interfaces.
func Learns(h *trace.EventHeader) bool {
	return h.Header == trace.HeaderEvent && h.ID == eventInterfaceRundown && h.Provider == Provider.GUID
}

// An Address is one that an interface has. The stack names the interface by its index.
type Address struct {
	Index uint32
	Addr  netip.Addr
}

// ParseAddress reads event 1202, which all versions begin alike: IfIndex u32,
// link speed u64, IPProtocol u32 (4 or 6), IPv4Address u32 in network order,
// IpAddrLength u32, IPv6Address.
func ParseAddress(b []byte) (a Address, ok bool) {
	c := bin.Little(b)
	a.Index = c.U32()
	c.Skip(8)
	protocol, v4 := c.U32(), c.Bytes(4)
	v6 := c.Bytes(int(c.U32()))
	switch {
	case c.Err() != nil:
	case protocol == protocolIPv4:
		a.Addr = netip.AddrFrom4([4]byte(v4))
	case protocol == protocolIPv6 && len(v6) == 16:
		a.Addr = netip.AddrFrom16([16]byte(v6))
	}
	return a, a.Addr.IsValid() && !a.Addr.IsUnspecified()
}

// Name adds addresses to the interfaces that have them, in the order of the list.
func Name(list []trace.Interface, addresses []Address) {
	for _, a := range addresses {
		i := slices.IndexFunc(list, func(in trace.Interface) bool { return in.ID == int(a.Index) })
		if i < 0 {
			continue
		}
		in := &list[i]
		if text := a.Addr.String(); len(in.Addresses) < maxAddresses && !slices.Contains(in.Addresses, text) {
			in.Addresses = append(in.Addresses, text)
		}
	}
}
