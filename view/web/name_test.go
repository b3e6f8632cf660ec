package web

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostile are names of files that somebody gives to do harm, and what becomes of them.
var hostile = []struct{ given, want string }{
	{"client.pcapng", "client.pcapng"},
	{"../../../etc/passwd", "passwd"},
	{`..\..\windows\system32\drivers\etc\hosts`, "hosts"},
	{"/", noName}, {"", noName}, {".", noName}, {"..", noName}, {"...", noName}, {`\`, noName}, {" . ", noName},
	{"a/../b", "b"},
	{"<script>alert(1)</script>.pcap", "script_.pcap"},
	{"<img src=x onerror=alert(1)>.pcap", "_img src=x onerror=alert(1)_.pcap"},
	{`"><svg onload=alert(1)>`, "___svg onload=alert(1)_"},
	{"javascript:alert(1)", "javascript_alert(1)"},
	{"a\x00b.pcap", "ab.pcap"}, {"a\r\nSet-Cookie: x=1", "a  Set-Cookie_ x=1"}, {"a\x1b[31mred", "a[31mred"},
	{"gpj.\u202efdp.exe", "gpj.fdp.exe"},
	{"\ufeffx", "x"}, {"a\u200bb", "ab"}, {"x\xff\xfe.pcap", "x_.pcap"},
	{"CON", "_CON"}, {"con.pcap", "_con.pcap"}, {"NUL .txt", "_NUL .txt"}, {"COM1", "_COM1"}, {"lpt9.cap", "_lpt9.cap"}, {"COM¹.x", "_COM¹.x"}, {"COM10", "COM10"}, {"COMx", "COMx"}, {"AUX.", "_AUX"},
	{"x.pcap:stream", "x.pcap_stream"}, {"~/.bashrc", "bashrc"}, {"-rf", "-rf"}, {"x.pcap. . .", "x.pcap"},
	{strings.Repeat("a", 5000) + ".pcap", strings.Repeat("a", maxName-5) + ".pcap"},
	{strings.Repeat("ä", 500), strings.Repeat("ä", maxName/2)},
	{"a." + strings.Repeat("b", 5000), "a." + strings.Repeat("b", maxName-2)},
	{"日本語.pcapng", "日本語.pcapng"},
	{"${jndi:ldap://evil}/x", "x"}, {"%2e%2e%2fx", "%2e%2e%2fx"},
}

func TestSafeName(t *testing.T) {
	for _, tt := range hostile {
		if got := safeName(tt.given); got != tt.want {
			t.Errorf("%.60q: %q, not %q", tt.given, got, tt.want)
		}
	}
	if got := unlike("a.pcap", []string{"a.pcap", "a (2).pcap"}); got != "a (3).pcap" {
		t.Error(got)
	}
}

func FuzzSafeName(f *testing.F) {
	for _, tt := range hostile {
		f.Add(tt.given)
	}
	f.Fuzz(func(t *testing.T, given string) {
		name := safeName(given)
		switch {
		case name == "" || len(name) > maxName || !utf8.ValidString(name):
			t.Errorf("%q: %q", given, name)
		case strings.ContainsAny(name, "/\\<>:\"|?*") || strings.ContainsFunc(name, unicode.IsControl):
			t.Errorf("%q: %q", given, name)
		case strings.Trim(name, " .") != name || isDevice(name):
			t.Errorf("%q: %q", given, name)
		case safeName(name) != name:
			t.Errorf("%q: %q, and of that %q", given, name, safeName(name))
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, q := range []string{"", "offset=1&limit=2", "filter=tcp.port+%3D%3D+80", "a;b", "%", "%ff=1", "limit=1&limit=2", "offset=-1", "offset=9999999999999999999999", strings.Repeat("a&", 100)} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := parseQuery(raw)
		if err != nil {
			return
		}
		n := 0
		for name, list := range v {
			for _, s := range append(list, name) {
				if !utf8.ValidString(s) {
					t.Errorf("%q: %q", raw, s)
				}
			}
			n += len(list)
		}
		if n > maxParameters || len(raw) > maxQuery {
			t.Errorf("%q: %d parameters", raw, n)
		}
		if from, limit, err := paging(v); err == nil && (from < 0 || limit < 0 || limit > maxRows) {
			t.Errorf("%q: %d, %d", raw, from, limit)
		}
	})
}
