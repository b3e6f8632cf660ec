package kerberos

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/ber"
	"github.com/wiretale/wiretale/proto"
)

// Port is that of the key distribution centre over UDP and TCP.
const Port = 88

// Stream finds messages in connections of TCP.
var Stream = proto.Stream{ID: proto.KerberosStream, Ports: []uint16{Port}, New: func() proto.Session { return session{} }}

// Datagram pairs requests over UDP with their replies. A client asks one question at a time from a port: what it sends before a reply comes is the same question again.
var Datagram = proto.Datagram{ID: proto.Kerberos, Turn: func(b []byte, t *proto.Turn) bool {
	var m Message
	if !m.Decode(b) {
		return false
	}
	*t = turn(&m, len(b))
	t.Key = 1
	return true
}}

// maxRecord is the longest message that is one: a ticket has at most some ten thousand bytes.
const maxRecord = 1 << 20

// A session needs nothing of the messages before.
type session struct{}

// Extent is one message with its record mark.
func (session) Extent(p *proto.Piece) proto.Extent {
	b := p.Data
	switch {
	case len(b) == 0 && p.Len > 0: // not captured
		return proto.NotThis
	case len(b) < MarkLen && len(b) < p.Len:
		return proto.Extent(p.Len)
	case len(b) < MarkLen:
		return proto.More
	}
	n := binary.BigEndian.Uint32(b)
	if n == 0 || n > maxRecord || len(b) > MarkLen && !Is(b[MarkLen:]) && Names[b[MarkLen]] == "" {
		return proto.NotThis
	}
	return proto.Extent(MarkLen + n)
}

func (session) Unit(u *proto.Unit) {
	u.Layers = append(u.Layers, proto.UnitLayer{ID: proto.KerberosStream, Len: u.Len})
	var m Message
	if len(u.Data) > MarkLen && m.Decode(u.Data[MarkLen:]) {
		u.Turns = append(u.Turns, turn(&m, u.Len-MarkLen))
	}
}

// Codes of errors that are no failure: the client asks again with what the error asks for (RFC 4120, 3.1.1 and 7.2.1; RFC 6113, 5.2).
const (
	preAuthRequired = 25
	ResponseTooBig  = 52
	moreRequired    = 91
)

// skewed is the code of an error about clocks, which differ by too much (RFC 4120, 7.5.9).
const skewed = 37

// turn is the part of a message of n bytes in the conversation. Replies come in the order of the requests.
func turn(m *Message, n int) proto.Turn {
	t := proto.Turn{Kind: proto.Tell, Command: Names[m.Kind], Offset: -1, Size: -1}
	switch m.Kind {
	case ASRequest, TGSRequest, APRequest:
		t.Kind, t.Name, t.Who, t.Terms = proto.Ask, m.Principal(), joined(m.Client), kinds(m.Kinds)
	case ASReply, TGSReply, APReply:
		t.Kind, t.Command, t.Status, t.Size = proto.Answer, "", Names[m.Kind], int64(n)
	case Error:
		t.Kind, t.Command, t.Status, t.Code = proto.Answer, "", ErrorName(m.Code), uint32(m.Code)
		if t.Status == "" {
			t.Status = "error " + strconv.Itoa(int(m.Code))
		}
		t.Failed = m.Code != preAuthRequired && m.Code != ResponseTooBig && m.Code != moreRequired
		if t.Failed {
			t.Text = strings.TrimRight(strings.ToValidUTF8(string(m.Said[:min(len(m.Said), maxName)]), "\uFFFD"), "\x00")
		}
		if m.Code == skewed {
			t.Terms = m.times()
		}
	}
	return t
}

// Names of the terms of a request, and of an error about clocks.
const (
	KindTerm       = "kerberos.ENCTYPE" // an encryption type that the request offers, as 32 bits
	ClientTimeTerm = "kerberos.ctime"   // seconds since 1970
	ServerTimeTerm = "kerberos.stime"
)

// maxKinds bounds the encryption types of a request.
const maxKinds = 16

func kinds(list []byte) (out []proto.Term) {
	for at := 0; len(out) < maxKinds; {
		e, ok := ber.Next(list, at, len(list))
		if !ok || e.Cut() {
			break
		}
		out = append(out, proto.Term{Name: KindTerm, Value: ber.Uint(list[e.Body:e.End])})
		at = e.End
	}
	return out
}

// times are the terms of an error about clocks.
func (m *Message) times() (out []proto.Term) {
	for _, t := range [...]proto.Term{{Name: ClientTimeTerm, Value: uint64(m.ClientTime)}, {Name: ServerTimeTerm, Value: uint64(m.ServerTime)}} {
		if t.Value != 0 {
			out = append(out, t)
		}
	}
	return out
}

var errorNames = proto.Names("kerberos.error")

// ErrorName is the name of the code of an error, "" for one without.
func ErrorName(code int32) string { return errorNames[uint64(code)] }

// maxName bounds the name of a service in bytes.
const maxName = 256

// Principal is the name of the service: its parts with a slash between, and its realm.
func (m *Message) Principal() string {
	name := joined(m.Service)
	if name != "" && len(m.Realm) > 0 {
		name += "@" + strings.ToValidUTF8(string(m.Realm[:min(len(m.Realm), maxName)]), "\uFFFD")
	}
	return strings.ToValidUTF8(name[:min(len(name), maxName)], "\uFFFD")
}

// joined are the parts of a name with a slash between.
func joined(parts []byte) string {
	var name []byte
	for at := 0; len(name) < maxName; {
		part, ok := ber.Next(parts, at, len(parts))
		if !ok || part.Cut() {
			break
		}
		if at > 0 {
			name = append(name, '/')
		}
		name = append(name, parts[part.Body:part.End]...)
		at = part.End
	}
	return strings.ToValidUTF8(string(name[:min(len(name), maxName)]), "\uFFFD")
}
