// Package all lists the field tables of the protocols.
package all

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ah"
	"github.com/wiretale/wiretale/proto/arp"
	"github.com/wiretale/wiretale/proto/chdlc"
	"github.com/wiretale/wiretale/proto/cmd"
	"github.com/wiretale/wiretale/proto/data"
	"github.com/wiretale/wiretale/proto/dcerpc"
	"github.com/wiretale/wiretale/proto/dns"
	"github.com/wiretale/wiretale/proto/eapol"
	"github.com/wiretale/wiretale/proto/erf"
	"github.com/wiretale/wiretale/proto/erspan"
	"github.com/wiretale/wiretale/proto/esp"
	"github.com/wiretale/wiretale/proto/etag"
	"github.com/wiretale/wiretale/proto/eth"
	"github.com/wiretale/wiretale/proto/fddi"
	"github.com/wiretale/wiretale/proto/fr"
	"github.com/wiretale/wiretale/proto/geneve"
	"github.com/wiretale/wiretale/proto/gre"
	"github.com/wiretale/wiretale/proto/gtp"
	"github.com/wiretale/wiretale/proto/http"
	"github.com/wiretale/wiretale/proto/http2"
	"github.com/wiretale/wiretale/proto/icmp"
	"github.com/wiretale/wiretale/proto/icmpv6"
	"github.com/wiretale/wiretale/proto/igmp"
	"github.com/wiretale/wiretale/proto/imap"
	"github.com/wiretale/wiretale/proto/ip"
	"github.com/wiretale/wiretale/proto/ipv6"
	"github.com/wiretale/wiretale/proto/kerberos"
	"github.com/wiretale/wiretale/proto/ldap"
	"github.com/wiretale/wiretale/proto/llc"
	"github.com/wiretale/wiretale/proto/mpls"
	"github.com/wiretale/wiretale/proto/nbss"
	"github.com/wiretale/wiretale/proto/netmon"
	"github.com/wiretale/wiretale/proto/nflog"
	"github.com/wiretale/wiretale/proto/nsh"
	"github.com/wiretale/wiretale/proto/null"
	"github.com/wiretale/wiretale/proto/pop"
	"github.com/wiretale/wiretale/proto/ppi"
	"github.com/wiretale/wiretale/proto/ppp"
	"github.com/wiretale/wiretale/proto/pppoe"
	"github.com/wiretale/wiretale/proto/radiotap"
	"github.com/wiretale/wiretale/proto/sctp"
	"github.com/wiretale/wiretale/proto/sll"
	"github.com/wiretale/wiretale/proto/smb"
	"github.com/wiretale/wiretale/proto/smb2"
	"github.com/wiretale/wiretale/proto/smtp"
	"github.com/wiretale/wiretale/proto/ssrp"
	"github.com/wiretale/wiretale/proto/stp"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/proto/tds"
	"github.com/wiretale/wiretale/proto/teredo"
	"github.com/wiretale/wiretale/proto/tls"
	"github.com/wiretale/wiretale/proto/tr"
	"github.com/wiretale/wiretale/proto/udp"
	"github.com/wiretale/wiretale/proto/vlan"
	"github.com/wiretale/wiretale/proto/vntag"
	"github.com/wiretale/wiretale/proto/vxlan"
	"github.com/wiretale/wiretale/proto/wlan"
)

