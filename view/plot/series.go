package plot

// A viewport places values in the box of a panel.
type viewport struct {
	box  rect
	x, y axis
}

// outside is how far from its box a point may lie, in pixels: lines to it keep their direction well enough.
const outside = 1e4

// place is the pixel of a time and a value. The conversions keep the products
// from being fused with the sums, which rounds otherwise on some machines.
func (v *viewport) place(time, value float64) (x, y float64) {
	fx := (time - v.x.low) / (v.x.high - v.x.low)
	fy := (value - v.y.low) / (v.y.high - v.y.low)
	x = v.box.left + float64(fx*v.box.width())
	y = v.box.bottom - float64(fy*v.box.height())
	return min(max(x, v.box.left-outside), v.box.right+outside), min(max(y, v.box.top-outside), v.box.bottom+outside)
}

func (d *drawing) series(s *Series, v *viewport) {
	switch s.Look.shape {
	case steps:
		d.stroke(stepPath(s.Points, v), &s.Look)
	case bars:
		d.stroke(barPath(s.Points, v), &s.Look)
	case marks:
		var at []xy
		for _, p := range s.Points {
			x, y := v.place(float64(p.Time), p.High)
			if last := len(at) - 1; last >= 0 && near(at[last], x, y, 0.5) {
				continue
			}
			at = append(at, xy{x, y})
		}
		d.marks(at, &s.Look)
	case letters:
		d.letters(s, v)
	}
}

// near reports whether a is so close to a point that both look the same.
func near(a xy, x, y, limit float64) bool {
	return a.x-x < limit && x-a.x < limit && a.y-y < limit && y-a.y < limit
}

// stepPath keeps each value until the next point, and the last one to the right edge of the data.
func stepPath(points []Point, v *viewport) *path {
	var p path
	for i := range points {
		x, y := v.place(float64(points[i].Time), points[i].High)
		n := len(p.points)
		switch {
		case n == 0:
			p.to(x, y)
			continue
		case near(p.points[n-1], x, y, 0.1):
			continue
		}
		before := p.points[n-1].y
		if x != p.points[n-1].x && y != before {
			p.to(x, before)
		}
		p.to(x, y)
	}
	if len(p.points) == 1 { // a point alone would not be seen
		p.to(p.points[0].x+2, p.points[0].y)
	}
	p.end()
	return &p
}

// minBar is the least length of a bar in pixels: what is there must be seen.
const minBar = 2.5

func barPath(points []Point, v *viewport) *path {
	var p path
	for i := range points {
		x, low := v.place(float64(points[i].Time), points[i].Low)
		_, high := v.place(float64(points[i].Time), points[i].High)
		if low-high < minBar {
			low, high = (low+high+minBar)/2, (low+high-minBar)/2
		}
		if n := len(p.points); n > 0 && near(p.points[n-2], x, low, 0.3) && near(p.points[n-1], x, high, 0.3) {
			continue
		}
		p.line(x, low, x, high)
	}
	return &p
}

// letters writes a letter above each point, and leaves out those that would hide another.
func (d *drawing) letters(s *Series, v *viewport) {
	face := letterFace
	face.color = s.Look.color
	taken := map[[2]int]bool{}
	for _, p := range s.Points {
		x, y := v.place(float64(p.Time), p.High)
		cell := [2]int{int(x / 7), int(y / 9)}
		if taken[cell] {
			continue
		}
		taken[cell] = true
		d.text(xy{x, y - 3}, s.Look.text, face)
	}
}
