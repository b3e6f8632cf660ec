package tls

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/tlsrecord"
)

// derive looks for the master secret of an agreement before TLS 1.3, and makes keys of it:
//
//  1. the secret itself, or that before it, in a key log, by the client's random or what the exchange was encrypted to;
//  2. that of the session that it goes on with, by its id or ticket;
//  3. what the private key of the server's certificate decrypts;
//  4. a key that both sides had before.
func (n *negotiation) derive(o *opener) {
	if n.derived || !n.chosen || n.version == TLS13 || n.clientRandom == nil {
		return
	}
	if n.derived = true; !n.known {
		n.Why = fmt.Sprintf("its suite %s is not supported", n.Suite)
		return
	}
	k := o.keys
	found := func(kind string, of []byte) []byte {
		secret := k.Secret(kind, of)
		if secret != nil {
			n.Source = k.From(kind, of)
		}
		return secret
	}
	if n.master = found(SecretMaster, n.clientRandom); n.master == nil {
		if premaster := found(SecretPremaster, n.clientRandom); premaster != nil {
			n.from(premaster)
		}
	}
	if sealed := n.sealed(); n.master == nil && n.Why == "" && len(sealed) >= 8 && n.suite.PrivateKey() {
		if premaster := found(SecretExchanged, sealed[:8]); premaster != nil {
			n.from(premaster)
		}
	}
	switch {
	case n.master != nil || n.Why != "":
	case n.exchange == nil:
		n.goOn(found)
	case n.suite.Exchange == exchangePSK:
		if key := n.preShared(found); key != nil {
			n.from(tlsrecord.PreSharedPremaster(nil, key))
		}
	case n.suite.PrivateKey(), n.suite.Exchange == exchangeRSAPSK:
		n.decrypt(o, found)
	default:
		n.Why = n.needsLog(o)
	}
	if n.master == nil {
		n.step("no keys: %s", n.why())
		return
	}
	n.step("master secret from %s", n.Source)
	n.keys, n.ready = n.suite.Keys(n.version, n.master, n.clientRandom, n.serverRandom), true
	if n.exchange != nil && len(n.serverID) > 0 {
		k.Learn(SecretSession, n.serverID, n.master, n.origin())
	}
	n.transcript = nil
}

// from makes the master secret of that before it.
func (n *negotiation) from(premaster []byte) {
	switch {
	case !n.extended:
		n.master = n.suite.Master(n.version, premaster, n.clientRandom, n.serverRandom)
	case n.holes || n.transcript == nil:
		n.Why = whyHoles
	default:
		n.master = n.suite.ExtendedMaster(n.version, premaster, n.transcript)
	}
}

// origin says of what an agreement makes known to others where it is from.
func (n *negotiation) origin() string {
	return fmt.Sprintf("the session of frame %d (%s)", n.Frame, n.Source)
}

// goOn is for an agreement without an exchange of keys: it goes on with an earlier one.
func (n *negotiation) goOn(found func(kind string, of []byte) []byte) {
	switch {
	case n.certificate || n.holes && !n.resumes():
		n.Why = whyHoles
		if !n.extended {
			n.Why = whyNoHandshake
		}
		return
	case len(n.ticket) > 0:
		n.Resumed = "a ticket"
		n.master = found(SecretTicket, n.ticket)
	}
	if n.master == nil && len(n.serverID) > 0 {
		if n.resumes() {
			n.Resumed = "session id " + abridged(n.serverID)
		}
		n.master = found(SecretSession, n.serverID)
	}
	if n.master == nil {
		n.Why = whyResumed
	}
}

// resumes reports whether the server goes on with the session that the client names.
func (n *negotiation) resumes() bool {
	return len(n.serverID) > 0 && string(n.serverID) == string(n.offeredID)
}

func abridged(id []byte) string {
	if len(id) > 8 {
		return fmt.Sprintf("%x...", id[:8])
	}
	return fmt.Sprintf("%x", id)
}

func hex16(v uint16) string { return fmt.Sprintf("0x%04x", v) }

// Exchanges in which a key that both sides had before is all that is needed, or all beside the private key of the server.
const (
	exchangePSK    = "PSK"
	exchangeRSAPSK = "RSA_PSK"
)

// preShared is the key that the client names (RFC 4279, 2): by its identity, else one that was given for all. nil, with the reason, when there is none.
func (n *negotiation) preShared(found func(kind string, of []byte) []byte) []byte {
	id, _ := n.identity()
	id = id[:min(len(id), maxIdentity)]
	n.step("the client names the pre-shared key %q", id)
	key := found(SecretPreShared, id)
	if key == nil {
		key = found(SecretPreShared, nil)
	}
	if key == nil {
		n.Why = fmt.Sprintf(whyPreShared, id)
	}
	return key
}

// maxIdentity bounds the name of a key, in bytes: what implementations must support (RFC 4279, 5.3).
const maxIdentity = 128

