package format

import "io"

// A View reads pieces of a file at random, the usual forward run through large blocks.
type View struct {
	at   io.ReaderAt
	size int64
	buf  []byte
	base int64 // offset of buf in the file
}

// NewView returns a view of the size bytes of at.
func NewView(at io.ReaderAt, size int64) View { return View{at: at, size: size} }

const (
	viewBlock = 1 << 20
	// viewNear is how far ahead of the block a piece may be to count as a forward run.
	viewNear = 64 << 10
	// viewSmall is what is read for a piece elsewhere: a file whose records jump about must not cost a block each.
	viewSmall = 4 << 10
)

// Piece returns n bytes at off, or as many as the file has. Valid until the next call.
func (v *View) Piece(off, n int64) []byte {
	if off < 0 || off >= v.size || n <= 0 {
		return nil
	}
	n = min(n, v.size-off)
	end := v.base + int64(len(v.buf))
	if off < v.base || off+n > end {
		v.load(off, n, off >= v.base && off <= end+viewNear)
	}
	b := v.buf[min(off-v.base, int64(len(v.buf))):]
	n = min(n, int64(len(b)))
	return b[:n:n]
}

// load never allocates more than the file has.
func (v *View) load(off, n int64, forward bool) {
	want := max(n, viewSmall)
	if forward || off == v.base {
		want = max(n, viewBlock)
	}
	want = min(want, v.size-off)
	if int64(cap(v.buf)) < want {
		v.buf = make([]byte, want)
	}
	m, _ := v.at.ReadAt(v.buf[:want], off)
	v.buf, v.base = v.buf[:m], off
}
