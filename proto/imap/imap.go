// Package imap takes connections of IMAP apart (RFC 3501, RFC 9051): commands
// and responses by their tags, and literals by their length. Field names are
// Wireshark's.
package imap

import (
	"bytes"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto"
)

// Stream finds IMAP in connections: on the port that Wireshark takes for it, and on any other by a greeting that names it.
var Stream = proto.Stream{ID: proto.IMAP, Ports: []uint16{143}, Looks: looks, First: "*", New: func() proto.Session { return new(session) }}

// looks reports whether b begins with a greeting that names the protocol (RFC 9051, 7.1.1).
func looks(b []byte) bool {
	end, next := line.End(b, 0)
	return next != 0 && (bytes.HasPrefix(b, []byte("* OK")) || bytes.HasPrefix(b, []byte("* PREAUTH"))) && bytes.Contains(b[:end], []byte("IMAP4"))
}

// What a note says of a layer.
const (
	noteServer = 0 // 1: the server sends it
	noteBefore = 1 // bytes at its begin that belong to a literal of a line before
	noteGoesOn = 2 // 1: it goes on with a line before
)

// FromServer reports whether the server sends a layer, as its note has it.
func FromServer(note *field.Note) bool { return note[noteServer] != 0 }

// maxLiteral is the longest literal that is taken for one.
const maxLiteral = 1 << 30

// literal is the length of the literal that a line announces at its end (RFC 9051, 4.3); now says that it follows without being asked for.
func literal(b []byte) (n int, now, ok bool) {
	if len(b) < 3 || b[len(b)-1] != '}' {
		return 0, false, false
	}
	from := bytes.LastIndexByte(b, '{')
	if from < 0 {
		return 0, false, false
	}
	digits := b[from+1 : len(b)-1]
	if now = bytes.HasSuffix(digits, []byte("+")); now {
		digits = digits[:len(digits)-1]
	}
	n, ok = line.Number(digits)
	return n, now, ok && n <= maxLiteral
}

// Each yields the lines of a layer without its literals: where a line begins, its text ends, and the next one begins. fresh says that it
// begins a command or a response, and does not go on behind a literal.
func Each(b []byte, note *field.Note, yield func(at, end, next int, fresh bool) bool) {
	fresh := note[noteGoesOn] == 0
	for at := int(min(note[noteBefore], uint64(len(b)))); at < len(b); {
		end, next := line.End(b, at)
		if next == 0 {
			next = len(b)
		}
		if !yield(at, end, next, fresh) {
			return
		}
		n, _, more := literal(b[at:end])
		if fresh = !more; more && n > len(b)-next {
			return
		}
		at = next + n
	}
}

// spots are parts of lines.
func spots(name, title string, t field.Type, each func(b []byte, note *field.Note, yield func(from, to int) bool)) field.Field {
	return field.Field{Name: name, Title: title, Type: t, Noted: func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		each(b, note, func(from, to int) bool {
			v := field.Value{Type: t, U: 1}
			if t == field.String {
				v.S = string(b[from:to])
			}
			return yield(field.Span{Off: from, Len: to - from}, v)
		})
	}}
}

// words is a part of each line with a tag, of one side; from and to are where it lies, and false says that the line has none.
func words(name, title string, server bool, t field.Type, get func(b []byte, w *tagged) (from, to int, ok bool)) field.Field {
	return spots(name, title, t, func(b []byte, note *field.Note, yield func(from, to int) bool) {
		if FromServer(note) == server {
			eachTagged(b, note, func(w *tagged) bool {
				from, to, ok := get(b, w)
				return !ok || from >= to || yield(from, to)
			})
		}
	})
}

// A tagged is a line with a tag: the places of its first words.
type tagged struct {
	at, end      int
	tag          int // its end
	second, sEnd int
	third, tEnd  int
	rest         int // behind the third word
}

// eachTagged yields the lines of a layer that begin with a tag.
func eachTagged(b []byte, note *field.Note, yield func(w *tagged) bool) {
	Each(b, note, func(at, end, _ int, fresh bool) bool {
		if !fresh || end == at || b[at] == '*' {
			return true
		}
		w := tagged{at: at, end: end}
		w.tag, w.second = line.Token(b[:end], at)
		w.sEnd, w.third = line.Token(b[:end], w.second)
		w.tEnd, w.rest = line.Token(b[:end], w.third)
		return yield(&w)
	})
}

