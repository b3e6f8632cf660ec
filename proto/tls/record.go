// Package tls takes the records of SSL and TLS apart (RFC 8446, 5; RFC 5246, 6;
// RFC 6101 for SSL 3.0; the hello of SSL 2.0, RFC 5246, E.2), and what can be
// read of them without keys: hellos, certificates, alerts.
//
// A layer is a row of whole records. Field names are Wireshark's.
package tls

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
)

// Types of records.
const (
	ChangeCipherSpec = 20
	Alert            = 21
	Handshake        = 22
	ApplicationData  = 23
	Heartbeat        = 24
	WithID           = 25 // of DTLS: the ID of the connection in place of the type, which is encrypted (RFC 9146)
)

// Versions as they are on the wire.
const (
	SSL20 = 0x0002
	SSL30 = 0x0300
	TLS10 = 0x0301
	TLS11 = 0x0302
	TLS12 = 0x0303
	TLS13 = 0x0304
)

const (
	headerLen = 5
	// maxRecord is the most that a record holds: 2^14 bytes and what encryption may add (RFC 5246, 6.2.3).
	maxRecord = 1<<14 + 2048
)

// What a note says of a layer of records.
const (
	noteVersion   = 0 // of the connection after the layer, 0 while it is not known
	noteEncrypted = 1 // 1 when the sender has changed its cipher before the layer
	noteContinues = 2 // bytes at the start of the layer's first handshake record that go on with a message of an earlier one
	noteForm      = 3 // bits: see formTaken
)

// What the form of a layer has.
const (
	formTaken  = 1 << iota // it is none of records: bytes that nothing is known of
	formOpened             // one record, as it is when it is opened: its header is not on the wire
	formFirst              // and behind these one bit for each of the first records: it was opened
)

// maxMarked is how many records of a layer are marked as opened.
const maxMarked = 60

// Opened reports whether the layer is a record as it is when it is opened; its header is not on the wire.
func Opened(note *field.Note) bool { return note[noteForm]&formOpened != 0 }

// A Record is one record of a layer.
type Record struct {
	Off       int    // of its header, in the layer
	Body      int    // where its content begins
	End       int    // end of what is there of it
	Len       int    // of its content on the wire
	Type      byte   // 0 for a record of SSL 2.0
	Version   uint16 // that of its header
	Encrypted bool   // its sender has changed the cipher before
	Continues int    // bytes at the start that go on with a handshake message of an earlier record
	Opened    bool   // it was decrypted: what is in it is in layers of their own

	// Of DTLS: see [LooksDatagram].
	Datagram bool
	Unified  bool   // an encrypted record of DTLS 1.3: Epoch is the end of its epoch, and Seq is not known
	Epoch    uint16 //
	Seq      uint64 // 48 bits
	SeqAt    int    // of Unified, in the record: where the end of the number is
	SeqLen   int
	IDAt     int // where the ID of the connection is in the layer
	IDLen    int
}

func be16(b []byte) int { return int(binary.BigEndian.Uint16(b)) }
func be24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// header reports whether b begins with the header of a record. Headers of fewer bytes than five may be one.
func header(b []byte) bool {
	switch {
	case len(b) < 1 || b[0] < ChangeCipherSpec || b[0] > WithID:
		return false
	case len(b) >= 2 && b[1] != 3, len(b) >= 3 && b[2] > 4 && b[2] != 0x7f:
		return false
	}
	return len(b) < headerLen || be16(b[3:]) <= maxRecord
}

// Looks reports whether b begins with records of a connection for sure: a header that makes sense, and behind it a hello where one must be.
func Looks(b []byte) bool {
	if len(b) < headerLen+1 {
		return false
	}
	if isSSL2Hello(b) {
		return true
	}
	n := be16(b[3:])
	if !header(b) || b[0] == WithID || n == 0 {
		return false
	}
	switch b[0] {
	case ChangeCipherSpec:
		return n == 1
	case Handshake:
		return n >= 4 && (handshakeTypes[uint64(b[5])] != "" || n > 4)
	}
	return true
}

// isSSL2Hello recognises the hello that clients sent which spoke SSL 2.0 too.
func isSSL2Hello(b []byte) bool {
	if len(b) < 11 || b[0]&0x80 == 0 || b[2] != ssl2ClientHello {
		return false
	}
	version := be16(b[3:])
	suites, id, challenge := be16(b[5:]), be16(b[7:]), be16(b[9:])
	return (version == SSL20 || version >= SSL30 && version <= TLS13) && suites%3 == 0 && suites > 0 && 9+suites+id+challenge == be16(b)&0x7fff
}

// Records walks the records of a layer. A record is valid until yield returns.
func Records(b []byte, note *field.Note, yield func(r *Record) bool) {
	if note[noteForm]&(formTaken|formDatagram) == formDatagram {
		datagramRecords(b, note, yield)
		return
	}
	for w := WalkOf(b, note); w.Next(); {
		if !yield(&w.Record) {
			return
		}
	}
}

// A Walk goes through the records of a layer of TLS, not of DTLS, as [Records] does, for whoever must not allocate.
type Walk struct {
	Record
	b         []byte
	at, n     int // of the next record
	skip      int // bytes of a handshake message that are still to come
	marks     uint64
	ssl2      bool
	encrypted bool
}

// WalkOf begins before the first record.
func WalkOf(b []byte, note *field.Note) Walk {
	form := note[noteForm]
	if form&(formTaken|formDatagram) != 0 {
		b = nil
	}
	return Walk{b: b, skip: int(note[noteContinues]), marks: form, ssl2: note[noteVersion] == SSL20, encrypted: note[noteEncrypted] != 0}
}

// Next goes to the next record, false behind the last one.
func (w *Walk) Next() bool {
	if w.at >= len(w.b) {
		return false
	}
	left := w.b[w.at:]
	w.Record = Record{Off: w.at, Encrypted: w.encrypted, Opened: w.n < maxMarked && w.marks&(formFirst<<w.n) != 0}
	r := &w.Record
	switch {
	case header(left) && len(left) >= headerLen:
		r.Type, r.Version, r.Len, r.Body = left[0], uint16(be16(left[1:])), be16(left[3:]), w.at+headerLen
	case len(left) >= 3 && (isSSL2Hello(left) || w.ssl2):
		n, padded := be16(left)&0x7fff, 2
		if left[0]&0x80 == 0 {
			n, padded = n&0x3fff, 3
		}
		r.Version, r.Len, r.Body = SSL20, n, w.at+padded
	default:
		w.at = len(w.b)
		return false
	}
	r.End = min(r.Body+r.Len, len(w.b))
	switch r.Type {
	case Handshake:
		r.Continues = min(w.skip, r.Len)
		if w.skip -= r.Continues; w.skip == 0 {
			w.skip = overhang(w.b, r)
		}
	case ChangeCipherSpec:
		w.encrypted, w.skip = true, 0
	}
	w.at, w.n = r.Body+r.Len, w.n+1
	return true
}
