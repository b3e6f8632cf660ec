package smb2

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// What the notes of encrypted and of compressed messages have, beside noteSession.
const (
	noteOpened = 0 // 1 when what is in the message is shown
	noteClosed = 1 // why not, a Closed, of an encrypted message; 1 of a compressed one that contradicts itself
)

// NoteOpened puts into the note of an encrypted or compressed message whether it was opened, and why not.
func NoteOpened(n *field.Note, opened bool, why Closed) {
	if opened {
		n[noteOpened] = 1
	}
	n[noteClosed] = uint64(why)
}

// Opened is what the note of an encrypted or compressed message says.
func Opened(n *field.Note) (opened bool, why Closed) {
	return n[noteOpened] != 0, Closed(n[noteClosed])
}

var closedField = field.Field{
	Name: "smb3.closed", Title: "Not decrypted", Type: field.String, Derived: "from the keys and the messages before",
	Noted: func(_ []byte, n *field.Note, yield func(field.Span, field.Value) bool) {
		if why := Closed(n[noteClosed]); why != NotClosed {
			yield(field.Span{}, field.S(why.String()))
		}
	},
}

var algorithmNames = proto.Names("smb2.negotiate_context.comp_alg_id")

// compressed is the algorithm of a payload of a chain.
func compressed(e []byte, algorithms ...uint16) bool {
	return len(e) >= payloadLen && has(algorithms, binary.LittleEndian.Uint16(e))
}

func sizedPayload(e []byte) bool   { return compressed(e, LZNT1, LZ77, LZ77Huffman, LZ4) }
func patternPayload(e []byte) bool { return compressed(e, PatternV1) }

// payloadFields are those of a chain of payloads ([MS-SMB2] 2.2.42.2), and what is wrong with a compressed message.
var payloadFields = []field.Field{
	inPayload(proto.Named(proto.Hex("smb2.header.comp_transform.comp_alg", "CompressionAlgorithm", 0, 2, 0), algorithmNames), nil),
	inPayload(proto.Hex("smb2.header.comp_transform.flags", "Flags", 2, 2, 0), nil),
	inPayload(proto.Hex("smb2.header.comp_transform.length", "Length", 4, 4, 0), nil),
	inPayload(proto.Dec("smb2.header.comp_transform.orig_payload_size", "OriginalPayloadSize", 8, 4, 0), sizedPayload),
	inPayload(proto.Hex("smb2.pattern_v1.pattern", "Pattern", 8, 1, 0), patternPayload),
	inPayload(proto.Hex("smb2.pattern_v1.reserved1", "Reserved1", 9, 1, 0), patternPayload),
	inPayload(proto.Hex("smb2.pattern_v1.reserved2", "Reserved2", 10, 2, 0), patternPayload),
	inPayload(proto.Dec("smb2.pattern_v1.repetitions", "Repetitions", 12, 4, 0), patternPayload),
	{Name: "smb2.header.comp_transform.data", Title: "CompressedData", Type: field.Bytes, Noted: compressedData},
	{
		Name: "smb3.damaged", Title: "Not decompressed", Type: field.String, Derived: "from the message",
		Noted: func(b []byte, n *field.Note, yield func(field.Span, field.Value) bool) {
			if n[noteClosed] == 0 {
				return
			}
			if _, err := Decompress(b, func(n int) []byte { return make([]byte, n) }); err != nil {
				yield(field.Span{}, field.S(err.Error()))
			}
		},
	},
}

func inPayload(f field.Field, when func(e []byte) bool) field.Field {
	return proto.Walk(payloads).In(proto.Little(f), when)
}

// compressedData is what is behind the header of each payload of a chain, and of one part when that stays closed: its content is shown else.
func compressedData(b []byte, n *field.Note, yield func(field.Span, field.Value) bool) {
	data := func(from, to int) bool {
		return from >= to || yield(field.Span{Off: from, Len: to - from}, field.Value{Type: field.Bytes, B: b[from:to]})
	}
	if unchained(b) {
		if opened, _ := Opened(n); !opened {
			data(CompressionLen, len(b))
		}
		return
	}
	payloads(b, func(at, n int) bool {
		head := payloadLen
		if sizedPayload(b[at : at+n]) {
			head = sizedLen
		}
		return data(min(at+head, at+n), at+n)
	})
}
