// Package smb holds the diagnoses of file servers: SMB 2 and 3, and what is left of SMB 1.
package smb

import (
	"cmp"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{ShallowPipeline, Credits, ServerSlow, DialectLow, Pending, Status, SessionSetup, MetadataChat, Flushes, NegotiateHangs}
}

// Commands, as Wireshark names them.
const (
	readCommand    = "Read"
	writeCommand   = "Write"
	setupCommand   = "Session Setup"
	controlCommand = "Ioctl"
)

// talks are those of SMB 2 and 3.
func talks(in *diag.Input) (out []*diag.Talk) {
	for _, t := range in.Talks() {
		if t.Protocol == proto.SMB2 {
			out = append(out, t)
		}
	}
	return out
}

// share is the path of the share that a name begins with: "\\server\share"; "" without one.
func share(name string) string {
	rest, ok := strings.CutPrefix(name, `\\`)
	if !ok {
		return ""
	}
	host, rest, ok := strings.Cut(rest, `\`)
	if !ok {
		return ""
	}
	root, _, _ := strings.Cut(rest, `\`)
	return `\\` + host + `\` + root
}

// pipes reports whether a name is of the share that has pipes instead of files.
func pipes(name string) bool { return strings.HasSuffix(strings.ToUpper(share(name)), `\IPC$`) }

// named is how many names a sentence has.
const named = 3

// maxProof is how many requests a finding shows.
const maxProof = 8

// shown are the records of the questions and the answers of some requests of talks of one source.
func shown(source int, list []*request.Request) (out []trace.Pos) {
	for _, r := range list[:min(len(list), maxProof)] {
		for _, m := range [...]request.Mark{r.Sent, r.Last} {
			if m.Seen() {
				out = append(out, trace.Pos{Source: source, Number: m.Number})
			}
		}
	}
	slices.SortFunc(out, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	return slices.Compact(out)
}
