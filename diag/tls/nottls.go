package tls

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto"
)

//go:embed not_tls.md
var notTLSPage string

// NotTLS: one side speaks TLS and the other does not (S11).
var NotTLS = &diag.Rule{ID: "tls.not_tls", Title: "one side speaks TLS, and the other does not", Page: notTLSPage, Handshakes: true, DoubtedBy: []string{"cap.midstream"}}

func init() { NotTLS.Run = runNotTLS }

// speaksPlain reports whether the server answered a hello with text, or greeted before it, with what is no TLS.
func speaksPlain(o *opening) bool {
	return o.Hello && o.Version == 0 && o.Plain[1] != "" && readable(o.Plain[1])
}

// readable reports whether bytes begin like text, or like an answer of TDS: what is damaged or in the middle of something does not.
func readable(s string) bool {
	for i, c := range []byte(s[:min(len(s), 8)]) {
		switch {
		case c >= ' ' && c < 0x7f, c == '\r', c == '\n', c == '\t':
		case i == 0 && c == 4 && strings.HasPrefix(s, "\x04\x01"):
			return true
		default:
			return false
		}
	}
	return len(s) >= 4
}

// speech is a protocol by how its servers begin.
var speeches = []struct{ begins, name string }{
	{"HTTP/", "HTTP"}, {"SSH-", "SSH"}, {"220 ", "SMTP or FTP"}, {"220-", "SMTP or FTP"}, {"* OK", "IMAP"}, {"+OK", "POP"}, {"RFB ", "VNC"}, {"\x04\x01", "TDS"}, {"<", "HTTP, without a header"},
}

func speech(s string) string {
	for _, one := range speeches {
		if strings.HasPrefix(s, one.begins) {
			return one.name
		}
	}
	return "something"
}

func runNotTLS(in *diag.Input) (out []diag.Finding) {
	type key struct {
		endpoint
		spoke proto.ID
		words string
	}
	for _, g := range diag.Groups(faults(in, NotTLS, notTLS), func(o *opening) key {
		k := key{endpoint: o.endpoint(), spoke: o.Spoke}
		if o.Plain[1] != "" {
			k.words = speech(o.Plain[1])
		}
		return k
	}) {
		first := g[0]
		f := base(in, g)
		f.Cost, f.Fix = 0, nil
		switch {
		case first.Spoke == proto.None:
			f.Summary = fmt.Sprintf("%s of %s: the client begins with TLS at %s, which speaks %s: %q", diag.Count(len(g), "connection"), clients(g), named(first), speech(first.Plain[1]), firstLine(first.Plain[1]))
			f.Fix = []string{"check the port and the scheme: without TLS it is http:// rather than https://, or another port", "a protocol that goes over to TLS later needs a client that asks for it (STARTTLS)"}
		case first.Hello:
			f.Summary = fmt.Sprintf("%s of %s: the client begins with TLS at %s, which speaks %s", diag.Count(len(g), "connection"), clients(g), named(first), protocol(first.Spoke))
			f.Fix = []string{"take the port for TLS of this protocol, or let the client ask for TLS first (STARTTLS)"}
		default:
			f.Summary = fmt.Sprintf("%s of %s: the client speaks %s without TLS at %v, which speaks TLS only", diag.Count(len(g), "connection"), clients(g), protocol(first.Spoke), first.server())
			if first.Plain[1] != "" {
				f.Summary += fmt.Sprintf(": %q", first.Plain[1])
			} else if len(first.Alerts) > 0 {
				f.Summary += ": " + alertText(&first.Alerts[0])
			}
			f.Fix = []string{"use https:// in the address, or the port without TLS", "in front of a proxy: it must speak TLS to this server"}
		}
		f.RuledOut = []string{"the network: both sides were heard"}
		out = append(out, f)
	}
	return out
}

// protocol is the name of a protocol as people write it.
func protocol(id proto.ID) string { return strings.ToUpper(id.String()) }

// firstLine is the first line of what a side said.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimRight(line, "\r")
}
