package ldap

import (
	"strings"
	"unicode/utf8"

	"github.com/wiretale/wiretale/proto"
)

// asks reports whether an operation has an answer.
func asks(op byte) bool {
	switch op {
	case BindRequest, SearchRequest, ModifyRequest, AddRequest, DelRequest, ModifyDNRequest, CompareRequest, ExtendedRequest:
		return true
	}
	return false
}

// Codes of results that are no failure of the operation (RFC 4511, 4.1.9 and appendix A).
const (
	success            = 0
	compareFalse       = 5
	compareTrue        = 6
	saslBindInProgress = 14
)

// turns appends the part of a message of n bytes in the conversation. Messages in a row that answer one request are one part.
func turns(all []proto.Turn, m *Message, n int) []proto.Turn {
	t := turn(m, n)
	if i := len(all) - 1; i >= 0 && t.Kind == proto.Answer && all[i].Kind == proto.Answer && all[i].Key == t.Key && all[i].More {
		t.Size = max(0, all[i].Size) + max(0, t.Size)
		all[i] = t
		return all
	}
	return append(all, t)
}

// Datagram pairs searches without a connection with their answers.
var Datagram = proto.Datagram{ID: proto.CLDAP, Turn: func(b []byte, t *proto.Turn) bool {
	var m Message
	var all []proto.Turn
	Messages(b, func(off, n int) bool {
		if m.Decode(b, off, off+n) {
			all = turns(all, &m, n)
		}
		return true
	})
	if len(all) == 0 {
		return false
	}
	*t = all[0]
	return true
}}

// keyed makes a key of the id of a message, which may be 0.
const keyed = 1 << 32

// turn is the part of a message alone.
func turn(m *Message, n int) proto.Turn {
	t := proto.Turn{Kind: proto.Tell, Key: keyed | uint64(m.ID), Command: Names[m.Op], Offset: -1, Size: -1}
	switch {
	case asks(m.Op):
		t.Kind, t.Name = proto.Ask, nameOf(m)
		if m.Op == BindRequest && m.Empty {
			t.Terms = noPassword
		}
	case m.ID == 0: // an unsolicited notification (RFC 4511, 4.4)
	case m.Op == SearchResultEntry || m.Op == SearchResultReference || m.Op == IntermediateResponse:
		t.Kind, t.Command, t.More, t.Size = proto.Answer, "", true, int64(n)
	case m.Done:
		t.Kind, t.Command = proto.Answer, ""
	}
	if m.Done {
		t.Code, t.Status = m.Result, resultName(m.Result)
		switch m.Result {
		case success, compareFalse, compareTrue, saslBindInProgress:
		default:
			t.Failed, t.Text = true, shortened(m.Error)
		}
	}
	return t
}

func resultName(code uint32) string {
	if name := Results[uint64(code)]; name != "" {
		return name
	}
	return "unknown"
}

// PasswordTerm is the length of the password of a bind; only a bind with an empty one has it (RFC 4513, 5.1.1 and 5.1.2).
const PasswordTerm = "ldap.simple"

var noPassword = []proto.Term{{Name: PasswordTerm}}

// nameOf is the name of the entry that a message is about. A bind by NTLM has no entry, but the name of a user.
func nameOf(m *Message) string {
	if m.Op == BindRequest && len(m.Name) == 0 {
		return ntlmUser(m.Credentials)
	}
	return shortened(m.Name)
}

// maxText bounds the name of an entry and what a server says, in bytes.
const maxText = 512

// shortened is a text without the zero that Windows puts behind it.
func shortened(b []byte) string {
	whole := b
	if len(b) > maxText {
		b = b[:maxText]
		for len(b) > 0 && !utf8.RuneStart(whole[len(b)]) {
			b = b[:len(b)-1]
		}
	}
	return strings.TrimRight(strings.ToValidUTF8(string(b), "\uFFFD"), "\x00")
}
