// Package all lists the field tables of the protocols.
package all

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/arp"
	"github.com/wiretale/wiretale/proto/eth"
	"github.com/wiretale/wiretale/proto/gre"
	"github.com/wiretale/wiretale/proto/icmp"
	"github.com/wiretale/wiretale/proto/icmpv6"
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
	proto.Ethernet:        &eth.Fields,
	proto.Trailer:         &eth.Trailer,
	proto.VLAN:            &vlan.Fields,
	proto.IEEE8021AD:      &vlan.ServiceFields,
	proto.ARP:             &arp.Fields,
	proto.IPv4:            &ip.Fields,
	proto.IPv6:            &ipv6.Fields,
	proto.IPv6HopByHop:    &ipv6.HopByHopFields,
	proto.IPv6Routing:     &ipv6.RoutingFields,
	proto.IPv6Fragment:    &ipv6.FragmentFields,
	proto.IPv6Destination: &ipv6.DestinationFields,
	proto.ICMP:            &icmp.Fields,
	proto.ICMPv6:          &icmpv6.Fields,
	proto.TCP:             &tcp.Fields,
	proto.UDP:             &udp.Fields,
	proto.SCTP:            &sctp.Fields,
	proto.IGMP:            &igmp.Fields,
	proto.GRE:             &gre.Fields,
	proto.VXLAN:           &vxlan.Fields,
	proto.SLL:             &sll.Fields,
	proto.SLL2:            &sll.Fields2,
	proto.MPLS:            &mpls.Fields,
	proto.PPPoED:          &pppoe.Fields,
	proto.PPPoES:          &pppoe.Fields,
}

// Tables are the field tables by protocol; nil for a protocol without fields. They are not to be changed.
func Tables() *[proto.Count]*field.Table { return &tables }
