package view

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// Columns are the words of one row of a packet list, as tshark's default columns have them.
type Columns struct {
	Source, Destination string
	Protocol            string
	Length              int // on the wire; of the payload for events
	Info                string
}

// ColumnsOf fills the columns of a row, packet, event or other record.
func ColumnsOf(row *engine.Row) Columns {
	rec := row.Record
	switch {
	case row.Packet != nil:
		return packetColumns(row)
	case row.Event != nil || rec.Kind == trace.Event:
		src, dst := eventEndpoints(row)
		return Columns{Source: src, Destination: dst, Protocol: ProviderName(row), Length: len(rec.Data), Info: doer(row) + EventText(row)}
	}
	return Columns{Protocol: kindNames[rec.Kind], Length: len(rec.Data), Info: otherText(rec)}
}

var kindNames = map[trace.Kind]string{
	trace.Secrets: "secrets", trace.Names: "names", trace.Statistics: "statistics", trace.Journal: "journal", trace.Custom: "custom",
	trace.ProcessInfo: "process", trace.Unknown: "unknown",
}

func otherText(rec *trace.Record) string {
	if rec.Text != "" {
		return Printable(rec.Text)
	}
	return fmt.Sprintf("block type 0x%08x, %d bytes", rec.Block, len(rec.Data))
}

// infos has the Info column by protocol. The layer's bytes run to the end of what was captured of it.
var infos = map[proto.ID]func(row *engine.Row, i int) string{
	proto.TCP: tcpInfo, proto.UDP: udpInfo, proto.SCTP: sctpInfo,
	proto.ARP: arpInfo, proto.ICMP: icmpInfo, proto.ICMPv6: icmpv6Info, proto.IGMP: igmpInfo,
	proto.IPv4: ipv4Info, proto.IPv6: ipv6Info, proto.IPv6Fragment: ipv6FragmentInfo,
	proto.TLS:          tlsInfo,
	proto.DTLS:         tlsInfo,
	proto.HTTP:         httpInfo,
	proto.HTTP2:        http2Info,
	proto.SMTP:         smtpInfo,
	proto.POP:          popInfo,
	proto.IMAP:         imapInfo,
	proto.IPv6HopByHop: ipv6Info, proto.IPv6Destination: ipv6Info, proto.IPv6Routing: ipv6Info,
	proto.DNS: dnsInfo, proto.DNSStream: dnsInfo, proto.MDNS: dnsInfo, proto.LLMNR: dnsInfo,
	proto.SSRP: ssrpInfo,
	proto.LDAP: ldapInfo, proto.CLDAP: ldapInfo,
	proto.Kerberos: kerberosInfo, proto.KerberosStream: kerberosInfo,
	proto.TDS: tdsInfo, proto.DCERPC: dcerpcInfo,
	proto.NBSSContinuation: nbssInfo, proto.NBSS: nbssInfo, proto.SMB: smbInfo, proto.SMB2: smb2Info, proto.SMB2Transform: sealedInfo, proto.SMB2Compressed: sealedInfo,
}