// uid reports whether a command goes by unique identifiers: the command is the third word (RFC 9051, 6.4.9).
func (w *tagged) uid(b []byte) bool { return bytes.EqualFold(b[w.second:w.sEnd], []byte("UID")) }

// command is where the command is, and where its arguments begin.
func (w *tagged) command(b []byte) (from, to, arguments int) {
	if w.uid(b) {
		return w.third, w.tEnd, w.rest
	}
	return w.second, w.sEnd, w.third
}

// boxes are the commands whose first argument is the name of a mailbox.
var boxes = map[string]bool{"SELECT": true, "EXAMINE": true, "CREATE": true, "DELETE": true, "RENAME": true, "SUBSCRIBE": true, "UNSUBSCRIBE": true, "STATUS": true, "APPEND": true, "SEARCH": true}

// folder is the word that names the mailbox of a command.
func folder(b []byte, w *tagged) (from, to int, ok bool) {
	from, to, arguments := w.command(b)
	switch verb := line.Upper(b[from:to], verbs); {
	case boxes[verb]:
		to, _ = line.Token(b[:w.end], arguments)
		return arguments, to, true
	case verb == "COPY":
		_, second := line.Token(b[:w.end], arguments)
		to, _ = line.Token(b[:w.end], second)
		return second, to, true
	}
	return 0, 0, false
}

// login is where LOGIN has the name of the user and the password (RFC 9051, 6.2.3).
func login(b []byte, w *tagged) (user, password [2]int, ok bool) {
	if !bytes.EqualFold(b[w.second:w.sEnd], []byte("LOGIN")) {
		return user, password, false
	}
	return [2]int{w.third, w.tEnd}, [2]int{w.rest, w.end}, true
}

// Fields are those of a layer.
var Fields = field.Table{Proto: "imap", Title: "Internet Message Access Protocol", Fields: append([]field.Field{
	{Name: "imap.isrequest", Title: "Request", Type: field.Bool, Hidden: true, Noted: func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		v := field.Value{Type: field.Bool, U: 1}
		if FromServer(note) {
			v.U = 0
		}
		yield(field.Span{}, v)
	}},
	spots("imap.line", "Line", field.String, func(b []byte, note *field.Note, yield func(from, to int) bool) {
		Each(b, note, func(at, _, next int, _ bool) bool { return yield(at, next) })
	}),
	words("imap.request", "Request", false, field.String, text),
	words("imap.request_tag", "Request Tag", false, field.String, tag),
	words("imap.request.command", "Request Command", false, field.String, func(b []byte, w *tagged) (from, to int, ok bool) {
		from, to, _ = w.command(b)
		return from, to, true
	}),
	words("imap.request.folder", "Request Folder", false, field.String, folder),
	words("imap.request.command.uid", "Request isUID", false, field.Bool, func(b []byte, w *tagged) (from, to int, ok bool) { return w.second, w.sEnd, w.uid(b) }),
	words("imap.request.username", "Request Username", false, field.String, func(b []byte, w *tagged) (from, to int, ok bool) {
		user, _, ok := login(b, w)
		return user[0], user[1], ok
	}),
	words("imap.request.password", "Request Password", false, field.String, func(b []byte, w *tagged) (from, to int, ok bool) {
		_, password, ok := login(b, w)
		return password[0], password[1], ok
	}),
	words("imap.response", "Response", true, field.String, text),
	words("imap.response_tag", "Response Tag", true, field.String, tag),
	words("imap.response.status", "Response Status", true, field.String, func(_ []byte, w *tagged) (from, to int, ok bool) { return w.second, w.sEnd, true }),
	words("imap.response.command", "Response Command", true, field.String, func(_ []byte, w *tagged) (from, to int, ok bool) { return w.third, w.tEnd, true }),
	proto.Hidden(spots("imap.tag", "Tag", field.String, func(b []byte, note *field.Note, yield func(from, to int) bool) {
		eachTagged(b, note, func(w *tagged) bool { return yield(w.at, w.tag) })
	})),
	proto.Hidden(spots("imap.command", "Command", field.String, func(b []byte, note *field.Note, yield func(from, to int) bool) {
		eachTagged(b, note, func(w *tagged) bool {
			from, to := w.second, w.sEnd
			if FromServer(note) {
				from, to = w.third, w.tEnd
			}
			return from >= to || yield(from, to)
		})
	})),
}, proto.Answering("imap")...)}

func text(_ []byte, w *tagged) (from, to int, ok bool) { return w.at, w.end, true }

func tag(_ []byte, w *tagged) (from, to int, ok bool) { return w.at, w.tag, true }
