package smb2

import (
	"crypto/cipher"
	"encoding/binary"
)

// Closed is why an encrypted message was not decrypted. [Channel.Open] never gives text that does not authenticate.
type Closed uint8

const (
	NotClosed     Closed = iota
	NoSecrets            // nobody gave any
	NoKey                // none of the session
	NoNegotiation        // the key of the session is not enough: dialect 3.1.1 needs the messages of the negotiation
	NoSetup              // and those of the session's set-up
	OtherChannel         // which came over another connection: the session was only bound to this one
	WrongTag             // the message is not what the key says that it is
	CutShort             // not all of it was captured, or it is longer than what is kept
	NotAMessage          // its header contradicts itself
	NoRoom               // too much is open
	UnknownCipher        // the server chose a cipher that does not exist
	BadKey               // a key that was given has a length that no cipher has
)

var closedTexts = [...]string{
	NoSecrets: "no key was given", NoKey: "no key was given for this session",
	NoNegotiation: "the negotiation was not captured whole, and the keys of SMB 3.1.1 are derived from it",
	NoSetup:       "the set-up of the session was not captured whole, and the keys of SMB 3.1.1 are derived from it",
	OtherChannel:  "the session was set up over another connection, and its keys are derived from that",
	WrongTag:      "the tag is wrong: another key, or a damaged message", CutShort: "not all of the message was captured, or it is longer than what is kept",
	NotAMessage: "the transform header contradicts itself", NoRoom: "too much is open", UnknownCipher: "the cipher is unknown",
	BadKey: "the key has a length that no cipher has",
}

func (c Closed) String() string {
	if int(c) < len(closedTexts) {
		return closedTexts[c]
	}
	return ""
}

// keys are those of a session.
type keys struct {
	setup
	set     bool // authenticated
	tried   []pair
	guessed bool // tried is that of dialect 3.0: the negotiation is not known
	settled bool // tried has the one that a message authenticated with
	why     Closed

	signature signature // nil when it is not known
	asked     bool      // whether it is
}

// A pair is the ciphers of both directions.
type pair struct{ requests, answers cipher.AEAD }

// derive finds the ciphers that messages of a session may be encrypted with. Keys of
// the directions go before the session's; id is that of the session as it is on the wire.
func (c *Channel) derive(k *keys, id []byte) Closed {
	requests, answers := c.secrets.Secret(SecretRequests, id), c.secrets.Secret(SecretAnswers, id)
	if requests != nil || answers != nil {
		for _, suite := range c.suites(max(len(requests), len(answers))) {
			k.try(suite, requests, answers)
		}
		if len(k.tried) == 0 {
			return BadKey
		}
		return NotClosed
	}
	session := c.secrets.Secret(SecretSession, id)
	switch {
	case session == nil:
		return NoKey
	case c.dialect < dialect311:
		k.guessed = c.dialect == 0
		key := short(session)
		k.try(AES128CCM, forRequests.key(key, 16, dialect300, nil), forAnswers.key(key, 16, dialect300, nil))
	case k.binding:
		return OtherChannel
	case !c.hashed:
		return NoNegotiation
	case !k.hashed || !k.set:
		return NoSetup
	default:
		for _, id := range c.suites(16) {
			n, key := ciphers[id].key, session
			if n == 16 {
				key = short(session)
			}
			k.try(id, forRequests.key(key, n, dialect311, &k.hash), forAnswers.key(key, n, dialect311, &k.hash))
		}
	}
	if len(k.tried) == 0 {
		return UnknownCipher
	}
	return NotClosed
}

// suites are the ciphers that may be meant: the one that was negotiated, else those for keys of a length.
func (c *Channel) suites(length int) []uint16 {
	switch {
	case c.dialect != 0 && c.dialect < dialect311:
		return []uint16{AES128CCM}
	case c.cipher != 0 && ciphers[c.cipher].key == 0:
		return nil
	case c.cipher != 0:
		return []uint16{c.cipher}
	}
	return withKeyOf(length)
}