// protocolNames are Wireshark's names in the Protocol column.
var protocolNames = map[proto.ID]string{
	proto.TCP: "TCP", proto.UDP: "UDP", proto.SCTP: "SCTP", proto.ARP: "ARP", proto.ICMP: "ICMP", proto.ICMPv6: "ICMPv6", proto.IGMP: "IGMP",
	proto.IPv4: "IPv4", proto.IPv6: "IPv6", proto.IPv6Fragment: "IPv6", proto.IPv6HopByHop: "IPv6", proto.IPv6Destination: "IPv6", proto.IPv6Routing: "IPv6",
	proto.Ethernet: "Ethernet", proto.EtherType: "Ethernet", proto.LLC: "LLC", proto.STP: "STP", proto.EAPOL: "EAPOL", proto.WLAN: "802.11",
	proto.PPP: "PPP", proto.PPPoED: "PPPoED", proto.PPPoES: "PPPoES", proto.GRE: "GRE", proto.ESP: "ESP", proto.AH: "AH", proto.MPLS: "MPLS",
	proto.VLAN: "VLAN", proto.CMD: "CMD", proto.VNTag: "VNTAG", proto.ETag: "E-TAG", proto.NSH: "NSH", proto.SLL: "SLL", proto.SLL2: "SLL", proto.VXLAN: "VXLAN", proto.Geneve: "Geneve", proto.GTP: "GTP", proto.Teredo: "Teredo",
	proto.DNS: "DNS", proto.DNSStream: "DNS", proto.MDNS: "MDNS", proto.LLMNR: "LLMNR", proto.SSRP: "SSRP", proto.NBSS: "NBSS", proto.NBSSContinuation: "NBSS",
	proto.SMB: "SMB", proto.SMB2: "SMB2", proto.SMB2Transform: "SMB2", proto.SMB2Compressed: "SMB2",
	proto.LDAP: "LDAP", proto.CLDAP: "CLDAP", proto.Kerberos: "KRB5", proto.KerberosStream: "KRB5", proto.TDS: "TDS", proto.DCERPC: "DCERPC", proto.POP: "POP", proto.IMAP: "IMAP",
}

func packetColumns(row *engine.Row) Columns {
	p := row.Packet
	c := Columns{Length: row.Record.WireLen}
	c.Source, c.Destination = addresses(row)
	top := topLayer(row)
	if top < 0 {
		c.Protocol, c.Info = row.Record.Link.String(), undecoded(row)+seenText(row)
		return c
	}
	id := p.Layers[top].Proto
	c.Protocol = protocolNames[id]
	if c.Protocol == "" {
		c.Protocol = strings.ToUpper(id.String())
	}
	if id == proto.IGMP {
		c.Protocol = igmpVersion(p.Bytes(top))
	}
	switch render := infos[id]; {
	case stacked(p, top):
		applicationColumns(row, &c)
	case render != nil:
		c.Info = render(row, top)
	default:
		c.Info = undecoded(row)
	}
	switch {
	case p.Has(packet.Cut):
		c.Info += "[Packet size limited during capture]"
	case p.Has(packet.Malformed) && id != proto.UDP && !strings.HasPrefix(c.Info, "Bogus"):
		c.Info += "[Malformed Packet]"
	}
	c.Info += seenText(row)
	return c
}

func undecoded(row *engine.Row) string {
	return strconv.Itoa(row.Record.WireLen) + " bytes"
}

// addresses are those of the innermost layer that has any: network addresses, else link addresses.
func addresses(row *engine.Row) (src, dst string) {
	p := row.Packet
	for i := p.N - 1; i >= 0; i-- {
		if p.Layers[i].Quoted {
			continue
		}
		b := p.Bytes(i)
		switch p.Layers[i].Proto {
		case proto.IPv4, proto.IPv6:
			if p.Src.IsValid() {
				return p.Src.String(), p.Dst.String()
			}
		case proto.Ethernet:
			if len(b) >= 12 {
				return MAC(b[6:12]), MAC(b[0:6])
			}
		case proto.WLAN:
			if len(b) >= 16 {
				return MAC(b[10:16]), MAC(b[4:10])
			}
		case proto.SLL: // address length at 4, address at 6
			if len(b) >= 12 && binary.BigEndian.Uint16(b[4:]) == 6 {
				return MAC(b[6:12]), ""
			}
		case proto.SLL2: // address length at 11, address at 12
			if len(b) >= 18 && b[11] == 6 {
				return MAC(b[12:18]), ""
			}
		}
	}
	return "", ""
}

// MAC is six bytes in the usual form.
func MAC(b []byte) string {
	parts := make([]string, len(b))
	for i, x := range b {
		parts[i] = fmt.Sprintf("%02x", x)
	}
	return strings.Join(parts, ":")
}

// Printable makes text from a file safe for a terminal: control characters become escapes.
func Printable(s string) string {
	clean := utf8.ValidString(s)
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}
