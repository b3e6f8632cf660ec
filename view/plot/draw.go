package plot

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// A Size is that of a picture in pixels.
type Size struct{ Width, Height int }

// UsualSize fits a page, a mail and half of a screen.
var UsualSize = Size{1200, 700}

const minSide, maxSide = 200, 4000

// ParseSize reads "1200x700".
func ParseSize(s string) (Size, error) {
	w, h, ok := strings.Cut(s, "x")
	width, err1 := strconv.Atoi(w)
	height, err2 := strconv.Atoi(h)
	if !ok || err1 != nil || err2 != nil {
		return Size{}, fmt.Errorf("%q is not WIDTHxHEIGHT", s)
	}
	if min(width, height) < minSide || max(width, height) > maxSide {
		return Size{}, fmt.Errorf("%q: each side has %d to %d pixels", s, minSide, maxSide)
	}
	return Size{width, height}, nil
}

// A Format is a way to write a picture.
type Format string

const (
	SVG Format = "svg"
	PNG Format = "png"
)

// Formats are all of them, the usual one first.
var Formats = []Format{SVG, PNG}

// Write draws the plot and writes the picture.
func (p *Plot) Write(w io.Writer, f Format, size Size) error {
	faces := newFonts()
	var b []byte
	if f == PNG {
		c := newRaster(size.Width, size.Height, faces)
		p.draw(c, size, faces)
		var err error
		if b, err = c.bytes(); err != nil {
			return err
		}
	} else {
		c := newSVG(size.Width, size.Height, p.Title+": "+p.Subtitle)
		p.draw(c, size, faces)
		b = c.bytes()
	}
	_, err := w.Write(b)
	return err
}

// Distances of the layout in pixels.
const (
	margin     = 16.0
	titleSize  = 17.0
	textSize   = 12.0
	lineHeight = 18.0
	tickLength = 5.0
	sampleSize = 26.0 // of a legend
	gap        = 8.0
	perTickX   = 90.0 // at least so far apart
	perTickY   = 42.0
	edge       = 0.03 // of an axis stays free at its ends
)

var (
	titleFace  = typeface{size: titleSize, bold: true, color: ink}
	textFace   = typeface{size: textSize, color: ink}
	noteFace   = typeface{size: textSize - 1, color: faint}
	letterFace = typeface{size: 10, bold: true, anchor: middle}
)

// A drawing is a plot being drawn.
type drawing struct {
	canvas
	*fonts
	whole rect
	time  axis
}

// draw lays the picture out from the outside in:
//
//  1. Title and subtitle take the top, notes and the time axis the bottom.
//  2. The panels share the height that is left, the first takes most of it; each has its legend above it.
//  3. The widest label of all panels gives the left edge, so that times lie above each other.
func (p *Plot) draw(c canvas, size Size, faces *fonts) {
	d := drawing{canvas: c, fonts: faces, whole: rect{0, 0, float64(size.Width), float64(size.Height)}}
	c.clip(d.whole)
	c.fill(d.whole, paper)
	y := d.header(p)
	bottom := d.notes(p) - textSize - gap - lineHeight - tickLength
	low, high := p.times()
	left := margin + lineHeight + gap
	boxes := p.split(rect{left, y, d.whole.right - margin, bottom})
	axes := make([]axis, len(p.Panels))
	wide := 0.0
	for i := range p.Panels {
		axes[i] = p.Panels[i].axis(boxes[i].height())
		for _, t := range axes[i].ticks {
			wide = max(wide, d.width(t.label, textFace))
		}
	}
	d.time = padded(low, high, Seconds, int((d.whole.width()-left-wide)/perTickX), edge, edge)
	for i := range p.Panels {
		boxes[i].left += wide + tickLength
		d.panel(&p.Panels[i], boxes[i], axes[i], i == len(p.Panels)-1)
	}
	c.clip(d.whole)
	face := textFace
	face.anchor = middle
	box := boxes[len(boxes)-1]
	c.text(xy{(box.left + box.right) / 2, box.bottom + tickLength + lineHeight + textSize}, d.withUnit(p.Time, d.time.unit, face, box.width()), face)
}

// header writes title and subtitle and returns where the rest begins.
func (d *drawing) header(p *Plot) float64 {
	y := margin + titleSize
	room := d.whole.width() - 2*margin
	d.text(xy{margin, y}, d.fit(p.Title, titleFace, room), titleFace)
	y += lineHeight
	d.text(xy{margin, y}, d.fit(p.Subtitle, textFace, room), textFace)
	return y + gap
}

// notes writes the notes at the bottom and returns where they begin.
func (d *drawing) notes(p *Plot) float64 {
	y := d.whole.bottom - margin/2
	for i := len(p.Notes) - 1; i >= 0; i-- {
		d.text(xy{margin, y - 3}, d.fit(p.Notes[i], noteFace, d.whole.width()-2*margin), noteFace)
		y -= lineHeight
	}
	return y
}

// split shares the height among the panels.
func (p *Plot) split(all rect) []rect {
	const rest = 0.3 // of the height goes to each panel after the first
	boxes := make([]rect, len(p.Panels))
	y := all.top
	for i := range boxes {
		height := all.height() * rest
		if i == 0 {
			height = all.height() * (1 - rest*float64(len(boxes)-1))
		}
		boxes[i] = rect{all.left, y, all.right, y + height}
		y += height
	}
	return boxes
}

