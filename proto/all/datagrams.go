package all

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dns"
	"github.com/wiretale/wiretale/proto/kerberos"
	"github.com/wiretale/wiretale/proto/ldap"
	"github.com/wiretale/wiretale/proto/ssrp"
)

var datagrams = [proto.Count]*proto.Datagram{
	proto.DNS:      &dns.Datagram,
	proto.SSRP:     &ssrp.Datagram,
	proto.CLDAP:    &ldap.Datagram,
	proto.Kerberos: &kerberos.Datagram,
}

// Datagram is what makes questions and answers of a protocol's datagrams; nil when it has none.
func Datagram(id proto.ID) *proto.Datagram { return datagrams[id] }
