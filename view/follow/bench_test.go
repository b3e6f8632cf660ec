package follow_test

import (
	"io"
	"math/rand/v2"
	"testing"

	"github.com/wiretale/wiretale/view/follow"
)

// BenchmarkOwn prints a record of 16 KiB, of text and of bytes of any value.
func BenchmarkOwn(b *testing.B) {
	text, any := make([]byte, 16<<10), make([]byte, 16<<10)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range text {
		text[i], any[i] = byte(' '+r.IntN(95)), byte(r.Uint32())
	}
	for name, data := range map[string][]byte{"text": text, "any": any} {
		for _, form := range []follow.Form{follow.ASCII, follow.UTF8, follow.Hex} {
			b.Run(name+"/"+string(form), func(b *testing.B) {
				p := follow.NewOwn(io.Discard, &title, form, false, 0)
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					if err := p.Chunk(&follow.Chunk{Data: data}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
