package all

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/trace"
)

// decompress returns the plain bytes behind r and the name of the compression, "" when there is none.
func decompress(head []byte, r io.Reader) (io.Reader, string, error) {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		if err == io.EOF { // inside its header
			err = io.ErrUnexpectedEOF
		}
		return cutReader{z}, "gzip", cut(err)
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, "zstd", err
		}
		return cutReader{z.IOReadCloser()}, "zstd", nil
	case bytes.HasPrefix(head, []byte{0x04, 0x22, 0x4d, 0x18}):
		return cutReader{lz4.NewReader(r)}, "lz4", nil
	}
	return r, "", nil
}

// cutReader turns a compressed stream that ends early into trace.ErrTruncated, so that it is not taken for the end.
type cutReader struct{ io.Reader }

func (c cutReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	return n, cut(err)
}

func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.Join(trace.ErrTruncated, errors.New("the compressed stream ends early"))
	}
	return err
}

// spool copies what cannot be read at random into a private temporary file that goes away with the input.
// The error wraps trace.ErrTruncated when the stream ends early; the input is then good up to there.
func spool(in *format.Input, plain io.Reader) error {
	f, err := os.CreateTemp("", "wiretale-*")
	if err != nil {
		return err
	}
	old := in.Closer
	in.Closer = &spooled{f, old}
	os.Remove(f.Name()) // where the system allows it; Close tries again
	n, err := io.Copy(f, plain)
	if err != nil && !errors.Is(err, trace.ErrTruncated) {
		return err
	}
	in.At, in.Size = f, n
	return err
}

type spooled struct {
	file *os.File
	old  io.Closer
}

func (s *spooled) Close() error {
	err := s.file.Close()
	os.Remove(s.file.Name())
	if s.old != nil {
		err = errors.Join(err, s.old.Close())
	}
	return err
}
