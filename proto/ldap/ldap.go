// Package ldap decodes messages of the Lightweight Directory Access Protocol
// (RFC 4511) in connections of TCP and, for those of a search without a
// connection, in datagrams ([MS-ADTS] 6.3.3). Messages that the security layer
// of SASL only signs are read in its buffers (RFC 4422, 3.7; RFC 4121, 4.2.4;
// RFC 4757, 7.3; [MS-NLMP] 2.2.2.9).
package ldap

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/internal/ber"
)

// Operations: the identifier octets of RFC 4511, 4.2 to 4.13.
const (
	BindRequest           = 0x60
	BindResponse          = 0x61
	UnbindRequest         = 0x42
	SearchRequest         = 0x63
	SearchResultEntry     = 0x64
	SearchResultDone      = 0x65
	ModifyRequest         = 0x66
	ModifyResponse        = 0x67
	AddRequest            = 0x68
	AddResponse           = 0x69
	DelRequest            = 0x4a
	DelResponse           = 0x6b
	ModifyDNRequest       = 0x6c
	ModifyDNResponse      = 0x6d
	CompareRequest        = 0x6e
	CompareResponse       = 0x6f
	AbandonRequest        = 0x50
	SearchResultReference = 0x73
	ExtendedRequest       = 0x77
	ExtendedResponse      = 0x78
	IntermediateResponse  = 0x79
)

// Names are those of the operations in the RFC's grammar.
var Names = map[byte]string{
	BindRequest: "bindRequest", BindResponse: "bindResponse", UnbindRequest: "unbindRequest", SearchRequest: "searchRequest",
	SearchResultEntry: "searchResEntry", SearchResultDone: "searchResDone", SearchResultReference: "searchResRef",
	ModifyRequest: "modifyRequest", ModifyResponse: "modifyResponse", AddRequest: "addRequest", AddResponse: "addResponse",
	DelRequest: "delRequest", DelResponse: "delResponse", ModifyDNRequest: "modDNRequest", ModifyDNResponse: "modDNResponse",
	CompareRequest: "compareRequest", CompareResponse: "compareResponse", AbandonRequest: "abandonRequest",
	ExtendedRequest: "extendedReq", ExtendedResponse: "extendedResp", IntermediateResponse: "intermediateResponse",
}

// A Message is what a message is about. Slices alias what Decode got.
type Message struct {
	ID uint32
	Op byte
	// Name is the entry that the message is about: where a search begins, who binds, what is changed; the object identifier of an
	// extended operation. Named reports whether the operation has one: an empty name is that of the root.
	Name  []byte
	Named bool
	Scope uint32 // of a search
	// Auth is the identifier octet of a bind's authentication: 0x80 for a password, 0xa3 for SASL.
	Auth byte
	// Credentials are what a bind brings beside its name, a password or a token with the name of its mechanism before it. Empty reports whether it is an empty password.
	Credentials []byte
	Empty       bool
	// Result is the code of a response, and Error what it says of it. Done reports whether the message has one.
	Result uint32
	Error  []byte
	Done   bool
	// Abandoned is the message that an AbandonRequest gives up.
	Abandoned uint32
}

// Identifier octets of the ways to authenticate (RFC 4511, 4.2).
const (
	AuthSimple = 0x80
	AuthSASL   = 0xa3
)

// Decode reads the message at b[at:end]. It reports whether there is one; what the capture cut off is left out.
func (m *Message) Decode(b []byte, at, end int) bool {
	whole, ok := ber.Next(b, at, end)
	if !ok || whole.Tag != ber.SequenceTag {
		return false
	}
	id, ok := ber.Next(b, whole.Body, whole.End)
	if !ok || id.Tag != ber.Integer || id.Cut() {
		return false
	}
	op, ok := ber.Next(b, id.End, whole.End)
	if !ok || Names[op.Tag] == "" {
		return false
	}
	*m = Message{ID: uint32(ber.Uint(b[id.Body:id.End])), Op: op.Tag}
	m.operation(b, &op)
	return true
}

