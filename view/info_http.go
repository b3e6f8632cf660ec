package view

import (
	"bytes"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/http"
)

// httpInfo is the first line of a message and, when it has a body, what that is.
func httpInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	h, ok := http.ReadHead(b)
	switch p := row.Packet; {
	case !ok && i+1 < p.N && p.Layers[i+1].Proto.Application() && p.Layers[i+1].Proto != proto.HTTP: // what it went over to
		return ""
	case !ok:
		return "Continuation"
	}
	text := Printable(http.Line(b)) + " "
	l := &row.Packet.Layers[i]
	if !hasBody(&h, b, int(l.Wire-l.Off)) {
		return text
	}
	return text + bodyText(&h, b)
}

// hasBody reports whether a message of n bytes has a body that is not empty.
func hasBody(h *http.Head, b []byte, n int) bool {
	if h.End == 0 || n <= h.End {
		return false
	}
	return !http.Chunked(h.Header(b, "transfer-encoding")) || len(b) <= h.End || b[h.End] != '0'
}

// httpName is the Protocol column: that of the body's format, for some.
func httpName(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	h, ok := http.ReadHead(b)
	l := &row.Packet.Layers[i]
	if ok && hasBody(&h, b, int(l.Wire-l.Off)) {
		switch formatOf(&h, b) {
		case "json":
			return "HTTP/JSON"
		case "xml":
			return "HTTP/XML"
		}
	}
	return "HTTP"
}

// codings are those that a body is shown by its type for all the same: Wireshark undoes them.
var codings = map[string]bool{"": true, "identity": true, "gzip": true, "x-gzip": true, "deflate": true, "br": true}

// mediaType is the type of the body without its parameters, in lower case; "" for a body that is not told by its type.
func mediaType(h *http.Head, b []byte) string {
	if !codings[strings.ToLower(h.Header(b, "content-encoding"))] {
		return ""
	}
	value, _, _ := strings.Cut(h.Header(b, "content-type"), ";")
	return strings.ToLower(strings.TrimSpace(value))
}

// formatOf is the format of a body that Wireshark names: json, xml; "" for others.
func formatOf(h *http.Head, b []byte) string {
	return bodyFormat(mediaType(h, b))
}

// bodyFormat is the format of a body of a type that Wireshark names.
func bodyFormat(media string) string {
	switch {
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		return "json"
	case media == "text/xml" || media == "application/xml" || strings.HasSuffix(media, "+xml"):
		return "xml"
	}
	return ""
}

// images are recognised by their first bytes, whatever kind of image the header says.
var images = []struct{ begins, text string }{
	{"GIF87a", "GIF87a"}, {"GIF89a", "GIF89a"}, {"\xff\xd8", "JPEG JFIF image"}, {"\x89PNG", "PNG"},
}

// bodyText is what the Info column says of a body.
func bodyText(h *http.Head, b []byte) string {
	media := mediaType(h, b)
	switch formatOf(h, b) {
	case "json":
		return ", JavaScript Object Notation (" + Printable(media) + ")"
	case "xml":
		return ""
	}
	if text := imageText(media, b[min(h.End, len(b)):]); text != "" || media == "" {
		return text
	}
	return " (" + Printable(media) + ")"
}

// imageText is the kind of an image that begins with these bytes; "" for another body.
func imageText(media string, body []byte) string {
	for _, image := range images {
		if strings.HasPrefix(media, "image/") && bytes.HasPrefix(body, []byte(image.begins)) {
			return " (" + image.text + ")"
		}
	}
	return ""
}

// httpBegins is the first line of a message that goes on in other segments, when it is whole.
func httpBegins(b []byte) (string, bool) {
	if _, ok := http.ReadHead(b); !ok || bytes.IndexByte(b, '\n') < 0 {
		return "", false
	}
	return Printable(http.Line(b)) + " ", true
}
