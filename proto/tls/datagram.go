package tls

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/tlsrecord"
)

// Versions of DTLS as they are on the wire.
const (
	DTLS10  = 0xfeff
	DTLS12  = 0xfefd
	DTLS13  = 0xfefc
	DTLSBad = 0x0100 // that of OpenSSL before 0.9.8f
)

const (
	datagramHeader = 13
	// fragmentHeader is the length of the header of a handshake message, or of a fragment of one (RFC 6347, 4.2.2).
	fragmentHeader = 12
	// helloVerify is the message that asks a client for a second hello (RFC 6347, 4.2.1).
	helloVerify = 3
	ack         = 26 // a type of records of DTLS 1.3 (RFC 9147, 7)
)

// Bits of a layer of DTLS beside those of [formTaken].
const (
	formDatagram = 1 << 62 // its records are those of DTLS; the note has the length of their connection ID, plus one, in place of noteContinues
	formWhole    = 1 << 63 // it is a handshake message, as it is when it is put together
)

// noteID is where a note has the length of the connection ID in the records of its sender plus one, 0 while that is not known.
const noteID = noteContinues

// Whole reports whether the layer is a handshake message that was put together of fragments; its headers are not on the wire.
func Whole(note *field.Note) bool { return note[noteForm]&formWhole != 0 }

// hides reports whether the type of a record is encrypted.
func (r *Record) hides() bool { return r.Unified || r.Datagram && r.Type == WithID }

// hidden reports whether the type of an opened record of a layer was encrypted.
func hidden(note *field.Note) bool { return Opened(note) && note[noteID] != 0 }

// equal is the version of TLS that a version of DTLS has its keys and records from (RFC 4347, RFC 6347, RFC 9147).
func equal(version uint16) uint16 {
	switch version {
	case DTLS10, DTLSBad:
		return TLS11
	case DTLS12:
		return TLS12
	case DTLS13:
		return TLS13
	}
	return version
}

func isDatagramVersion(v int) bool { return v == DTLS10 || v == DTLS12 || v == DTLSBad }

// MayBeDatagram reports whether the first byte of a datagram may be one of DTLS: most others need not be looked at.
func MayBeDatagram(first byte) bool {
	return first >= ChangeCipherSpec && first <= ack || first&unified == unifiedBits
}

// The first byte of the header of an encrypted record of DTLS 1.3 (RFC 9147, 4).
const (
	unified        = 0xe0 // the bits that tell it
	unifiedBits    = 0x20
	unifiedID      = 0x10 // a connection ID follows
	unifiedLongSeq = 0x08 // the number has 16 bits
	unifiedLength  = 0x04 // the length follows
	unifiedEpoch   = 0x03 // the end of the epoch
)

// LooksDatagram reports whether b is a datagram of DTLS for sure: records whose lengths fill it. cut says that the capture has not all of it.
func LooksDatagram(b []byte, cut bool) bool {
	at := 0
	for at < len(b) {
		left := b[at:]
		if len(left) < 3 || left[0] < ChangeCipherSpec || left[0] > WithID || !isDatagramVersion(be16(left[1:])) {
			return false
		}
		if len(left) < datagramHeader {
			return cut
		}
		at += datagramHeader + be16(left[11:])
	}
	return at > 0 && (at == len(b) || cut)
}

// datagramRecords walks the records of a layer of DTLS.
func datagramRecords(b []byte, note *field.Note, yield func(r *Record) bool) {
	opened := note[noteForm]
	for at, n := 0, 0; at < len(b); n++ {
		r := Record{Off: at, Datagram: true, Opened: n < maxMarked && opened&(formFirst<<n) != 0}
		if !r.datagram(b[at:], int(note[noteID])-1) {
			return
		}
		r.Body, r.IDAt = r.Body+at, r.IDAt+at
		r.End = min(r.Body+r.Len, len(b))
		r.Encrypted = (r.Unified || r.Epoch > 0) && !Opened(note)
		if !yield(&r) {
			return
		}
		at = r.Body + r.Len
	}
}

// datagram takes the header of a record apart, of which IDs of connections are idLen bytes long, -1 for not known.
func (r *Record) datagram(b []byte, idLen int) bool {
	if b[0]&unified == unifiedBits {
		return r.unifiedHeader(b, idLen)
	}
	if len(b) < datagramHeader || b[0] < ChangeCipherSpec || b[0] > ack || !isDatagramVersion(be16(b[1:])) {
		return false
	}
	r.Type, r.Version, r.Epoch = b[0], uint16(be16(b[1:])), uint16(be16(b[3:]))
	r.Seq = binary.BigEndian.Uint64(b[3:]) & (1<<48 - 1)
	at := datagramHeader - 2
	if r.Type == WithID {
		if idLen < 0 {
			idLen = guessID(b)
		}
		r.IDAt, r.IDLen = at, idLen
		at += idLen
	}
	if idLen < 0 && r.Type == WithID || at+2 > len(b) {
		return false
	}
	r.Len, r.Body = be16(b[at:]), at+2
	return true
}

// maxID is the longest connection ID that is looked for.
const maxID = 32

// guessID is the length of the connection ID of a record whose handshake is not in the capture, with which the record fills the datagram; -1 when there is none.
func guessID(b []byte) int {
	for n := range maxID + 1 {
		if at := datagramHeader - 2 + n; at+2 <= len(b) && at+2+be16(b[at:]) == len(b) {
			return n
		}
	}
	return -1
}

// unifiedHeader is that of an encrypted record of DTLS 1.3. Its number is encrypted too.
func (r *Record) unifiedHeader(b []byte, idLen int) bool {
	r.Unified, r.Type, r.Version, r.Epoch = true, ApplicationData, DTLS12, uint16(b[0]&unifiedEpoch)
	at := 1
	if b[0]&unifiedID != 0 {
		if idLen < 0 || at+idLen > len(b) {
			return false
		}
		r.IDAt, r.IDLen = at, idLen
		at += idLen
	}
	r.SeqLen = 1
	if b[0]&unifiedLongSeq != 0 {
		r.SeqLen = 2
	}
	r.SeqAt = at
	if at += r.SeqLen; at > len(b) {
		return false
	}
	r.Len, r.Body = len(b)-at, at
	if b[0]&unifiedLength != 0 {
		if at+2 > len(b) {
			return false
		}
		r.Len, r.Body = be16(b[at:]), at+2
	}
	return true
}

// fragment goes to the next handshake message of a record of DTLS, of which there may be only a fragment.
func (w *messages) fragment() {
	r, b, at := w.Record, w.b, w.at
	w.Message = Message{Off: at, End: r.End, Body: at, Record: r, Datagram: true, Encrypted: r.Encrypted || r.End-at < fragmentHeader || handshakeTypes[uint64(b[at])] == ""}
	m := &w.Message
	if m.Encrypted {
		w.at = r.End
		return
	}
	m.Type, m.Len, m.Seq = b[at], be24(b[at+1:]), uint16(be16(b[at+4:]))
	m.FragOff, m.FragLen = be24(b[at+6:]), be24(b[at+9:])
	m.Part = m.FragOff != 0 || m.FragLen != m.Len
	m.Body = at + fragmentHeader
	m.End = min(m.Body+m.FragLen, r.End)
	w.at = m.Body + m.FragLen
}

// header is what the keys of a record are asked with.
func (r *Record) header(b []byte) tlsrecord.Header {
	h := tlsrecord.Header{Type: r.Type, Version: r.Version, Epoch: r.Epoch, Seq: r.Seq}
	if r.IDLen > 0 {
		h.ID = b[r.IDAt : r.IDAt+r.IDLen]
	}
	return h
}
