package etl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/wiretale/wiretale/internal/xca/lznt1"
	"github.com/wiretale/wiretale/internal/xca/xpress"
	"github.com/wiretale/wiretale/trace"
)

const (
	bufferHeaderLen = 72
	// maxBuffer bounds a buffer on disk and after decompression: ETW allows 16 MiB (Windows 8 and later).
	maxBuffer = 16 << 20

	bufferFlagCPU16  = 0x20 // PROC_INDEX: the processor is 16 bits wide
	bufferCompressed = 0x40
	bufferTypeHeader = 4
)

// bufferHeader is what matters of a WMI_BUFFER_HEADER (72 bytes, little-endian).
type bufferHeader struct {
	size  int64 // on disk, header included
	saved int64 // end of valid data from the buffer's start; of a compressed buffer, after decompression
	cpu   uint16
	state uint32
	flags uint16
	kind  uint16
}

func parseBufferHeader(b []byte) bufferHeader {
	h := bufferHeader{
		size: int64(binary.LittleEndian.Uint32(b)), saved: int64(binary.LittleEndian.Uint32(b[4:])),
		state: binary.LittleEndian.Uint32(b[44:]), flags: binary.LittleEndian.Uint16(b[52:]), kind: binary.LittleEndian.Uint16(b[54:]),
	}
	if h.saved == 0 { // Windows 7 fills only the field that later versions copy it to
		h.saved = int64(binary.LittleEndian.Uint32(b[48:]))
	}
	// Before Windows 8 the processor is one byte and the next one is an alignment.
	h.cpu = uint16(b[40])
	if h.flags&bufferFlagCPU16 != 0 {
		h.cpu = binary.LittleEndian.Uint16(b[40:])
	}
	return h
}

func (h *bufferHeader) compressed() bool { return h.flags&bufferCompressed != 0 }

// payload is how many bytes of records the header claims, after decompression.
func (h *bufferHeader) payload() int64 { return h.saved - bufferHeaderLen }

// check says what is wrong with a header, "" when it is plausible.
func (h *bufferHeader) check() string {
	switch {
	case h.size < bufferHeaderLen || h.size > maxBuffer:
		return fmt.Sprintf("buffer size %d", h.size)
	case h.saved < bufferHeaderLen || h.saved > maxBuffer:
		return fmt.Sprintf("saved offset %d", h.saved)
	case !h.compressed() && h.saved > h.size:
		return fmt.Sprintf("saved offset %d in a buffer of %d bytes", h.saved, h.size)
	}
	return ""
}

// compression formats of the first buffer's State ([MS-XCA], COMPRESSION_FORMAT_*).
const (
	compressLZNT1   = 2
	compressXpress  = 3
	compressHuffman = 4
)

// header reads the header of the buffer at off.
func (r *Reader) header(off int64) (h bufferHeader, err error) {
	var head [bufferHeaderLen]byte
	if err := r.readAt(head[:], off); err != nil {
		return h, err
	}
	h = parseBufferHeader(head[:])
	if bad := h.check(); bad != "" {
		return h, &trace.Error{Offset: off, Layer: "etl buffer", Detail: bad, Err: trace.ErrCorrupt}
	}
	return h, nil
}

// compression is what the header of a header buffer says; without a known code it is plain XPRESS.
func (h *bufferHeader) compression() int {
	if c := h.state & 0xffff; c >= compressLZNT1 && c <= compressHuffman {
		return int(c)
	}
	return compressXpress
}

// load reads the first limit bytes behind the header h at off, decompressed,
// or all when there are fewer. With an error the result is what could be
// read, nil when that is nothing. dst is reused.
func (r *Reader) load(off int64, h bufferHeader, dst []byte, limit int) ([]byte, error) {
	if !h.compressed() {
		return r.read(off+bufferHeaderLen, dst, int(min(int64(limit), h.payload(), r.size-off-bufferHeaderLen)))
	}
	raw, err := r.read(off+bufferHeaderLen, r.scratch, int(min(h.size, r.size-off)-bufferHeaderLen))
	if err != nil {
		return nil, err
	}
	r.scratch = raw
	data, err := r.decompress(dst, raw, min(limit, int(h.payload())))
	if err != nil {
		err = &trace.Error{Offset: off, Layer: "etl compressed buffer", Detail: err.Error(), Err: trace.ErrCorrupt}
	}
	return data, err
}

// read reads n bytes at off into dst, or into new memory when dst is too small.
func (r *Reader) read(off int64, dst []byte, n int) ([]byte, error) {
	if cap(dst) < n || dst == nil {
		dst = make([]byte, n)
	}
	if err := r.readAt(dst[:n], off); err != nil {
		return nil, err
	}
	return dst[:n], nil
}

// decompress undoes the file's compression. The size is the file's claim: room
// is made for an ordinary ratio first, and for more only when it gets filled.
func (r *Reader) decompress(dst, raw []byte, size int) ([]byte, error) {
	for room := 64*len(raw) + bufferHeaderLen; ; room *= 8 {
		n := min(size, max(room, cap(dst)))
		out, err := r.expand(dst, raw, n)
		if n == size || err != nil || len(out) < n {
			return out, err
		}
		dst = out[:0]
	}
}

func (r *Reader) expand(dst, raw []byte, size int) ([]byte, error) {
	switch r.compression {
	case compressLZNT1:
		return lznt1.Decompress(dst, raw, size)
	case compressHuffman:
		return xpress.Huffman(dst, raw, size)
	}
	return xpress.Plain(dst, raw, size)
}

func (r *Reader) readAt(b []byte, off int64) error {
	n, err := r.at.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = trace.ErrTruncated
	}
	return &trace.Error{Offset: off, Layer: "etl buffer", Need: int64(len(b)), Have: int64(n), Err: err}
}
