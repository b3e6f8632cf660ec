package trace

import "fmt"

// LinkType is a LINKTYPE_ value of the pcap registry (https://www.tcpdump.org/linktypes.html): the first layer of a packet.
type LinkType uint32

const (
	LinkNull       LinkType = 0
	LinkEthernet   LinkType = 1
	LinkTokenRing  LinkType = 6
	LinkPPP        LinkType = 9
	LinkFDDI       LinkType = 10
	LinkPPPHDLC    LinkType = 50
	LinkPPPoE      LinkType = 51
	LinkRaw        LinkType = 101
	LinkCHDLC      LinkType = 104
	LinkWiFi       LinkType = 105
	LinkFrameRelay LinkType = 107
	LinkLoop       LinkType = 108
	LinkLinuxSLL   LinkType = 113
	LinkRadiotap   LinkType = 127
	LinkPPI        LinkType = 192
	LinkIPv4       LinkType = 228
	LinkIPv6       LinkType = 229
	LinkNFLog      LinkType = 239
	LinkLinuxSLL2  LinkType = 276
	LinkERF        LinkType = 197
	// LinkNetMonEvent and those after it are ours, above the 16 bits of the registry:
	// media types that Network Monitor files have and the registry has not.
	LinkNetMonEvent LinkType = 0x10000 + iota
	LinkNetMonHeader
	LinkNetMonOther
	LinkUnknown LinkType = 0xffffffff
)

var linkNames = map[LinkType]string{
	LinkNull: "null", LinkEthernet: "ether", LinkTokenRing: "tr", LinkPPP: "ppp", LinkFDDI: "fddi", LinkPPPHDLC: "ppp-hdlc",
	LinkPPPoE: "pppoe", LinkRaw: "rawip", LinkCHDLC: "chdlc", LinkWiFi: "ieee-802-11", LinkFrameRelay: "frelay", LinkLoop: "loop",
	LinkLinuxSLL: "linux-sll", LinkRadiotap: "ieee-802-11-radiotap", LinkPPI: "ppi", LinkIPv4: "rawip4", LinkIPv6: "rawip6",
	LinkNFLog: "nflog", LinkLinuxSLL2: "linux-sll2", LinkERF: "erf", LinkNetMonEvent: "netmon_event", LinkNetMonHeader: "netmon_header",
	LinkNetMonOther: "netmon", LinkUnknown: "unknown",
}

// String is Wireshark's short name of the encapsulation.
func (l LinkType) String() string {
	if s, ok := linkNames[l]; ok {
		return s
	}
	return fmt.Sprintf("linktype-%d", uint32(l))
}
