package view

import (
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto/imap"
)

// imapInfo is the first line with a tag, else the first one.
func imapInfo(row *engine.Row, i int) string {
	b, note := row.Packet.Bytes(i), row.Packet.NoteOf(i)
	end, _ := line.End(b, 0)
	text := b[:end]
	imap.Each(b, &note, func(at, end, _ int, _ bool) bool {
		if end == at || b[at] == '*' {
			return true
		}
		text = b[at:end]
		return false
	})
	if imap.FromServer(&note) {
		return "Response: " + Printable(string(text))
	}
	return "Request: " + Printable(string(text))
}
