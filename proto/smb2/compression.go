package smb2

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pierrec/lz4/v4"

	"github.com/wiretale/wiretale/internal/xca/lz"
	"github.com/wiretale/wiretale/internal/xca/lznt1"
	"github.com/wiretale/wiretale/internal/xca/xpress"
)

// Algorithms of compression ([MS-SMB2] 2.2.3.1.3).
const (
	Uncompressed = 0
	LZNT1        = 1
	LZ77         = 2
	LZ77Huffman  = 3
	PatternV1    = 4
	LZ4          = 5
)

// MaxOpened is the longest message that is decrypted or decompressed, in bytes: the most that Windows reads or writes
// at once, with room for headers. A message that says to be longer is a mistake, or a trap.
const MaxOpened = 8<<20 + 64<<10

// A CompressionError says where a compressed message contradicts itself.
type CompressionError struct {
	Offset int // byte in the message, counted from its compression header
	Detail string
}

func (e *CompressionError) Error() string {
	return fmt.Sprintf("compressed message at byte %d: %s", e.Offset, e.Detail)
}

// payloadLen is the length of the header of a chained payload ([MS-SMB2] 2.2.42.2.1); sizedLen is that of one that says how long its content is.
const (
	payloadLen = 8
	sizedLen   = 12
	patternLen = 8 // 2.2.42.2.2
	chainsAt   = 8 // where the first payload of a chain begins
)

// CompressedSize is how many bytes the compressed message b stands for, as it says; not ok when b is too short to tell.
func CompressedSize(b []byte) (n int64, ok bool) {
	if len(b) < CompressionLen || KindOf(b) != Compressed {
		return 0, false
	}
	n = int64(binary.LittleEndian.Uint32(b[4:]))
	if unchained(b) {
		n += int64(binary.LittleEndian.Uint32(b[12:]))
	}
	return n, true
}

// unchained reports whether a compressed message has one compressed part instead of a chain of payloads ([MS-SMB2] 2.2.42.1).
func unchained(b []byte) bool { return len(b) >= CompressionLen && b[10]&1 == 0 }

// Decompress is what the compressed message b stands for ([MS-SMB2] 3.1.5.3). room gives memory of a size, or nil.
// With a *CompressionError the result is what could be decompressed.
func Decompress(b []byte, room func(n int) []byte) ([]byte, error) {
	size, ok := CompressedSize(b)
	switch {
	case !ok:
		return nil, &CompressionError{len(b), "ends inside its header"}
	case size > MaxOpened:
		return nil, &CompressionError{4, fmt.Sprintf("says to be %d bytes long, more than %d", size, MaxOpened)}
	}
	out := room(int(size) + lz.Slack)
	if out == nil {
		return nil, &CompressionError{4, fmt.Sprintf("no room for %d bytes: too much is open", size)}
	}
	x := expansion{in: b, out: out, size: int(size)}
	if unchained(b) {
		return x.unchained()
	}
	return x.chained()
}

// An expansion is a message in the course of being decompressed.
type expansion struct {
	in   []byte
	out  []byte // with the slack that decompressors want
	n    int    // bytes that are there
	size int
}

// fail ends with what is there; at is a place of in.
func (x *expansion) fail(at int, detail string) ([]byte, error) {
	return x.out[:x.n], &CompressionError{at, detail}
}

// unchained is a header, a part that is not compressed, and one that is ([MS-SMB2] 2.2.42.1).
func (x *expansion) unchained() ([]byte, error) {
	le := binary.LittleEndian
	plain := int(le.Uint32(x.in[12:])) // no more than size
	x.n = copy(x.out[:plain], x.in[CompressionLen:])
	if x.n < plain {
		return x.fail(len(x.in), "ends before its compressed part")
	}
	at := CompressionLen + plain
	if err := x.expand(le.Uint16(x.in[8:]), at, x.in[at:], x.size-plain); err != nil {
		return x.out[:x.n], err
	}
	return x.out[:x.n], nil
}

// chained is payloads in a row, each with its algorithm ([MS-SMB2] 2.2.42.2).
func (x *expansion) chained() ([]byte, error) {
	var err *CompressionError
	payloads(x.in, func(at, n int) bool {
		err = x.payload(x.in[at:at+n], at)
		return err == nil
	})
	switch {
	case err != nil:
		return x.out[:x.n], err
	case x.n < x.size:
		return x.fail(len(x.in), fmt.Sprintf("has %d bytes of the %d that it says", x.n, x.size))
	}
	return x.out[:x.n], nil
}

