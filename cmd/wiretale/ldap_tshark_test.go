package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// carries makes a condition of some layers: a packet that has one of them.
func carries(ids ...proto.ID) func(p *packet.Packet) bool {
	return func(p *packet.Packet) bool {
		return slices.ContainsFunc(p.Layers[:p.N], func(l packet.Layer) bool { return slices.Contains(ids, l.Proto) })
	}
}

// TestLDAPIsTsharks compares protocol, Info and all fields of LDAP, in connections and in datagrams, with what tshark prints for them.
func TestLDAPIsTsharks(t *testing.T) {
	t.Parallel()
	c := comparison{
		filter: "ldap || cldap", patterns: []string{"app/zeek_ldap*", "bad/zeek_*recursion*", "netmon/*", "tso/ms_ADOD*", "formats/ms_*"},
		names: append([]string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}, fieldsOf(t, "ldap.")...),
		take:  carries(proto.LDAP, proto.CLDAP), accepted: ldapAccepted, least: 50,
	}
	c.run(t)
}

// ldapState is what Wireshark adds to a row because other protocols are inside, and its count of results: that of all searches of the connection.
var ldapState = regexp.MustCompile(`, NTLMSSP_\w+(, User: [^ ]*?)?(sasl |$)| \[\d+ results?\]|^(\[TCP [^]]*\] )+`)

// ldapAccepted is why a value may differ.
func ldapAccepted(name, got, want string, row []string) string {
	bare := func(s string) string {
		return strings.TrimSpace(ldapState.ReplaceAllString(strings.ReplaceAll(s, `\n`, " "), "$2"))
	}
	switch {
	case name == listColumn+"Info" && bare(got) == bare(want):
		return "results"
	case name == "frame.protocols" && strings.Contains(row[1], strings.TrimPrefix(got, "eth:")):
		return "inner"
	case strings.Contains(row[3], "[Dissector bug") || strings.Contains(row[3], "[Malformed"):
		return "broken-off"
	case want == "" && !strings.Contains(row[3], "("): // no operation in its row
		return "signed"
	case name == listColumn+"Info" && bare(want) == "":
		return "signed"
	case strings.Contains(want, "<MISSING>") && got == strings.ReplaceAll(want, "<MISSING>", ""):
		return "missing"
	case name == "ldap.AttributeValue" && within(occurrences(want), occurrences(got)):
		return "partly"
	case name == "ldap.assertionValue" && strings.Contains(got, ":"):
		return "partly"
	case (name == "ldap.time" || name == "ldap.response_to") && want == "":
		return "length-zero-ipv6"
	case name == "ldap.attributes" && got == "1" && want == "0":
		return "broken-off"
	case (name == "ldap.time" || name == "ldap.response_to") && slices.Equal(slices.Compact(occurrences(want)), occurrences(got)):
		return "once"
	}
	return ""
}
