package plot

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wellFormed reads an SVG document to its end.
func wellFormed(t *testing.T, b []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(b))
	for elements := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if elements < 5 {
				t.Fatalf("only %d elements", elements)
			}
			return
		}
		if err != nil {
			t.Fatalf("SVG: %v", err)
		}
		if _, ok := token.(xml.StartElement); ok {
			elements++
		}
	}
}

func picture(t *testing.T, p *Plot, f Format, size Size) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b, f, size); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// draws holds a plot to both formats.
func draws(t *testing.T, p *Plot, size Size) {
	t.Helper()
	svg := picture(t, p, SVG, size)
	wellFormed(t, svg)
	if i := bytes.Index(svg, []byte("NaN")); i >= 0 {
		t.Errorf("no number: %q", svg[max(0, i-40):i+10])
	}
	img, err := png.Decode(bytes.NewReader(picture(t, p, PNG, size)))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != size.Width || b.Dy() != size.Height {
		t.Errorf("PNG of %v, want %v", b, size)
	}
}

// hostile are captures that a picture must come out of.
func hostile() map[string]string {
	const c, s = "10.0.0.1:5000 > 10.0.0.2:80", "10.0.0.2:80 > 10.0.0.1:5000"
	return map[string]string{
		"story":       story(),
		"one packet":  "5 packet 4 out " + c + " S seq=1",
		"one segment": "5 packet 4 out " + c + " PA seq=1 ack=1 len=9",
		"one moment":  "5 packet 4 out " + c + " PA seq=1 ack=1 len=9\n5 packet 4 in " + s + " A seq=1 ack=10\n5 packet 4 out " + c + " PA seq=10 ack=1 len=9",
		"backwards": "9 packet 4 out " + c + " PA seq=1 ack=1 len=9\n8 packet 4 in " + s + " A seq=1 ack=10\n" +
			"7 packet 4 out " + c + " PA seq=10 ack=1 len=9\n1 packet 4 in " + s + " A seq=1 ack=19",
		"years apart": "0 packet 4 out " + c + " PA seq=1 ack=1 len=9\n0.1 packet 4 in " + s + " A seq=1 ack=10\n" +
			"1000000000 packet 4 out " + c + " PA seq=10 ack=1 len=9\n1000000000.1 packet 4 in " + s + " A seq=1 ack=19",
		"absurd numbers": "0 packet 4 out " + c + " PA seq=1 ack=1 len=9\n0.1 packet 4 in " + s + " A seq=3000000000 ack=2000000000\n" +
			"0.2 packet 4 out " + c + " PA seq=4000000000 ack=7 len=60000\n0.3 packet 4 in " + s + " RA seq=9 ack=4294967295\n0.4 packet 4 in " + s + " A seq=9 ack=0 win=0",
		"no answer": strings.Repeat("1 packet 4 out "+c+" S seq=1\n", 3),
	}
}

func TestHostile(t *testing.T) {
	for name, text := range hostile() {
		path := write(t, "x.pcap", text)
		c := analyse(t, path)
		for _, kind := range Kinds {
			t.Run(name+"/"+kind.Name, func(t *testing.T) {
				draws(t, gather(t, path, c, options(t, c, kind.Name)), Size{500, 300})
				draws(t, gather(t, path, c, options(t, c, kind.Name)), Size{minSide, minSide})
			})
		}
	}
}

// TestSameBytes: the same file gives the same pictures.
func TestSameBytes(t *testing.T) {
	path := write(t, "story.pcap", story())
	for _, kind := range Kinds {
		for _, f := range Formats {
			if !bytes.Equal(picture(t, plotOf(t, path, kind.Name), f, UsualSize), picture(t, plotOf(t, path, kind.Name), f, UsualSize)) {
				t.Errorf("%s as %s differs between two runs", kind.Name, f)
			}
		}
	}
}

// TestPictureShows: what the legend and the axes of a picture say.
func TestPictureShows(t *testing.T) {
	p := plotOf(t, write(t, "a&b.pcap", story()), "tcptrace")
	svg := string(picture(t, p, SVG, UsualSize))
	for _, want := range []string{
		"Time sequence (tcptrace)", "data from 10.0.0.1:5000 to 10.0.0.2:80, a&amp;b.pcap", ">retransmission<", ">duplicate ACK<", ">zero window<",
		">SACK<", ">R</text>", ">relative sequence number (B)<", "the first packet of the conversation (ms)<", ">100</text>",
		">window's edge (goes beyond the top)<",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
	if strings.Contains(svg, ">out of order<") {
		t.Error("the legend names a series without points")
	}
}

// TestUntimedRecords: records without a time are counted out, and said.
func TestUntimedRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(path, simplePackets(t), 0o600); err != nil {
		t.Fatal(err)
	}
	c := analyse(t, path)
	if _, _, ok := Span(c); ok {
		t.Error("simple packet blocks have a time")
	}
	conv, _ := Largest(c, nil)
	if _, ok := Begin(c, conv); ok {
		t.Error("the conversation has a beginning")
	}
	opt := Options{Kind: KindNamed("stevens"), Conv: conv, Interval: 1, Columns: 100}
	p := gather(t, path, c, opt)
	if want := "2 packets without a time are not shown"; len(p.Notes) != 1 || p.Notes[0] != want {
		t.Errorf("notes %q, want %q", p.Notes, want)
	}
	draws(t, p, UsualSize)
}

