package plot

// A canvas is what a plot is drawn on. Coordinates are pixels from the upper left corner.
type canvas interface {
	fill(r rect, c rgb)
	// stroke draws lines through the points of each part of p.
	stroke(p *path, l *Look)
	// marks draws the mark of l at each point.
	marks(at []xy, l *Look)
	text(at xy, s string, t typeface)
	// clip limits everything until the next clip to r.
	clip(r rect)
}

type xy struct{ x, y float64 }

type rect struct{ left, top, right, bottom float64 }

func (r rect) width() float64  { return r.right - r.left }
func (r rect) height() float64 { return r.bottom - r.top }

// A path is lines through points; ends are the indexes after the last point of each part.
type path struct {
	points []xy
	ends   []int
}

func (p *path) to(x, y float64) { p.points = append(p.points, xy{x, y}) }

// end ends a part.
func (p *path) end() { p.ends = append(p.ends, len(p.points)) }

func (p *path) line(x1, y1, x2, y2 float64) {
	p.to(x1, y1)
	p.to(x2, y2)
	p.end()
}

func (p *path) rect(r rect) {
	p.to(r.left, r.top)
	p.to(r.right, r.top)
	p.to(r.right, r.bottom)
	p.to(r.left, r.bottom)
	p.to(r.left, r.top)
	p.end()
}

// each calls visit with the points of each part.
func (p *path) each(visit func([]xy)) {
	from := 0
	for _, end := range p.ends {
		visit(p.points[from:end])
		from = end
	}
}

// A typeface is how a text is set. at is its middle, start or end on the base line.
type typeface struct {
	size   float64 // in pixels
	bold   bool
	color  rgb
	anchor anchor
	up     bool // turned to run upwards
}

type anchor uint8

const (
	start anchor = iota
	middle
	end
)

// outlines are the marks as polygons around 0, clockwise on the screen; nil for the cross, which is stroked.
var outlines = [...][]xy{
	dot:      {{-1, -2}, {1, -2}, {2, -1}, {2, 1}, {1, 2}, {-1, 2}, {-2, 1}, {-2, -1}},
	square:   {{-3, -3}, {3, -3}, {3, 3}, {-3, 3}},
	diamond:  {{0, -4}, {4, 0}, {0, 4}, {-4, 0}},
	triangle: {{0, -3}, {3, 2}, {-3, 2}},
	wedge:    {{-3, -4}, {3, -4}, {0, 1}},
	cross:    nil,
}

// markSize is how far a mark reaches from its middle.
const markSize = 5

// crossArm is half the size of a cross, crossWidth the width of its strokes.
const crossArm, crossWidth = 4, 1.6

// crosses are the strokes of crosses.
func crosses(at []xy, c rgb) (*path, *Look) {
	var p path
	for _, a := range at {
		p.line(a.x-crossArm, a.y-crossArm, a.x+crossArm, a.y+crossArm)
		p.line(a.x-crossArm, a.y+crossArm, a.x+crossArm, a.y-crossArm)
	}
	return &p, &Look{color: c, width: crossWidth}
}
