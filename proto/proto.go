// Package proto numbers the protocols that wiretale decodes. Each protocol is
// a package below this one: bytes into the caller's struct without
// allocation, and a field table. Package all lists the tables by ID.
package proto

// ID is a protocol layer.
type ID uint8

const (
	None ID = iota
	Ethernet
	EtherType // the two bytes that name what follows; a layer of its own in frame.protocols
	VLAN
	LLC
	SLL
	SLL2
	Raw
	Null
	Loop
	PPP
	CHDLC
	FrameRelay
	PPPoED
	PPPoES
	MPLS
	Radiotap
	WLANRadio
	WLAN
	PPI
	FDDI
	TokenRing
	NFLog
	ERF
	ARP
	IPv4
	IPv6
	IPv6HopByHop
	IPv6Routing
	IPv6Fragment
	IPv6Destination
	AH
	ESP
	ICMP
	ICMPv6
	IGMP
	TCP
	UDP
	SCTP
	GRE
	ERSPAN
	VXLAN
	Geneve
	GTP
	Teredo
	Data    // payload that no protocol claims
	Trailer // bytes after the network layer's end: padding, FCS
	Malformed
	NetMonHeader
	NetMonEvent
	EAPOL
	STP
	IEEE8021AD // a service tag: 0x88a8
	MPLSControl
	ConfigTest // Ethernet configuration test: 0x9000
	CMD
	VNTag
	ETag
	NSH
	LCP
	IPCP
	IPv6CP
	CHAP
	PAP
	SLARP
	UDPEncap // ESP in UDP
	Shim6
	MobileIPv6
	HIP
	L2TP
	TLS
	DTLS
	DNS
	DNSStream // DNS over TCP: a length before each message
	MDNS
	LLMNR
	SSRP
	NBSS
	NBSSContinuation // the rest of a frame whose begin was not captured
	SMB
	SMB2
	SMB2Transform  // encrypted
	SMB2Compressed // compressed
	HTTP
	LDAP
	CLDAP // LDAP in datagrams
	Kerberos
	KerberosStream // Kerberos over TCP: a length before each message
	TDS
	DCERPC
	HTTP2
	SMTP
	POP
	IMAP
	Count // number of protocols
)

var names = [Count]string{
	Ethernet: "eth", EtherType: "ethertype", VLAN: "vlan", LLC: "llc", SLL: "sll", SLL2: "sll", Raw: "raw", Null: "null", Loop: "loop",
	PPP: "ppp", CHDLC: "chdlc", FrameRelay: "fr", PPPoED: "pppoed", PPPoES: "pppoes", MPLS: "mpls", Radiotap: "radiotap",
	WLANRadio: "wlan_radio", WLAN: "wlan", PPI: "ppi", FDDI: "fddi", TokenRing: "tr", NFLog: "nflog", ERF: "erf", ARP: "arp", IPv4: "ip",
	IPv6: "ipv6", IPv6HopByHop: "ipv6.hopopts", IPv6Routing: "ipv6.routing", IPv6Fragment: "ipv6.fraghdr", IPv6Destination: "ipv6.dstopts",
	AH: "ah", ESP: "esp", ICMP: "icmp", ICMPv6: "icmpv6", IGMP: "igmp", TCP: "tcp", UDP: "udp", SCTP: "sctp", GRE: "gre", ERSPAN: "erspan",
	VXLAN: "vxlan", Geneve: "geneve", GTP: "gtp", Teredo: "teredo", Data: "data", Trailer: "eth.trailer", Malformed: "_ws.malformed",
	NetMonHeader: "netmon_header", NetMonEvent: "netmon_event", EAPOL: "eapol", STP: "stp",
	IEEE8021AD: "ieee8021ad", MPLSControl: "pwethcw", ConfigTest: "loop", CMD: "cmd", VNTag: "vntag", ETag: "etag", NSH: "nsh", LCP: "lcp", IPCP: "ipcp", IPv6CP: "ipv6cp", CHAP: "chap", PAP: "pap",
	SLARP: "slarp", UDPEncap: "udpencap", Shim6: "ipv6.shim6", MobileIPv6: "mipv6", HIP: "hip", L2TP: "l2tp", TLS: "tls", DTLS: "dtls", HTTP: "http",
	DNS: "dns", DNSStream: "dns", MDNS: "mdns", LLMNR: "llmnr", SSRP: "ssrp",
	NBSS: "nbss", NBSSContinuation: "nbss", SMB: "smb", SMB2: "smb2", SMB2Transform: "smb2", SMB2Compressed: "smb2",
	LDAP: "ldap", CLDAP: "cldap", Kerberos: "kerberos", KerberosStream: "kerberos", TDS: "tds", DCERPC: "dcerpc", HTTP2: "http2", SMTP: "smtp", POP: "pop", IMAP: "imap",
}

// String is Wireshark's short name, as in frame.protocols.
func (id ID) String() string {
	if id < Count && names[id] != "" {
		return names[id]
	}
	return "unknown"
}

// applications are the protocols that TCP and UDP carry.
var applications = [Count]bool{
	TLS: true, DTLS: true, HTTP: true, DNS: true, DNSStream: true, MDNS: true, LLMNR: true, SSRP: true,
	NBSS: true, NBSSContinuation: true, SMB: true, SMB2: true, SMB2Transform: true, SMB2Compressed: true,
	LDAP: true, CLDAP: true, Kerberos: true, KerberosStream: true, TDS: true, DCERPC: true, HTTP2: true, SMTP: true, POP: true, IMAP: true,
}

// Application reports whether the layer is one of an application: those are looked for only where somebody asks for them.
func (id ID) Application() bool { return id < Count && applications[id] }