// payloads walks the payloads of a chain, each with its header. The last one may be cut.
func payloads(b []byte, yield func(at, n int) bool) {
	if len(b) < CompressionLen || unchained(b) {
		return
	}
	for at := chainsAt; at+payloadLen <= len(b); {
		n := payloadLen + int64(binary.LittleEndian.Uint32(b[at+4:]))
		if !yield(at, int(min(n, int64(len(b)-at)))) {
			return
		}
		at = int(min(int64(at)+n, int64(len(b))))
	}
}

// payload takes one payload of a chain, which begins at at in the message.
func (x *expansion) payload(b []byte, at int) *CompressionError {
	le := binary.LittleEndian
	algorithm, length := le.Uint16(b), int64(le.Uint32(b[4:]))
	if length > int64(len(b)-payloadLen) {
		return &CompressionError{at + 4, fmt.Sprintf("a payload of %d bytes in %d", length, len(b)-payloadLen)}
	}
	body := b[payloadLen:]
	switch algorithm {
	case Uncompressed:
		if len(body) > x.size-x.n {
			return &CompressionError{at + 4, fmt.Sprintf("a payload of %d bytes where the message has %d left", len(body), x.size-x.n)}
		}
		x.n += copy(x.out[x.n:], body)
		return nil
	case PatternV1:
		return x.pattern(body, at+payloadLen)
	case LZNT1, LZ77, LZ77Huffman, LZ4:
		if len(body) < sizedLen-payloadLen {
			return &CompressionError{at + payloadLen, "a payload without its original size"}
		}
		size := int64(le.Uint32(body))
		if size > int64(x.size-x.n) {
			return &CompressionError{at + payloadLen, fmt.Sprintf("a payload for %d bytes where the message has %d left", size, x.size-x.n)}
		}
		return x.expand(algorithm, at+sizedLen, body[sizedLen-payloadLen:], int(size))
	}
	return &CompressionError{at, fmt.Sprintf("unknown algorithm %d", algorithm)}
}

// pattern is one byte, many times.
func (x *expansion) pattern(b []byte, at int) *CompressionError {
	if len(b) < patternLen {
		return &CompressionError{at, "a pattern without its count"}
	}
	n := int64(binary.LittleEndian.Uint32(b[4:]))
	if n > int64(x.size-x.n) {
		return &CompressionError{at + 4, fmt.Sprintf("a pattern of %d bytes where the message has %d left", n, x.size-x.n)}
	}
	run := x.out[x.n:][:n]
	for i := range run {
		run[i] = b[0]
	}
	x.n += len(run)
	return nil
}

// expand decompresses b, which begins at at in the message, to size bytes, no more than there is room for.
func (x *expansion) expand(algorithm uint16, at int, b []byte, size int) *CompressionError {
	dst := x.out[x.n:]
	var got []byte
	var err error
	switch algorithm {
	case LZNT1:
		got, err = lznt1.Decompress(dst, b, size)
	case LZ77:
		got, err = xpress.Plain(dst, b, size)
	case LZ77Huffman:
		got, err = xpress.Huffman(dst, b, size)
	case LZ4:
		n, failed := lz4.UncompressBlock(b, dst[:size])
		got, err = dst[:max(n, 0)], failed
	default:
		return &CompressionError{8, fmt.Sprintf("unknown algorithm %d", algorithm)}
	}
	x.n += len(got)
	switch {
	case err != nil:
		at, detail := place(err, at)
		return &CompressionError{at, detail}
	case len(got) < size:
		return &CompressionError{at + len(b), fmt.Sprintf("decompresses to %d bytes of %d", len(got), size)}
	}
	return nil
}

// place is where in a message the data of a decompressor is wrong that begins at at, and how.
func place(err error, at int) (int, string) {
	var of *lznt1.Error
	var or *xpress.Error
	switch {
	case errors.As(err, &of):
		return at + of.Offset, of.Detail
	case errors.As(err, &or):
		return at + or.Offset, or.Detail
	}
	return at, err.Error()
}
