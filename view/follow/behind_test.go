package follow_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/view/follow"
)

// TestBehind: what is printed behind the caller is what is printed at once, whatever the chunks are long, and though their bytes change afterwards.
func TestBehind(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var at, behind strings.Builder
	one, other := follow.NewOwn(&at, &title, follow.Hex, false, 0), follow.NewBehind(follow.NewOwn(&behind, &title, follow.Hex, false, 0))
	buf := make([]byte, 300_000)
	for i := range 2000 {
		n := r.IntN(2000)
		if i%500 == 7 {
			n = len(buf)
		}
		for k := range n {
			buf[k] = byte(r.Uint32())
		}
		c := follow.Chunk{Dir: r.IntN(2), Number: int64(i), Time: int64(i), Data: buf[:n], Lost: int64(r.IntN(2))}
		if err := errors.Join(one.Chunk(&c), other.Chunk(&c)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(one.Close(), other.Close()); err != nil {
		t.Fatal(err)
	}
	if at.String() != behind.String() {
		t.Errorf("%d bytes, and %d behind the caller", at.Len(), behind.Len())
	}
}

// A full writer takes so many bytes.
type fullWriter int

func (w *fullWriter) Write(b []byte) (int, error) {
	if *w -= fullWriter(len(b)); *w < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

// TestBehindFails: an error of the printer comes with a later chunk, with each one behind it, and with Close.
func TestBehindFails(t *testing.T) {
	room := fullWriter(1 << 18)
	p := follow.NewBehind(follow.NewOwn(&room, &title, follow.Raw, false, 0))
	failed := false
	for range 1000 {
		err := p.Chunk(&follow.Chunk{Data: bytes.Repeat([]byte{'a'}, 10_000)})
		if failed && !errors.Is(err, io.ErrShortWrite) {
			t.Fatalf("behind an error: %v", err)
		}
		failed = failed || err != nil
	}
	if err := p.Close(); !failed || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("failed %v, %v at the end", failed, err)
	}
	room = fullWriter(1 << 10)
	p = follow.NewBehind(follow.NewOwn(&room, &title, follow.Raw, false, 0))
	p.Chunk(&follow.Chunk{Data: make([]byte, 5000)})
	if err := p.Close(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("at the end: %v", err)
	}
}
