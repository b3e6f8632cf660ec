// Package smtp takes connections of SMTP apart (RFC 5321): commands, replies,
// the lines of an authentication (RFC 4954), and messages by their length.
// Field names are Wireshark's.
package smtp

import (
	"bytes"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/line"
)

// A Kind is what a layer has.
type Kind uint64

const (
	Commands    Kind = iota + 1
	Replies          // lines of the server
	Fragment         // a part of a message
	Message          // the end of a message
	Username         // a line that answers the question for one
	Password         //
	Credentials      // a line with both
)

// What a note says of a layer.
const noteKind = 0

// KindOf is what a layer has, as its note has it.
func KindOf(note *field.Note) Kind { return Kind(note[noteKind]) }

// verbs are the commands that are known (RFC 5321, 4.1; its extensions).
var verbs = func() map[string]string {
	m := map[string]string{}
	for _, v := range []string{"HELO", "EHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT", "AUTH", "STARTTLS", "ETRN", "TURN", "ATRN", "SEND", "SOML", "SAML", "BURL", "LHLO", "XCLIENT", "XFORWARD"} {
		m[v] = v
	}
	return m
}()

// codeLen is the length of the code of a reply (RFC 5321, 4.2).
const codeLen = 3

// code is that of a line of a reply, and whether other lines of the reply follow; not ok for a line that has none.
func code(b []byte) (n int, more, ok bool) {
	if len(b) < codeLen {
		return 0, false, false
	}
	n, ok = line.Number(b[:codeLen])
	if len(b) > codeLen {
		more = b[codeLen] == '-'
		ok = ok && (more || b[codeLen] == ' ')
	}
	return n, more && ok, ok
}

// Code is that of a line of a reply, and how it goes on; first says that the reply begins with it.
type Code struct {
	N           int
	Known       bool // the line has a code
	First, More bool
}

// EachReply yields the lines of a layer of replies: where one begins, its text ends and the next one begins, and its code.
func EachReply(b []byte, yield func(at, end, next int, c Code) bool) {
	first := true
	line.Each(b, func(at, end, next int) bool {
		var c Code
		c.N, c.More, c.Known = code(b[at:end])
		c.First = first
		first = !c.More
		return yield(at, end, next, c)
	})
}

// credentials are where a line of AUTH has them (RFC 4954, 4): behind the mechanism. plain says that they are a name and a password at once.
func credentials(b []byte) (at int, plain, ok bool) {
	for _, m := range []struct {
		begins string
		plain  bool
	}{{"AUTH LOGIN ", false}, {"AUTH PLAIN ", true}} {
		if n := len(m.begins); len(b) > n && bytes.EqualFold(b[:n], []byte(m.begins)) {
			return n, m.plain, true
		}
	}
	return 0, false, false
}

// UserAt is where a command has the name of a user, 0 where it has none.
func UserAt(b []byte) int {
	if at, plain, ok := credentials(b); ok && !plain {
		return at
	}
	return 0
}
