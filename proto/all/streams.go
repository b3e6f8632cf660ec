package all

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dcerpc"
	"github.com/wiretale/wiretale/proto/dns"
	"github.com/wiretale/wiretale/proto/http"
	"github.com/wiretale/wiretale/proto/http2"
	"github.com/wiretale/wiretale/proto/imap"
	"github.com/wiretale/wiretale/proto/kerberos"
	"github.com/wiretale/wiretale/proto/ldap"
	"github.com/wiretale/wiretale/proto/pop"
	"github.com/wiretale/wiretale/proto/smtp"
	"github.com/wiretale/wiretale/proto/tds"
	"github.com/wiretale/wiretale/proto/tls"
)

// streams are the protocols over TCP, in the order in which they are asked on a port that several have.
var streams = []*proto.Stream{
	&tls.Stream, &http.Stream, &http2.Stream, &dns.Stream, &sessionService, &directTCP,
	&ldap.Stream, &kerberos.Stream, &tds.Stream, &dcerpc.Stream, &smtp.Stream, &pop.Stream, &imap.Stream,
}

// Streams are the protocols that package stream finds in connections. The list is not to be changed.
func Streams() []*proto.Stream { return streams }

// Stream is the protocol with this number; nil when it does not talk over connections.
func Stream(id proto.ID) *proto.Stream {
	for _, s := range streams {
		if s.ID == id {
			return s
		}
	}
	return nil
}
