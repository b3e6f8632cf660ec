package all

import (
	"slices"
	"testing"
)

// TestFirst: what a protocol is recognised by begins with one of the bytes that it names.
func TestFirst(t *testing.T) {
	greetings := map[string]string{
		"pop": "+OK POP3 server ready\r\n", "smtp": "220 mail.test ESMTP\r\n", "imap": "* OK IMAP4rev1 ready\r\n", "http2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"dcerpc": "\x05\x00\x0b\x03\x10\x00\x00\x00\x48\x00\x00\x00\x01\x00\x00\x00\xb8\x10\xb8\x10\x00\x00\x00\x00",
		"tds":    "\x12\x01\x00\x2f\x00\x00\x01\x00\x00\x00\x1a\x00\x06\x01\x00\x20\x00\x01\x02\x00\x21\x00\x01\x03\x00\x22\x00\x04\x04\x00\x26\x00\x01\xff\x09\x00\x00\x00\x00\x00\x01\x00\xb8\x0d\x00\x00\x01",
	}
	tested := 0
	for _, s := range Streams() {
		if s.First == "" {
			continue
		}
		b := []byte(greetings[s.ID.String()])
		if len(b) == 0 || !s.Looks(b) {
			t.Errorf("%v: no greeting that it is recognised by: %q", s.ID, b)
			continue
		}
		tested++
		for first := range 256 {
			b[0] = byte(first)
			if s.Looks(b) && !slices.Contains([]byte(s.First), b[0]) {
				t.Errorf("%v is recognised by % x, whose first byte it does not name", s.ID, b[:4])
			}
		}
	}
	if tested < 6 {
		t.Errorf("%d protocols name first bytes", tested)
	}
}
