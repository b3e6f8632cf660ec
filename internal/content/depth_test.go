package content_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/content"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// TestDepth: what was opened is handed on in place of what it was opened from, once and in order.
func TestDepth(t *testing.T) {
	type at struct {
		depth int
		text  string
	}
	const hello = "\x16\x03\x01hello"
	carriers := [3]proto.ID{proto.TCP, proto.TLS, proto.TLS}
	for name, test := range map[string]struct {
		carrier proto.ID
		opens   bool
		heard   []at
		want    string
	}{
		"not encrypted":         {proto.None, false, []at{{0, "a"}, {0, "b"}}, "0a 0b"},
		"opened":                {proto.None, false, []at{{0, hello}, {0, "x"}, {1, "a"}, {0, "y"}, {1, "b"}}, "1a 1b"},
		"not opened":            {proto.None, false, []at{{0, "\x16\x03x"}, {0, "y"}}, "0\x16\x03x 0y"},
		"goes over to TLS":      {proto.None, true, []at{{0, "STARTTLS"}, {0, hello}, {1, "a"}}, "1a"},
		"never goes over":       {proto.None, true, []at{{0, "EHLO"}, {0, "QUIT"}}, "0EHLO 0QUIT"},
		"TLS in TLS":            {proto.None, false, []at{{0, hello}, {1, hello}, {2, "a"}, {1, "y"}, {2, "b"}}, "2a 2b"},
		"TCP is asked for":      {proto.TCP, true, []at{{0, hello}, {1, "a"}, {0, "y"}}, "0" + hello + " 0y"},
		"TLS is asked for":      {proto.TLS, false, []at{{0, "a"}, {1, "b"}}, "1b"},
		"TLS that has not been": {proto.TLS, false, []at{{0, "a"}}, ""},
		"too long to wait":      {proto.None, true, []at{{0, "CONNECT"}, {0, strings.Repeat("z", 300<<10)}, {1, "b"}}, "0CONNECT 0" + strings.Repeat("z", 300<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			ends := 0
			d := content.Depth{Carrier: test.carrier, Opens: test.opens, To: func(h *stream.Heard) {
				if h.Kind == stream.HeardEnd {
					ends++
					return
				}
				got = append(got, fmt.Sprint(h.Depth, string(h.Data)))
			}}
			for _, h := range test.heard {
				b := []byte(h.text)
				d.Hear(&stream.Heard{Kind: stream.HeardBytes, Depth: h.depth, Carrier: carriers[h.depth], Data: b, Len: len(b)})
				copy(b, "changed") // it was valid during the call
			}
			d.Hear(&stream.Heard{Kind: stream.HeardEnd, Depth: 1, Carrier: proto.TLS})
			d.Hear(&stream.Heard{Kind: stream.HeardEnd, Carrier: proto.TCP})
			if s := strings.Join(got, " "); s != test.want || ends != 1 {
				t.Errorf("%q and %d ends, want %q", s, ends, test.want)
			}
		})
	}
}
