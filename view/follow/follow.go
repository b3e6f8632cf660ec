// Package follow prints what both sides of a conversation sent, in the order
// in which they did: as text, in hexadecimal, as it is, as arrays of C, or as
// tshark does with -z follow.
package follow

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Form is how bytes are printed.
type Form string

const (
	ASCII  Form = "ascii" // what is no printable character is a dot
	UTF8   Form = "utf-8" // the same, of characters in UTF-8
	Hex    Form = "hex"   // with offsets
	Raw    Form = "raw"   // as they are; tshark prints them in hexadecimal
	Arrays Form = "c"     // arrays of C
	YAML   Form = "yaml"
)

// A Chunk is some bytes of one side. It is only looked at during the call.
type Chunk struct {
	Dir    int   // index of the sender in the ends of the conversation
	Number int64 // of the record that completes them
	Time   int64 // of it, in nanoseconds since 1970
	Data   []byte
	Lost   int64  // bytes that are missing before, in the capture
	Cut    int    // bytes behind that the capture cut off
	Note   string // what there is to say instead of bytes, "" without; not of Raw
	Of     string // what it is part of, in the side that speaks: "stream 3"; "" without
	Begins bool   // it does not go on with the chunk before, though the side is the same: a message of its own
}

// A Printer prints the chunks of a conversation.
type Printer interface {
	Chunk(c *Chunk) error
	Close() error
}

// A Title says what is printed.
type Title struct {
	What   string // "tls" in the words of tshark, "what TLS carries" in ours
	Filter string
	Ends   [2]netip.AddrPort
}

// lost is what Wireshark says in the place of bytes that are missing.
func lost(n int64) string { return fmt.Sprintf("[%d bytes missing in capture file]", n) }

// shown is what stands for a byte of text in a form: itself, a dot, or 0 for what depends on the bytes behind it.
var shown = func() map[Form]*[256]byte {
	ascii := dotted
	ascii['\n'], ascii['\t'], ascii['\r'] = '\n', '\t', 0
	utf := ascii
	for c := 0xc2; c <= 0xf4; c++ { // no character begins with what is left (RFC 3629, 4)
		utf[c] = 0
	}
	return map[Form]*[256]byte{ASCII: &ascii, UTF8: &utf}
}()

// clear appends text without what a terminal would obey, or that turns the direction of text: lines end in \n, and what is left of controls is a dot.
// rest is the beginning of a character that goes on behind b, when more follows.
func clear(dst, b []byte, form Form, more bool) (out, rest []byte) {
	table := shown[form]
	dst = slices.Grow(dst, len(b))
	for i := 0; i < len(b); {
		run := dst[len(dst):][:len(b)-i]
		n := 0
		for _, c := range b[i:] {
			v := table[c]
			if v == 0 {
				break
			}
			run[n] = v
			n++
		}
		dst = dst[:len(dst)+n]
		if i += n; i == len(b) {
			break
		}
		switch c := b[i]; {
		case c == '\r' && i+1 < len(b) && b[i+1] == '\n': // the line ends with the next
			i++
		case more && (c == '\r' && i+1 == len(b) || c >= utf8.RuneSelf && !utf8.FullRune(b[i:])):
			return dst, b[i:]
		case c == '\r', i+1 < len(b) && b[i+1]&0xc0 != 0x80: // which nothing goes on with
			dst = append(dst, '.')
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n <= 1 || !unicode.IsPrint(r) {
				dst = append(dst, '.')
			} else {
				dst = append(dst, b[i:i+n]...)
			}
			i += max(n, 1)
		}
	}
	return dst, nil
}

// dump64 appends bytes in Base64 as YAML has them.
func dump64(w *bufio.Writer, b []byte) {
	const line = 57 // bytes of a line of 76 characters
	for len(b) > 0 {
		n := min(line, len(b))
		w.WriteString("      ")
		w.WriteString(base64.StdEncoding.EncodeToString(b[:n]))
		w.WriteByte('\n')
		b = b[n:]
	}
}

// array writes an array of C.
func array(w *bufio.Writer, dir, nth int, c *Chunk) {
	fmt.Fprintf(w, "char peer%d_%d[] = { /* Packet %d */\n", dir, nth, c.Number)
	const width = 8
	for i, v := range c.Data {
		fmt.Fprintf(w, "0x%02x", v)
		switch {
		case i == len(c.Data)-1:
			w.WriteString(" };\n")
		case i%width == width-1:
			w.WriteString(",\n")
		default:
			w.WriteString(", ")
		}
	}
}

// peers writes who talks, in YAML.
func peers(w *bufio.Writer, ends [2]netip.AddrPort) {
	w.WriteString("peers:\n")
	for i, e := range ends {
		fmt.Fprintf(w, "  - peer: %d\n    host: %s\n    port: %d\n", i, e.Addr(), e.Port())
	}
	w.WriteString("packets:\n")
}

// packet writes a chunk in YAML.
func packet(w *bufio.Writer, dir int, c *Chunk) {
	fmt.Fprintf(w, "  - packet: %d\n    peer: %d\n    timestamp: %d.%09d\n    data: !!binary |\n", c.Number, dir, c.Time/1e9, c.Time%1e9)
	dump64(w, c.Data)
}

// hexLine is bytes in hexadecimal without anything between.
func hexLine(w io.Writer, b []byte) {
	var buf [512]byte
	for len(b) > 0 {
		n := min(len(buf)/2, len(b))
		w.Write(buf[:hex.Encode(buf[:], b[:n])])
		b = b[n:]
	}
}

// indent is what tshark has before what the second side sends.
func indent(dir int) string { return strings.Repeat("\t", dir) }
