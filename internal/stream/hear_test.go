package stream_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/tlstalk"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// An ear writes down what it hears, a word each.
type ear struct {
	words   []string
	secrets []proto.Secret
}

func (e *ear) listen(h *stream.Heard) {
	who := [2]string{"C", "S"}[h.Dir]
	if h.Depth > 0 {
		who = fmt.Sprint(who, h.Depth)
	}
	if h.Lost > 0 {
		e.words = append(e.words, fmt.Sprintf("%s-%d", who, h.Lost))
	}
	switch h.Kind {
	case stream.HeardBytes:
		text := fmt.Sprintf("%s:%s@%d", who, h.Data, h.Last.Number)
		if h.Len > len(h.Data) {
			text += fmt.Sprintf(" of %d", h.Len)
		}
		e.words = append(e.words, text)
	case stream.HeardEnd:
		if r, ok := h.Session.(proto.Revealer); ok {
			e.secrets = append(e.secrets, r.Secrets()...)
		}
		e.words = append(e.words, fmt.Sprint("end", h.Depth))
	default:
		e.words = append(e.words, map[stream.HeardKind]string{stream.HeardOpen: "open", stream.HeardClose: "close", stream.HeardReset: "reset"}[h.Kind]+who)
	}
}

// hearing makes a rig hear all connections.
func hearing(r *rig) *ear {
	e := new(ear)
	choice := stream.NewChoice(stream.Rules{})
	choice.Hear = func(*flow.Conversation) func(*stream.Heard) { return e.listen }
	r.streams = stream.New(choice, 0, nil)
	return e
}

func TestHeard(t *testing.T) {
	type segment struct {
		dir      int
		at, ack  uint32
		flags    byte
		payload  string
		captured int
	}
	const syn, fin, rst = byte(tcp.SYN), byte(tcp.FIN), byte(tcp.RST)
	c := func(at uint32, payload string) segment { return segment{at: at, payload: payload} }
	for name, test := range map[string]struct {
		segments []segment
		want     string
	}{
		"whole": {
			[]segment{{flags: syn}, {dir: 1, flags: syn}, c(1, "ab"), {dir: 1, at: 1, payload: "xy"}, {at: 3, flags: fin}, {dir: 1, at: 3, flags: fin, payload: "z"}, {dir: 1, at: 3, flags: fin, payload: "z"}},
			"openC openS C:ab@3 S:xy@4 closeC S:z@6 closeS end0",
		},
		"disorder":           {[]segment{{flags: syn}, c(5, "ef"), c(3, "cd"), c(7, "g"), c(1, "ab")}, "openC C:ab@5 C:cd@3 C:ef@2 C:g@4 end0"},
		"again and more":     {[]segment{c(1, "ab"), c(1, "ab"), c(1, "abcd"), c(3, "cdef"), c(2, "b")}, "C:ab@1 C:cd@3 C:ef@4 end0"},
		"acknowledged":       {[]segment{{flags: syn}, c(11, "kl"), {dir: 1, at: 1, ack: 11, payload: "x"}, {dir: 1, at: 2, ack: 13, payload: "y"}, c(1, "late"), c(13, "m")}, "openC S:x@3 C-10 C:kl@2 S:y@4 C:m@6 end0"},
		"pure":               {[]segment{{flags: syn}, c(11, "kl"), {dir: 1, at: 1, ack: 13}, c(13, "m")}, "openC C-10 C:kl@2 C:m@4 end0"},
		"the end is missing": {[]segment{{flags: syn}, c(11, "kl"), {at: 13, flags: fin}}, "openC C-10 C:kl@2 closeC end0"},
		"cut":                {[]segment{{at: 1, payload: "abcdef", captured: 2}, c(7, "g")}, "C:ab@1 of 6 C:g@2 end0"},
		"cut and early":      {[]segment{c(1, "0"), {at: 4, payload: "abcdef", captured: 2}, c(2, "12"), c(10, "g")}, "C:0@1 C:12@3 C:ab@2 of 6 C:g@4 end0"},
		"reset":              {[]segment{c(1, "ab"), {dir: 1, at: 1, flags: rst}, c(3, "c")}, "C:ab@1 resetS C:c@3 end0"},
		"another number":     {[]segment{{at: 500, flags: syn}, {flags: syn}, c(1, "ab")}, "openC openC C:ab@3 end0 end0"}, // two connections
		"overlap of early":   {[]segment{{flags: syn}, c(4, "def"), c(3, "cdefgh"), c(1, "ab")}, "openC C:ab@4 C:cdefgh@3 end0"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, base := range []uint32{1000, 1<<32 - 4} { // numbers wrap in the second
				r := newRig(t)
				e := hearing(r)
				ends := [2]netip.AddrPort{client, netip.AddrPortFrom(server.Addr(), 4000)}
				for _, s := range test.segments {
					flags := s.flags
					if flags != syn {
						flags |= ack
					}
					data := frameOf(ends[s.dir], ends[1-s.dir], base+s.at, flags, s.payload)
					acked := base + s.ack
					data[42], data[43], data[44], data[45] = byte(acked>>24), byte(acked>>16), byte(acked>>8), byte(acked)
					r.feed(data, s.captured)
				}
				r.streams.End()
				if got := strings.Join(e.words, " "); got != test.want {
					t.Errorf("base %d: %s\nwant %s", base, got, test.want)
				}
			}
		})
	}
}