var tables = [proto.Count]*field.Table{
	proto.Ethernet:         &eth.Fields,
	proto.Trailer:          &eth.Trailer,
	proto.VLAN:             &vlan.Fields,
	proto.IEEE8021AD:       &vlan.ServiceFields,
	proto.CMD:              &cmd.Fields,
	proto.VNTag:            &vntag.Fields,
	proto.ETag:             &etag.Fields,
	proto.NSH:              &nsh.Fields,
	proto.ARP:              &arp.Fields,
	proto.IPv4:             &ip.Fields,
	proto.IPv6:             &ipv6.Fields,
	proto.IPv6HopByHop:     &ipv6.HopByHopFields,
	proto.IPv6Routing:      &ipv6.RoutingFields,
	proto.IPv6Fragment:     &ipv6.FragmentFields,
	proto.IPv6Destination:  &ipv6.DestinationFields,
	proto.ICMP:             &icmp.Fields,
	proto.ICMPv6:           &icmpv6.Fields,
	proto.TCP:              &tcp.Fields,
	proto.UDP:              &udp.Fields,
	proto.HTTP:             &http.Fields,
	proto.TLS:              &tls.Fields,
	proto.DTLS:             &tls.DatagramFields,
	proto.Data:             &data.Fields,
	proto.SCTP:             &sctp.Fields,
	proto.IGMP:             &igmp.Fields,
	proto.GRE:              &gre.Fields,
	proto.VXLAN:            &vxlan.Fields,
	proto.SLL:              &sll.Fields,
	proto.SLL2:             &sll.Fields2,
	proto.MPLS:             &mpls.Fields,
	proto.PPPoED:           &pppoe.DiscoveryFields,
	proto.PPPoES:           &pppoe.Fields,
	proto.LLC:              &llc.Fields,
	proto.Null:             &null.Fields,
	proto.Loop:             &null.LoopFields,
	proto.PPP:              &ppp.Fields,
	proto.LCP:              &ppp.LCP,
	proto.IPCP:             &ppp.IPCP,
	proto.IPv6CP:           &ppp.IPv6CP,
	proto.PAP:              &ppp.PAP,
	proto.CHAP:             &ppp.CHAP,
	proto.CHDLC:            &chdlc.Fields,
	proto.SLARP:            &chdlc.SLARP,
	proto.FrameRelay:       &fr.Fields,
	proto.FDDI:             &fddi.Fields,
	proto.TokenRing:        &tr.Fields,
	proto.NFLog:            &nflog.Fields,
	proto.ERF:              &erf.Fields,
	proto.Radiotap:         &radiotap.Fields,
	proto.PPI:              &ppi.Fields,
	proto.WLAN:             &wlan.Fields,
	proto.AH:               &ah.Fields,
	proto.ESP:              &esp.Fields,
	proto.ERSPAN:           &erspan.Fields,
	proto.Geneve:           &geneve.Fields,
	proto.GTP:              &gtp.Fields,
	proto.Teredo:           &teredo.Fields,
	proto.STP:              &stp.Fields,
	proto.EAPOL:            &eapol.Fields,
	proto.NetMonEvent:      &netmon.Fields,
	proto.DNS:              &dns.Fields,
	proto.DNSStream:        &dns.StreamFields,
	proto.MDNS:             &dns.MulticastFields,
	proto.LLMNR:            &dns.LLMNRFields,
	proto.SSRP:             &ssrp.Fields,
	proto.NBSS:             &nbss.Fields,
	proto.NBSSContinuation: &nbss.ContinuationFields,
	proto.SMB:              &smb.Fields,
	proto.SMB2:             &smb2.Fields,
	proto.SMB2Transform:    &smb2.TransformFields,
	proto.SMB2Compressed:   &smb2.CompressionFields,
	proto.LDAP:             &ldap.Fields,
	proto.CLDAP:            &ldap.DatagramFields,
	proto.Kerberos:         &kerberos.Fields,
	proto.KerberosStream:   &kerberos.StreamFields,
	proto.TDS:              &tds.Fields,
	proto.DCERPC:           &dcerpc.Fields,
	proto.HTTP2:            &http2.Fields,
	proto.SMTP:             &smtp.Fields,
	proto.POP:              &pop.Fields,
	proto.IMAP:             &imap.Fields,
}

// Tables are the field tables by protocol; nil for a protocol without fields. They are not to be changed.
func Tables() *[proto.Count]*field.Table { return &tables }
