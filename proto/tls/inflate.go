package tls

import (
	"bytes"
	"compress/flate"
	"io"

	"github.com/wiretale/wiretale/proto"
)

// An inflater undoes the compression of one side (RFC 3749). A record ends where the compressor was flushed, so each is
// read by itself, with what came before as its dictionary.
type inflater struct {
	begun  bool // the two bytes that begin a stream of zlib have passed
	window []byte
}

const (
	windowLen = 32 << 10
	// maxText is the most that a record holds when it is not compressed (RFC 5246, 6.2.1).
	maxText = 1 << 14
)

// record is the text of a compressed record, behind room for a header; nil when it contradicts itself, or there is no room.
func (i *inflater) record(u *proto.Unit, packed []byte) []byte {
	if !i.begun && len(packed) > 2 {
		i.begun, packed = true, packed[2:]
	}
	room := u.Room(headerLen + maxText)
	if room == nil {
		return nil
	}
	r := flate.NewReaderDict(bytes.NewReader(packed), i.window)
	n, err := io.ReadFull(r, room[headerLen:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil
	}
	text := room[headerLen : headerLen+n]
	i.window = append(i.window, text...)
	if over := len(i.window) - windowLen; over > 0 {
		i.window = append(i.window[:0], i.window[over:]...)
	}
	return room[:headerLen+n]
}