// TestHeardInside: what TLS carries is heard in order, with what is missing, and with what opened it.
func TestHeardInside(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		talk, err := tlstalk.New(tlstalk.Options{Version: version}, []byte(asked), responseOf(9000))
		if err != nil {
			t.Fatal(err)
		}
		for name, drop := range map[string]func(dir, i int) bool{
			"whole": nil,
			"lossy": func(dir, i int) bool { return dir == 1 && i == 8 },
		} {
			r := newTLSRig(t)
			e := hearing(r.rig)
			r.unlock(talk.KeyLog)
			r.talk(talk, 1000, drop)
			r.streams.End()
			var inside [2]bytes.Buffer
			lost := false
			for _, w := range e.words {
				for dir, who := range []string{"C1", "S1"} {
					if text, ok := strings.CutPrefix(w, who+":"); ok {
						inside[dir].WriteString(text[:strings.LastIndexByte(text, '@')])
					} else if strings.HasPrefix(w, who+"-") {
						lost = true
					}
				}
			}
			if inside[0].String() != asked {
				t.Errorf("%x, %s: %q, want %q", version, name, inside[0].String(), asked)
			}
			if whole := inside[1].String() == string(responseOf(9000)); whole != (drop == nil) || lost == whole {
				t.Errorf("%x, %s: %d bytes of %d, missing %t", version, name, inside[1].Len(), len(responseOf(9000)), lost)
			}
			if i := slices.Index(e.words, "end1"); i < 0 || i+1 != slices.Index(e.words, "end0") || i+2 != len(e.words) {
				t.Errorf("%x, %s: %q", version, name, e.words[len(e.words)-3:])
			}
			for _, s := range e.secrets { // what is passed on is enough, and is what the log has
				line := fmt.Sprintf("%s %x %x", s.Kind, s.Of, s.Value)
				if !strings.Contains(string(talk.KeyLog), line) {
					t.Errorf("%x, %s: %s is not in the key log", version, name, s.Kind)
				}
			}
			if want := map[uint16]int{tls.VersionTLS12: 1, tls.VersionTLS13: 4}[version]; len(e.secrets) != want {
				t.Errorf("%x, %s: %d secrets, want %d", version, name, len(e.secrets), want)
			}
		}
	}
}

// FuzzHeard feeds segments of one text, in any order, of any length, more than once and not at all: what is heard of it is in its place, and once.
func FuzzHeard(f *testing.F) {
	f.Add([]byte("\x00\x05\x0a\x05\x05\x05\x00\x20"), []byte("0123456789abcdef"))
	f.Add([]byte("\x08\x03\x04\x09\x00\x02\xf0\x07\x03\x03\x10\x01"), []byte("the quick brown fox jumps over the lazy dog"))
	f.Fuzz(func(t *testing.T, script, text []byte) {
		if len(script) > 512 || len(text) > 250 {
			return
		}
		r := newRig(t)
		at := 0 // in the text
		choice := stream.NewChoice(stream.Rules{})
		choice.Hear = func(*flow.Conversation) func(*stream.Heard) {
			return func(h *stream.Heard) {
				if h.Kind != stream.HeardBytes || h.Dir != 0 {
					return
				}
				if at += int(h.Lost); h.Lost < 0 || at < 0 || at+h.Len > len(text) {
					t.Fatalf("%d bytes at %d", h.Len, at)
				}
				if got := text[at : at+len(h.Data)]; !bytes.Equal(got, h.Data) {
					t.Fatalf("%q at %d, want %q", h.Data, at, got)
				}
				at += h.Len
			}
		}
		r.streams = stream.New(choice, 0, nil)
		server := netip.AddrPortFrom(server.Addr(), 4000)
		const base = 1<<32 - 20
		r.send(client, server, base-1, byte(tcp.SYN), "", 0)
		for ; len(script) >= 2; script = script[2:] {
			from, n := int(script[0]), int(script[1]&0x1f)
			if script[1]&0x20 != 0 {
				r.sendAcking(server, client, 1, base+uint32(from), "")
				continue
			}
			from = min(from, len(text))
			part := text[from:min(from+n, len(text))]
			captured := 0
			if script[1]&0xc0 == 0xc0 && len(part) > 1 {
				captured = len(part) / 2
			}
			r.send(client, server, base+uint32(from), ack, string(part), captured)
		}
		r.streams.End()
	})
}
