package cleartext

import "testing"

const (
	ldapAsks   = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
	ldapAgrees = "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
	mysqlAsks  = "\x20\x00\x00\x01\x05\xae\x03\x00\x00\x00\x00\x01\x21" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
)

// TestAsked: what asks for TLS and what agrees, of all that is known, and nothing where it is something else.
func TestAsked(t *testing.T) {
	for name, c := range map[string]struct {
		before, ask  string // of the client
		said, answer string // of the server
	}{
		"SMTP":              {"EHLO me\r\n", "STARTTLS\r\n", "220 mx\r\n250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"},
		"SMTP, many lines":  {"EHLO me\r\n", "starttls\r\n", "250-mx\r\n250 STARTTLS\r\n", "220-well\r\n220 go\r\n"},
		"SMTP, refused":     {"EHLO me\r\nSTARTTLS\r\n", "", "220 mx\r\n454 no\r\n", ""},
		"NNTP":              {"", "STARTTLS\r\n", "200 news\r\n", "382 go\r\n"},
		"FTP":               {"FEAT\r\n", "AUTH TLS\r\n", "220 files\r\n", "234 go\r\n"},
		"FTP, AUTH SSL":     {"", "AUTH SSL\r\n", "220 files\r\n", "234 go\r\n"},
		"SMTP, AUTH PLAIN":  {"AUTH PLAIN AGE=\r\n", "", "235 in\r\n", ""},
		"POP":               {"CAPA\r\n", "STLS\r\n", "+OK\r\nSTLS\r\n.\r\n", "+OK go\r\n"},
		"POP, refused":      {"STLS\r\n", "", "-ERR no\r\n", ""},
		"IMAP":              {"a1 CAPABILITY\r\n", "a2 STARTTLS\r\n", "a1 OK\r\n", "a2 OK go\r\n"},
		"IMAP, another tag": {"a2 STARTTLS\r\n", "", "a1 OK\r\n", ""},
		"LDAP":              {ldapAgrees, ldapAsks, ldapAgrees, ldapAgrees},
		"PostgreSQL":        {"\x00\x00\x00\x08\x04\xd2\x16\x30", "\x00\x00\x00\x08\x04\xd2\x16\x2f", "N", "S"},
		"PostgreSQL, not":   {"\x00\x00\x00\x08\x04\xd2\x16\x2f", "", "N", ""},
		"MySQL":             {"", mysqlAsks, "\x0f\x00\x00\x00\x0a5.5.5\x00", ""},
		"XMPP":              {"<stream:stream>", "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "<stream:features><starttls/></stream:features>", "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
		"CONNECT":           {"", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 407 who\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"},
		"CONNECT, refused":  {"CONNECT a:443 HTTP/1.1\r\n\r\n", "", "HTTP/1.1 502 no\r\n\r\n", ""},
		"TDS":               {"\x12\x01\x00\x08\x00\x00\x00\x00", "", "\x04\x01\x00\x08\x00\x00\x00\x00", ""},
		"nothing":           {"", "", "", ""},
	} {
		ask, answer := asked([]byte(c.before+c.ask), []byte(c.said+c.answer))
		if ask != len(c.ask) || answer != len(c.answer) {
			t.Errorf("%s: %d and %d bytes, want %d and %d", name, ask, answer, len(c.ask), len(c.answer))
		}
	}
}

// FuzzAsked: whatever was said, no more is left out than that.
func FuzzAsked(f *testing.F) {
	f.Add([]byte("a STARTTLS\r\n"), []byte("a OK\r\n"))
	f.Add([]byte("STARTTLS\r\n"), []byte("220-a\r\n220 b\r\n"))
	f.Add([]byte(ldapAsks), []byte(ldapAgrees))
	f.Add([]byte(mysqlAsks), []byte("\x00\x00\x00\x08\x04"))
	f.Add([]byte("CONNECT a:443 HTTP/1.1\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Fuzz(func(t *testing.T, client, server []byte) {
		if ask, answer := asked(client, server); ask < 0 || answer < 0 || ask > len(client) || answer > len(server) {
			t.Fatalf("%d of %d and %d of %d bytes", ask, len(client), answer, len(server))
		}
	})
}