func (m *Message) operation(b []byte, op *ber.Element) {
	switch content := b[op.Body:op.End]; m.Op {
	case DelRequest:
		m.Name, m.Named = content, true
		return
	case AbandonRequest:
		m.Abandoned = uint32(ber.Uint(content))
		return
	}
	first, ok := ber.Next(b, op.Body, op.End)
	if !ok || first.Cut() {
		return
	}
	content := b[first.Body:first.End]
	switch m.Op {
	case BindRequest:
		if name, ok := ber.Next(b, first.End, op.End); ok && !name.Cut() {
			m.Name, m.Named = b[name.Body:name.End], true
			if auth, ok := ber.Next(b, name.End, op.End); ok {
				m.Auth, m.Credentials = auth.Tag, b[auth.Body:auth.End]
				m.Empty = auth.Tag == AuthSimple && auth.Len == 0
			}
		}
	case SearchRequest:
		m.Name, m.Named = content, true
		if scope, ok := ber.Next(b, first.End, op.End); ok && !scope.Cut() {
			m.Scope = uint32(ber.Uint(b[scope.Body:scope.End]))
		}
	case BindResponse, SearchResultDone, ModifyResponse, AddResponse, DelResponse, ModifyDNResponse, CompareResponse, ExtendedResponse:
		m.Result, m.Done = uint32(ber.Uint(content)), true
		if matched, ok := ber.Next(b, first.End, op.End); ok {
			if said, ok := ber.Next(b, matched.End, op.End); ok && !said.Cut() {
				m.Error = b[said.Body:said.End]
			}
		}
	case SearchResultReference, IntermediateResponse, UnbindRequest:
	default:
		m.Name, m.Named = content, true
	}
}

// Messages walks the messages of a layer: one, or those in a buffer of SASL that can be read.
func Messages(b []byte, yield func(off, n int) bool) {
	at, end := 0, len(b)
	if Wrapped(b) {
		var readable bool
		if at, end, readable = Unwrap(b); !readable {
			return
		}
	}
	for {
		e, ok := ber.Next(b, at, end)
		if !ok || e.Tag != ber.SequenceTag || !yield(e.Off, e.End-e.Off) {
			return
		}
		at = e.End
	}
}

// Wrapped reports whether a layer is a buffer of SASL: four bytes of length, big-endian, before what its mechanism made of the messages.
func Wrapped(b []byte) bool { return len(b) >= saslHead && b[0] == 0 }

const saslHead = 4

// Headers of tokens.
const (
	gssHead    = 0x60 // RFC 2743, 3.1
	gssWrapped = 16   // bytes of the header of RFC 4121, 4.2.6.2
	ntlmHead   = 16   // bytes of the signature of [MS-NLMP] 2.2.2.9
	rc4Head    = 32   // of RFC 4757, 7.3: a token of RFC 1964, 1.2.2 with a confounder
	confounder = 16   // bytes before what is sealed with AES (RFC 3962, 6)
	notSealed  = 0xffff
)

// Unwrap finds the messages in a buffer of SASL. They are not readable when they are sealed, or the mechanism is not known.
func Unwrap(b []byte) (at, end int, readable bool) {
	end = len(b)
	if n := saslHead + int(binary.BigEndian.Uint32(b)); n < end {
		end = n
	}
	token := b[saslHead:max(saslHead, end)]
	switch {
	case len(token) > gssWrapped && token[0] == 5 && token[1] == 4:
		return unwrapAES(b, token, end)
	case len(token) > 0 && token[0] == gssHead:
		e, ok := ber.Next(token, 0, len(token))
		if !ok {
			break
		}
		mechanism, ok := ber.Next(token, e.Body, e.End)
		inner := mechanism.End
		if !ok || inner+rc4Head > len(token) || token[inner] != 2 || token[inner+1] != 1 {
			break
		}
		at = saslHead + inner + rc4Head
		return at, end, binary.BigEndian.Uint16(token[inner+4:]) == notSealed
	case len(token) > ntlmHead && binary.LittleEndian.Uint32(token) == 1:
		at = saslHead + ntlmHead
		return at, end, begins(b[at:end])
	}
	return saslHead, end, false
}

// unwrapAES reads the token of RFC 4121, 4.2.4: what is signed has its checksum
// behind it, and both are turned to the right by some bytes.
func unwrapAES(b, token []byte, end int) (at, to int, readable bool) {
	const sealedFlag = 2
	at = saslHead + gssWrapped
	size := len(token) - gssWrapped
	if said := int(binary.BigEndian.Uint32(b)) - gssWrapped; size < said { // cut by the capture
		size = said
	}
	sum, turn := int(binary.BigEndian.Uint16(token[4:])), int(binary.BigEndian.Uint16(token[6:]))%size
	switch {
	case token[2]&sealedFlag != 0: // behind what was turned and the confounder
		return min(at+turn+confounder, end), end, false
	case turn > sum || sum > size:
		return at, end, false
	}
	at = min(at+turn, end)
	return at, min(at+size-sum, end), true
}

// begins reports whether b begins a message, as far as it goes.
func begins(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	e, ok := ber.Next(b, 0, len(b))
	if !ok {
		return b[0] == ber.SequenceTag && ber.Size(b) == 0
	}
	if e.Tag != ber.SequenceTag || e.Len < 5 {
		return false
	}
	id, ok := ber.Next(b, e.Body, len(b))
	if !ok {
		return e.Body >= len(b) || b[e.Body] == ber.Integer && e.Body+1 == len(b)
	}
	return id.Tag == ber.Integer && id.Len > 0 && id.Len <= 5 && (id.Cut() || id.End >= len(b) || Names[b[id.End]] != "")
}
