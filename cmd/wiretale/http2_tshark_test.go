package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// http2Comparison holds protocol, Info and all fields of HTTP/2 on a port against tshark's.
func http2Comparison(t *testing.T, port uint16) *comparison {
	return &comparison{
		filter: "http2", patterns: []string{"app/suri_http2*"},
		names: append([]string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}, fieldsOf(t, "http2.")...),
		take:  carries(proto.HTTP2), accepted: http2Accepted, least: 40,
		rules: stream.Rules{TCP: []packet.PortRule{{From: port, To: port, ID: proto.HTTP2}}}, options: []string{"-d", fmt.Sprintf("tcp.port==%d,http2", port)},
	}
}

// http2Accepted is why a value may differ.
func http2Accepted(name, got, want string, row []string) string {
	switch {
	case name == "frame.protocols" && strings.HasPrefix(want, got+":"):
		return "body-layers"
	case name == "http2.continuation.header" && strings.Contains(want, "\uFFFD"):
		return "bytes-as-text"
	}
	return ""
}

// TestHTTP2IsTsharks compares the captures that have HTTP/2 in the clear.
func TestHTTP2IsTsharks(t *testing.T) {
	t.Parallel()
	http2Comparison(t, 3000).run(t)
}

// TestGRPCIsTsharks compares a capture of gRPC, of whose messages only the protocol is named.
func TestGRPCIsTsharks(t *testing.T) {
	t.Parallel()
	c := http2Comparison(t, 50051)
	c.patterns, c.least = []string{"link/ws_grpc*"}, 30
	c.rules.TCP = append(c.rules.TCP, packet.PortRule{From: 44363, To: 44363, ID: proto.HTTP2})
	c.options = append(c.options, "-d", "tcp.port==44363,http2")
	c.accepted = func(name, got, want string, row []string) string {
		if name == listColumn+"Protocol" && strings.Contains(got+want, "GRPC") || name == listColumn+"Info" && strings.HasPrefix(want, got) {
			return "inner"
		}
		if name == "http2.data.data" && want == "<MISSING>" {
			return "no-value"
		}
		return http2Accepted(name, got, want, row)
	}
	c.run(t)
}

// TestHTTP2InTLSIsTsharks compares the captures of TLS whose keys are there, in key logs beside them or in themselves.
func TestHTTP2InTLSIsTsharks(t *testing.T) {
	t.Parallel()
	all := http2Comparison(t, 8081)
	all.least, all.reasons = 70, map[string]int{}
	for name, keyLog := range map[string]string{
		"tls/ws_http2-data-reassembly.pcap": "tls/keys/http2-data-reassembly.keys", "lab/tls/nginx_tls13_h2.pcap": "lab/tls/nginx_tls13_h2.keys",
		"tls/ws_http2_follow_multistream.pcapng": "", "tls/ws_http2-brotli.pcapng": "",
	} {
		c := http2Comparison(t, 8081)
		c.accepted = func(name, got, want string, row []string) string {
			records := strings.Count(row[1], ":tls")+strings.Count(row[1], ":http2") > 2
			switch {
			case records && name == listColumn+"Info" && within(http2Words(want), http2Words(got)), records && name == listColumn+"Protocol":
				return "every-record"
			case name == "frame.protocols" && strings.ReplaceAll(want, ":data-text-lines", "") == got:
				return "body-layers"
			}
			return http2Accepted(name, got, want, row)
		}
		c.secrets, c.options = new(secrets.Store), nil
		if keyLog != "" {
			path := filepath.Join(captures, keyLog)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Skip("../shared/captures is not here: no captures to compare")
			}
			if err := c.secrets.Read(bytes.NewReader(b), "keys"); err != nil {
				t.Fatal(err)
			}
			c.options = []string{"-o", "tls.keylog_file:" + path}
		}
		c.file(t, filepath.Join(captures, name))
		all.rows, all.values = all.rows+c.rows, all.values+c.values
		for id, n := range c.reasons {
			all.reasons[id] += n
		}
	}
	all.done(t)
}

// http2Words are the frames that an Info column names, without what it says of records of TLS.
func http2Words(info string) (words []string) {
	for one := range strings.SplitSeq(strings.ReplaceAll(info, "[TLS segment of a reassembled PDU]", ""), ", ") {
		if one != "" {
			words = append(words, one)
		}
	}
	return words
}

// An http2Side packs the header fields of one side, and writes its frames.
type http2Side struct {
	buf bytes.Buffer
	enc *hpack.Encoder
}

func newHTTP2Side() *http2Side {
	s := new(http2Side)
	s.enc = hpack.NewEncoder(&s.buf)
	return s
}

// block packs fields: names and values in turn.
func (s *http2Side) block(fields ...string) string {
	s.buf.Reset()
	for i := 0; i+1 < len(fields); i += 2 {
		s.enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1], Sensitive: fields[i] == "authorization"})
	}
	return s.buf.String()
}

// http2Frame is a frame.
func http2Frame(kind, flags byte, id uint32, payload string) string {
	n := len(payload)
	return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}) + payload
}

