package smb2

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
)

// Algorithms of the context of signing ([MS-SMB2] 2.2.3.1.7). Dialects before 3.0 have the first, those before 3.1.1 the second.
const (
	signedByHMAC = 0
	signedByCMAC = 1
	signedByGMAC = 2
)

// A Verdict is on the signature of a message.
type Verdict uint8

const (
	Unverified     Verdict = iota // not signed, or the key is not known
	GoodSignature                 //
	WrongSignature                // another key, or the message was changed
)

// A signature is the way in which messages of a session are signed, with its key.
type signature func(m *Message, room func(n int) []byte) (sum [sigLen]byte, ok bool)

const (
	sigAt  = 48 // in the header
	sigLen = 16
)

// Verify is the verdict on the signature of a message of which all is there ([MS-SMB2] 3.1.5.1). Messages come in the order in which they were sent. room gives memory of a size, or nil.
func (c *Channel) Verify(m *Message, room func(n int) []byte) Verdict {
	session := m.Session
	if m.Flags&Related != 0 && session == sameSession {
		session = c.last
	}
	c.last = session
	if c.secrets == nil || m.Flags&Signed == 0 || m.ID == ^uint64(0) || c.dialect == 0 {
		return Unverified
	}
	k := c.sessions[session]
	if k == nil { // set up before the capture began
		k = &keys{}
	}
	if !k.asked && (k.set || c.dialect < dialect311) {
		k.asked, k.signature = true, c.signer(k, binary.LittleEndian.AppendUint64(nil, session))
	}
	if k.signature == nil {
		return Unverified
	}
	if c.sessions[session] == nil { // others are not kept: anybody can make them up
		c.keep(session, k)
	}
	sum, ok := k.signature(m, room)
	switch {
	case !ok:
		return Unverified
	case subtle.ConstantTimeCompare(sum[:], m.Bytes[sigAt:sigAt+sigLen]) != 1:
		return WrongSignature
	}
	return GoodSignature
}

// signer is how messages of a session are signed; nil when its key is not known. A binding has a key of its own, which nobody gives.
func (c *Channel) signer(k *keys, id []byte) signature {
	session := c.secrets.Secret(SecretSession, id)
	if session == nil || k.binding || c.dialect >= dialect311 && !k.hashed {
		return nil
	}
	key := short(session)
	if c.dialect < dialect300 {
		return byHMAC(key)
	}
	key = forSigning.key(key, 16, c.dialect, &k.hash)
	block, err := aes.NewCipher(key)
	switch {
	case err != nil:
		return nil
	case c.dialect < dialect311 || c.signing == signedByCMAC:
		return byCMAC(block)
	case c.signing == signedByGMAC:
		return byGMAC(block)
	case c.signing == signedByHMAC:
		return byHMAC(key)
	}
	return nil
}

// unsigned are zeros in the place of the signature.
var unsigned [sigLen]byte

func byHMAC(key []byte) signature {
	mac := hmac.New(sha256.New, key)
	return func(m *Message, _ func(n int) []byte) (sum [sigLen]byte, ok bool) {
		mac.Reset()
		mac.Write(m.Bytes[:sigAt])
		mac.Write(unsigned[:])
		mac.Write(m.Bytes[sigAt+sigLen:])
		return [sigLen]byte(mac.Sum(nil)), true
	}
}

// byGMAC is AES-GCM of nothing, with the message besides (NIST SP 800-38D). The nonce is the message's id, who sends it, and whether it cancels.
func byGMAC(block cipher.Block) signature {
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil
	}
	return func(m *Message, room func(n int) []byte) (sum [sigLen]byte, ok bool) {
		b := room(len(m.Bytes))
		if b == nil {
			return sum, false
		}
		copy(b, m.Bytes)
		clear(b[sigAt : sigAt+sigLen])
		var nonce [12]byte
		le := binary.LittleEndian
		le.PutUint64(nonce[:], m.ID)
		const server, cancels = 1, 2
		if m.Response() {
			nonce[8] |= server
		}
		if m.Command == Cancel {
			nonce[8] |= cancels
		}
		gcm.Seal(sum[:0], nonce[:], nil, b)
		return sum, true
	}
}

// byCMAC is AES-CMAC (RFC 4493, 2.4).
func byCMAC(block cipher.Block) signature {
	first, second := subkeys(block)
	return func(m *Message, _ func(n int) []byte) (sum [sigLen]byte, ok bool) {
		mix := func(b []byte) { subtle.XORBytes(sum[:], sum[:], b[:aes.BlockSize]) }
		b := m.Bytes
		for at := 0; at < len(b); at += aes.BlockSize {
			switch rest := b[at:]; {
			case at == sigAt && len(rest) > sigLen:
			case len(rest) > aes.BlockSize:
				mix(rest)
			default:
				var last [aes.BlockSize]byte
				pad := &first
				if n := copy(last[:], rest); n < len(last) {
					last[n], pad = 0x80, &second
				}
				if at == sigAt { // a header alone
					last = [aes.BlockSize]byte{}
				}
				mix(last[:])
				mix(pad[:])
			}
			block.Encrypt(sum[:], sum[:])
		}
		return sum, true
	}
}

// subkeys are those of CMAC for a last block that is whole, and for one that is filled up (RFC 4493, 2.3).
func subkeys(block cipher.Block) (whole, filled [aes.BlockSize]byte) {
	var zero [aes.BlockSize]byte
	block.Encrypt(whole[:], zero[:])
	whole = doubled(whole)
	return whole, doubled(whole)
}

// doubled is twice a number in the field of CMAC.
func doubled(b [aes.BlockSize]byte) (out [aes.BlockSize]byte) {
	be := binary.BigEndian
	high, low := be.Uint64(b[:]), be.Uint64(b[8:])
	be.PutUint64(out[:], high<<1|low>>63)
	be.PutUint64(out[8:], low<<1^high>>63*0x87)
	return out
}

// signedShift is where the first number of a note has the verdict on the signature.
const signedShift = 60

// Noted puts the verdict into the note of the message's layer.
func (v Verdict) Noted(n *field.Note) { n[0] |= uint64(v) << signedShift }

// VerdictOf is the verdict in the note of a message's layer.
func VerdictOf(n *field.Note) Verdict { return Verdict(n[0] >> signedShift) }

var signatureFields = []field.Field{{
	Name: "smb3.signature.verified", Title: "Signature verified", Type: field.Bool, Derived: "from the session's key",
	Noted: func(b []byte, n *field.Note, yield func(field.Span, field.Value) bool) {
		if v := VerdictOf(n); v != Unverified && len(b) >= HeaderLen {
			good := uint64(0)
			if v == GoodSignature {
				good = 1
			}
			yield(field.Span{}, field.Value{Type: field.Bool, U: good})
		}
	},
}}
