package redact

import (
	"bytes"
	"strings"

	"github.com/wiretale/wiretale/proto"
)

// A dialogue is what one side of a protocol of mail is at.
type dialogue struct {
	secret bool // its next lines answer a question for credentials
}

// maxVerb is how much of a line tells what it is.
const maxVerb = 64

// lines looks through lines of SMTP (RFC 4954), POP (RFC 1939, 5034) or IMAP (RFC 9051, 6.2).
func (s *Session) lines(dir int, b []byte, id proto.ID) {
	d := &s.mail[dir]
	for at := 0; at < len(b); {
		end := bytes.IndexByte(b[at:], '\n')
		next := at + end + 1
		if end < 0 {
			next = len(b)
		}
		line := bytes.TrimRight(b[at:next], "\r\n")
		switch {
		case d.secret:
			s.blank(at, len(line))
		case s.mail[1-dir].secret && settles(line, id):
			s.mail[1-dir].secret = false
		default:
			s.command(d, line, at, id)
		}
		at = next
	}
}

// settles reports whether a line of the other side ends its questions.
func settles(line []byte, id proto.ID) bool {
	switch id {
	case proto.SMTP:
		return len(line) >= 3 && !bytes.HasPrefix(line, []byte("334"))
	case proto.POP:
		return bytes.HasPrefix(line, []byte("+OK")) || bytes.HasPrefix(line, []byte("-ERR"))
	}
	words := strings.Fields(string(line[:min(len(line), maxVerb)]))
	return len(words) >= 2 && words[0] != "*" && words[0] != "+" && (words[1] == "OK" || words[1] == "NO" || words[1] == "BAD")
}

// command looks for what lets somebody in among the words of a line.
func (s *Session) command(d *dialogue, line []byte, at int, id proto.ID) {
	words := wordsOf(line)
	if id == proto.IMAP && len(words) > 0 {
		words = words[1:] // behind the tag
	}
	if len(words) < 2 {
		return
	}
	word := func(i int) []byte { return line[words[i].from:words[i].to] }
	switch verb := strings.ToUpper(string(word(0))); {
	case verb == "AUTH" && id != proto.IMAP, verb == "AUTHENTICATE" && id == proto.IMAP:
		d.secret = true
		if len(words) > 2 && string(word(2)) != "=" {
			s.blank(at+words[2].from, len(line)-words[2].from)
		}
	case verb == "PASS" && id == proto.POP:
		s.blank(at+words[1].from, len(line)-words[1].from)
	case verb == "APOP" && len(words) > 2:
		s.blank(at+words[2].from, len(line)-words[2].from)
	case verb == "LOGIN" && id == proto.IMAP:
		if bytes.HasSuffix(line, []byte("}")) { // literals follow
			d.secret = true
			return
		}
		if rest := line[words[1].from:]; len(words) > 2 {
			from := words[2].from
			if rest[0] == '"' {
				if end := bytes.IndexByte(rest[1:], '"'); end >= 0 {
					from = min(words[1].from+end+3, len(line))
				}
			}
			s.blank(at+from, len(line)-from)
		}
	}
}

// wordsOf are the places of the first words of a line.
func wordsOf(line []byte) (list []span) {
	for at := 0; at < len(line) && len(list) < 5; {
		for at < len(line) && line[at] == ' ' {
			at++
		}
		from := at
		for at < len(line) && line[at] != ' ' {
			at++
		}
		if at > from {
			list = append(list, span{from, at})
		}
	}
	return list
}
