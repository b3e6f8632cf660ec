package follow_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/view/follow"
)

var title = follow.Title{What: "TCP", Filter: "tcp.stream 3", Ends: [2]netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:50000"), netip.MustParseAddrPort("[2001:db8::2]:80")}}

// talk is a question and its answer, with what a capture may lack.
func talk() []follow.Chunk {
	return []follow.Chunk{
		{Dir: 0, Number: 4, Time: 1_500_000_000, Data: []byte("GET /\x1b[31m\u202e \xc3")},
		{Dir: 0, Number: 5, Time: 1_500_000_000, Data: []byte("\xa9 \xff\r")},
		{Dir: 0, Number: 5, Time: 1_500_000_000, Data: []byte("\nx\ry")},
		{Dir: 1, Number: 6, Time: 2_000_000_000, Data: []byte("0123456789abcdef"), Lost: 7},
		{Dir: 1, Number: 7, Time: 2_000_000_000, Data: []byte("\x00 "), Cut: 3},
	}
}

func print(t *testing.T, of func(w *strings.Builder) follow.Printer) string {
	var out strings.Builder
	p := of(&out)
	for _, c := range talk() {
		if err := p.Chunk(&c); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestOwn(t *testing.T) {
	const head = "tcp.stream 3, TCP, 10.0.0.1:50000 <-> [2001:db8::2]:80\n"
	const ask, answer = ">>> 10.0.0.1:50000, frame 4, 0.500000 s\n", "<<< [2001:db8::2]:80, frame 6, 1.000000 s\n"
	for form, want := range map[follow.Form]string{
		follow.UTF8:  head + ask + "GET /.[31m. é .\nx.y\n" + answer + "[7 bytes missing in capture file]\n0123456789abcdef. \n[3 bytes cut off by the capture]\n",
		follow.ASCII: head + ask + "GET /.[31m... .. .\nx.y\n" + answer + "[7 bytes missing in capture file]\n0123456789abcdef. \n[3 bytes cut off by the capture]\n",
		follow.Raw:   "GET /\x1b[31m\u202e é \xff\r\nx\ry0123456789abcdef\x00 ",
		follow.Hex: head + ask + "00000000  47 45 54 20 2f 1b 5b 33  31 6d e2 80 ae 20 c3     GET /.[3 1m... .\n" +
			"0000000F  a9 20 ff 0d                                       . ..\n00000013  0a 78 0d 79                                       .x.y\n" +
			answer + "[7 bytes missing in capture file]\n    00000007  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  01234567 89abcdef\n" +
			"    00000017  00 20                                             .\n[3 bytes cut off by the capture]\n",
	} {
		got := print(t, func(w *strings.Builder) follow.Printer { return follow.NewOwn(w, &title, form, false, 1_000_000_000) })
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", form, got, want)
		}
	}
	got := print(t, func(w *strings.Builder) follow.Printer { return follow.NewOwn(w, &title, follow.UTF8, true, 0) })
	if strings.Contains(got, "/\x1b[31m\u202e") || !strings.Contains(got, "\x1b[31mGET /.[31m. ") || !strings.Contains(got, "\x1b[34m0123") {
		t.Errorf("colour: %q", got)
	}
	if got := print(t, func(w *strings.Builder) follow.Printer { return follow.NewOwn(w, &title, follow.Arrays, false, 0) }); !strings.Contains(got, "char peer1_0[] = { /* Packet 6 */\n0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,\n0x38,") {
		t.Errorf("arrays: %s", got)
	}
}

func TestTshark(t *testing.T) {
	const rule = "===================================================================\n"
	title := title
	title.What, title.Filter = "tcp", "tcp.stream eq 3"
	const missing = "5b37206279746573206d697373696e6720696e20636170747572652066696c655d00"
	want := "\n" + rule + "Follow: tcp,raw\nFilter: tcp.stream eq 3\nNode 0: 10.0.0.1:50000\nNode 1: [2001:db8::2]:80\n" +
		"474554202f1b5b33316de280ae20c3\na920ff0d\n0a780d79\n\t" + missing + "\n\t30313233343536373839616263646566\n\t0020\n" + rule
	if got := print(t, func(w *strings.Builder) follow.Printer { return follow.NewTshark(w, &title, follow.Raw, 0, 0) }); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	got := print(t, func(w *strings.Builder) follow.Printer {
		p := follow.NewTshark(w, &title, follow.ASCII, 2, 3)
		p.First(1)
		return p
	})
	want = "\n" + rule + "Follow: tcp,ascii\nFilter: tcp.stream eq 3\nNode 0: [2001:db8::2]:80\nNode 1: 10.0.0.1:50000\n\t4\n. .\r\n\t4\n\nx\ry\n" + rule
	if got != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
	if got := print(t, func(w *strings.Builder) follow.Printer { return follow.NewTshark(w, &title, follow.YAML, 0, 0) }); !strings.Contains(got, "  - packet: 6\n    peer: 1\n    timestamp: 2.000000000\n    data: !!binary |\n      MDEyMzQ1Njc4OWFiY2RlZg==\n") {
		t.Errorf("yaml: %s", got)
	}
}
