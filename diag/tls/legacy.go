package tls

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/proto/tls"
)

//go:embed legacy.md
var legacyPage string

// Legacy: connections have weak parameters (S17).
var Legacy = &diag.Rule{ID: "tls.legacy", Title: "connections of TLS have parameters that are no longer safe", Page: legacyPage, Handshakes: true}

func init() { Legacy.Run = runLegacy }

// weak are the parts of names of suites that make them weak, and what they are.
var weak = []struct{ part, what string }{
	{"_NULL_", "suites without encryption"}, {"EXPORT", "export suites"}, {"RC4", "RC4"}, {"3DES", "3DES"}, {"DES_CBC", "DES"}, {"_IDEA_", "IDEA"}, {"_anon_", "suites without a certificate"},
	{"TLS_RSA_", "RSA key exchange"},
}

// weaknesses are what is weak in a connection, in words.
func weaknesses(h *handshake.Handshake) (out []string) {
	if h.Version != 0 && h.Version < tls.TLS12 {
		out = append(out, tls.VersionName(h.Version))
	}
	suite := tls.SuiteName(h.Suite)
	for _, w := range weak {
		if h.Suite != 0 && strings.Contains(suite, w.part) {
			out = append(out, w.what)
			break
		}
	}
	if leaf := h.Leaf(); leaf != nil && leaf.Weak() != "" {
		out = append(out, leaf.Weak())
	}
	return out
}

// runLegacy tells of each source once: which weak parameters its connections have, and which servers.
func runLegacy(in *diag.Input) (out []diag.Finding) {
	var list []*opening
	for _, h := range in.Handshakes {
		if h.At[handshake.ServerHello].Seen() && len(weaknesses(h)) > 0 {
			list = append(list, open(in, h))
		}
	}
	for _, g := range diag.Groups(list, func(o *opening) int { return o.Source }) {
		var kinds []string
		for _, o := range g {
			for _, w := range weaknesses(o.Handshake) {
				if !slices.Contains(kinds, w) {
					kinds = append(kinds, w)
				}
			}
		}
		servers := diag.Groups(g, (*opening).endpoint)
		f := note(in, g, mostNoted)
		f.Severity, f.Facts = diag.Note, nil
		f.Summary = fmt.Sprintf("%s with %s: %s", diag.Count(len(g), "connection"), serversOf(servers), diag.List(kinds, 5))
		const most = 12
		for _, s := range servers[:min(len(servers), most)] {
			f.Facts = append(f.Facts, diag.Fact{Name: named(s[0]), Value: strings.Join(weaknesses(s[0].Handshake), ", ") + "; " + tls.SuiteName(s[0].Suite)})
		}
		if len(servers) == 1 {
			f.Facts = append(f.Facts, chainFacts("certificate", g[0].Chains[1])...)
		} else {
			f.Host = ""
			f.Filter = diag.Streams(f.Conversations, "tls.handshake.type == 2")
		}
		f.Fix = []string{"allow TLS 1.2 and 1.3 with ECDHE and AES-GCM or ChaCha20-Poly1305 alone, once no client needs the others"}
		f.RuledOut = []string{"a fault: this does not explain why something is slow or fails"}
		out = append(out, f)
	}
	return out
}

func serversOf(servers [][]*opening) string {
	if len(servers) == 1 {
		return named(servers[0][0])
	}
	return diag.Count(len(servers), "server")
}
