package secrets

import (
	"strings"

	"github.com/wiretale/wiretale/proto/tls"
)

// A form is how the lines of a label of a key log are: the length of what names the session, and of the secret, in bytes; 0 allows up to most.
type form struct {
	kind       string
	of, secret int
}

const (
	randomLen = 32
	masterLen = 48
	most      = 512 // bytes of a secret, or of what it belongs to
)

// forms are those of key logs (Mozilla's NSS Key Log Format; RFC 9850, 2).
var forms = map[string]form{
	"CLIENT_RANDOM":                   {tls.SecretMaster, randomLen, masterLen},
	"PMS_CLIENT_RANDOM":               {tls.SecretPremaster, randomLen, 0},
	"RSA":                             {tls.SecretExchanged, 8, masterLen},
	"CLIENT_EARLY_TRAFFIC_SECRET":     {tls.SecretEarly, randomLen, 0},
	"CLIENT_HANDSHAKE_TRAFFIC_SECRET": {tls.SecretClientHandshake, randomLen, 0},
	"SERVER_HANDSHAKE_TRAFFIC_SECRET": {tls.SecretServerHandshake, randomLen, 0},
	"CLIENT_TRAFFIC_SECRET_0":         {tls.SecretClientTraffic, randomLen, 0},
	"SERVER_TRAFFIC_SECRET_0":         {tls.SecretServerTraffic, randomLen, 0},
}

// keyLog takes a line of a key log; false for one that is none. Labels that are not known, in a line of that form, open nothing and are left out.
func (s *Store) keyLog(line string, from place) bool {
	words := strings.Fields(line)
	if len(words) == 3 && words[0] == "RSA" && s.openSSL(words, from) {
		return true
	}
	if words[0] == tls.SecretPreShared {
		return s.preShared(line, from)
	}
	if len(words) != 3 || !isLabel(words[0]) {
		return false
	}
	of, ok := bytesOf(words[1], most)
	secret, also := bytesOf(words[2], most)
	if !ok || !also {
		return false
	}
	f, known := forms[words[0]]
	switch {
	case !known: // an exporter's secret, one of QUIC or ECH: but a label of SMB has its own form
		return !strings.HasPrefix(words[0], "SMB2_")
	case len(of) != f.of || f.secret > 0 && len(secret) != f.secret:
		return false
	}
	s.add(f.kind, of, secret, from)
	return true
}

func isLabel(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) < 0
}

// openSSL takes a line RSA Session-ID:ID Master-Key:SECRET.
func (s *Store) openSSL(words []string, from place) bool {
	id, ok := strings.CutPrefix(words[1], "Session-ID:")
	key, also := strings.CutPrefix(words[2], "Master-Key:")
	if !ok || !also {
		return false
	}
	of, ok := bytesOf(id, randomLen)
	secret, also := bytesOf(key, masterLen)
	if !ok || !also || len(secret) != masterLen {
		return false
	}
	s.add(tls.SecretSession, of, secret, from)
	return true
}

// preShared takes a line TLS_PSK KEY, or TLS_PSK IDENTITY KEY. The identity may have blanks; * stands for all.
func (s *Store) preShared(line string, from place) bool {
	line = strings.TrimSpace(strings.TrimPrefix(line, tls.SecretPreShared))
	at := strings.LastIndexAny(line, " \t")
	identity := strings.TrimSpace(line[:max(at, 0)])
	if identity == "" {
		identity = "*"
	}
	return s.identity(identity, line[at+1:], from)
}

// identity adds a key that both sides had before. An identity that begins with # is in hex.
func (s *Store) identity(identity, text string, from place) bool {
	key, ok := bytesOf(text, most)
	if !ok {
		return false
	}
	of := []byte(identity)
	if digits, isHex := strings.CutPrefix(identity, "#"); identity == "*" {
		of = nil
	} else if isHex {
		if of, ok = bytesOf(digits, most); !ok {
			return false
		}
	}
	s.add(tls.SecretPreShared, of, key, from)
	return true
}

// passwords takes a line IDENTITY:KEY of a file of passwords for pre-shared keys, as psktool of GnuTLS writes it.
func (s *Store) passwords(line string, from place) bool {
	at := strings.LastIndexByte(line, ':')
	return at > 0 && !strings.ContainsAny(line[:at], " \t") && s.identity(line[:at], line[at+1:], from)
}
