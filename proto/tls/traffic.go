package tls

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/tlsrecord"
)

// Keys of TLS 1.3 (RFC 8446, 7). The records of a side are for its handshake keys, then for those of what follows; where the message that
// changes them cannot be read, each is tried in turn.

// sideSecrets are the kinds of secrets of what a side sends: during the handshake, and behind it.
var sideSecrets = [2][2]string{{SecretClientHandshake, SecretClientTraffic}, {SecretServerHandshake, SecretServerTraffic}}

// agreed makes the readers of both sides behind a ServerHello.
func (o *opener) agreed() {
	n := o.neg
	if n.derived = true; !n.known {
		n.Why = fmt.Sprintf("its suite %s is not supported", n.Suite)
	}
	for dir := range o.sides {
		role := 0
		if dir != o.client {
			role = 1
		}
		s := &o.sides[dir]
		if role == 1 || !n.early {
			s.readers = nil
		}
		s.neg, s.lost, s.partial = n, 0, nil
		if !n.known {
			continue
		}
		for i, kind := range sideSecrets[role] {
			secret := o.keys.Secret(kind, n.clientRandom)
			if len(secret) != n.suite.HashLen() {
				if i == 0 {
					n.step("no %s", kind)
				}
				continue
			}
			n.Source = o.keys.From(kind, n.clientRandom)
			if r, err := n.suite.NewReader(TLS13, n.suite.TrafficKeys(n.draft, secret), n.options); err == nil {
				s.readers = append(s.readers, r)
			}
			if i == 1 {
				n.secrets[dir] = secret
			}
		}
	}
	if n.known && n.Source == "" {
		n.Why = n.needsLog(o)
		n.step("no keys: %s", n.Why)
	} else if n.known {
		n.step("traffic secrets from %s", n.Source)
	}
}

// earlyReaders are those of what a client sends before the server answers: the suite is one that it offers, and the secret is for.
func (o *opener) earlyReaders() {
	n := o.neg
	secret := o.keys.Secret(SecretEarly, n.clientRandom)
	s := &o.sides[o.client]
	s.neg, s.readers = n, nil
	if secret == nil {
		n.step("the client offers early data, and there is no %s", SecretEarly)
		return
	}
	n.Source = o.keys.From(SecretEarly, n.clientRandom)
	for _, number := range n.suites {
		suite, ok := tlsrecord.SuiteOf(suiteName(number))
		if !ok || suite.Exchange != "" || suite.HashLen() != len(secret) {
			continue
		}
		if r, err := suite.NewReader(TLS13, suite.TrafficKeys(n.draft, secret), tlsrecord.Options{}); err == nil {
			s.readers = append(s.readers, r)
		}
	}
}

// skipsEarly reports whether records of the client may be early data that nobody can read.
func (n *negotiation) skipsEarly() bool { return n.early }

// traffic is for the Finished of a side: its next record is for the keys of what follows.
func (o *opener) traffic(dir int) {
	n := o.neg
	secret := n.secrets[dir]
	s := &o.sides[dir]
	n.early = n.early && dir != o.client
	if s.readers, s.next = nil, nil; secret == nil {
		return
	}
	if r, err := n.suite.NewReader(TLS13, n.suite.TrafficKeys(n.draft, secret), n.options); err == nil {
		s.readers = []*tlsrecord.Reader{r}
	}
}

// update is for a KeyUpdate of a side.
func (o *opener) update(dir int) {
	n := o.neg
	if n.secrets[dir] == nil {
		return
	}
	n.secrets[dir] = n.suite.NextSecret(n.draft, n.secrets[dir])
	n.step("the keys of direction %d are updated", dir)
	o.traffic(dir)
}

// updated opens a record behind bytes that are missing, with a KeyUpdate of its side among them.
func (o *opener) updated(dir int, room []byte, r *Record, body []byte) (text []byte, content byte, ok bool) {
	s, n := &o.sides[dir], o.neg
	if s.lost == 0 || o.version != TLS13 || n == nil || n.secrets[dir] == nil || len(s.readers) != 1 {
		return nil, 0, false
	}
	if s.next == nil {
		next, err := n.suite.NewReader(TLS13, n.suite.TrafficKeys(n.draft, n.suite.NextSecret(n.draft, n.secrets[dir])), n.options)
		if err != nil {
			return nil, 0, false
		}
		s.next = next
	}
	text, content, err := s.next.Open(room, r.Type, r.Version, body, s.lost)
	if err != nil {
		return nil, 0, false
	}
	n.secrets[dir] = n.suite.NextSecret(n.draft, n.secrets[dir])
	n.step("the keys of direction %d were updated in bytes that are missing", dir)
	s.readers, s.next, s.lost = []*tlsrecord.Reader{s.next}, nil, 0
	return text, content, true
}
