package ldap_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/ldap"
)

// ntlmToken is an AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3) in which the name of the user is said to be n bytes long.
func ntlmToken(user string, n int, flags uint32) string {
	b := append([]byte("NTLMSSP\x00\x03\x00\x00\x00"), make([]byte, 52)...)
	at := len(b)
	binary.LittleEndian.PutUint16(b[36:], uint16(n))
	binary.LittleEndian.PutUint32(b[40:], uint32(at))
	binary.LittleEndian.PutUint32(b[60:], flags)
	return string(b) + user
}

func TestWhoBinds(t *testing.T) {
	sasl := func(token string) string {
		return message(1, element(ldap.BindRequest, integer(3), text(""), element(0xa3, text("GSS-SPNEGO"), text(token))))
	}
	for _, c := range []struct {
		bytes, want string
		empty       bool
	}{
		{bind, "cn=root", false},
		{sasl(ntlmToken("a\x00n\x00", 4, 1)), "an", false},
		{sasl(ntlmToken("ann", 3, 0)), "ann", false},
		{sasl(ntlmToken("ann", 4, 0)), "", false},
		{sasl(ntlmToken("ann", 3, 0)[:60]), "", false},
		{sasl("NTLMSSP\x00\x01\x00\x00\x00" + strings.Repeat("\x00", 60)), "", false},
		{message(1, element(ldap.BindRequest, integer(3), text("cn=probe"), element(0x80, ""))), "cn=probe", true},
	} {
		u := &proto.Unit{Data: []byte(c.bytes), Len: len(c.bytes)}
		ldap.Stream.New().Unit(u)
		if got := u.Turns[0]; got.Name != c.want || (len(got.Terms) == 1) != c.empty {
			t.Errorf("%q: %q %v, want %q", c.bytes, got.Name, got.Terms, c.want)
		}
	}
	u := &proto.Unit{Data: []byte(bound), Len: len(bound)}
	ldap.Stream.New().Unit(u)
	if got := u.Turns[0]; got.Text != "data 52e" || !got.Failed {
		t.Errorf("%+v", got)
	}
}
