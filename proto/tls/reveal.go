package tls

import "github.com/wiretale/wiretale/proto"

// traffic13 are the kinds of secrets of a connection of TLS 1.3.
var traffic13 = []string{SecretEarly, SecretClientHandshake, SecretServerHandshake, SecretClientTraffic, SecretServerTraffic}

// Secrets are those of the agreements on keys, in the order of the connection, as a key log has them: whoever has them can open this connection and no other,
// but those that go on with its session.
func (s *session) Secrets() (list []proto.Secret) {
	if s.opener == nil {
		return nil
	}
	for _, n := range s.opener.all {
		switch {
		case n.clientRandom == nil:
		case n.ready:
			list = append(list, proto.Secret{Kind: SecretMaster, Of: n.clientRandom, Value: n.master})
		case n.version == TLS13 || !n.chosen:
			for _, kind := range traffic13 {
				if v := s.opener.keys.Secret(kind, n.clientRandom); v != nil {
					list = append(list, proto.Secret{Kind: kind, Of: n.clientRandom, Value: v})
				}
			}
		}
	}
	return list
}
