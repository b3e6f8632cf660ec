package scrub

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