const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// http2Talk is a connection that has each type of frame, each flag, padding, priorities, fields in several frames, a promise, resets, and bodies of many types.
func http2Talk() *segmentTalk {
	client, server := newHTTP2Side(), newHTTP2Side()
	k := &segmentTalk{ports: [2]uint16{40000, 8081}}
	k.say(0, http2Preface+http2Frame(4, 0, 0, "\x00\x01\x00\x00\x10\x00\x00\x02\x00\x00\x00\x01\x00\x03\x00\x00\x00\x64\x00\x04\x00\x00\xff\xff\x00\x05\x00\x00\x40\x00\x00\x06\x00\x01\x00\x00\x00\x08\x00\x00\x00\x01\x00\x99\x00\x00\x00\x07")+
		http2Frame(8, 0, 0, "\x00\x0f\x00\x01"))
	k.say(1, http2Frame(4, 0, 0, "")+http2Frame(4, 1, 0, ""))
	get := []string{":method", "GET", ":path", "/a%20b?c=%zz", ":scheme", "https", ":authority", "example.test", "accept", "*/*", "x-own", "1"}
	k.say(0, http2Frame(1, 0x2d, 1, "\x03\x80\x00\x00\x00\x0f"+client.block(get...)+"\x00\x00\x00")+http2Frame(2, 0, 3, "\x00\x00\x00\x01\x10"))
	k.say(1, http2Frame(5, 0x0c, 1, "\x02\x00\x00\x00\x02"+server.block(":method", "GET", ":path", "/pushed", ":scheme", "https", ":authority", "example.test")+"\x00\x00"))
	k.say(1, http2Frame(1, 4, 1, server.block(":status", "200", "content-type", "text/html; charset=utf-8", "set-cookie", "a=b", "set-cookie", "c=d", "content-length", "20"))+
		http2Frame(0, 8, 1, "\x04<html></ht\x00\x00\x00\x00")+http2Frame(0, 1, 1, "ml> </html>"))
	k.say(1, http2Frame(1, 5, 2, server.block(":status", "304", "etag", "\"x\"")))
	// header fields over three frames, cut inside a field
	long := client.block(":method", "POST", ":path", "/post", ":scheme", "https", ":authority", "example.test", "cookie", strings.Repeat("c=d; ", 40), "authorization", "Basic eDp5", "content-type", "application/json")
	k.say(0, http2Frame(1, 0, 3, long[:20])+http2Frame(9, 0, 3, long[20:60])+http2Frame(9, 4, 3, long[60:]))
	k.say(0, http2Frame(0, 0, 3, "{\"a\":")+http2Frame(0, 0, 3, "1}")+http2Frame(1, 5, 3, client.block("x-trailer", "end")))
	k.say(1, http2Frame(1, 4, 3, server.block(":status", "100"))+http2Frame(1, 5, 3, server.block(":status", "503", "retry-after", "10")))
	k.say(0, http2Frame(6, 0, 0, "12345678")+http2Frame(1, 5, 5, client.block(get...))+http2Frame(3, 0, 5, "\x00\x00\x00\x08"))
	k.say(1, http2Frame(6, 1, 0, "12345678")+http2Frame(10, 0, 1, "\x00\x04testh3=\":443\"")+http2Frame(12, 0, 0, "\x00\x02ab\x00\x01c")+http2Frame(11, 0, 1, ""))
	k.say(0, http2Frame(16, 0, 0, "\x00\x00\x00\x07u=1, i")+http2Frame(0x4a, 0xff, 9, "what"))
	// a change of the size of the table before the fields, names that are packed and not
	server.enc.SetMaxDynamicTableSizeLimit(4096)
	server.enc.SetMaxDynamicTableSize(1024)
	k.say(0, http2Frame(1, 5, 7, client.block(get...)))
	k.say(1, http2Frame(1, 5, 7, server.block(":status", "404", "server", "x", "x-own", "a~b")))
	id := uint32(9)
	for _, media := range http2Media {
		k.say(0, http2Frame(1, 5, id, client.block(append(get, "accept", media)...)))
		k.say(1, http2Frame(1, 4, id, server.block(":status", "200", "content-type", media))+http2Frame(0, 1, id, "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"))
		id += 2
	}
	for code := 90; code < 620; code++ {
		k.say(1, http2Frame(1, 5, id, server.block(":status", fmt.Sprint(code))))
		id += 2
	}
	// header fields in a frame of several segments, which later ones refer to
	split := http2Frame(1, 5, id, client.block(append(get, "x-split", "kept in the table")...))
	k.say(0, split[:12])
	k.say(0, split[12:15])
	k.say(0, split[15:])
	k.say(0, http2Frame(1, 5, id+2, client.block(append(get, "x-split", "kept in the table", "x-new", "1")...)))
	k.say(1, http2Frame(7, 0, 0, "\x00\x00\x00\x07\x00\x00\x00\x0bcalm down")+http2Frame(3, 0, 9, "\x00\x00\x00\x63"))
	return k
}

// http2Media are types of bodies, of which tshark names some.
var http2Media = strings.Fields(`text/plain text/css text/html text/javascript text/csv text/xml text/markdown text/event-stream text/richtext text/enriched text/calendar
	application/json application/problem+json application/xml image/svg+xml application/javascript application/x-javascript application/octet-stream
	image/png image/gif image/jpeg image/webp application/pdf font/woff2 multipart/form-data application/x-www-form-urlencoded application/zip
	application/wasm video/mp4 audio/mpeg application/manifest+json application/rss+xml application/sparql-query text/x-component
	application/vnd.api+json application/ld+json application/soap+xml application/x-ndjson message/http application/graphql`)

// TestGeneratedHTTP2IsTsharks compares a connection that has each type of frame.
func TestGeneratedHTTP2IsTsharks(t *testing.T) {
	t.Parallel()
	c, k := http2Comparison(t, 8081), http2Talk()
	file := filepath.Join(t.TempDir(), "http2.pcap")
	if err := os.WriteFile(file, pcapOf(k.frames), 0o600); err != nil {
		t.Fatal(err)
	}
	c.file(t, file)
	t.Logf("%d rows and %d values compared; accepted differences: %v", c.rows, c.values, c.reasons)
	if begun := 2; c.rows != len(k.frames)-begun { // segments that a frame only begins in, or goes through
		t.Errorf("%d of %d rows compared", c.rows, len(k.frames)-begun)
	}
}
