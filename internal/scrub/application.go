package scrub

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
)

// application writes what stays of a layer of an application. out has zeros; what is not written stays zero.
func (s *Scrubber) application(id proto.ID, in, out []byte, note *field.Note) {
	switch id {
	case proto.Data, proto.Trailer, proto.Malformed, proto.NBSSContinuation, proto.SMB2Compressed:
	case proto.DNS, proto.MDNS, proto.LLMNR:
		s.dns(in, out)
	case proto.DNSStream:
		if len(in) > 2 {
			copy(out, in[:2])
			s.dns(in[2:], out[2:])
		}
	case proto.HTTP:
		s.http(in, out)
	case proto.LDAP, proto.CLDAP, proto.Kerberos:
		s.ber(in, out, 0)
	case proto.KerberosStream:
		if len(in) > 4 {
			copy(out, in[:4])
			s.ber(in[4:], out[4:], 0)
		}
	case proto.SSRP:
		s.ssrp(in, out)
	case proto.SMTP, proto.POP, proto.IMAP:
		s.mail(id, in, out, note)
	case proto.TLS:
		s.tls(in, out, note)
	case proto.SMB2:
		smb2(in, out)
		s.table(id, in, out, note, len(in))
	default:
		s.table(id, in, out, note, len(in))
	}
}

// table takes over the numbers that the field table of a protocol declares in the first limit bytes of a layer, and
// replaces addresses and names.
func (s *Scrubber) table(id proto.ID, in, out []byte, note *field.Note, limit int) {
	t := all.Tables()[id]
	if t == nil {
		return
	}
	limit = min(limit, len(in), len(out))
	for i := range t.Fields {
		f := &t.Fields[i]
		if secretName(f.Name) {
			continue
		}
		take := func(at field.Span, v field.Value) bool {
			if at.Off < 0 || at.Len <= 0 || at.Off+at.Len > limit {
				return true
			}
			if v.Type == field.GUID && publicIdentifier(f.Name) {
				copy(out[at.Off:at.Off+at.Len], in[at.Off:])
				return true
			}
			s.value(v.Type, in[at.Off:at.Off+at.Len], out[at.Off:at.Off+at.Len])
			return true
		}
		if f.Noted != nil && note != nil {
			f.Noted(in, note, take)
		} else {
			f.All(in, take)
		}
	}
}

