package tls

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

//go:embed cannot_decrypt.md
var cannotDecryptPage string

// CannotDecrypt: what the keys that were given do not open, and what would (S18).
var CannotDecrypt = &diag.Rule{ID: "tls.cannot_decrypt", Title: "the keys given do not decrypt these sessions", Page: cannotDecryptPage, Handshakes: true}

func init() { CannotDecrypt.Run = runCannotDecrypt }

// asks are what to ask for, by words of the reason.
var asks = []struct{ words, ask string }{
	{"start the capture before", "record again, from before the first connection on"},
	{"bytes of the record are missing", "record again without a limit for the length of packets, and without losses"},
	{"bytes of it are missing", "record again without losses"},
	{"none of the private keys given", "ask for the private key of the certificate that the server has sent; its subject is named above"},
	{"suite is not supported", "ask for a capture with a usual suite, AES-GCM for example"},
	{"TLS_PSK", "ask for the key that both sides have"},
	{"", "ask for a key log of the sessions: the client or server writes it when SSLKEYLOGFILE is set"},
}

func askFor(why string) string {
	for _, a := range asks {
		if strings.Contains(why, a.words) {
			return a.ask
		}
	}
	return ""
}

func runCannotDecrypt(in *diag.Input) (out []diag.Finding) {
	type key struct {
		source int
		why    string
	}
	var order []key
	bySource := map[key][]*diag.Account{}
	opened := map[int]int{}
	for i := range in.Accounts {
		a := &in.Accounts[i]
		if a.Why == "" || a.Opened > 0 && a.Closed == 0 {
			opened[a.Source]++
			continue
		}
		if a.Closed == 0 { // nothing was there to be opened
			continue
		}
		k := key{a.Source, a.Why}
		if bySource[k] == nil {
			order = append(order, k)
		}
		bySource[k] = append(bySource[k], a)
	}
	for _, k := range order {
		out = append(out, closedFor(in, k.source, k.why, bySource[k], opened[k.source]))
	}
	return out
}

// closedFor is the finding of the sessions of a source that stay closed for one reason.
func closedFor(in *diag.Input, source int, why string, list []*diag.Account, opened int) diag.Finding {
	f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: source, Count: len(list)}
	seen := map[*flow.Conversation]bool{}
	for _, a := range list {
		f.Where = append(f.Where, trace.Pos{Source: source, Number: a.Frame})
		if c := in.Conversations.At(a.Conv); !seen[c] {
			seen[c] = true
			f.Conversations = append(f.Conversations, c)
		}
	}
	slices.SortFunc(f.Where, func(a, b trace.Pos) int { return int(a.Number - b.Number) })
	f.Where = slices.Compact(f.Where)
	f.Filter = diag.Streams(f.Conversations, "tls")
	first := list[0]
	f.Summary = fmt.Sprintf("%s not decrypted, the first in frame %d: %s", diag.Count(len(list), "session"), first.Frame, why)
	if suites := diag.Distinct(list, func(a *diag.Account) string { return a.Suite }); len(suites) > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "suites", Value: diag.List(suites, 6)})
	}
	if names := diag.Distinct(list, func(a *diag.Account) string { return a.Name }); len(names) > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "servers", Value: diag.List(names, 6)})
	}
	if h := in.HandshakeOf(f.Conversations[0]); h != nil {
		f.Facts = append(f.Facts, chainFacts("certificate", h.Chains[1])...)
	}
	if opened > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "sessions that were decrypted", Value: fmt.Sprint(opened)})
	}
	f.Fix = []string{askFor(why), "--explain-tls tells what was decided for each session"}
	return f
}
