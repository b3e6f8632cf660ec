package view

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto/ldap"
)

// ldapInfo is a text for each message of a layer.
func ldapInfo(row *engine.Row, i int) string {
	p := row.Packet
	b, note := p.Bytes(i), p.NoteOf(i)
	var out strings.Builder
	if ldap.Wrapped(b) {
		at, end, readable := ldap.Unwrap(b)
		if !readable {
			return fmt.Sprintf("SASL GSS-API Privacy: payload (%d %s)", end-at, plural(end-at, "byte", "bytes"))
		}
		out.WriteString("SASL GSS-API Integrity: ")
	}
	ldap.Messages(b, func(off, n int) bool {
		var m ldap.Message
		if m.Decode(b, off, off+n) {
			ldapMessage(&out, &m)
			if results := ldap.Entries(&note); m.Op == ldap.SearchResultDone && results > 0 {
				fmt.Fprintf(&out, " [%d %s]", results, plural(int(results), "result", "results"))
			}
		}
		return true
	})
	return out.String()
}

func plural(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// ldapAuth are the ways to authenticate in a bind.
var ldapAuth = map[byte]string{ldap.AuthSimple: "simple ", ldap.AuthSASL: "sasl ", 0x8a: "ntlmsspNegotiate ", 0x8b: "ntlmsspAuth "}

func ldapMessage(out *strings.Builder, m *ldap.Message) {
	fmt.Fprintf(out, "%s(%d) ", ldap.Names[m.Op], m.ID)
	switch {
	case m.Op == ldap.ExtendedRequest:
		if m.Named {
			fmt.Fprintf(out, "%s ", Printable(string(m.Name)))
		}
	case m.Named:
		name := string(m.Name)
		if name == "" {
			name = "<ROOT>"
		}
		fmt.Fprintf(out, "\"%s\" ", Printable(name))
	}
	switch m.Op {
	case ldap.BindRequest:
		out.WriteString(ldapAuth[m.Auth])
	case ldap.SearchRequest:
		out.WriteString(named("ldap.scope", m.Scope) + " ")
	case ldap.AbandonRequest:
		fmt.Fprintf(out, "%d ", m.Abandoned)
	}
	if m.Done {
		out.WriteString(named("ldap.resultCode", m.Result) + " ")
		if len(m.Error) > 0 {
			fmt.Fprintf(out, "(%s) ", Printable(strings.TrimRight(string(m.Error), "\x00")))
		}
	}
}
