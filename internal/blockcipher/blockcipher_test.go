// Package blockcipher_test holds the block ciphers to the vectors of their specifications, and to openssl where it is installed.
package blockcipher_test

import (
	"bytes"
	"crypto/cipher"
	"encoding/hex"
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/wiretale/wiretale/internal/blockcipher/aria"
	"github.com/wiretale/wiretale/internal/blockcipher/camellia"
	"github.com/wiretale/wiretale/internal/blockcipher/idea"
	"github.com/wiretale/wiretale/internal/blockcipher/rc2"
	"github.com/wiretale/wiretale/internal/blockcipher/seed"
)

var ciphers = map[string]func(key []byte) (cipher.Block, error){"aria": aria.New, "camellia": camellia.New, "idea": idea.New, "seed": seed.New}

// TestVectors: RFC 3713 appendix A, RFC 5794 appendix A, RFC 4269 appendix B, and the vector of IDEA's author.
func TestVectors(t *testing.T) {
	for _, v := range []struct{ cipher, key, plain, sealed string }{
		{"camellia", "0123456789abcdeffedcba9876543210", "0123456789abcdeffedcba9876543210", "67673138549669730857065648eabe43"},
		{"camellia", "0123456789abcdeffedcba98765432100011223344556677", "0123456789abcdeffedcba9876543210", "b4993401b3e996f84ee5cee7d79b09b9"},
		{"camellia", "0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff", "0123456789abcdeffedcba9876543210", "9acc237dff16d76c20ef7c919e3a7509"},
		{"aria", "000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "d718fbd6ab644c739da95f3be6451778"},
		{"aria", "000102030405060708090a0b0c0d0e0f1011121314151617", "00112233445566778899aabbccddeeff", "26449c1805dbe7aa25a468ce263a9e79"},
		{"aria", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff", "f92bd7c79fb72e2f2b8f80c1972d24fc"},
		{"seed", "00000000000000000000000000000000", "000102030405060708090a0b0c0d0e0f", "5ebac6e0054e166819aff1cc6d346cdb"},
		{"seed", "000102030405060708090a0b0c0d0e0f", "00000000000000000000000000000000", "c11f22f20140505084483597e4370f43"},
		{"seed", "4706480851e61be85d74bfb3fd956185", "83a2f8a288641fb9a4e9a5cc2f131c7d", "ee54d13ebcae706d226bc3142cd40d4a"},
		{"idea", "00010002000300040005000600070008", "0000000100020003", "11fbed2b01986de5"},
	} {
		b, err := ciphers[v.cipher](unhex(v.key))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, b.BlockSize())
		if b.Encrypt(got, unhex(v.plain)); hex.EncodeToString(got) != v.sealed {
			t.Errorf("%s %s: encrypted %x, want %s", v.cipher, v.key, got, v.sealed)
		}
		if b.Decrypt(got, got); hex.EncodeToString(got) != v.plain {
			t.Errorf("%s %s: decrypted %x, want %s", v.cipher, v.key, got, v.plain)
		}
	}
}

// TestRC2: RFC 2268, 5, with keys of which not all bits count.
func TestRC2(t *testing.T) {
	for _, v := range []struct {
		key           string
		bits          int
		plain, sealed string
	}{
		{"0000000000000000", 63, "0000000000000000", "ebb773f993278eff"},
		{"ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"},
		{"3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"},
		{"88", 64, "0000000000000000", "61a8a244adacccf0"},
		{"88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"},
		{"88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"},
		{"88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"},
		{"88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e", 129, "0000000000000000", "5b78d3a43dfff1f1"},
	} {
		b, err := rc2.Effective(unhex(v.key), v.bits)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, rc2.BlockSize)
		if b.Encrypt(got, unhex(v.plain)); hex.EncodeToString(got) != v.sealed {
			t.Errorf("%s, %d bits: encrypted %x, want %s", v.key, v.bits, got, v.sealed)
		}
		if b.Decrypt(got, got); hex.EncodeToString(got) != v.plain {
			t.Errorf("%s, %d bits: decrypted %x, want %s", v.key, v.bits, got, v.plain)
		}
	}
	for _, wrong := range [][2]int{{0, 8}, {129, 64}, {8, 0}, {8, 1025}} {
		if _, err := rc2.Effective(make([]byte, wrong[0]), wrong[1]); err == nil {
			t.Errorf("a key of %d bytes with %d bits is taken", wrong[0], wrong[1])
		}
	}
}

// TestKeySizes: other lengths are errors.
func TestKeySizes(t *testing.T) {
	for name, open := range ciphers {
		for _, n := range []int{0, 1, 15, 17, 33} {
			if _, err := open(make([]byte, n)); err == nil {
				t.Errorf("%s takes a key of %d bytes", name, n)
			}
		}
	}
}

// TestAgainstOpenSSL encrypts random blocks with both.
func TestAgainstOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		cipher, openssl string
		key             int
	}{{"camellia", "camellia-128-ecb", 16}, {"camellia", "camellia-192-ecb", 24}, {"camellia", "camellia-256-ecb", 32},
		{"aria", "aria-128-ecb", 16}, {"aria", "aria-192-ecb", 24}, {"aria", "aria-256-ecb", 32}, {"seed", "seed-ecb", 16}, {"idea", "idea-ecb", 16}} {
		key, plain := random(r, c.key), random(r, 64*16)
		run := exec.Command("openssl", "enc", "-e", "-nopad", "-"+c.openssl, "-K", hex.EncodeToString(key), "-provider", "default", "-provider", "legacy")
		run.Stdin = bytes.NewReader(plain)
		want, err := run.Output()
		if err != nil || len(want) != len(plain) {
			t.Logf("%s: openssl has it not: %v", c.openssl, err)
			continue
		}
		b, err := ciphers[c.cipher](key)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(plain))
		for at := 0; at < len(plain); at += b.BlockSize() {
			b.Encrypt(got[at:], plain[at:])
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: differs from openssl", c.openssl)
		}
		for at := 0; at < len(plain); at += b.BlockSize() {
			b.Decrypt(got[at:], got[at:])
		}
		if !bytes.Equal(got, plain) {
			t.Errorf("%s: does not decrypt what it encrypted", c.openssl)
		}
	}
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
