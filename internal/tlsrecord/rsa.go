package tlsrecord

import (
	"encoding/asn1"
	"errors"
	"math/big"
)

// A PrivateKey is a private key of RSA, of any length: old recordings have keys of 512 bits.
type PrivateKey struct {
	N, E, D            *big.Int
	p, q, dp, dq, qInv *big.Int // nil when they do not fit the others
}

// maxModulus bounds the length of a modulus in bits: what is longer is no key in use, and takes for ever.
const maxModulus = 16384

// ErrKey is for a key that is none.
var ErrKey = errors.New("no private key of RSA")

// ParsePKCS1 reads a private key (RFC 8017, A.1.2).
func ParsePKCS1(der []byte) (*PrivateKey, error) {
	var k struct {
		Version                     int
		N, E, D, P, Q, Dp, Dq, QInv *big.Int
		Others                      asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(der, &k); err != nil {
		return nil, ErrKey
	}
	if k.N.Sign() <= 0 || k.N.BitLen() > maxModulus || k.N.BitLen() < 64 || k.D.Sign() <= 0 || k.D.Cmp(k.N) > 0 || k.E.Sign() <= 0 {
		return nil, ErrKey
	}
	key := &PrivateKey{N: k.N, E: k.E, D: k.D}
	if k.P.Sign() > 0 && k.Q.Sign() > 0 && new(big.Int).Mul(k.P, k.Q).Cmp(k.N) == 0 {
		one := big.NewInt(1)
		key.p, key.q = k.P, k.Q
		key.dp = new(big.Int).Mod(k.D, new(big.Int).Sub(k.P, one))
		key.dq = new(big.Int).Mod(k.D, new(big.Int).Sub(k.Q, one))
		key.qInv = new(big.Int).ModInverse(k.Q, k.P)
	}
	return key, nil
}

// raw is c to the power of d.
func (k *PrivateKey) raw(c *big.Int) *big.Int {
	if k.qInv == nil {
		return new(big.Int).Exp(c, k.D, k.N)
	}
	m1, m2 := new(big.Int).Exp(c, k.dp, k.p), new(big.Int).Exp(c, k.dq, k.q)
	h := new(big.Int).Sub(m1, m2)
	h.Mul(h, k.qInv).Mod(h, k.p)
	return h.Mul(h, k.q).Add(h, m2)
}

// Premaster decrypts the premaster secret of a ClientKeyExchange (RFC 5246, 7.4.7.1); false when what comes out has not its form, and the key is not the one.
// The version in it is not looked at: clients put there what they asked for, or what was agreed on.
func (k *PrivateKey) Premaster(sealed []byte) ([]byte, bool) {
	c := new(big.Int).SetBytes(sealed)
	size := (k.N.BitLen() + 7) / 8
	if c.Cmp(k.N) >= 0 || size < MasterLen+11 {
		return nil, false
	}
	m := k.raw(c).FillBytes(make([]byte, size))
	if m[0] != 0 || m[1] != 2 || m[size-MasterLen-1] != 0 {
		return nil, false
	}
	for _, b := range m[2 : size-MasterLen-1] { // padding has no zeros
		if b == 0 {
			return nil, false
		}
	}
	return m[size-MasterLen:], true
}
