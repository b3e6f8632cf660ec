package cleartext

import (
	"testing"

	"github.com/wiretale/wiretale/proto"
)

func TestPorts(t *testing.T) {
	for _, test := range []struct {
		rules string
		port  uint16
		found proto.ID
		want  uint16
	}{
		{"", 443, proto.HTTP, 80}, {"", 443, proto.None, 80}, {"", 636, proto.LDAP, 389}, {"", 993, proto.IMAP, 143}, {"", 995, proto.POP, 110}, {"", 465, proto.SMTP, 25}, {"", 3389, proto.None, 3389}, {"", 5671, proto.None, 5672}, {"", 853, proto.DNSStream, 53},
		{"", 8444, proto.HTTP2, 80}, {"", 8080, proto.HTTP, 8080}, {"", 587, proto.SMTP, 587}, {"", 50000, proto.TDS, 1433}, {"", 50000, proto.None, 50000}, {"", 50000, proto.Data, 50000},
		{"443:8080", 443, proto.HTTP, 8080}, {"443:8080", 636, proto.LDAP, 389}, {"*:keep", 443, proto.HTTP, 443}, {"443:81,*:keep", 443, proto.HTTP, 81}, {" 443:81 , *:9 ,", 444, proto.HTTP, 9},
	} {
		p, err := ParsePorts(test.rules)
		if err != nil {
			t.Errorf("%q: %v", test.rules, err)
		} else if got := p.Of(test.port, test.found); got != test.want {
			t.Errorf("%q: %d with %v becomes %d, want %d", test.rules, test.port, test.found, got, test.want)
		}
	}
	for _, rules := range []string{"443", "443:", "0:80", "443:0", "a:80", "443:70000", "*:x", "443:80:81"} {
		if _, err := ParsePorts(rules); err == nil {
			t.Errorf("%q is taken", rules)
		}
	}
}