// secretName reports whether a field holds what nobody needs a replacement of, or what a name of cannot be told from.
func secretName(name string) bool {
	for _, word := range []string{"password", "passwd", "secret", "hash", "nonce", "x509", "pkix", "pkcs1", "ns_cert", "ns.cert", "signature"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// publicIdentifier reports whether a field is a GUID that everybody uses: that of an interface of DCE/RPC or a transfer syntax.
func publicIdentifier(name string) bool { return strings.HasPrefix(name, "dcerpc.cn_") }

// value writes what stays of the bytes of a field.
func (s *Scrubber) value(t field.Type, in, out []byte) {
	switch t {
	case field.Uint, field.Int, field.Bool, field.Float, field.Time, field.Duration:
		if len(in) <= 8 {
			copy(out, in)
		}
	case field.IPv4, field.IPv6:
		s.address(in, out)
	case field.Ether:
		if len(in) == 6 {
			s.secret.MAC(out, in)
			s.counts["link-layer addresses"]++
		}
	case field.GUID:
		if bytes.Trim(in, "\x00\xff") != nil && len(bytes.Trim(in, "\x00\xff")) > 0 {
			copy(out, s.secret.random("guid", in, len(in)))
			s.counts["identifiers"]++
		} else {
			copy(out, in)
		}
	case field.String:
		s.secret.text(out, in)
		s.counts["names"]++
	}
}

// ssrp keeps the type of a message, the keys of an answer, its numbers and versions; names are replaced.
func (s *Scrubber) ssrp(in, out []byte) {
	copy(out, in[:min(1, len(in))])
	if len(in) < 2 {
		return
	}
	switch in[0] {
	case 4: // which port has this instance?
		s.secret.words(out[1:], in[1:])
	case 0x0f:
		out[1] = in[1]
		s.secret.words(out[2:], in[2:])
	case 5:
		if len(in) < 3 {
			return
		}
		copy(out, in[:3])
		if len(in) == 6 { // the port of an administrator's connection
			copy(out, in)
			return
		}
		at, key := 3, true
		last := ""
		for part := range bytes.SplitSeq(in[3:], []byte{';'}) {
			end := at + len(part)
			switch {
			case len(part) == 0: // two in a row: an instance ends
				key = true
			case key && ssrpKeys[string(part)]:
				copy(out[at:], part)
				last, key = string(part), false
			case !key && (last == "ServerName" || last == "InstanceName" || last == "np" || last == "via"):
				s.secret.words(out[at:end], part)
				key = true
			case !key:
				copy(out[at:end], digitsOnly(part))
				key = true
			default:
				s.secret.words(out[at:end], part)
			}
			if end < len(in) {
				out[end] = ';'
			}
			at = end + 1
		}
	}
	s.counts["names"]++
}

var ssrpKeys = map[string]bool{"ServerName": true, "InstanceName": true, "IsClustered": true, "Version": true, "tcp": true, "np": true, "via": true, "rpc": true, "spx": true, "adsp": true, "bv": true}

// digitsOnly is a value if it is a number, a version, or yes or no.
func digitsOnly(b []byte) []byte {
	if len(bytes.Trim(b, "0123456789.")) == 0 || string(b) == "Yes" || string(b) == "No" {
		return b
	}
	return bytes.Repeat([]byte{'x'}, len(b))
}

// smb2Bodies are the lengths of the fixed parts of requests and answers, by command ([MS-SMB2] 2.2.3 to 2.2.40).
var smb2Bodies = [...][2]int{
	{36, 64}, {24, 8}, {4, 4}, {8, 16}, {4, 4}, {56, 88}, {24, 60}, {24, 4}, {48, 16}, {48, 16}, {48, 4}, {56, 48}, {4, 4}, {4, 4}, {32, 8}, {32, 8}, {40, 8},
	{32, 2}, {36, 36},
}

// smb2 keeps the header without its signature, and the fixed part of a body ([MS-SMB2] 2.2.1): lengths, places, states and
// handles. Identifiers in it that the field table knows are replaced after it.
func smb2(in, out []byte) {
	const header, signature = 64, 48
	copy(out, in[:min(signature, len(in))])
	if len(in) < header+2 {
		return
	}
	command, answer := binary.LittleEndian.Uint16(in[12:]), in[16]&1
	if int(command) >= len(smb2Bodies) {
		return
	}
	n := header + min(int(binary.LittleEndian.Uint16(in[header:])&^1), smb2Bodies[command][answer])
	copy(out[header:min(n, len(out))], in[header:min(n, len(in))])
}

// tls keeps the records and, of the messages of a handshake that are not encrypted, types, lengths, versions and suites. Names are
// replaced; certificates, tickets and random numbers become zeros.
func (s *Scrubber) tls(in, out []byte, note *field.Note) {
	for at := 0; at+5 <= len(in); {
		n := int(binary.BigEndian.Uint16(in[at+3:]))
		copy(out[at:], in[at:at+5])
		end := min(at+5+n, len(in))
		body, to := in[at+5:end], out[at+5:end]
		if in[at] == 22 && len(body) > 0 && (body[0] == 1 || body[0] == 2) {
			plain := make([]byte, end-at)
			s.table(proto.TLS, in[at:end], plain, note, end-at)
			copy(out[at:end], plain)
		} else if in[at] == 22 && len(body) >= 4 && int(body[1])<<16|int(body[2])<<8|int(body[3]) <= 1<<17 && body[0] <= 24 {
			copy(to, body[:4]) // the head of a message; encrypted ones have none, and then it is random
		} else if in[at] == 21 && len(body) == 2 || in[at] == 20 && len(body) == 1 {
			copy(to, body)
		}
		at += 5 + n
	}
	s.counts["messages of TLS"]++
}
