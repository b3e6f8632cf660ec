package tls

import (
	"bytes"
	"compress/flate"
	"io"

	"github.com/wiretale/wiretale/internal/tlsrecord"
	"github.com/wiretale/wiretale/proto"
)

// An inflater undoes the compression of one side (RFC 3749). A record ends where the compressor was flushed, so each is
// read by itself, with what came before as its dictionary.
type inflater struct {
	begun  bool // the two bytes that begin a stream of zlib have passed
	broken bool // text is missing, and with it a part of the dictionary
	window []byte
}

const (
	windowLen = 32 << 10
	// maxText is the most that a record holds when it is not compressed (RFC 5246, 6.2.1).
	maxText = 1 << 14
)

// record is the text of a compressed record, behind room for a header; or why there is none. From then on there is none of what follows either.
func (i *inflater) record(u *proto.Unit, packed []byte) (text []byte, why string) {
	if i.broken {
		return nil, whyDictionary
	}
	i.broken = true
	if !i.begun && len(packed) > 2 {
		i.begun, packed = true, packed[2:]
	}
	room := u.Room(headerLen + maxText + 1)
	if room == nil {
		return nil, tlsrecord.ErrRoom.Error()
	}
	n, err := io.ReadFull(flate.NewReaderDict(bytes.NewReader(packed), i.window), room[headerLen:])
	if err != io.EOF && err != io.ErrUnexpectedEOF { // nil: it is longer than a record may be
		return nil, whyPacked
	}
	text = room[headerLen : headerLen+n]
	i.window = append(i.window, text...)
	if over := len(i.window) - windowLen; over > 0 {
		i.window = append(i.window[:0], i.window[over:]...)
	}
	i.broken = false
	return room[:headerLen+n], ""
}
