package tlsrecord

import (
	"bytes"
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/binary"
	"hash"
	"slices"
)

// MasterLen is the length of a master secret in bytes, and of a premaster secret that RSA encrypts.
const MasterLen = 48

// prf is the pseudorandom function of a version (RFC 5246, 5; RFC 2246, 5).
func prf(version uint16, h crypto.Hash, secret []byte, label string, seed []byte, n int) []byte {
	seed = append([]byte(label), seed...)
	out := make([]byte, n)
	if version >= TLS12 {
		expand(h.New, secret, seed, out)
		return out
	}
	half := (len(secret) + 1) / 2
	expand(md5.New, secret[:half], seed, out)
	other := make([]byte, n)
	expand(sha1.New, secret[len(secret)-half:], seed, other)
	for i := range out {
		out[i] ^= other[i]
	}
	return out
}

// expand is P_hash (RFC 5246, 5).
func expand(h func() hash.Hash, secret, seed, out []byte) {
	mac := hmac.New(h, secret)
	sum := func(parts ...[]byte) []byte {
		mac.Reset()
		for _, p := range parts {
			mac.Write(p)
		}
		return mac.Sum(nil)
	}
	for a := sum(seed); len(out) > 0; a = sum(a) {
		n := copy(out, sum(a, seed))
		out = out[n:]
	}
}

// ssl3 is what SSL 3.0 has for a pseudorandom function (RFC 6101, 6.1 and 6.2.2).
func ssl3(secret, seed []byte, n int) (out []byte) {
	for i := 1; len(out) < n; i++ {
		inner := sha1.New()
		inner.Write(bytes.Repeat([]byte{byte('A' + i - 1)}, i))
		inner.Write(secret)
		inner.Write(seed)
		outer := md5.New()
		outer.Write(secret)
		outer.Write(inner.Sum(nil))
		out = outer.Sum(out)
	}
	return out[:n]
}

// Master is the master secret that follows from a premaster secret.
func (s *Suite) Master(version uint16, premaster, client, server []byte) []byte {
	seed := slices.Concat(client, server)
	if version == SSL30 {
		return ssl3(premaster, seed, MasterLen)
	}
	return prf(version, s.prf, premaster, "master secret", seed, MasterLen)
}

// ExtendedMaster is the same for a session with the extended master secret: messages are those of the handshake from the
// ClientHello to the ClientKeyExchange (RFC 7627, 4).
func (s *Suite) ExtendedMaster(version uint16, premaster, messages []byte) []byte {
	return prf(version, s.prf, premaster, "extended master secret", s.transcript(version, messages), MasterLen)
}

// transcript is the hash over messages of a handshake.
func (s *Suite) transcript(version uint16, messages []byte) []byte {
	if version >= TLS12 {
		h := s.prf.New()
		h.Write(messages)
		return h.Sum(nil)
	}
	m, h := md5.Sum(messages), sha1.Sum(messages)
	return append(m[:], h[:]...)
}

// Finished is the verify data of a Finished message of TLS 1.0 to 1.2 (RFC 5246, 7.4.9): messages are those of the handshake before it.
func (s *Suite) Finished(version uint16, master, messages []byte, fromServer bool) []byte {
	return prf(version, s.prf, master, side(fromServer)+" finished", s.transcript(version, messages), 12)
}

func side(server bool) string {
	if server {
		return "server"
	}
	return "client"
}

// Keys are those of one direction. Which of them there are depends on the suite.
type Keys struct {
	MAC, Key, IV []byte
	Number       []byte // of DTLS 1.3: hides the numbers of records, see [Suite.NumberMask]
}

