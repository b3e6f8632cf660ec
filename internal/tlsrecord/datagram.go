package tlsrecord

import (
	"crypto/aes"
	"encoding/binary"

	"golang.org/x/crypto/chacha20"
)

// Datagrams is no draft: it stands for DTLS 1.3, whose labels begin otherwise than those of TLS (RFC 9147, 5.9).
const Datagrams Draft = 0xff

// A Header is what a record of DTLS says of itself. Its number is on the wire, so that records are opened in any order.
type Header struct {
	Type    byte
	Version uint16
	Epoch   uint16
	Seq     uint64 // 48 bits; of DTLS 1.3 all of them, put together from those that are on the wire
	ID      []byte // of the connection, in records of type [WithID]
	Bytes   []byte // of DTLS 1.3: the header as it was before its number was encrypted
}

// WithID is the type of records that name their connection and hide their own type (RFC 9146, 4).
const WithID = 25

// OpenDatagram is [Reader.Open] for a record of DTLS (RFC 6347, 4.1.2; RFC 9146, 5; RFC 9147, 4).
func (r *Reader) OpenDatagram(room []byte, h *Header, body []byte) (text []byte, content byte, err error) {
	r.datagram = h
	if r.Seq = uint64(h.Epoch)<<48 | h.Seq; r.version == TLS13 {
		r.Seq = h.Seq
	}
	text, content, err = r.Open(room, h.Type, h.Version, body, 0)
	if err == nil && r.version < TLS13 && h.Type == WithID {
		return inner(text)
	}
	return text, content, err
}

// inner parts the text of a record from its type, which stands before the padding.
func inner(text []byte) ([]byte, byte, error) {
	for n := len(text); n > 0; n-- {
		if text[n-1] != 0 {
			return text[:n-1], text[n-1], nil
		}
	}
	return nil, 0, ErrShort
}

// named is what is authenticated beside the text of a record that names its connection (RFC 9146, 5).
func (r *Reader) named(version uint16, n int) []byte {
	b := binary.BigEndian.AppendUint64(r.wide[:0], 1<<64-1)
	b = append(b, WithID, byte(len(r.datagram.ID)), WithID)
	b = binary.BigEndian.AppendUint16(b, version)
	b = binary.BigEndian.AppendUint64(b, r.Seq)
	r.wide = binary.BigEndian.AppendUint16(append(b, r.datagram.ID...), uint16(n))
	return r.wide
}

// maskSample is how many bytes of what is encrypted hide the number of a record of DTLS 1.3.
const maskSample = 16

// NumberMask is what hides the number of a record of DTLS 1.3 (RFC 9147, 4.2.3): key is [Keys.Number]. false for a record that is too short.
func (s *Suite) NumberMask(key, body []byte) (mask [2]byte, ok bool) {
	if len(body) < maskSample {
		return mask, false
	}
	var sum [maskSample]byte
	if s.cipher.mode == chacha {
		c, err := chacha20.NewUnauthenticatedCipher(key, body[4:maskSample])
		if err != nil {
			return mask, false
		}
		c.SetCounter(binary.LittleEndian.Uint32(body))
		c.XORKeyStream(sum[:], sum[:])
	} else {
		block, err := aes.NewCipher(key)
		if err != nil {
			return mask, false
		}
		block.Encrypt(sum[:], body[:maskSample])
	}
	return [2]byte(sum[:2]), true
}
