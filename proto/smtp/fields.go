package smtp

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/line"
)

// A spot is a part of a line.
type spot struct{ from, to int }

// in is a text of each line of layers of a kind; an empty spot that begins before the line is none.
func in(kind Kind, name, title string, where func(b []byte, at, end, next int) (spot, bool)) field.Field {
	return noted(name, title, field.String, func(b []byte, of Kind, yield func(spot) bool) {
		if of != kind {
			return
		}
		line.Each(b, func(at, end, next int) bool {
			s, ok := where(b, at, end, next)
			return !ok || yield(s)
		})
	})
}

func noted(name, title string, t field.Type, spots func(b []byte, kind Kind, yield func(spot) bool)) field.Field {
	f := field.Field{Name: name, Title: title, Type: t}
	if t == field.Uint {
		f.Width = 4
	}
	f.Noted = func(b []byte, note *field.Note, yield func(field.Span, field.Value) bool) {
		spots(b, KindOf(note), func(s spot) bool {
			v := field.Value{Type: t, U: 1}
			switch t {
			case field.String:
				v.S = string(b[s.from:s.to])
			case field.Uint:
				n, _ := line.Number(b[s.from:s.to])
				v.U = uint64(n)
			}
			return yield(field.Span{Off: s.from, Len: s.to - s.from}, v)
		})
	}
	return f
}

// replies is a part of the lines of replies.
func replies(name, title string, t field.Type, where func(at, end, next int, c Code) (spot, bool)) field.Field {
	return noted(name, title, t, func(b []byte, kind Kind, yield func(spot) bool) {
		if kind != Replies {
			return
		}
		EachReply(b, func(at, end, next int, c Code) bool {
			s, ok := where(at, end, next, c)
			return !ok || yield(s)
		})
	})
}

// sent holds for layers of the client that are lines.
func sent(kind Kind) bool {
	return kind == Commands || kind == Username || kind == Password || kind == Credentials
}

// secret is a line of a kind, or what a command AUTH brings of it.
func secret(name, title string, kind Kind, plain bool) field.Field {
	return noted(name, title, field.String, func(b []byte, of Kind, yield func(spot) bool) {
		if of != kind && of != Commands {
			return
		}
		line.Each(b, func(at, end, _ int) bool {
			if of == kind {
				return yield(spot{at, end})
			}
			off, both, ok := credentials(b[at:end])
			if ok && kind != Password && both == plain {
				return yield(spot{at + off, end})
			}
			return true
		})
	})
}

// Fields are those of a layer.
var Fields = field.Table{Proto: "smtp", Title: "Simple Mail Transfer Protocol", Fields: []field.Field{
	noted("smtp.req", "Request", field.Bool, func(b []byte, kind Kind, yield func(spot) bool) {
		if sent(kind) {
			line.Each(b, func(at, end, _ int) bool { return yield(spot{at, end}) })
		}
	}),
	noted("smtp.rsp", "Response", field.Bool, func(b []byte, kind Kind, yield func(spot) bool) {
		if kind == Replies {
			yield(spot{0, len(b)})
		}
	}),
	in(Commands, "smtp.command_line", "Command Line", func(_ []byte, at, _, next int) (spot, bool) { return spot{at, next}, true }),
	in(Commands, "smtp.req.command", "Command", func(b []byte, at, end, _ int) (spot, bool) {
		word, _ := line.Token(b[:end], at)
		return spot{at, word}, true
	}),
	in(Commands, "smtp.req.parameter", "Request parameter", func(b []byte, at, end, _ int) (spot, bool) {
		_, rest := line.Token(b[:end], at)
		return spot{rest, end}, rest < end
	}),
	replies("smtp.response", "Response", field.String, func(at, _, next int, c Code) (spot, bool) { return spot{at, next}, c.First }),
	replies("smtp.response.code", "Response code", field.Uint, func(at, _, _ int, c Code) (spot, bool) {
		return spot{at, at + codeLen}, c.First && c.Known
	}),
	replies("smtp.rsp.parameter", "Response parameter", field.String, func(at, end, _ int, c Code) (spot, bool) {
		return spot{min(at+codeLen+1, end), end}, c.Known && end > at+codeLen+1
	}),
	secret("smtp.auth.username", "Username", Username, false),
	secret("smtp.auth.password", "Password", Password, false),
	secret("smtp.auth.username_password", "Username/Password", Credentials, true),
}}