// simplePackets are the segments of a capture as pcapng blocks that have no time (pcapng draft, 4.4).
func simplePackets(t *testing.T) []byte {
	t.Helper()
	timed, err := os.ReadFile(write(t, "x.pcap", "0 packet 4 out 10.0.0.1:5000 > 10.0.0.2:80 PA seq=1 ack=1 len=9\n1 packet 4 out 10.0.0.1:5000 > 10.0.0.2:80 PA seq=10 ack=1 len=9\n"))
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	block := func(kind uint32, body []byte) []byte {
		body = append(body, make([]byte, -len(body)&3)...)
		b := le.AppendUint32(le.AppendUint32(nil, kind), uint32(len(body)+12))
		return le.AppendUint32(append(b, body...), uint32(len(body)+12))
	}
	out := block(0x0a0d0d0a, le.AppendUint64(le.AppendUint32(le.AppendUint32(nil, 0x1a2b3c4d), 1), math.MaxUint64))
	out = append(out, block(1, []byte{1, 0, 0, 0, 0, 0, 4, 0})...)
	for at := 24; at < len(timed); {
		n := int(le.Uint32(timed[at+8:]))
		out = append(out, block(3, append(le.AppendUint32(nil, uint32(n)), timed[at+16:at+16+n]...))...)
		at += 16 + n
	}
	return out
}

func TestAxis(t *testing.T) {
	tests := []struct {
		low, high float64
		q         Quantity
		n         int
		want      string
	}{
		{0, 10e9, Seconds, 10, "0 1 2 3 4 5 6 7 8 9 10 s"},
		{0, 2.5e6, Seconds, 5, "0.0 0.5 1.0 1.5 2.0 2.5 ms"},
		{-1e9, 1e9, Seconds, 4, "-1.0 -0.5 0.0 0.5 1.0 s"},
		{0, 3e18, Seconds, 4, "0 10000 20000 30000 d"},
		{0, 100, Bytes, 4, "0 50 100 B"},
		{0, 3, Bytes, 50, "0 1 2 3 B"},
		{0, 5e6, Bytes, 5, "0 1 2 3 4 5 MB"},
		{0, 1e10, Bits, 5, "0 2 4 6 8 10 Gbit/s"},
		{0, 0.4, Bits, 5, "0.0 0.1 0.2 0.3 0.4 bit/s"},
		{0, 1500, Count, 3, "0 500 1000 1500 "},
		{0, 5e4, Count, 5, "0 10 20 30 40 50 × 10³"},
		{7, 7, Count, 3, "6 7 8 "},
		{0, 0, Seconds, 2, "-1 0 1 ns"},
	}
	for _, tt := range tests {
		a := newAxis(tt.low, tt.high, tt.q, tt.n)
		var got []string
		for _, tick := range a.ticks {
			got = append(got, tick.label)
		}
		if s := strings.Join(append(got, a.unit), " "); s != tt.want {
			t.Errorf("newAxis(%v, %v, %v, %v) has %q, want %q", tt.low, tt.high, tt.q, tt.n, s, tt.want)
		}
	}
}

// TestBeyond: a window far above the data does not press the data flat.
func TestBeyond(t *testing.T) {
	data, edge := Series{Points: at1(0, 0, 1, 100)}, Series{Points: at1(0, 1e9), Beyond: true}
	p := Panel{Series: []Series{edge, data}}
	if low, high, ok := p.frame(); low != 0 || high != 150 || !ok {
		t.Errorf("frame %v to %v, %v", low, high, ok)
	}
	p = Panel{Series: []Series{edge}}
	if low, high, ok := p.frame(); low != 1e9 || high != 1e9 || !ok {
		t.Errorf("alone: frame %v to %v, %v", low, high, ok)
	}
}

func TestParseSize(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Size
	}{{"1200x700", Size{1200, 700}}, {"200x4000", Size{200, 4000}}, {"199x700", Size{}}, {"1200x4001", Size{}}, {"1200", Size{}}, {"x", Size{}}, {"1e3x700", Size{}}, {"", Size{}}} {
		got, err := ParseSize(tt.text)
		if got != tt.want || (err == nil) != (tt.want != Size{}) {
			t.Errorf("ParseSize(%q) = %v, %v", tt.text, got, err)
		}
	}
}
