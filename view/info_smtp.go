package view

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/line"
	"github.com/wiretale/wiretale/proto/smtp"
)

// smtpInfo is the lines of a layer, or how much of a message it brings.
func smtpInfo(row *engine.Row, i int) string {
	b, note := row.Packet.Bytes(i), row.Packet.NoteOf(i)
	switch kind := smtp.KindOf(&note); kind {
	case smtp.Replies:
		return smtpReplies(b)
	case smtp.Message, smtp.Fragment:
		if text := smtp.Summary(&note, row.Packet.TextsOf(i)); text != "" {
			return Printable(text)
		}
		l := &row.Packet.Layers[i]
		n := int(l.Wire - l.Off)
		return fmt.Sprintf("C: DATA fragment, %d %s", n, plural(n, "byte", "bytes"))
	default:
		return "C: " + smtpCommands(b, kind)
	}
}

// smtpCommands are the lines of a client, with a word before a name or a password.
func smtpCommands(b []byte, kind smtp.Kind) string {
	before := map[smtp.Kind]string{smtp.Username: "User: ", smtp.Password: "Pass: "}[kind]
	var all []string
	line.Each(b, func(at, end, _ int) bool {
		text := b[at:end]
		if user := smtp.UserAt(text); user > 0 && kind == smtp.Commands {
			all = append(all, Printable(string(text[:user]))+"User: "+Printable(string(text[user:])))
			return true
		}
		all = append(all, before+Printable(string(text)))
		return true
	})
	return strings.Join(all, " | ")
}

// smtpReplies are the lines of a server, of which only the first of a reply shows its code.
func smtpReplies(b []byte) string {
	var all []string
	smtp.EachReply(b, func(at, end, _ int, c smtp.Code) bool {
		if text := b[at:end]; c.First || !c.Known {
			all = append(all, Printable(string(text)))
		} else {
			all = append(all, Printable(string(text[min(len(text), 4):])))
		}
		return true
	})
	return "S: " + strings.Join(all, " | ")
}

// smtpName is the Protocol column: with that of the message that a layer ends.
func smtpName(row *engine.Row, i int) string {
	note := row.Packet.NoteOf(i)
	if smtp.Summary(&note, row.Packet.TextsOf(i)) != "" {
		return "SMTP/IMF"
	}
	return "SMTP"
}
