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
	for _, word := range []string{"password", "passwd", "secret", "hash", "nonce", "x509", "pkix", "signature"} {
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

// http keeps the shape of a message of HTTP/1: the method or status, the version, headers that say where it ends and
// what becomes of the connection. Names of hosts and paths are replaced, everything else is.
func (s *Scrubber) http(in, out []byte) {
	head, chunked := 0, false
	for first := true; head < len(in); first = false {
		n := bytes.IndexByte(in[head:], '\n') + 1
		if n == 0 {
			n = len(in) - head
		}
		line, to := in[head:head+n], out[head:head+n]
		head += n
		text := bytes.TrimRight(line, "\r\n")
		copy(to[len(text):], line[len(text):])
		if len(text) == 0 {
			break
		}
		if first {
			if !s.firstLine(to[:len(text)], text) { // the middle of a body
				clear(out)
				return
			}
			continue
		}
		chunked = s.header(to[:len(text)], text) || chunked
	}
	if chunked {
		chunks(in[head:], out[head:])
	}
	s.counts["messages of HTTP"]++
}

func (s *Scrubber) firstLine(out, in []byte) bool {
	words := bytes.SplitN(in, []byte{' '}, 3)
	if len(words) < 2 {
		return false
	}
	last := words[len(words)-1]
	switch {
	case bytes.HasPrefix(words[0], []byte("HTTP/")): // version, status, reason
		n := len(words[0]) + 1 + len(words[1])
		copy(out, in[:n])
		s.secret.words(out[n:], in[n:])
	case bytes.HasPrefix(last, []byte("HTTP/")) && len(words) == 3 && bytes.Trim(words[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == nil:
		copy(out, in)
		n := len(words[0]) + 1
		s.secret.words(out[n:n+len(words[1])], words[1])
	default:
		return false
	}
	return true
}

// plainHeaders are those whose value says nothing of anybody; a prefix of the value up to ';' is kept.
var plainHeaders = map[string]bool{
	"content-length": true, "transfer-encoding": true, "connection": true, "proxy-connection": true, "keep-alive": true, "content-encoding": true,
	"content-type": true, "accept-ranges": true, "content-range": true, "range": true, "upgrade": true, "expect": true, "retry-after": true, "age": true,
}

// knownHeaders are those whose name says nothing of anybody.
var knownHeaders = map[string]bool{
	"host": true, "user-agent": true, "accept": true, "accept-encoding": true, "accept-language": true, "cookie": true, "set-cookie": true, "referer": true,
	"origin": true, "authorization": true, "proxy-authorization": true, "www-authenticate": true, "proxy-authenticate": true, "server": true, "date": true,
	"etag": true, "if-none-match": true, "if-modified-since": true, "last-modified": true, "cache-control": true, "pragma": true, "expires": true,
	"location": true, "vary": true, "via": true, "x-forwarded-for": true, "x-powered-by": true,
}

// header writes a line of the head and reports whether it says that the body is chunked.
func (s *Scrubber) header(out, in []byte) (chunked bool) {
	colon := bytes.IndexByte(in, ':')
	if colon < 0 {
		fill(out, 'x')
		return false
	}
	name := strings.ToLower(string(bytes.TrimSpace(in[:colon])))
	value := in[colon+1:]
	to := out[colon+1:]
	out[colon] = ':'
	if plainHeaders[name] || knownHeaders[name] {
		copy(out[:colon], in[:colon])
	} else {
		fill(out[:colon], 'x')
	}
	copy(to, bytes.Repeat([]byte{' '}, len(value)-len(bytes.TrimLeft(value, " "))))
	spaces := len(value) - len(bytes.TrimLeft(value, " "))
	switch {
	case plainHeaders[name]:
		n := bytes.IndexByte(value, ';')
		if n < 0 {
			n = len(value)
		}
		copy(to, value[:n])
		fill(to[n:], 'x')
		if n < len(value) {
			to[n] = ';'
		}
		return name == "transfer-encoding" && bytes.Contains(bytes.ToLower(value), []byte("chunked"))
	case name == "host":
		s.secret.words(to[spaces:], value[spaces:])
	default:
		fill(to[spaces:], 'x')
	}
	return false
}

func fill(b []byte, c byte) {
	for i := range b {
		b[i] = c
	}
}

// chunks keeps the lengths between the chunks of a body.
func chunks(in, out []byte) {
	for at := 0; at < len(in); {
		n := bytes.IndexByte(in[at:], '\n') + 1
		if n == 0 {
			return
		}
		size, digits := 0, 0
		for _, c := range in[at : at+n] {
			v := strings.IndexByte("0123456789abcdef", c|0x20)
			if c >= '0' && c <= '9' {
				v = int(c - '0')
			}
			if v < 0 || digits == 7 {
				break
			}
			size, digits = size<<4|v, digits+1
		}
		if digits == 0 {
			return
		}
		copy(out[at:], in[at:at+digits])
		end := at + n - 1
		out[end] = '\n'
		if end > at+digits && in[end-1] == '\r' {
			fill(out[at+digits:end-1], ' ')
			out[end-1] = '\r'
		} else {
			fill(out[at+digits:end], ' ')
		}
		at += n + size
		if size == 0 || at+2 > len(in) {
			return
		}
		if in[at] == '\r' {
			copy(out[at:], "\r\n")
			at += 2
		}
	}
}

// ber keeps the tags and lengths of the Basic Encoding Rules, and numbers of up to eight bytes. Names and everything else becomes zeros.
func (s *Scrubber) ber(in, out []byte, depth int) {
	for at := 0; at+2 <= len(in) && depth < 32; {
		tag, n, head := in[at], int(in[at+1]), 2
		if tag&0x1f == 0x1f {
			return
		}
		if n > 0x80 && n <= 0x84 {
			size := n & 0x7f
			if at+2+size > len(in) {
				return
			}
			n = 0
			for _, b := range in[at+2 : at+2+size] {
				n = n<<8 | int(b)
			}
			head += size
		} else if n >= 0x80 {
			return
		}
		copy(out[at:], in[at:at+head])
		from := at + head
		end := min(from+n, len(in))
		value := in[from:end]
		switch {
		case tag&0x20 != 0:
			s.ber(value, out[from:end], depth+1)
		case tag == 1 || tag == 2 || tag == 10: // boolean, integer, enumerated
			if len(value) <= 8 {
				copy(out[from:], value)
			}
		case tag == 0x18 || tag == 0x17: // times
			copy(out[from:], value)
		case tag == 3 && len(value) <= 5: // flags
			copy(out[from:], value)
		case tag == 6: // object identifiers of mechanisms and types
			copy(out[from:], value)
		case tag == 0x1b || tag == 0x0c || tag == 0x16 || tag == 4: // strings: letters, for empty ones look different from others
			if printable(value) {
				s.secret.words(out[from:end], value)
				s.counts["names"]++
			}
		}
		at = from + n
	}
}

// printable reports whether b is a text in ASCII.
func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(b) > 0
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
