// Package krb holds the diagnoses of Kerberos: tickets that a key distribution centre does not give, and why.
package krb

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{SPNUnknown, Skew, PreauthFailed, Account, EType, TCPBlocked, NoKDC}
}

// Codes of errors (RFC 4120, 7.5.9).
const (
	clientUnknown  = 6
	serviceUnknown = 7
	noEType        = 14
	clientRevoked  = 18
	keyExpired     = 23
	preauthFailed  = 24
	tooSkewed      = 37
	authenticates  = "AS-REQ"
	ticketGranting = "krbtgt/"
	kerberosLayer  = "kerberos"
)

// asks are the requests over UDP and TCP.
func asks(in *diag.Input) []diag.Ask { return in.Asks(proto.Kerberos, proto.KerberosStream) }

// failed reports whether a request was answered with one of the errors.
func failed(r *request.Request, codes ...uint32) bool {
	return r.Answered() && r.Failed && slices.Contains(codes, r.Code)
}

// granted reports whether a request got its ticket.
func granted(r *request.Request) bool {
	return r.Answered() && !r.Failed && strings.HasSuffix(r.Status, "-REP")
}

// A holder is a client that wants something.
type holder struct {
	source int
	client netip.Addr
	what   string
}

// serviceOf is a client that wants a ticket for a service, in whatever realm.
func serviceOf(a diag.Ask) holder { return holder{a.Talk.Source, a.Talk.Client, service(a)} }

// accountOf is a client that logs on as somebody, in whatever realm.
func accountOf(a diag.Ask) holder { return holder{a.Talk.Source, a.Talk.Client, account(a)} }

// service is the name of a service without its realm. Case does not matter to Windows.
func service(a diag.Ask) string {
	name, _, _ := strings.Cut(a.Name, "@")
	return strings.ToLower(name)
}

// account is the name of an account without its realm.
func account(a diag.Ask) string {
	name, _, _ := strings.Cut(a.Who, "@")
	return strings.ToLower(name)
}

// A kdc is a server that answers with an error.
type kdc struct {
	source int
	server netip.Addr
	code   uint32
}

// kdcOf groups by server and error.
func kdcOf(a diag.Ask) kdc { return kdc{a.Talk.Source, a.Talk.Server.Addr(), a.Code} }

// said adds what the server says of an error.
func said(f *diag.Finding, list []diag.Ask) {
	for _, text := range diag.Distinct(list, func(a diag.Ask) string { return a.Text }) {
		f.Facts = append(f.Facts, diag.Fact{Name: "the server says", Value: text})
		break
	}
}

// accounts and services are names in words.
func accounts(list []diag.Ask) string {
	return diag.NamesOf(list, func(a diag.Ask) string { return a.Who })
}
func services(list []diag.Ask) string {
	return diag.NamesOf(list, func(a diag.Ask) string { return a.Name })
}

// of is "of NAMES", or of the clients when no names are known.
func of(names string, list []diag.Ask) string {
	if names == "" {
		return "from " + diag.ClientsOf(list)
	}
	return "for " + names + " from " + diag.ClientsOf(list)
}
