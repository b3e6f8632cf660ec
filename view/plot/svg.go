package plot

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// svg writes a picture as SVG 1.1. Text stays text, in a font of the reader's.
type svg struct {
	buf     bytes.Buffer
	whole   rect
	clips   int
	clipped bool
}

// fontFamily has the face that the layout was measured with first, then what comes near to it.
const fontFamily = "Go, 'DejaVu Sans', Verdana, Helvetica, Arial, sans-serif"

func newSVG(width, height int, title string) *svg {
	s := &svg{whole: rect{0, 0, float64(width), float64(height)}}
	fmt.Fprintf(&s.buf, `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" font-family="%s">
<title>%s</title>
`, width, height, width, height, fontFamily, escape(title))
	return s
}

func (s *svg) bytes() []byte {
	s.unclip()
	s.buf.WriteString("</svg>\n")
	return s.buf.Bytes()
}

func (s *svg) unclip() {
	if s.clipped {
		s.buf.WriteString("</g>\n")
		s.clipped = false
	}
}

func (s *svg) clip(r rect) {
	s.unclip()
	if r == s.whole {
		return
	}
	s.clips++
	fmt.Fprintf(&s.buf, `<clipPath id="c%d"><path d="`, s.clips)
	s.box(r)
	fmt.Fprintf(&s.buf, "\"/></clipPath>\n<g clip-path=\"url(#c%d)\">\n", s.clips)
	s.clipped = true
}

// box is the path of a rectangle.
func (s *svg) box(r rect) {
	s.pair('M', xy{r.left, r.top})
	s.number('H', r.right)
	s.number('V', r.bottom)
	s.number('H', r.left)
	s.buf.WriteByte('Z')
}

func (s *svg) fill(r rect, c rgb) {
	s.buf.WriteString(`<path d="`)
	s.box(r)
	fmt.Fprintf(&s.buf, "\" fill=\"%s\"/>\n", c)
}

func (s *svg) stroke(p *path, l *Look) {
	if len(p.points) == 0 {
		return
	}
	fmt.Fprintf(&s.buf, `<path fill="none" stroke="%s" stroke-width="%s"`, l.color, short(l.width))
	for i, d := range l.dash {
		if i == 0 {
			s.buf.WriteString(` stroke-dasharray="`)
		} else {
			s.buf.WriteByte(' ')
		}
		s.buf.WriteString(short(d))
	}
	if len(l.dash) > 0 {
		s.buf.WriteByte('"')
	}
	s.buf.WriteString(` d="`)
	p.each(func(points []xy) {
		for i, at := range points {
			switch {
			case i == 0:
				s.pair('M', at)
			case at.y == points[i-1].y:
				s.number('H', at.x)
			case at.x == points[i-1].x:
				s.number('V', at.y)
			default:
				s.pair('L', at)
			}
		}
	})
	s.buf.WriteString("\"/>\n")
}

func (s *svg) marks(at []xy, l *Look) {
	if len(at) == 0 {
		return
	}
	outline := outlines[l.mark]
	if outline == nil {
		s.stroke(crosses(at, l.color))
		return
	}
	var tail strings.Builder
	for i := 1; i < len(outline); i++ {
		tail.WriteString("l" + short(outline[i].x-outline[i-1].x) + " " + short(outline[i].y-outline[i-1].y))
	}
	fmt.Fprintf(&s.buf, `<path fill="%s" d="`, l.color)
	for _, a := range at {
		s.pair('M', xy{a.x + outline[0].x, a.y + outline[0].y})
		s.buf.WriteString(tail.String())
		s.buf.WriteByte('z')
	}
	s.buf.WriteString("\"/>\n")
}

var anchors = [...]string{start: "start", middle: "middle", end: "end"}

func (s *svg) text(at xy, text string, t typeface) {
	fmt.Fprintf(&s.buf, `<text x="%s" y="%s" font-size="%s" fill="%s" text-anchor="%s"`, short(at.x), short(at.y), short(t.size), t.color, anchors[t.anchor])
	if t.bold {
		s.buf.WriteString(` font-weight="bold"`)
	}
	if t.up {
		fmt.Fprintf(&s.buf, ` transform="rotate(-90 %s %s)"`, short(at.x), short(at.y))
	}
	s.buf.WriteString(">" + escape(text) + "</text>\n")
}

func (s *svg) pair(command byte, at xy) {
	s.number(command, at.x)
	s.number(' ', at.y)
}

func (s *svg) number(command byte, v float64) {
	s.buf.WriteByte(command)
	s.buf.WriteString(short(v))
}

// short is v to a tenth of a pixel.
func short(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

func (c rgb) String() string { return fmt.Sprintf("#%06x", uint32(c)) }

// escape is text as XML 1.0 has it. What XML cannot hold becomes U+FFFD.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r < ' ' || r == 0xfffe || r == 0xffff:
			b.WriteRune(0xfffd)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