// try adds a cipher with keys; one of them may be missing.
func (k *keys) try(suite uint16, requests, answers []byte) {
	p := pair{newAEAD(suite, requests), newAEAD(suite, answers)}
	if p.requests != nil || p.answers != nil {
		k.tried = append(k.tried, p)
	}
}

// A TransformHeader is what an encrypted message begins with ([MS-SMB2] 2.2.41).
type TransformHeader struct {
	Size    uint32 // of the message when decrypted, in bytes
	Flags   uint16 // 1, or the cipher of dialects 3.0 and 3.0.2, which is 1 too
	Session uint64
}

// Decode reads the header that b begins with, and reports whether there is a whole one.
func (h *TransformHeader) Decode(b []byte) bool {
	if len(b) < TransformLen || KindOf(b) != Encrypted {
		return false
	}
	le := binary.LittleEndian
	h.Size, h.Flags, h.Session = le.Uint32(b[36:]), le.Uint16(b[42:]), le.Uint64(b[44:])
	return true
}

// Places in a transform header.
const (
	signatureAt = 4
	nonceAt     = 20 // and what is authenticated besides the message
	sessionAt   = 44
)

// Open decrypts the message b, which one side sent: dir 0 is who opened the
// connection, or spoke first. wire is its length on the wire. room gives
// memory of a size, or nil. Steps of [MS-SMB2] 3.2.5.1.1.1:
// (1) the keys of the session in the header, as they were given or derived
// (2) the nonce and the header behind it authenticate with the text; the signature is the tag
func (c *Channel) Open(dir int, b []byte, wire int, room func(n int) []byte) ([]byte, Closed) {
	var h TransformHeader
	switch {
	case !h.Decode(b):
		return nil, CutShort
	case c.secrets == nil:
		return nil, NoSecrets
	case len(b) < wire:
		return nil, CutShort
	case int64(h.Size) > int64(len(b)-TransformLen) || h.Size == 0:
		return nil, NotAMessage
	case h.Size > MaxOpened:
		return nil, CutShort
	}
	k, why := c.keysOf(h.Session, b[sessionAt:sessionAt+8])
	if why != NotClosed {
		return nil, why
	}
	out := room(int(h.Size) + tagLen)
	if out == nil {
		return nil, NoRoom
	}
	return c.open(k, dir, b[:TransformLen+int(h.Size)], out)
}

// keysOf are the keys of a session; id is that of the session as it is on the wire. Sessions that have none are not kept: anybody can make them up.
func (c *Channel) keysOf(session uint64, id []byte) (*keys, Closed) {
	k := c.sessions[session]
	switch {
	case k == nil:
		k = &keys{}
		if why := c.derive(k, id); why != NotClosed {
			return nil, why
		}
		c.keep(session, k)
	case k.tried == nil && k.why == NotClosed:
		k.why = c.derive(k, id)
	}
	return k, k.why
}

// open tries the ciphers that may be meant. Who is the client is not known
// where the capture began in the middle: then the keys of both directions are tried.
func (c *Channel) open(k *keys, dir int, b, out []byte) ([]byte, Closed) {
	for _, turned := range [2]bool{c.turned, !c.turned} {
		for i, p := range k.tried {
			aead := p.requests
			if (dir == 1) != turned {
				aead = p.answers
			}
			if text, ok := decrypt(aead, b, out); ok {
				k.tried, k.settled, c.turned = k.tried[i:i+1], true, turned
				return text, NotClosed
			}
		}
		if k.settled {
			return nil, WrongTag
		}
	}
	if k.guessed {
		return nil, NoNegotiation
	}
	return nil, WrongTag
}

// decrypt is one message with one cipher; out has room for it and the tag.
func decrypt(aead cipher.AEAD, b, out []byte) ([]byte, bool) {
	if aead == nil {
		return nil, false
	}
	n := copy(out, b[TransformLen:])
	n += copy(out[n:], b[signatureAt:signatureAt+tagLen])
	text, err := aead.Open(out[:0], b[nonceAt:nonceAt+aead.NonceSize()], out[:n], b[nonceAt:TransformLen])
	return text, err == nil
}
