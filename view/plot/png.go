package plot

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// raster paints a picture into an image, with smooth edges.
type raster struct {
	img   *image.RGBA
	area  image.Rectangle // of the clip
	fonts *fonts
}

func newRaster(width, height int, f *fonts) *raster {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	return &raster{img: img, area: img.Rect, fonts: f}
}

func (r *raster) bytes() ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, r.img)
	return b.Bytes(), err
}

func (c rgb) uniform() *image.Uniform {
	return image.NewUniform(color.RGBA{uint8(c >> 16), uint8(c >> 8), uint8(c), 0xff})
}

func (r *raster) clip(to rect) { r.area = pixels(to).Intersect(r.img.Rect) }

// pixels are all that a rectangle touches.
func pixels(r rect) image.Rectangle {
	return image.Rect(int(math.Floor(r.left)), int(math.Floor(r.top)), int(math.Ceil(r.right)), int(math.Ceil(r.bottom)))
}

func (r *raster) fill(to rect, c rgb) {
	corners := []xy{{to.left, to.top}, {to.right, to.top}, {to.right, to.bottom}, {to.left, to.bottom}}
	r.paint(c, corners, 0, func(s *shapes) { s.polygon(corners) })
}

func (r *raster) stroke(p *path, l *Look) {
	r.paint(l.color, p.points, l.width, func(s *shapes) {
		p.each(func(points []xy) {
			if l.dash != nil {
				s.dashed(points, l.width, l.dash)
				return
			}
			for i := 1; i < len(points); i++ {
				s.segment(points[i-1], points[i], l.width, l.width/2)
			}
		})
	})
}

func (r *raster) marks(at []xy, l *Look) {
	outline := outlines[l.mark]
	if outline == nil {
		r.stroke(crosses(at, l.color))
		return
	}
	moved := make([]xy, len(outline))
	r.paint(l.color, at, markSize, func(s *shapes) {
		for _, a := range at {
			for i, o := range outline {
				moved[i] = xy{a.x + o.x, a.y + o.y}
			}
			s.polygon(moved)
		}
	})
}

// paint fills what build adds, as one shape. It lies within a distance of the points.
func (r *raster) paint(c rgb, points []xy, distance float64, build func(*shapes)) {
	area := pixels(around(points, distance)).Intersect(r.area)
	if area.Empty() {
		return
	}
	s := shapes{r: vector.NewRasterizer(area.Dx(), area.Dy()), left: float64(area.Min.X), top: float64(area.Min.Y)}
	s.right, s.bottom = s.left+float64(area.Dx()), s.top+float64(area.Dy())
	build(&s)
	s.r.Draw(r.img, area, c.uniform(), image.Point{})
}

// around is the smallest rectangle with all that is within a distance of the points; an empty one without points.
func around(points []xy, distance float64) rect {
	if len(points) == 0 {
		return rect{}
	}
	r := rect{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, p := range points {
		r.left, r.top = min(r.left, p.x), min(r.top, p.y)
		r.right, r.bottom = max(r.right, p.x), max(r.bottom, p.y)
	}
	return rect{r.left - distance, r.top - distance, r.right + distance, r.bottom + distance}
}

func (r *raster) text(at xy, text string, t typeface) {
	face := r.fonts.face(t)
	width := r.fonts.width(text, t)
	shift := [...]float64{start: 0, middle: -width / 2, end: -width}[t.anchor]
	if !t.up {
		dot := fixed.Point26_6{X: fixed.Int26_6((at.x + shift) * 64), Y: fixed.Int26_6(at.y * 64)}
		d := font.Drawer{Dst: r.img, Src: t.color.uniform(), Face: face, Dot: dot}
		d.DrawString(text)
		return
	}
	size := int(t.size)
	level := image.NewAlpha(image.Rect(0, 0, int(width)+2, 2*size))
	d := font.Drawer{Dst: level, Src: image.Opaque, Face: face, Dot: fixed.P(0, size)}
	d.DrawString(text)
	turned := image.NewAlpha(image.Rect(0, 0, level.Rect.Dy(), level.Rect.Dx()))
	for y := range level.Rect.Dy() {
		for x := range level.Rect.Dx() {
			turned.SetAlpha(y, level.Rect.Dx()-1-x, level.AlphaAt(x, y))
		}
	}
	to := turned.Rect.Add(image.Pt(int(at.x)-size, int(at.y-shift)-level.Rect.Dx()))
	draw.DrawMask(r.img, to, t.color.uniform(), image.Point{}, turned, image.Point{}, draw.Over)
}

// shapes collects polygons that become one shape: all turn the same way, so that where they overlap they do not cancel out.
type shapes struct {
	r                        *vector.Rasterizer
	left, top, right, bottom float64
}

// polygon adds a polygon that runs clockwise on the screen.
func (s *shapes) polygon(points []xy) {
	for i, p := range points {
		x, y := float32(p.x-s.left), float32(p.y-s.top)
		if i == 0 {
			s.r.MoveTo(x, y)
		} else {
			s.r.LineTo(x, y)
		}
	}
	s.r.ClosePath()
}

// segment adds a line of some width whose ends stand out by cap.
func (s *shapes) segment(a, b xy, width, cap float64) {
	if max(a.x, b.x)+width < s.left || min(a.x, b.x)-width > s.right || max(a.y, b.y)+width < s.top || min(a.y, b.y)-width > s.bottom {
		return
	}
	dx, dy := b.x-a.x, b.y-a.y
	length := math.Hypot(dx, dy)
	if length == 0 {
		dx, length = 1, 1
	}
	dx, dy = dx/length, dy/length
	nx, ny := -dy*width/2, dx*width/2 // to the right of the line, on the screen
	a, b = xy{a.x - dx*cap, a.y - dy*cap}, xy{b.x + dx*cap, b.y + dy*cap}
	s.polygon([]xy{{a.x - nx, a.y - ny}, {b.x - nx, b.y - ny}, {b.x + nx, b.y + ny}, {a.x + nx, a.y + ny}})
}

// dashed adds the dashes of a line. The pattern runs on over the corners.
func (s *shapes) dashed(points []xy, width float64, dash []float64) {
	at, left := 0, dash[0] // the piece of the pattern, and what is left of it
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		for done := 0.0; done < length; {
			n := min(left, length-done)
			if at%2 == 0 {
				from, to := done/length, (done+n)/length
				s.segment(xy{a.x + (b.x-a.x)*from, a.y + (b.y-a.y)*from}, xy{a.x + (b.x-a.x)*to, a.y + (b.y-a.y)*to}, width, 0)
			}
			done += n
			if left -= n; left <= 0 {
				at = (at + 1) % len(dash)
				left = dash[at]
			}
		}
	}
}
