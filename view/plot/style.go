package plot

import "fmt"

// A Style is how a series is drawn, for whoever draws it elsewhere.
type Style struct {
	Shape  string    // "steps": a line that keeps a value until the next point; "bars" from Low to High; "points" at High; "letters" above High
	Mark   string    // of points: "dot", "square", "diamond", "triangle", "wedge", "cross"
	Letter string    // of letters
	Color  string    // "#rrggbb", on white
	Width  float64   // of lines and bars, in pixels
	Dash   []float64 // of lines, in pixels, line and gap in turn; nil for a solid line
}

var (
	shapeNames = [...]string{steps: "steps", bars: "bars", marks: "points", letters: "letters"}
	markNames  = [...]string{dot: "dot", square: "square", diamond: "diamond", triangle: "triangle", wedge: "wedge", cross: "cross"}
)

// Style is how a series with the look is drawn.
func (l *Look) Style() Style {
	s := Style{Shape: shapeNames[l.shape], Letter: l.text, Color: fmt.Sprintf("#%06x", uint32(l.color)), Width: l.width, Dash: l.dash}
	if l.shape == marks {
		s.Mark = markNames[l.mark]
	}
	return s
}

// String is the unit of the values of a quantity.
func (q Quantity) String() string {
	return [...]string{Count: "packets", Bytes: "bytes", Bits: "bits/s", Seconds: "ns", Open: "requests"}[q]
}