// identity is the name of the key that both sides had before, and what follows it in the client's exchange.
func (n *negotiation) identity() (id, rest []byte) {
	if b := n.exchange; len(b) >= 2 && 2+be16(b) <= len(b) {
		end := 2 + be16(b)
		return b[2:end], b[end:]
	}
	return nil, nil
}

// sealed is what the client encrypted with the key of the server: SSL 3.0, and some who speak later versions, leave its length out.
func (n *negotiation) sealed() []byte {
	b := n.exchange
	if n.suite.Exchange == exchangeRSAPSK {
		_, b = n.identity()
	}
	if n.version > SSL30 && len(b) > 2 && be16(b) == len(b)-2 {
		return b[2:]
	}
	return b
}

// decrypt takes the private key of the certificate, or each that there is when the capture has no certificate.
func (n *negotiation) decrypt(o *opener, found func(kind string, of []byte) []byte) {
	mixed := n.suite.Exchange == exchangeRSAPSK // whose server says at most which key it wants
	if n.ephemeral && !mixed {
		n.Why = whyEphemeral
		return
	}
	tried := 0
	for modulus, der := range o.keys.Each(SecretPrivateKey) {
		if n.certificate && modulus != n.modulus {
			continue
		}
		tried++
		key, err := tlsrecord.ParsePKCS1(der)
		if err != nil {
			continue
		}
		if premaster, ok := key.Premaster(n.sealed()); ok {
			from := o.keys.From(SecretPrivateKey, []byte(modulus))
			if n.Source = from; mixed {
				key := n.preShared(found)
				if key == nil {
					n.Source = ""
					return
				}
				n.Source = from + " and pre-shared key " + n.Source
				premaster = tlsrecord.PreSharedPremaster(premaster, key)
			}
			n.from(premaster)
			return
		}
	}
	given := len(keysOf(o)) > 0
	switch {
	case !given:
		n.Why = n.needsKey(o)
	case n.certificate && n.modulus == "":
		n.Why = whyOtherKey
	case n.certificate:
		n.Why = whyNotDecrypted
	default:
		n.Why = whyNoneFits
	}
}

// keysOf are the private keys that were given.
func keysOf(o *opener) (moduli []string) {
	for m := range o.keys.Each(SecretPrivateKey) {
		moduli = append(moduli, m)
	}
	return moduli
}

// Reasons why an agreement gives no keys, and what to ask for.
const (
	whyNothing      = "no key was given: the private key of the server, or a key log (SSLKEYLOGFILE), is needed"
	whyNoLog        = "no key was given: a key log (SSLKEYLOGFILE) is needed, as the private key of the server does not help"
	whyNoHandshake  = "its handshake is not in the capture: start the capture before the connection"
	whyHoles        = "bytes of its handshake are missing, over which the extended master secret is made: a key log with its CLIENT_RANDOM is needed"
	whyCut          = "bytes of the record are missing in the capture"
	whyLate         = "bytes of it are missing, or came behind those that follow"
	whyPacked       = "its compression contradicts itself"
	whyDictionary   = "text before it is missing, which its compression needs"
	whyResumed      = "it goes on with a session that is not in the capture: start the capture before the first connection and empty the client's cache, or give a key log"
	whyEphemeral    = "its keys were exchanged with a key that the server made for it (export): a key log is needed"
	whyOtherKey     = "none of the private keys given is that of the server's certificate"
	whyNoneFits     = "none of the private keys given decrypts its exchange of keys, and the server's certificate is not in the capture"
	whyNotDecrypted = "the private key of the server's certificate does not decrypt its exchange of keys: the exchange is damaged"
	whyPreShared    = "its suite takes the key that both sides had before, %q by name: a line TLS_PSK with it, or a key log, is needed"
	whyNotInLog     = "the key logs given have no line for it: a key log of this session is needed"
)

// needsKey is why a session is closed that a private key would open.
func (n *negotiation) needsKey(o *opener) string {
	if o.keys.Empty() {
		return whyNothing
	}
	return "neither a key log given has a line for it, nor was the private key of the server given"
}

// needsLog is why a session is closed that only a key log opens.
func (n *negotiation) needsLog(o *opener) string {
	switch {
	case o.keys.Empty():
		return whyNoLog
	case len(keysOf(o)) > 0 && n.version == TLS13:
		return "the private key cannot decrypt TLS 1.3: a key log with this session is needed"
	case len(keysOf(o)) > 0:
		return fmt.Sprintf("the private key cannot decrypt it, as its keys are exchanged by %s: a key log with this session is needed", n.exchangeName())
	}
	return whyNotInLog
}

// exchangeName is how keys are exchanged, without how the server proves who it is.
func (n *negotiation) exchangeName() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(n.suite.Exchange, "PSK_"), "_") // TLS_PSK_DHE_WITH_AES_128_CCM_8
	return name
}

// keysOf are the keys of what one side sends.
func (n *negotiation) keysOf(server bool) tlsrecord.Keys {
	if server {
		return n.keys[1]
	}
	return n.keys[0]
}
