package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto/http2"
)

// http2Info is a text for each frame of a layer: its type, its stream, and what it asks, answers or ends.
func http2Info(row *engine.Row, i int) string {
	p := row.Packet
	var out strings.Builder
	http2.Blocks(p.Bytes(i), p.TextsOf(i), func(f *http2.Frame, k *http2.Block) bool {
		if out.Len() > 0 {
			out.WriteString(", ")
		}
		if f.Preface {
			out.WriteString("Magic")
			return true
		}
		name := http2.Types[uint64(f.Type)]
		if name == "" {
			name = fmt.Sprintf("Unknown type (%d)", f.Type)
		}
		fmt.Fprintf(&out, "%s[%d]", name, f.Stream)
		http2Heading(&out, k)
		if k.Media != "" {
			out.WriteString(http2Body(k))
		}
		return true
	})
	return out.String()
}

// http2Heading is what header fields ask or answer.
func http2Heading(out *strings.Builder, k *http2.Block) {
	method, path := "", ""
	k.Each(func(name, value, _, _ string) bool {
		switch name {
		case ":method":
			method = value
		case ":path":
			path = value
		case ":status":
			code, _ := strconv.Atoi(value)
			fmt.Fprintf(out, ": %s %s", Printable(value), httpPhrase(code))
			return true
		default:
			return true
		}
		if method != "" && path != "" {
			fmt.Fprintf(out, ": %s %s", Printable(method), Printable(path))
		}
		return true
	})
}

// http2Body is what the Info column says of the body that a frame ends: of media types that Wireshark knows in HTTP/2.
func http2Body(k *http2.Block) string {
	switch http2Media[k.Media] {
	case jsonBody:
		return ", JavaScript Object Notation (" + k.Media + ")"
	case namedBody:
		return " (" + k.Media + ")"
	case imageBody:
		text := imageText(k.Media, []byte(k.First))
		if strings.Contains(text, "PNG") == (k.Media == "image/png") && strings.Contains(text, "GIF") == (k.Media == "image/gif") {
			return text
		}
	}
	return ""
}

// http2Name is the Protocol column: behind the protocol's name that of the format of the body that the last frame ends, for some, or gRPC in place of it.
func http2Name(row *engine.Row, i int) string {
	note := row.Packet.NoteOf(i)
	if http2.IsGRPC(&note) {
		return "GRPC"
	}
	media := ""
	http2.Blocks(row.Packet.Bytes(i), row.Packet.TextsOf(i), func(_ *http2.Frame, k *http2.Block) bool {
		media = k.Media
		return true
	})
	switch {
	case http2Media[media] == jsonBody:
		return "HTTP2/JSON"
	case bodyFormat(media) == "xml" && media != "application/xhtml+xml":
		return "HTTP2/XML"
	}
	return "HTTP2"
}

// A shownBody is how the Info column shows a body by its type.
type shownBody uint8

const (
	namedBody shownBody = iota + 1 // the type
	jsonBody
	imageBody // the format, when the first bytes are those of one
)

// http2Media are the types of bodies that the Info column says something of.
var http2Media = func() map[string]shownBody {
	m := map[string]shownBody{}
	for kind, types := range map[shownBody]string{
		namedBody: `text/plain text/css text/html text/javascript text/richtext text/enriched text/parameters application/x-javascript
			application/x-www-form-urlencoded application/x-ns-proxy-autoconfig application/pkix-cert message/http`,
		jsonBody: `application/json application/json-patch+json application/json-rpc application/jsonrequest application/merge-patch+json application/problem+json
			application/senml+json application/sensml+json application/x-ndjson application/dds-web+json application/vnd.oma.lwm2m+json`,
		imageBody: "image/png image/gif image/jpeg image/jpg image/jfif",
	} {
		for name := range strings.FieldsSeq(types) {
			m[name] = kind
		}
	}
	return m
}()
