package tlsrecord

import (
	"crypto/cipher"
	"crypto/rc4"
	"encoding/binary"
	"testing"
)

// seal makes a record of TLS 1.2 that a reader with the same keys opens; r is that reader, whose number of the record it takes.
func seal(tb testing.TB, r *Reader, k Keys, text []byte) []byte {
	tb.Helper()
	const kind, version = 23, 0x0303
	switch r.suite.cipher.mode {
	case cbc:
		block, err := r.suite.cipher.block(k.Key)
		if err != nil {
			tb.Fatal(err)
		}
		mac := append([]byte(nil), r.macOf(kind, version, text)[:r.size]...)
		b := append(append(make([]byte, block.BlockSize()), text...), mac...)
		pad := block.BlockSize() - len(b)%block.BlockSize()
		for range pad {
			b = append(b, byte(pad-1))
		}
		cipher.NewCBCEncrypter(block, b[:block.BlockSize()]).CryptBlocks(b[block.BlockSize():], b[block.BlockSize():])
		return b
	case stream:
		c, err := rc4.NewCipher(k.Key)
		if err != nil {
			tb.Fatal(err)
		}
		b := append(append([]byte(nil), text...), r.macOf(kind, version, text)[:r.size]...)
		c.XORKeyStream(b, b)
		return b
	}
	var explicit []byte
	if r.suite.cipher.mode != chacha {
		explicit = binary.BigEndian.AppendUint64(nil, 7)
	}
	nonce := append([]byte(nil), r.nonceOf(explicit)...)
	return r.aead.Seal(explicit, nonce, text, r.head(kind, version, len(text)))
}

func newReader(tb testing.TB, name string) (*Reader, Keys) {
	s, ok := SuiteOf(name)
	if !ok {
		tb.Fatal(name)
	}
	k := s.Keys(TLS12, make([]byte, MasterLen), make([]byte, 32), make([]byte, 32))[0]
	r, err := s.NewReader(TLS12, k, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return r, k
}

var bulkSuites = []string{"TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA256",
	"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_RSA_WITH_AES_128_CCM", "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", "TLS_RSA_WITH_ARIA_128_CBC_SHA256", "TLS_RSA_WITH_SEED_CBC_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"}

// TestOpen: a record is opened, behind records that are missing too; one that was changed is not, and no allocation is made for it.
func TestOpen(t *testing.T) {
	text := make([]byte, 1<<14)
	for i := range text {
		text[i] = byte(i)
	}
	for _, name := range bulkSuites {
		r, k := newReader(t, name)
		body, room := seal(t, r, k, text), make([]byte, 1<<15)
		got, kind, err := r.Open(room, 23, 0x0303, body, 0)
		if err != nil || kind != 23 || string(got) != string(text) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if r.suite.Stream() {
			continue
		}
		w, _ := newReader(t, name)
		w.Seq = 40
		later := seal(t, w, k, text[:100])
		if _, _, err := r.Open(room, 23, 0x0303, later, 0); err == nil {
			t.Errorf("%s: a record is opened out of its turn", name)
		}
		if got, _, err := r.Open(room, 23, 0x0303, later, 1<<16); err != nil || len(got) != 100 || r.Seq != 41 {
			t.Errorf("%s: behind a gap: %v, the next is %d", name, err, r.Seq)
		}
		later[len(later)-1] ^= 1
		if _, _, err := r.Open(room, 23, 0x0303, later, 0); err == nil {
			t.Errorf("%s: a record that was changed is opened", name)
		}
		if allocs := testing.AllocsPerRun(10, func() { r.Seq = 0; r.Open(room, 23, 0x0303, body, 0) }); allocs > 0 && r.suite.cipher.mode != ccm {
			t.Errorf("%s: %v allocations a record", name, allocs)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, name := range bulkSuites {
		b.Run(name, func(b *testing.B) {
			r, k := newReader(b, name)
			body, room := seal(b, r, k, make([]byte, 1<<14)), make([]byte, 1<<15)
			b.SetBytes(1 << 14)
			b.ReportAllocs()
			for b.Loop() {
				r.Seq = 0
				if _, _, err := r.Open(room, 23, 0x0303, body, 0); err != nil && !r.suite.Stream() {
					b.Fatal(err)
				}
			}
		})
	}
}
