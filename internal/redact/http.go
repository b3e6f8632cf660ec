package redact

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
)

// maxUnpacked is how much of a packed body is looked through, in bytes; of a longer one nothing is shown.
const maxUnpacked = 8 << 20

// http looks through a message of HTTP/1 (RFC 9112); false for what begins with no line of one.
func (s *Session) http(b []byte) bool {
	at, first := 0, true
	name := ""
	var media, packing string
	chunked := false
	for at < len(b) {
		end := bytes.IndexByte(b[at:], '\n')
		next := at + end + 1
		if end < 0 {
			next = len(b)
		}
		line := bytes.TrimRight(b[at:next], "\r\n")
		switch {
		case first && !bytes.HasPrefix(line, []byte("HTTP/")) && !bytes.Contains(line, []byte(" HTTP/")):
			return false
		case first:
			s.spans(at, inURL(line, nil))
		case len(line) == 0:
			s.body(b[next:], next, media, packing, chunked)
			return true
		case line[0] == ' ' || line[0] == '\t': // goes on with the field before
			if inHeader(name, "a=b") != nil {
				s.blank(at+1, len(line)-1)
			}
		default:
			colon := bytes.IndexByte(line, ':')
			if colon < 0 {
				break
			}
			name = strings.ToLower(string(bytes.TrimSpace(line[:colon])))
			from := colon + 1
			for from < len(line) && (line[from] == ' ' || line[from] == '\t') {
				from++
			}
			value := string(line[from:])
			s.spans(at+from, inHeader(name, value))
			switch lower := strings.ToLower(value); name {
			case "content-type":
				media = lower
			case "content-encoding":
				packing = lower
			case "transfer-encoding":
				chunked = strings.Contains(lower, "chunked")
			}
		}
		at, first = next, false
	}
	return true
}

// spans blanks parts of what begins at an offset.
func (s *Session) spans(at int, list []span) {
	for _, p := range list {
		s.blank(at+p.from, p.to-p.from)
	}
}

// plainMedia are kinds of bodies that are no text.
func plainMedia(media string) bool {
	for _, kind := range []string{"image/", "audio/", "video/", "font/", "text/css", "application/octet-stream", "application/zip", "application/pdf", "application/font", "application/ocsp", "application/pkix"} {
		if strings.HasPrefix(media, kind) {
			return true
		}
	}
	return false
}

// body looks through a body that begins at an offset.
func (s *Session) body(b []byte, at int, media, packing string, chunked bool) {
	if len(b) == 0 || plainMedia(media) {
		return
	}
	pieces := []span{{0, len(b)}}
	text := b
	if chunked {
		pieces = chunks(b)
		text = nil
		for _, p := range pieces {
			text = append(text, b[p.from:p.to]...)
		}
	}
	for _, p := range findings(text, packing) { // back to where the pieces lie
		off := 0
		for _, piece := range pieces {
			n := piece.to - piece.from
			if from, to := max(p.from-off, 0), min(p.to-off, n); from < to {
				s.blank(at+piece.from+from, to-from)
			}
			off += n
		}
	}
}

// findings are what to blank of a body: all of a packed one in which there is something, or that cannot be unpacked.
func findings(text []byte, packing string) []span {
	if packing == "" || packing == "identity" {
		return inText(text, nil)
	}
	if plain, ok := unpack(text, packing); ok && len(inText(plain, nil)) == 0 {
		return nil
	}
	return []span{{0, len(text)}}
}

// unpack undoes the packing of a body; what is missing at its end is no error.
func unpack(b []byte, packing string) (plain []byte, ok bool) {
	var r io.Reader
	var err error
	switch packing {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(b))
	case "deflate":
		if r, err = zlib.NewReader(bytes.NewReader(b)); err != nil {
			r, err = flate.NewReader(bytes.NewReader(b)), nil
		}
	default:
		return nil, false
	}
	if err != nil {
		return nil, false
	}
	plain, err = io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	return plain, len(plain) <= maxUnpacked && (err == nil || len(plain) > 0)
}

// chunks are the parts of a body that are none of the lines between them (RFC 9112, 7.1).
func chunks(b []byte) (list []span) {
	for at := 0; at < len(b); {
		end := bytes.IndexByte(b[at:], '\n')
		if end < 0 {
			return list
		}
		size := 0
		for _, c := range b[at : at+end] {
			v := strings.IndexByte("0123456789abcdef", c|0x20)
			if v < 0 || size > 1<<28 {
				break
			}
			size = size<<4 | v
		}
		at += end + 1
		if size == 0 {
			return list
		}
		to := min(at+size, len(b))
		list = append(list, span{at, to})
		at = to
		for at < len(b) && (b[at] == '\r' || b[at] == '\n') && at < to+2 {
			at++
		}
	}
	return list
}
