package scrub

import (
	"bytes"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto/imap"
)

// imap keeps the lines between literals; literals are content of messages, or what logs in.
func (s *Scrubber) imap(in, out []byte, note *field.Note) {
	last := 0
	literal := func(to int) {
		if last < to {
			each(in[last:to], out[last:to], func(text, to []byte, _ bool) { content(text, to) })
		}
	}
	imap.Each(in, note, func(at, end, next int, fresh bool) bool {
		literal(at)
		last = next
		copy(out[end:next], in[end:next])
		text, to := in[at:end], out[at:end]
		if from := announced(text); from < len(text) { // the length of a literal
			copy(to[from:], text[from:])
			text, to = text[:from], to[:from]
		}
		switch {
		case !fresh:
			punctuation(text, to)
		case imap.FromServer(note):
			s.imapResponse(text, to)
		default:
			s.imapCommand(text, to)
		}
		return true
	})
	literal(len(in))
}

// announced is where the length of a literal begins at the end of a line, the length of the line where there is none.
func announced(b []byte) int {
	from := bytes.LastIndexByte(b, '{')
	if from < 0 || b[len(b)-1] != '}' || len(b)-from > 14 || len(bytes.Trim(b[from+1:len(b)-1], "0123456789+")) > 0 {
		return len(b)
	}
	return from
}

// punctuation keeps what stands around words: the rest of a line behind a literal.
func punctuation(in, out []byte) {
	for i, c := range in {
		if out[i] = 'x'; strings.IndexByte("() ", c) >= 0 {
			out[i] = c
		}
	}
}

// imapCommand is a line of a client: the tag is replaced, as that of the response is.
func (s *Scrubber) imapCommand(in, out []byte) {
	_, tag := line.Token(in, 0)
	rest, to := in[tag:], out[tag:]
	n := term(rest, to, imapCommands)
	verb := strings.ToUpper(string(bytes.TrimSpace(rest[:n])))
	if verb == "UID" {
		more := term(rest[n:], to[n:], imapCommands)
		verb, n = strings.ToUpper(string(bytes.TrimSpace(rest[n:n+more]))), n+more
	}
	if n == 0 {
		if term(in, out, imapCommands) != len(in) { // DONE, which has no tag; else what logs in
			fill(out, 'x')
		}
		return
	}
	s.secret.words(out[:tag], in[:tag])
	rest, to = rest[n:], to[n:]
	switch verb {
	case "LOGIN":
		punctuation(rest, to)
	case "AUTHENTICATE":
		n := term(rest, to, mechanisms)
		punctuation(rest[n:], to[n:])
	case "FETCH", "STORE", "STATUS", "SEARCH", "COPY", "MOVE", "SORT":
		s.items(rest, to)
	default:
		s.secret.words(to, rest)
	}
}

// imapResponse is a line of a server.
func (s *Scrubber) imapResponse(in, out []byte) {
	end, next := line.Token(in, 0)
	switch string(in[:end]) {
	case "*":
		copy(out, in[:next])
	case "+": // what a login is asked for
		copy(out, in[:next])
		punctuation(in[next:], out[next:])
		return
	default:
		s.secret.words(out[:next], in[:next])
	}
	in, out = in[next:], out[next:]
	if end, next := line.Token(in, 0); end > 0 && end < 10 && len(bytes.Trim(in[:end], "0123456789")) == 0 {
		copy(out, in[:next])
		in, out = in[next:], out[next:]
	}
	n := term(in, out, imapStates)
	switch strings.ToUpper(string(bytes.TrimSpace(in[:n]))) {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		if in, out := in[n:], out[n:]; bytes.HasPrefix(in, []byte{'['}) {
			to := bytes.IndexByte(in, ']') + 1
			s.items(in[:to], out[:to])
			s.secret.words(out[to:], in[to:])
			return
		}
		s.secret.words(out[n:], in[n:])
	case "":
		s.secret.words(out, in)
	default:
		s.items(in[n:], out[n:])
	}
}

// items keeps the items of messages, flags and numbers outside of quotes; other words are replaced.
func (s *Scrubber) items(in, out []byte) {
	copy(out, in)
	quoted := false
	for at := 0; at < len(in); {
		n := bytes.IndexAny(in[at:], separators)
		if n < 0 {
			n = len(in) - at
		}
		word := in[at : at+n]
		number := n < 10 && len(bytes.Trim(word, "0123456789")) == 0 && !(at > 0 && in[at-1] == '.') && !(at+n < len(in) && in[at+n] == '.')
		if quoted || !number && !imapItems[strings.ToUpper(string(word))] {
			copy(out[at:], s.secret.label(string(word)))
		}
		if at += n; at < len(in) && in[at] == '"' {
			quoted = !quoted
		}
		at++
	}
}
