package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/proto"
)

// TestKerberosIsTsharks compares protocol, Info and all fields of Kerberos over UDP and TCP with what tshark prints for them.
func TestKerberosIsTsharks(t *testing.T) {
	t.Parallel()
	c := comparison{
		filter: "kerberos", patterns: []string{"app/*krb*", "app/*kerberos*", "app/zeek_kinit*", "netmon/*", "tso/ms_ADOD*", "tso/*kerberos*", "formats/ms_*"},
		names: append([]string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}, fieldsOf(t, "kerberos.")...),
		take:  carries(proto.Kerberos, proto.KerberosStream), accepted: kerberosAccepted, least: 20,
	}
	c.run(t)
}

// kerberosAccepted is why a value may differ. Wireshark looks into certificates, and not into the data of errors whose code announces none.
func kerberosAccepted(name, got, want string, row []string) string {
	certificates := regexp.MustCompile(`:(cms|pkinit|x509\w*|pkix1explicit)\b`)
	switch {
	case name == "frame.protocols" && strings.TrimPrefix(certificates.ReplaceAllString(want, ""), "netmon_header:") == got:
		return "inner"
	case certificates.MatchString(row[1]) && within(occurrences(got), occurrences(want)):
		return "inner"
	case strings.Contains(want, "<MISSING>") && got == strings.ReplaceAll(want, "<MISSING>", ""):
		return "missing"
	case strings.HasPrefix(row[3], "KRB Error") && within(occurrences(want), occurrences(got)):
		return "error-data"
	}
	return ""
}
