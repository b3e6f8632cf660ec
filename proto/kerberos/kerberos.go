// Package kerberos decodes messages of Kerberos 5 (RFC 4120) with the key
// distribution centre, in datagrams and, behind four bytes of length, in
// connections of TCP (RFC 4120, 7.2.2). What is encrypted stays bytes.
package kerberos

import (
	"encoding/binary"
	"time"

	"github.com/wiretale/wiretale/internal/ber"
)

// Identifier octets of messages (RFC 4120, 5.10).
const (
	ASRequest  = 0x6a
	ASReply    = 0x6b
	TGSRequest = 0x6c
	TGSReply   = 0x6d
	APRequest  = 0x6e
	APReply    = 0x6f
	Safe       = 0x74
	Private    = 0x75
	Credential = 0x76
	Error      = 0x7e
)

// Names are those of the messages in the RFC.
var Names = map[byte]string{
	ASRequest: "AS-REQ", ASReply: "AS-REP", TGSRequest: "TGS-REQ", TGSReply: "TGS-REP", APRequest: "AP-REQ", APReply: "AP-REP",
	Safe: "KRB-SAFE", Private: "KRB-PRIV", Credential: "KRB-CRED", Error: "KRB-ERROR",
}

// MarkLen is the length in bytes of the record mark before a message in a stream.
const MarkLen = 4

// A Message is what a message is about. Slices alias what Decode got.
type Message struct {
	Kind byte // its identifier octet
	// Service is the sequence of the parts of the name of the service that a request or an error is about, each an element; nil without one.
	Service []byte
	Realm   []byte // of the service
	// Client is the same as Service of the account that a request to authenticate is for; nil without one.
	Client []byte
	// Kinds are the encryption types that a request offers, each an element.
	Kinds []byte
	// ClientTime and ServerTime are those of an error, in seconds since 1970; 0 without one. Said is what it says for people to read.
	ClientTime, ServerTime int64
	Said                   []byte
	// Code is that of an error. Status is the code of Windows beside it, 0 without one ([MS-KILE] 2.2.2).
	Code   int32
	Status uint32
}

// Is reports whether b looks like a message: its tag, and a length that is one.
func Is(b []byte) bool {
	e, ok := ber.Next(b, 0, len(b))
	if !ok || Names[e.Tag] == "" {
		return false
	}
	inner, ok := ber.Next(b, e.Body, len(b))
	return !ok && e.Body >= len(b) || ok && inner.Tag == ber.SequenceTag && inner.End-e.Body <= e.Len
}

// Decode reads the message b. It reports whether there is one; what the capture cut off is left out.
func (m *Message) Decode(b []byte) bool {
	e, ok := ber.Next(b, 0, len(b))
	if !ok || Names[e.Tag] == "" {
		return false
	}
	*m = Message{Kind: e.Tag}
	body, ok := ber.Next(b, e.Body, e.End)
	if !ok {
		return true
	}
	switch m.Kind {
	case ASRequest, TGSRequest:
		if body, ok = inside(b, &body, 4); ok {
			m.name(b, &body, 2, 3)
			m.Client = parts(b, &body, 1)
			if kinds, ok := inside(b, &body, 8); ok && !kinds.Cut() {
				m.Kinds = b[kinds.Body:kinds.End]
			}
		}
	case ASReply, TGSReply:
		if ticket, ok := inside(b, &body, 5); ok {
			if body, ok = ber.Next(b, ticket.Body, ticket.End); ok {
				m.name(b, &body, 1, 2)
			}
		}
	case Error:
		m.name(b, &body, 9, 10)
		if code, ok := inside(b, &body, 6); ok && !code.Cut() {
			m.Code = int32(ber.Uint(b[code.Body:code.End]))
		}
		m.ClientTime, m.ServerTime = seconds(b, &body, 2), seconds(b, &body, 4)
		if said, ok := inside(b, &body, 11); ok && !said.Cut() {
			m.Said = b[said.Body:said.End]
		}
		if data, ok := inside(b, &body, 12); ok && !data.Cut() {
			m.Status = status(b, &data)
		}
	}
	return true
}

// inside is what the member with a tag holds.
func inside(b []byte, sequence *ber.Element, tag byte) (ber.Element, bool) {
	e, ok := ber.Find(b, sequence, ber.Context(tag, true))
	if !ok {
		return e, false
	}
	return ber.Next(b, e.Body, e.End)
}

// name reads the realm and the name of the service in a sequence.
func (m *Message) name(b []byte, sequence *ber.Element, realm, service byte) {
	if r, ok := inside(b, sequence, realm); ok && !r.Cut() {
		m.Realm = b[r.Body:r.End]
	}
	m.Service = parts(b, sequence, service)
}

// parts are those of the name in a member, nil without one (RFC 4120, 5.2.2).
func parts(b []byte, sequence *ber.Element, tag byte) []byte {
	if name, ok := inside(b, sequence, tag); ok {
		if list, ok := inside(b, &name, 1); ok && !list.Cut() {
			return b[list.Body:list.End]
		}
	}
	return nil
}

// seconds is the time in a member in seconds since 1970, 0 without one (RFC 4120, 5.2.3: "20210622092740Z").
func seconds(b []byte, sequence *ber.Element, tag byte) int64 {
	e, ok := inside(b, sequence, tag)
	const form = "20060102150405Z"
	if !ok || e.Cut() || e.Len != len(form) {
		return 0
	}
	t, err := time.Parse(form, string(b[e.Body:e.End]))
	if err != nil {
		return 0
	}
	return t.Unix()
}

// status is the code of Windows in the data of an error: an element of pre-authentication data that calls itself a salt.
func status(b []byte, data *ber.Element) uint32 {
	pa, ok := ber.Next(b, data.Body, data.End)
	if !ok {
		return 0
	}
	kind, ok := inside(b, &pa, 1)
	value, there := inside(b, &pa, 2)
	if !ok || !there || kind.Cut() || value.Cut() || ber.Uint(b[kind.Body:kind.End]) != paPasswordSalt || value.Len != extendedLen {
		return 0
	}
	return binary.LittleEndian.Uint32(b[value.Body:])
}

// extendedLen is the length of KERB_EXT_ERROR: status, reserved, flags ([MS-KILE] 2.2.2).
const extendedLen = 12
