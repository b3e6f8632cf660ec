package tls

import (
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tls"
)

// A fault is why a handshake failed.
type fault uint8

const (
	none fault = iota
	notTLS
	noCommon
	version
	rejected
	expired
	name
	chain
	sni
	clientCertificate
	killed
	stuck
)

// Alerts (RFC 8446, 6; RFC 5246, 7.2; RFC 6066, 9).
const (
	alertHandshakeFailure    = 40
	alertNoCertificate       = 41
	alertBadCertificate      = 42
	alertExpired             = 45
	alertCertificateUnknown  = 46
	alertIllegalParameter    = 47
	alertUnknownCA           = 48
	alertAccessDenied        = 49
	alertVersion             = 70
	alertInsufficient        = 71
	alertInternal            = 80
	alertFallback            = 86
	alertUnrecognizedName    = 112
	alertCertificateRequired = 116
	alertNoProtocol          = 120
	lastOfCertificates       = 46
	firstOfCertificates      = alertBadCertificate
)

// ofCertificate reports whether an alert is about a certificate.
func ofCertificate(code byte) bool {
	return code >= firstOfCertificates && code <= lastOfCertificates || code == alertUnknownCA
}

// faults are the openings that failed for a reason, in order.
func faults(in *diag.Input, rule *diag.Rule, f fault) (out []*opening) {
	for _, h := range in.Handshakes {
		if h.Done && h.Fatal() == nil && f != expired && (f != clientCertificate || h.Version != tls.TLS13) {
			continue
		}
		if h.Done && f == expired && isExpired(in, &opening{Handshake: h}) == nil { // most are none: their conversations stay packed
			continue
		}
		o := open(in, h)
		if faultOf(in, o) == f && !in.Withhold(rule, o.conv()) {
			out = append(out, o)
		}
	}
	return out
}

// faultOf is why a handshake failed, the cause that says most:
//
//  1. one side speaks no TLS, or another protocol;
//  2. what the certificate itself shows: dates, names, an issuer that is not sent;
//  3. what an alert says;
//  4. how it ended without any.
func faultOf(in *diag.Input, o *opening) fault {
	a := o.Fatal()
	switch {
	case o.Spoke != proto.None, speaksPlain(o):
		return notTLS
	case isExpired(in, o) != nil, a != nil && !a.Server && a.Code == alertExpired && o.Leaf() == nil:
		return expired
	case !o.Hello && !(a != nil && o.At[handshake.ServerHello].Seen()):
		return none
	case isMisnamed(o):
		return name
	case lacksIssuer(o):
		return chain
	case a == nil:
		return withoutAlert(in, o)
	case a.Code == alertVersion || a.Code == alertFallback:
		return version
	case a.Server && lacksClientCertificate(o):
		return clientCertificate
	case a.Server && a.Code == alertUnrecognizedName, a.Server && o.Version == 0 && !o.Named && namedElsewhere(in, o):
		return sni
	case ofCertificate(a.Code), a.Code == alertAccessDenied && len(o.Chains[0]) > 0:
		return rejected
	case a.Code == alertHandshakeFailure && a.Server && o.Asked && len(o.Chains[0]) > 0:
		return rejected
	case a.Code == alertHandshakeFailure || a.Code == alertInsufficient || a.Code == alertIllegalParameter || a.Code == alertNoProtocol:
		return noCommon
	}
	return none
}

// withoutAlert is the fault of a handshake that ended without an alert that can be read.
func withoutAlert(in *diag.Input, o *opening) fault {
	end, byServer := o.ended()
	switch {
	case o.Holes && !o.Cut:
		return none
	case o.Version == 0 && in.StuckHello(o.conv()):
		return stuck
	case o.Version == 0 && end.Seen() && byServer && isSoon(in, o):
		return killed
	case lacksClientCertificate(o) && end.Seen() && byServer:
		return clientCertificate
	case o.Version == tls.TLS13 && !o.Keys && len(o.Sealed[0]) > 0 && o.Sealed[0][0].Alert() && end.Seen():
		return rejected
	}
	return none
}

// soon is how soon after the hello a connection is cut that somebody cuts for it.
const soon = time.Second

func isSoon(in *diag.Input, o *opening) bool {
	end, _ := o.ended()
	d, ok := in.Elapsed(o.moment(o.At[handshake.HelloEnds]), end)
	return end.Pos.Number > o.At[handshake.HelloEnds].Number && (!ok || d <= soon)
}

// lacksClientCertificate reports whether the server asked for a certificate and the client had none, and what followed looks like a refusal.
func lacksClientCertificate(o *opening) bool {
	if o.Asked && o.None {
		return !o.At[handshake.Used].Seen() || o.Version == tls.TLS13 && o.Fatal() != nil
	}
	if o.Asked || o.Keys || o.Version != tls.TLS13 || len(o.Sealed[0]) < 2 || !o.Sealed[0][0].Empty() || !o.Sealed[0][1].Finished() {
		return false
	}
	answers := slices.DeleteFunc(slices.Clone(o.Sealed[1]), func(s handshake.Sealed) bool { return s.At.Number <= o.Sealed[0][1].At.Number })
	return len(answers) == 1 && answers[0].Alert()
}
