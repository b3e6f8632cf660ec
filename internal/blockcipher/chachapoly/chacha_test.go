package chachapoly

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

// TestLikeTheLibrary: texts of all lengths up to several strides and of many more, beside any additional bytes, in place or not; and none that was changed.
func TestLikeTheLibrary(t *testing.T) {
	random := rand.NewChaCha8([32]byte{7})
	key, nonce := make([]byte, chacha20poly1305.KeySize), make([]byte, chacha20poly1305.NonceSize)
	lengths := []int{1 << 14, 1<<14 + 1, 1<<14 + 2048, 100_003}
	for n := range 4200 {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		random.Read(key)
		random.Read(nonce)
		text, additional := make([]byte, n), make([]byte, n%40)
		random.Read(text)
		random.Read(additional)
		if n%3 == 0 { // limbs that are full
			for i := range text {
				text[i] = 0xff
			}
		}
		library, _ := chacha20poly1305.New(key)
		a, err := New(key)
		if err != nil {
			t.Fatal(err)
		}
		sealed := library.Seal(nil, nonce, text, additional)
		got, err := a.Open([]byte("before"), nonce, sealed, additional)
		if err != nil || !bytes.Equal(got, append([]byte("before"), text...)) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		changed := bytes.Clone(sealed)
		changed[int(random.Uint64()%uint64(len(changed)))] ^= 1 << (n % 8)
		if _, err := a.Open(nil, nonce, changed, additional); err == nil {
			t.Fatalf("%d bytes: a text that was changed is opened", n)
		}
		if got, err = a.Open(sealed[:0], nonce, sealed, additional); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%d bytes in place: %v", n, err)
		}
	}
	if _, err := New(key[1:]); err == nil {
		t.Error("a key of 31 bytes is taken")
	}
}

// FuzzOpen: what the library opens is opened, and nothing else.
func FuzzOpen(f *testing.F) {
	f.Add(make([]byte, 32), make([]byte, 2000), []byte("additional"), true)
	f.Add(bytes.Repeat([]byte{255}, 32), bytes.Repeat([]byte{255}, 1500), []byte{}, false)
	f.Fuzz(func(t *testing.T, key, text, additional []byte, seal bool) {
		if len(key) != chacha20poly1305.KeySize {
			return
		}
		library, _ := chacha20poly1305.New(key)
		a, _ := New(key)
		nonce := key[:chacha20poly1305.NonceSize]
		if seal {
			text = library.Seal(nil, nonce, text, additional)
		}
		want, wrong := library.Open(nil, nonce, text, additional)
		got, err := a.Open(nil, nonce, text, additional)
		if (err == nil) != (wrong == nil) || !bytes.Equal(got, want) {
			t.Errorf("%v, the library: %v", err, wrong)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	key, nonce, head := make([]byte, chacha20poly1305.KeySize), make([]byte, chacha20poly1305.NonceSize), make([]byte, 13)
	library, _ := chacha20poly1305.New(key)
	a, _ := New(key)
	sealed, room := library.Seal(nil, nonce, make([]byte, 1<<14), head), make([]byte, 1<<15)
	for name, open := range map[string]func(dst, nonce, sealed, additional []byte) ([]byte, error){"here": a.Open, "library": library.Open} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(1 << 14)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := open(room[:0], nonce, sealed, head); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