// Keys are those of both directions, the client's first, from a master secret (RFC 5246, 6.3; RFC 2246, 6.3.1 for export).
func (s *Suite) Keys(version uint16, master, client, server []byte) (keys [2]Keys) {
	seed := slices.Concat(server, client)
	mac, key, iv := s.macLen(), s.cipher.material(), s.cipher.iv
	if s.cipher.mode == cbc && version >= TLS11 {
		iv = 0
	}
	var block []byte
	if n := 2 * (mac + key + iv); version == SSL30 {
		block = ssl3(master, seed, n)
	} else {
		block = prf(version, s.prf, master, "key expansion", seed, n)
	}
	cut := func(n int) []byte {
		b := block[:n:n]
		block = block[n:]
		return b
	}
	keys[0].MAC, keys[1].MAC = cut(mac), cut(mac)
	keys[0].Key, keys[1].Key = cut(key), cut(key)
	keys[0].IV, keys[1].IV = cut(iv), cut(iv)
	if s.cipher.part > 0 {
		s.weaken(version, &keys, client, server)
	}
	return keys
}

// weaken makes keys for export from the few bytes of the key block (RFC 2246, 6.3.1; RFC 6101, 6.2.2.1).
func (s *Suite) weaken(version uint16, keys *[2]Keys, client, server []byte) {
	seeds := [2][]byte{slices.Concat(client, server), slices.Concat(server, client)}
	iv := s.cipher.iv
	if version >= TLS11 {
		iv = 0
	}
	block := prf(TLS10, 0, nil, "IV block", seeds[0], 2*iv)
	for i := range keys {
		if version == SSL30 {
			key := md5.Sum(slices.Concat(keys[i].Key, seeds[i]))
			first := md5.Sum(seeds[i])
			keys[i].Key, keys[i].IV = key[:s.cipher.key], first[:iv]
			continue
		}
		keys[i].Key = prf(version, s.prf, keys[i].Key, side(i == 1)+" write key", seeds[0], s.cipher.key)
		keys[i].IV = block[i*iv : (i+1)*iv]
	}
}

// A Draft is the number of a draft of TLS 1.3, 0 for the RFC.
type Draft uint8

// label begins the labels that secrets of TLS 1.3 are derived with.
func (d Draft) label() string {
	switch {
	case d == Datagrams:
		return "dtls13"
	case d > 0 && d < 20:
		return "TLS 1.3, "
	}
	return "tls13 "
}

// bare reports whether records are authenticated without their header.
func (d Draft) bare() bool { return d > 0 && d < 25 }

// expandLabel is HKDF-Expand-Label without a context (RFC 8446, 7.1).
func (s *Suite) expandLabel(d Draft, secret []byte, label string, n int) []byte {
	label = d.label() + label
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(append(info, byte(len(label))), label...)
	key, err := hkdf.Expand(s.prf.New, secret, string(append(info, 0)), n)
	if err != nil { // of a length that is too long
		return make([]byte, n)
	}
	return key
}

// TrafficKeys are the keys that a traffic secret of TLS 1.3 gives (RFC 8446, 7.3).
func (s *Suite) TrafficKeys(d Draft, secret []byte) Keys {
	k := Keys{Key: s.expandLabel(d, secret, "key", s.cipher.key), IV: s.expandLabel(d, secret, "iv", nonceLen)}
	if d == Datagrams {
		k.Number = s.expandLabel(d, secret, "sn", s.cipher.key)
	}
	return k
}

// NextSecret is the traffic secret behind a KeyUpdate (RFC 8446, 7.2).
func (s *Suite) NextSecret(d Draft, secret []byte) []byte {
	label := "traffic upd"
	if d > 0 && d < 20 {
		label = "application traffic secret"
	}
	return s.expandLabel(d, secret, label, s.HashLen())
}

// PreSharedPremaster is the premaster secret of a suite with a key that both sides had before: what the other part of the exchange gives
// comes first, zeros of the length of the key when there is none (RFC 4279, 2).
func PreSharedPremaster(other, key []byte) []byte {
	if other == nil {
		other = make([]byte, len(key))
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(len(other)))
	b = binary.BigEndian.AppendUint16(append(b, other...), uint16(len(key)))
	return append(b, key...)
}
