package scrub

import (
	"bytes"
	"strings"
)

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
		if size == 0 {
			trailers(in[at:], out[at:])
			return
		}
		if at+2 > len(in) {
			return
		}
		if in[at] == '\r' {
			copy(out[at:], "\r\n")
			at += 2
		}
	}
}

// trailers keeps the ends of the lines behind the last chunk: the empty one is the end of the message.
func trailers(in, out []byte) {
	for i, c := range in {
		if out[i] = 'x'; c == '\r' || c == '\n' {
			out[i] = c
		}
	}
}
