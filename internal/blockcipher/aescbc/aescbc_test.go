package aescbc

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"math/rand/v2"
	"testing"
)

// TestLikeTheStandardLibrary: the same text for keys of all lengths and any number of blocks, in one call or several, in place or not.
func TestLikeTheStandardLibrary(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{16, 24, 32} {
		for n := range 40 {
			key, iv, src := make([]byte, size), make([]byte, aes.BlockSize), make([]byte, n*aes.BlockSize)
			random.Read(key)
			random.Read(iv)
			random.Read(src)
			block, _ := aes.NewCipher(key)
			want := make([]byte, len(src))
			cipher.NewCBCDecrypter(block, iv).CryptBlocks(want, src)

			d, err := NewDecrypter(key, iv)
			if err != nil {
				t.Fatal(err)
			}
			got, cut := make([]byte, len(src)), n/3*aes.BlockSize
			d.CryptBlocks(got, src[:cut])
			d.CryptBlocks(got[cut:], src[cut:])
			if !bytes.Equal(got, want) {
				t.Fatalf("key of %d, %d blocks: %x, want %x", size, n, got, want)
			}
			d.SetIV(iv)
			d.CryptBlocks(src, src)
			if !bytes.Equal(src, want) {
				t.Fatalf("key of %d, %d blocks in place: %x, want %x", size, n, src, want)
			}
		}
	}
	if _, err := NewDecrypter(make([]byte, 15), make([]byte, 16)); err == nil {
		t.Error("a key of 15 bytes is taken")
	}
}

func BenchmarkDecrypt(b *testing.B) {
	block, _ := aes.NewCipher(make([]byte, 16))
	for name, d := range map[string]cipher.BlockMode{
		"128":      must(NewDecrypter(make([]byte, 16), make([]byte, aes.BlockSize))),
		"256":      must(NewDecrypter(make([]byte, 32), make([]byte, aes.BlockSize))),
		"standard": cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)),
	} {
		b.Run(name, func(b *testing.B) {
			src, dst := make([]byte, 1<<14), make([]byte, 1<<14)
			b.SetBytes(1 << 14)
			for b.Loop() {
				d.CryptBlocks(dst, src)
			}
		})
	}
}

func must(d Decrypter, err error) Decrypter {
	if err != nil {
		panic(err)
	}
	return d
}