// times is the range of time of all points and of the plot's beginning.
func (p *Plot) times() (low, high float64) {
	low, high = float64(p.From), float64(p.From)
	for _, panel := range p.Panels {
		for _, s := range panel.Series {
			if n := len(s.Points); n > 0 {
				low, high = min(low, float64(s.Points[0].Time)), max(high, float64(s.Points[n-1].Time))
			}
		}
	}
	if low == high { // a moment
		return low, low + float64(time.Millisecond)
	}
	return low, high
}

// axis is the vertical axis of a panel of some height.
func (p *Panel) axis(height float64) axis {
	low, high, _ := p.frame()
	below := edge
	if p.FromZero && low == 0 {
		below = 0
		if high == 0 {
			high = 1
		}
	}
	return padded(low, high, p.Unit, int(height/perTickY), below, edge)
}

// padded is an axis with free space at its ends, in parts of its length.
func padded(low, high float64, q Quantity, ticks int, below, above float64) axis {
	if !(low < high) {
		return newAxis(low, high, q, ticks)
	}
	span := high - low
	return newAxis(low-span*below, high+span*above, q, ticks)
}

// panel draws legend, axes and series into box.
func (d *drawing) panel(p *Panel, box rect, y axis, last bool) {
	d.clip(d.whole)
	box.top = d.legend(p, box, y) + gap/2
	if !last {
		box.bottom -= gap + tickLength
	}
	box.bottom = max(box.bottom, box.top+1)
	v := viewport{box, d.time, y}
	d.axes(p, &v, last)
	shown := false
	for i := range p.Series {
		s := &p.Series[i]
		if len(s.Points) == 0 {
			continue
		}
		shown = true
		area := box
		if s.Look.shape == marks { // one at the edge is seen as a whole
			area = rect{box.left - markSize, box.top - markSize, box.right + markSize, box.bottom + markSize}
		}
		d.clip(area)
		d.series(s, &v)
	}
	if !shown {
		face := noteFace
		face.size, face.anchor = textSize+2, middle
		d.text(xy{(box.left + box.right) / 2, (box.top + box.bottom) / 2}, d.fit(p.Empty, face, box.width()), face)
	}
}

// axes draws grid, frame, ticks and the label of the vertical axis.
func (d *drawing) axes(p *Panel, v *viewport, last bool) {
	var lines, frame path
	right, centre := textFace, textFace
	right.anchor, centre.anchor = end, middle
	for _, t := range v.y.ticks {
		_, y := v.place(0, t.value)
		lines.line(v.box.left, y, v.box.right, y)
		frame.line(v.box.left-tickLength, y, v.box.left, y)
		d.text(xy{v.box.left - tickLength - 3, y + textSize/3}, t.label, right)
	}
	for _, t := range v.x.ticks {
		x, _ := v.place(t.value, 0)
		lines.line(x, v.box.top, x, v.box.bottom)
		frame.line(x, v.box.bottom, x, v.box.bottom+tickLength)
		if last {
			d.text(xy{x, v.box.bottom + tickLength + textSize}, t.label, centre)
		}
	}
	frame.rect(v.box)
	d.stroke(&lines, &Look{color: grid, width: 1})
	d.stroke(&frame, &Look{color: ink, width: 1})
	centre.up = true
	d.text(xy{margin + textSize/2, (v.box.top + v.box.bottom) / 2}, d.withUnit(p.Label, v.y.unit, centre, max(v.box.height(), 60)), centre)
}

// withUnit is a label with its unit, shortened to a width; the unit stays.
func (d *drawing) withUnit(label, unit string, face typeface, width float64) string {
	if unit == "" {
		return d.fit(label, face, width)
	}
	unit = " (" + unit + ")"
	return d.fit(label, face, width-d.width(unit, face)) + unit
}

// legend writes the names of the series that have points, in rows from the top of box, and returns where they end.
func (d *drawing) legend(p *Panel, box rect, y axis) float64 {
	x, bottom := box.left, box.top+lineHeight
	for i := range p.Series {
		s := &p.Series[i]
		if s.Name == "" || len(s.Points) == 0 {
			continue
		}
		name := s.Name
		if _, high := widen(0, 0, s.Points); s.Beyond && high > y.high {
			name += " (goes beyond the top)"
		}
		name = d.fit(name, textFace, box.width()-sampleSize-6)
		width := sampleSize + 6 + d.width(name, textFace) + 2*gap
		if x+width > box.right && x > box.left {
			x, bottom = box.left, bottom+lineHeight
		}
		d.sample(s, p.letterOf(i), xy{x, bottom - lineHeight/2})
		d.text(xy{x + sampleSize + 6, bottom - lineHeight/2 + textSize/3}, name, textFace)
		x += width
	}
	return bottom
}

// letterOf is the letter series that comes with series i, nil without one.
func (p *Panel) letterOf(i int) *Series {
	if i+1 < len(p.Series) && p.Series[i+1].Name == "" {
		return &p.Series[i+1]
	}
	return nil
}

// sample draws a piece of a series at a place in the legend.
func (d *drawing) sample(s, letter *Series, at xy) {
	centre := xy{at.x + sampleSize/2, at.y}
	switch s.Look.shape {
	case marks:
		d.marks([]xy{centre}, &s.Look)
	case bars:
		var p path
		p.line(centre.x, at.y-5, centre.x, at.y+5)
		d.stroke(&p, &s.Look)
	default:
		var p path
		p.line(at.x, at.y, at.x+sampleSize, at.y)
		d.stroke(&p, &s.Look)
	}
	if letter != nil {
		face := letterFace
		face.color = letter.Look.color
		d.text(xy{centre.x + 8, at.y + 4}, letter.Look.text, face)
	}
}
