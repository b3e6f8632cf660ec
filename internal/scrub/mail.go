package scrub

import (
	"bytes"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/pop"
	"github.com/wiretale/wiretale/proto/smtp"
)

// mail keeps the shape of lines of SMTP, POP and IMAP: commands, codes, terms of the protocol where only they can stand, lengths. Names and addresses are
// replaced. What follows a command that logs in, and the content of messages, become x.
func (s *Scrubber) mail(id proto.ID, in, out []byte, note *field.Note) {
	switch id {
	case proto.IMAP:
		s.imap(in, out, note)
	case proto.SMTP:
		each(in, out, func(text, to []byte, _ bool) { s.smtp(smtp.KindOf(note), text, to) })
	case proto.POP:
		each(in, out, func(text, to []byte, first bool) { s.pop(pop.KindOf(note), first, text, to) })
	}
	s.counts["lines of mail"]++
}

// each yields the lines without their ends, which stay.
func each(in, out []byte, do func(text, to []byte, first bool)) {
	line.Each(in, func(at, end, next int) bool {
		if next == 0 {
			next = len(in)
		}
		copy(out[end:next], in[end:next])
		do(in[at:end], out[at:end], at == 0)
		return true
	})
}

// term keeps the word at the beginning if it is one of a list, and returns where the next one begins; 0 for another word.
func term(in, out []byte, list map[string]bool) int {
	end, next := line.Token(in, 0)
	if !list[strings.ToUpper(string(in[:end]))] {
		return 0
	}
	return copy(out, in[:next])
}

func (s *Scrubber) smtp(kind smtp.Kind, in, out []byte) {
	switch kind {
	case smtp.Commands:
		s.command(in, out)
	case smtp.Replies:
		s.reply(in, out)
	case smtp.Fragment, smtp.Message:
		content(in, out)
	default:
		fill(out, 'x')
	}
}

// command is a line of a client of SMTP or POP.
func (s *Scrubber) command(in, out []byte) {
	n := term(in, out, mailCommands)
	verb := strings.ToUpper(string(bytes.TrimSpace(in[:n])))
	rest, to := in[n:], out[n:]
	switch verb {
	case "", "PASS", "APOP":
		fill(to, 'x')
	case "AUTH":
		fill(to[term(rest, to, mechanisms):], 'x')
	case "BDAT", "LIST", "RETR", "DELE", "TOP", "UIDL":
		s.numbers(rest, to)
	case "MAIL", "RCPT":
		at := bytes.IndexByte(rest, ':') + 1
		copy(to, rest[:at])
		if word := strings.ToUpper(string(bytes.TrimSpace(rest[:at]))); word != "FROM:" && word != "TO:" {
			fill(to, 'x')
			return
		}
		end := at + bytes.IndexByte(rest[at:], '>') + 1
		if end == at {
			end = len(rest)
		}
		s.secret.words(to[at:end], rest[at:end])
		s.parameters(rest[end:], to[end:])
	default:
		s.secret.words(to, rest)
	}
}

// parameters of an address: names that are known stay, and the sizes.
func (s *Scrubber) parameters(in, out []byte) {
	at := 0
	for part := range bytes.SplitSeq(in, []byte{' '}) {
		to := out[at : at+len(part)]
		if at += len(part); at < len(in) {
			out[at] = ' '
			at++
		}
		name, value, _ := bytes.Cut(part, []byte{'='})
		fill(to, 'x')
		switch upper := strings.ToUpper(string(name)); {
		case upper == "SIZE" && len(bytes.Trim(value, "0123456789")) == 0, upper == "BODY" && capabilities[strings.ToUpper(string(value))]:
			copy(to, part)
		case capabilities[upper]:
			if copy(to, name); len(value) > 0 {
				to[len(name)] = '='
			}
		}
	}
}

// reply is a line of a server of SMTP: its code stays, what it is able to do, and the code of RFC 3463.
func (s *Scrubber) reply(in, out []byte) {
	const code = 4
	if len(in) < code || len(bytes.Trim(in[:code-1], "0123456789")) > 0 || in[code-1] != ' ' && in[code-1] != '-' {
		if len(in) == code-1 && len(bytes.Trim(in, "0123456789")) == 0 {
			copy(out, in)
			return
		}
		fill(out, 'x')
		return
	}
	copy(out, in[:code])
	rest, to := in[code:], out[code:]
	switch in[0] {
	case '3': // what a login is asked for
		fill(to, 'x')
		return
	case '2':
		if n := term(rest, to, capabilities); n > 0 {
			s.able(rest[n:], to[n:])
			return
		}
	}
	end, next := line.Token(rest, 0)
	if status := rest[:end]; len(status) == 5 && status[1] == '.' && status[3] == '.' && len(bytes.Trim(status, "0123456789.")) == 0 {
		copy(to, rest[:next])
		rest, to = rest[next:], to[next:]
	}
	s.secret.words(to, rest)
}

// able are the words behind a capability: mechanisms and sizes.
func (s *Scrubber) able(in, out []byte) {
	for len(in) > 0 {
		n := term(in, out, mechanisms)
		if n == 0 {
			end, next := line.Token(in, 0)
			s.numbers(in[:end], out[:end])
			copy(out[end:next], in[end:next])
			n = next
		}
		if n == 0 {
			return
		}
		in, out = in[n:], out[n:]
	}
}

// numbers keeps a text of nothing but numbers of up to nine digits, and the word LAST; of another one the words are replaced.
func (s *Scrubber) numbers(in, out []byte) {
	for word := range bytes.FieldsSeq(in) {
		if len(word) > 9 || len(bytes.Trim(word, "0123456789")) > 0 && !bytes.EqualFold(word, []byte("LAST")) {
			s.secret.words(out, in)
			return
		}
	}
	copy(out, in)
}

func (s *Scrubber) pop(kind pop.Kind, first bool, in, out []byte) {
	switch {
	case kind == pop.Request:
		s.command(in, out)
	case kind == pop.Response && first || bytes.HasPrefix(in, []byte("+OK")) || bytes.HasPrefix(in, []byte("-ERR")):
		n := term(in, out, answers)
		if rest := in[n:]; n < 3 { // what a login is asked for
			fill(out[n:], 'x')
		} else if end, next := line.Token(rest, 0); end <= 9 && len(bytes.Trim(rest[:end], "0123456789")) == 0 {
			copy(out[n:], rest[:next])
			s.secret.words(out[n+next:], rest[next:])
		} else {
			s.secret.words(out[n:], rest)
		}
	case term(in, out, capabilities) > 0:
		n := term(in, out, capabilities)
		s.able(in[n:], out[n:])
	case len(bytes.Trim(in, "0123456789 ")) == 0 && len(in) <= 20:
		copy(out, in)
	default:
		content(in, out)
	}
}

// content is a line of a message: of the head the name of a field that is known stays, and a dot alone, which ends it.
func content(in, out []byte) {
	fill(out, 'x')
	if string(in) == "." {
		out[0] = '.'
		return
	}
	if colon := bytes.IndexByte(in, ':'); colon > 0 && messageFields[strings.ToLower(string(in[:colon]))] {
		copy(out, in[:colon+1])
	}
}
