// Package app holds the diagnoses of applications that hold whatever their protocol is: who took the time between the first question and the last answer.
package app

import (
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// Rules lists the family.
func Rules() []*diag.Rule { return []*diag.Rule{ServerTime, ClientTime, Chatty} }

// share is the part of a spell's time that names its cause.
const share = 0.6

// talks are those that the family judges. SMB has rules of its own, which know its commands.
func talks(in *diag.Input, yield func(t *diag.Talk)) {
	for _, t := range in.Talks() {
		if t.Protocol == proto.SMB2 || t.Protocol == proto.SMB || t.Protocol == proto.TLS {
			continue
		}
		yield(t)
	}
}

// name is what a protocol is called in a sentence.
func name(p proto.ID) string {
	if p == proto.DNSStream {
		p = proto.DNS
	}
	return strings.ToUpper(p.String())
}

// what is the command of a request and what it was about.
func what(r *request.Request) string {
	text := r.Command
	if r.Name != "" {
		text += " " + shorten(r.Name)
	}
	return text
}

// maxName is how much of a name a sentence has.
const maxName = 60

func shorten(s string) string {
	if r := []rune(s); len(r) > maxName {
		return string(r[:maxName]) + "..."
	}
	return s
}
