package cleartext

import (
	"bytes"
	"encoding/binary"

	"github.com/wiretale/wiretale/internal/stream"
)

// What asks for TLS in the clear part of a connection, and the answer to it, would be the last thing that other programs understand of the clear
// connection: they take what follows for TLS. So it is left out, where it is known.

// A clearPart is the end of what a side said in clear.
type clearPart struct {
	bytes []byte
	end   int64 // offset behind it
}

// hear takes in bytes at an offset. What is missing parts what is before it from what comes.
func (p *clearPart) hear(at int64, e *stream.Heard) {
	if at != p.end || len(e.Data) < e.Len {
		p.bytes = p.bytes[:0]
	}
	p.end = at + int64(e.Len)
	if p.end > maxClear {
		p.bytes = nil
	} else if len(e.Data) == e.Len {
		p.bytes = append(p.bytes, e.Data...)
	}
	if n := len(p.bytes); n > maxAsked {
		p.bytes = append(p.bytes[:0], p.bytes[n-maxAsked:]...)
	}
}

// upTo is what was said before an offset.
func (p *clearPart) upTo(at int64) []byte {
	if n := int64(len(p.bytes)) - (p.end - at); at <= p.end && n >= 0 {
		return p.bytes[:n]
	}
	return nil
}

// cross is for the first unit of a conversation that is closed: the hello of a client, which begins at an offset of its side. What asks for it is closed as well.
func (c *conversation) cross(client int, at int64) {
	c.crossed = true
	server := 1 - client
	ask, answer := asked(c.clear[client].upTo(at), c.clear[server].bytes)
	if ask > 0 {
		c.left = true
		c.close(client, at-int64(ask))
	}
	if answer > 0 {
		c.close(server, c.clear[server].end-int64(answer))
	}
	c.clear = [2]clearPart{}
}

// close says that what a side of the connection itself sends is closed from an offset on.
func (c *conversation) close(dir int, at int64) {
	p := c.at.place(dir, 0)
	if c.sides[p] == nil {
		c.sides[p] = &side{}
	}
	if d := c.sides[p]; len(d.turns) == 0 {
		d.turns = append(d.turns, turn{at, true})
	}
}

// maxAsked bounds how much of the clear part of a side is kept: what asks is at its end, before a hello of the client. Behind maxClear bytes nobody asks.
const (
	maxAsked = 4096
	maxClear = 1 << 16
)

// asking finds what asks for TLS at the end of what the client said in clear, and what agrees at the end of what the server said: how many bytes each has.
type asking func(client, server []byte) (ask, answer int)

var askings = []asking{askedInLines, askedLDAP, askedPostgreSQL, askedMySQL, askedXMPP, askedConnect}

// asked tries all that is known; 0 and 0 for nothing that is.
func asked(client, server []byte) (ask, answer int) {
	for _, of := range askings {
		if ask, answer = of(client, server); ask > 0 {
			return ask, answer
		}
	}
	return 0, 0
}

// lastLine is the last line with its end; nothing when the bytes do not end with one.
func lastLine(b []byte) []byte {
	text, ends := bytes.CutSuffix(b, []byte("\n"))
	if !ends {
		return nil
	}
	return b[bytes.LastIndexByte(text, '\n')+1:]
}

// askedInLines is for STARTTLS of SMTP (RFC 3207), NNTP (RFC 4642) and IMAP (RFC 9051, 6.2.1), STLS of POP (RFC 2595, 4) and AUTH TLS of FTP (RFC 4217).
func askedInLines(client, server []byte) (ask, answer int) {
	line, reply := lastLine(client), lastLine(server)
	words := bytes.Fields(bytes.ToUpper(line))
	switch {
	case len(reply) < 4 || len(words) == 0 || len(words) > 2:
		return 0, 0
	case string(words[0]) == "STLS":
		if !bytes.HasPrefix(reply, []byte("+OK")) {
			return 0, 0
		}
		return len(line), len(reply)
	case len(words) == 2 && string(words[1]) == "STARTTLS": // with a tag
		tag, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		if said, ok := bytes.CutPrefix(reply, tag); !ok || !bytes.HasPrefix(bytes.ToUpper(said), []byte(" OK")) {
			return 0, 0
		}
		return len(line), len(reply)
	case string(words[0]) == "STARTTLS", string(words[0]) == "AUTH" && len(words) == 2 && (bytes.HasPrefix(words[1], []byte("TLS")) || bytes.HasPrefix(words[1], []byte("SSL"))):
		if reply[0] != '2' && reply[0] != '3' || reply[3] != ' ' {
			return 0, 0
		}
		answer = len(reply)
		for { // lines of the same reply before the last
			before := lastLine(server[:len(server)-answer])
			if len(before) < 4 || !bytes.Equal(before[:3], reply[:3]) || before[3] != '-' {
				return len(line), answer
			}
			answer += len(before)
		}
	}
	return 0, 0
}

