// Package all lists the field tables of every protocol.
package all

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/arp"
	"github.com/wiretale/wiretale/proto/eth"
	"github.com/wiretale/wiretale/proto/gre"
	"github.com/wiretale/wiretale/proto/icmp"
	"github.com/wiretale/wiretale/proto/icmp6"
	"github.com/wiretale/wiretale/proto/igmp"
	"github.com/wiretale/wiretale/proto/ip"
	"github.com/wiretale/wiretale/proto/ipv6"
	"github.com/wiretale/wiretale/proto/mpls"
	"github.com/wiretale/wiretale/proto/pppoe"
	"github.com/wiretale/wiretale/proto/sctp"
	"github.com/wiretale/wiretale/proto/sll"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/proto/udp"
	"github.com/wiretale/wiretale/proto/vlan"
	"github.com/wiretale/wiretale/proto/vxlan"
)

var tables = [proto.Count]*field.Table{
	proto.Ethernet: &eth.Fields, proto.EtherType: &eth.Type, proto.VLAN: &vlan.Fields, proto.SLL: &sll.Fields, proto.SLL2: &sll.Fields2,
	proto.PPPoED: &pppoe.Fields, proto.PPPoES: &pppoe.Fields, proto.MPLS: &mpls.Fields, proto.ARP: &arp.Fields, proto.IPv4: &ip.Fields,
	proto.IPv6: &ipv6.Fields, proto.IPv6Fragment: &ipv6.Fragment, proto.ICMP: &icmp.Fields, proto.ICMPv6: &icmp6.Fields, proto.IGMP: &igmp.Fields,
	proto.TCP: &tcp.Fields, proto.UDP: &udp.Fields, proto.SCTP: &sctp.Fields, proto.GRE: &gre.Fields, proto.VXLAN: &vxlan.Fields,
}

// Tables is indexed by proto.ID; nil for a protocol without fields.
func Tables() *[proto.Count]*field.Table { return &tables }
