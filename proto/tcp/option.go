package tcp

import "iter"

// Kinds of options, from the IANA registry.
const (
	OptEnd           = 0
	OptNOP           = 1
	OptMSS           = 2
	OptWindowScale   = 3
	OptSACKPermitted = 4
	OptSACK          = 5
	OptTimestamps    = 8
	OptMPTCP         = 30
	OptFastOpen      = 34
)

// Options yields each option of a header but padding: kind, length, value.
// It stops at the end of the list or at the first length that is not possible.
// The slices alias b, up to its capacity.
func Options(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(b) > 0 && b[0] != OptEnd {
			if b[0] == OptNOP {
				b = b[1:]
				continue
			}
			if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
				return
			}
			if !yield(b[:b[1]]) {
				return
			}
			b = b[b[1]:]
		}
	}
}