// oidStartTLS is the extended operation of LDAP that asks for TLS (RFC 4511, 4.14).
const oidStartTLS = "1.3.6.1.4.1.1466.20037"

// askedLDAP is for messages of LDAP.
func askedLDAP(client, server []byte) (ask, answer int) {
	const extendedRequest, extendedResponse = 0x77, 0x78
	request := lastLDAP(client, extendedRequest)
	if !bytes.Contains(request, []byte(oidStartTLS)) {
		return 0, 0
	}
	return len(request), len(lastLDAP(server, extendedResponse))
}

// lastLDAP is the message with an operation that the bytes end with, nothing when they end with none.
func lastLDAP(b []byte, operation byte) []byte {
	for at := len(b) - 7; at >= 0; at-- {
		if b[at] != 0x30 {
			continue
		}
		n, head := int(b[at+1]), 2
		if n > 0x80 && n <= 0x84 && at+2+n&0x7f <= len(b) {
			head += n & 0x7f
			n = 0
			for _, c := range b[at+2 : at+head] {
				n = n<<8 | int(c)
			}
		}
		m := b[at:]
		if head+n != len(m) || len(m) < head+2 || m[head] != 2 || head+2+int(m[head+1]) >= len(m) || m[head+2+int(m[head+1])] != operation {
			continue
		}
		return m
	}
	return nil
}

// askedPostgreSQL is for the SSLRequest (PostgreSQL, Frontend/Backend Protocol, Message Formats).
func askedPostgreSQL(client, server []byte) (ask, answer int) {
	if bytes.HasSuffix(client, []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}) && bytes.HasSuffix(server, []byte("S")) {
		return 8, 1
	}
	return 0, 0
}

// askedMySQL is for the SSL request, which is the beginning of the answer to the greeting: the whole answer comes in TLS, and nothing of the server before it.
func askedMySQL(client, server []byte) (ask, answer int) {
	const length, clientSSL = 36, 0x0800
	if len(client) == length && bytes.HasPrefix(client, []byte{length - 4, 0, 0, 1}) && binary.LittleEndian.Uint32(client[4:])&clientSSL != 0 && len(server) > 4 {
		return length, 0
	}
	return 0, 0
}

// askedXMPP is for starttls (RFC 6120, 5.4).
func askedXMPP(client, server []byte) (ask, answer int) {
	from, to := bytes.LastIndex(client, []byte("<starttls")), bytes.LastIndex(server, []byte("<proceed"))
	if from < 0 || to < 0 || !bytes.HasSuffix(bytes.TrimSpace(client), []byte(">")) {
		return 0, 0
	}
	return len(client) - from, len(server) - to
}

// askedConnect is for a proxy of HTTP (RFC 9110, 9.3.6).
func askedConnect(client, server []byte) (ask, answer int) {
	head := func(b []byte, begins string) int {
		text, ends := bytes.CutSuffix(b, []byte("\r\n\r\n"))
		if !ends {
			return 0
		}
		from := 0
		if i := bytes.LastIndex(text, []byte("\r\n\r\n")); i >= 0 {
			from = i + 4
		}
		if !bytes.HasPrefix(b[from:], []byte(begins)) {
			return 0
		}
		return len(b) - from
	}
	ask, answer = head(client, "CONNECT "), head(server, "HTTP/1.")
	if answer < len("HTTP/1.1 2") || server[len(server)-answer+len("HTTP/1.1 ")] != '2' {
		return 0, 0
	}
	return ask, answer
}
