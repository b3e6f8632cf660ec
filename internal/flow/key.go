package flow

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"net/netip"

	"github.com/wiretale/wiretale/proto"
)

// A key names a pair of endpoints whatever the direction: the smaller
// endpoint comes first. It holds no pointer, so that a table of millions costs
// the garbage collector nothing.
type key struct {
	aHi, aLo, bHi, bLo uint64
	ports              uint32 // of a in the high half, of b in the low one
	kind               uint32 // protocol, and whether the addresses are IPv6
}

const kindIPv6 = 1 << 8

// makeKey returns the key of a packet from src to dst, and whether src is the second endpoint of the key.
func makeKey(id proto.ID, src, dst netip.Addr, srcPort, dstPort uint16) (k key, flipped bool) {
	k.kind = uint32(id)
	k.aHi, k.aLo = words(src)
	k.bHi, k.bLo = words(dst)
	if !src.Is4() {
		k.kind |= kindIPv6
	}
	flipped = k.bHi < k.aHi || k.bHi == k.aHi && (k.bLo < k.aLo || k.bLo == k.aLo && dstPort < srcPort)
	if flipped {
		k.aHi, k.aLo, k.bHi, k.bLo = k.bHi, k.bLo, k.aHi, k.aLo
		srcPort, dstPort = dstPort, srcPort
	}
	k.ports = uint32(srcPort)<<16 | uint32(dstPort)
	return k, flipped
}

func words(a netip.Addr) (hi, lo uint64) {
	if a.Is4() {
		b := a.As4()
		return 0, uint64(binary.BigEndian.Uint32(b[:]))
	}
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
}

// is reports whether both name the same pair.
func (k *key) is(o *key) bool {
	return (k.aLo^o.aLo)|(k.bLo^o.bLo)|(k.aHi^o.aHi)|(k.bHi^o.bHi) == 0 && k.ports == o.ports && k.kind == o.kind
}

// hash mixes the key with a seed of this run: a capture made to collide
// in one run does not collide in another.
func (k *key) hash(s *seed) uint32 {
	h := mix(k.aLo^s[0], k.bLo^s[1])
	h = mix(h^k.aHi^s[2], k.bHi^s[3]) ^ mix(uint64(k.ports)^s[4], uint64(k.kind)^h)
	return uint32(h ^ h>>32)
}

// A seed has a secret for every factor: with a known one a factor could be
// made zero, and all keys with it would collide.
type seed [5]uint64

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func newSeed() (s seed) {
	for i := range s {
		s[i] = maphash.Bytes(maphash.MakeSeed(), nil) | 1
	}
	return s
}
