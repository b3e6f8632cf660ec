package ldap

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// Offsets in an AUTHENTICATE_MESSAGE ([MS-NLMP] 2.2.1.3).
const (
	ntlmDomain = 28 // length (2 bytes), room (2), offset (4), little-endian
	ntlmName   = 36
	ntlmFlags  = 60
	ntlmHeader = 64

	ntlmUnicode = 1 // flag: texts are UTF-16
)

// ntlmAuthenticate begins the message with which a client proves who it is.
var ntlmAuthenticate = []byte("NTLMSSP\x00\x03\x00\x00\x00")

// ntlmUser is the user that a token of NTLM names, with its domain; "" for one that names none.
func ntlmUser(token []byte) string {
	at := bytes.Index(token, ntlmAuthenticate)
	if at < 0 || len(token)-at < ntlmHeader {
		return ""
	}
	b := token[at:]
	user := ntlmText(b, ntlmName)
	if domain := ntlmText(b, ntlmDomain); domain != "" && user != "" {
		user = domain + `\` + user
	}
	return user
}

// ntlmText is a text whose place is told at an offset.
func ntlmText(b []byte, at int) string {
	n, from := int(binary.LittleEndian.Uint16(b[at:])), int(binary.LittleEndian.Uint32(b[at+4:]))
	if from > len(b) || n > len(b)-from || n > maxText {
		return ""
	}
	text := b[from : from+n]
	if binary.LittleEndian.Uint32(b[ntlmFlags:])&ntlmUnicode == 0 {
		return strings.ToValidUTF8(string(text), "\uFFFD")
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(text[2*i:])
	}
	return string(utf16.Decode(units))
}
