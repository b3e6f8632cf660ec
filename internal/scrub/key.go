package scrub

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// KeyLen is the length of a key in bytes: an AES key and the padding of Crypto-PAn, as its authors have it.
const KeyLen = 32

// secret is the key with what follows from it. Nothing that it gives out can be undone without the key.
type secret struct {
	block cipher.Block
	pad   [16]byte
	key   []byte
	names map[string]string
	addrs map[netip.Addr]netip.Addr
}

func newSecret(key []byte) (*secret, error) {
	if len(key) != KeyLen {
		return nil, fmt.Errorf("a key has %d bytes, not %d", KeyLen, len(key))
	}
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		return nil, err
	}
	s := &secret{block: block, key: append([]byte(nil), key...), names: map[string]string{}, addrs: map[netip.Addr]netip.Addr{}}
	block.Encrypt(s.pad[:], key[16:])
	return s, nil
}

// maxCached bounds what is remembered of replacements; they can be computed again.
const maxCached = 1 << 16

// random is n bytes that follow from the key and what they are for.
func (s *secret) random(what string, of []byte, n int) []byte {
	var out []byte
	for i := uint32(0); len(out) < n; i++ {
		h := hmac.New(sha256.New, s.key)
		h.Write([]byte(what))
		h.Write(binary.BigEndian.AppendUint32([]byte{0}, i))
		h.Write(of)
		out = h.Sum(out)
	}
	return out[:n]
}

// prefix maps the bits of an address behind the first keep ones, so that two addresses that have n first bits in common
// have so many in common afterwards (Crypto-PAn: J. Xu, J. Fan, M. Ammar, S. Moon, 2002).
func (s *secret) prefix(addr []byte, keep int) []byte {
	out := make([]byte, len(addr))
	copy(out, addr)
	var in, sealed [16]byte
	for bit := keep; bit < 8*len(addr); bit++ {
		copy(in[:], s.pad[:])
		whole := bit / 8
		copy(in[:whole], addr[:whole])
		if rest := bit % 8; rest > 0 {
			mask := byte(0xff) << (8 - rest)
			in[whole] = addr[whole]&mask | s.pad[whole]&^mask
		}
		s.block.Encrypt(sealed[:], in[:])
		out[whole] ^= sealed[0] >> 7 << (7 - bit%8)
	}
	return out
}

// host is the prefix-preserving replacement of an address. The last byte of an IPv4 address that may be a host's stays one, and that of a network or
// a broadcast becomes one of these: it is replaced again until it does.
func (s *secret) host(addr []byte, keep int) []byte {
	out := s.prefix(addr, keep)
	if len(addr) != 4 {
		return out
	}
	edge := func(b byte) bool { return b == 0 || b == 255 }
	for again := slices.Clone(addr); edge(out[3]) != edge(addr[3]); {
		again[3] = out[3]
		out[3] = s.prefix(again, keep)[3]
	}
	return out
}

// A class is a range of addresses that stays what it is: the first bits of an address in it are kept.
type class struct {
	prefix netip.Prefix
	keep   int // bits that are kept; all of them for addresses that name no host
}

var classes = []class{
	{netip.MustParsePrefix("0.0.0.0/8"), 32}, {netip.MustParsePrefix("127.0.0.0/8"), 32}, {netip.MustParsePrefix("224.0.0.0/4"), 32},
	{netip.MustParsePrefix("240.0.0.0/4"), 32}, {netip.MustParsePrefix("169.254.0.0/16"), 16}, {netip.MustParsePrefix("10.0.0.0/8"), 8},
	{netip.MustParsePrefix("172.16.0.0/12"), 12}, {netip.MustParsePrefix("192.168.0.0/16"), 16}, {netip.MustParsePrefix("100.64.0.0/10"), 10},
	{netip.MustParsePrefix("::/127"), 128}, {netip.MustParsePrefix("ff02::1:ff00:0/104"), 104}, {netip.MustParsePrefix("ff00::/8"), 16},
	{netip.MustParsePrefix("fe80::/64"), 64}, {netip.MustParsePrefix("fe80::/10"), 10}, {netip.MustParsePrefix("fc00::/7"), 8}, {netip.MustParsePrefix("2000::/3"), 3},
}

// Addr is the replacement of an address.
func (s *secret) Addr(a netip.Addr) netip.Addr {
	if to, ok := s.addrs[a]; ok {
		return to
	}
	to := s.addr(a)
	if len(s.addrs) < maxCached {
		s.addrs[a] = to
	}
	return to
}

func (s *secret) addr(a netip.Addr) netip.Addr {
	if v4, at, ok := embedded(a); ok { // ::ffff:a.b.c.d, 64:ff9b::a.b.c.d
		b := a.As16()
		inner := s.Addr(v4).As4()
		copy(b[at:], inner[:])
		return netip.AddrFrom16(b)
	}
	if wellKnown(a) {
		return a
	}
	b := a.AsSlice()
	for _, c := range classes {
		if c.prefix.Contains(a) {
			to, _ := netip.AddrFromSlice(s.host(b, c.keep))
			return to
		}
	}
	// A public address becomes another public one: what falls into a class is mapped again.
	for {
		b = s.host(b, 0)
		to, _ := netip.AddrFromSlice(b)
		if !classed(to) {
			return to
		}
	}
}

func classed(a netip.Addr) bool {
	for _, c := range classes {
		if c.prefix.Contains(a) {
			return true
		}
	}
	return false
}

// wellKnown reports whether an IPv6 group is one that a protocol names (RFC 4291, 2.7.1; RFC 5952): the bits between scope and the last four bytes are zero.
func wellKnown(a netip.Addr) bool {
	if !a.Is6() || !a.IsMulticast() {
		return false
	}
	b := a.As16()
	for _, v := range b[2:12] {
		if v != 0 {
			return false
		}
	}
	return true
}

// embedded is the IPv4 address inside an IPv6 one, and where it is.
func embedded(a netip.Addr) (v4 netip.Addr, at int, ok bool) {
	if !a.Is6() {
		return a, 0, false
	}
	b := a.As16()
	switch {
	case a.Is4In6(), netip.MustParsePrefix("64:ff9b::/96").Contains(a):
		at = 12
	default:
		return a, 0, false
	}
	return netip.AddrFrom4([4]byte(b[at : at+4])), at, true
}

// MAC writes the replacement of a link-layer address of six bytes. Whether it is a group's or local stays, and so do the
// broadcast, the zero address, and groups that protocols name.
func (s *secret) MAC(out, in []byte) {
	copy(out, in)
	switch {
	case len(in) != 6 || string(in) == "\xff\xff\xff\xff\xff\xff" || string(in) == "\x00\x00\x00\x00\x00\x00":
	case string(in[:3]) == "\x33\x33\xff": // the group of a solicited node has the end of its address
		a := netip.MustParseAddr("ff02::1:ff00:0").As16()
		copy(a[13:], in[3:])
		b := s.Addr(netip.AddrFrom16(a)).As16()
		copy(out[3:], b[13:])
	case in[0]&1 != 0:
	default:
		copy(out, s.random("mac", in, 6))
		out[0] = out[0]&^3 | in[0]&3
	}
}
