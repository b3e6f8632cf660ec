// Package blockcipher holds what the block ciphers below it have in common.
package blockcipher

// Inverse is 1/x in the field of 256 elements that x^8 + low makes, bit i of low standing for x^i; of 0 it is 0. It is x to the power of 254.
func Inverse(x, low byte) byte {
	r := byte(1)
	for range 254 {
		r = multiply(r, x, low)
	}
	return r
}

func multiply(a, b, low byte) (r byte) {
	for ; b != 0; b >>= 1 {
		r ^= a & -(b & 1)
		a = a<<1 ^ low&-(a>>7)
	}
	return r
}
