package all

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dns"
	"github.com/wiretale/wiretale/proto/kerberos"
	"github.com/wiretale/wiretale/proto/ldap"
	"github.com/wiretale/wiretale/proto/ssrp"
	"github.com/wiretale/wiretale/proto/tls"
)

var datagrams = [proto.Count]*proto.Datagram{
	proto.DNS:      &dns.Datagram,
	proto.SSRP:     &ssrp.Datagram,
	proto.CLDAP:    &ldap.Datagram,
	proto.Kerberos: &kerberos.Datagram,
}

// Datagram is what makes questions and answers of a protocol's datagrams; nil when it has none.
func Datagram(id proto.ID) *proto.Datagram { return datagrams[id] }

// Association is what follows a protocol whose datagrams depend on those before; nil for others.
func Association(id proto.ID) *proto.Stream {
	if id == tls.Association.ID {
		return &tls.Association
	}
	return nil
}

// MayAssociate reports whether a datagram that begins with a byte may be one of such a protocol.
func MayAssociate(first byte) bool { return tls.MayBeDatagram(first) }

// Associated is such a protocol whose datagram b is for sure, on any port; cut says that the capture has not all of it.
func Associated(b []byte, cut bool) *proto.Stream {
	if tls.LooksDatagram(b, cut) {
		return &tls.Association
	}
	return nil
}
