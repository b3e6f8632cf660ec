package format

// searchBlock is how many bytes are searched between two looks at the stream.
const searchBlock = 256 << 10

// Search moves to the next place, behind the byte at the current one, where a
// record may begin, and returns how many bytes it skipped. plausible sees at most look
// bytes from a place on, fewer at the end of the stream, which last says; it must take
// constant time, so that the search takes time in proportion to what it skips.
// Without such a place the stream is consumed to its end.
func (w *Window) Search(look int, plausible func(b []byte, last bool) bool) (skipped int64, found bool) {
	first := 1
	for {
		b := w.Peek(look + searchBlock)
		last := len(b) < look+searchBlock
		n := len(b)
		if !last {
			n -= look
		}
		for i := first; i < n; i++ {
			if plausible(b[i:min(i+look, len(b))], last && i+look >= len(b)) {
				w.advance(i)
				return skipped + int64(i), true
			}
		}
		w.advance(n)
		skipped += int64(n)
		if last {
			return skipped, false
		}
		first = 0
	}
}

// advance consumes n bytes that are there.
func (w *Window) advance(n int) {
	w.start += n
	w.off += int64(n)
}
