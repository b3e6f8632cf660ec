package api

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/plot"
)

// A Picture is a plot as numbers: panels above each other over the same time.
type Picture struct {
	Title    string   `json:"title" doc:"kind of plot"`
	Subtitle string   `json:"subtitle,omitempty" doc:"who talks, and in which file"`
	Base     string   `json:"base" doc:"time 0, in nanoseconds since 1970: text, as the number has more digits than a JavaScript number keeps"`
	Time     string   `json:"time" doc:"the same as ISO 8601 in UTC"`
	X        Axis     `json:"x" doc:"of all panels"`
	Panels   []Panel  `json:"panels" doc:"from top to bottom"`
	Notes    []string `json:"notes,omitempty" doc:"what is not in the picture, and why"`
}

// An Axis of a panel.
type Axis struct {
	Label    string `json:"label" doc:"what it measures"`
	Unit     string `json:"unit" doc:"'s' of times; 'packets', 'bytes', 'bits/s', 'ns', 'requests' of values"`
	FromZero bool   `json:"from_zero,omitempty" doc:"it begins at 0"`
}

// A Panel is a pair of axes with series.
type Panel struct {
	Y      Axis     `json:"y" doc:"of values"`
	Empty  string   `json:"empty,omitempty" doc:"what to say when there is no point"`
	Series []Series `json:"series" doc:"those drawn last lie on top"`
}

// A Series is one line, or one kind of mark. Its lists have a value for each point, in order of time.
type Series struct {
	Name   string    `json:"name" doc:"of the series; none of letters that go with the series before"`
	Shape  string    `json:"shape" doc:"'steps': a line that keeps a value until the next point; 'bars' from y2 to y; 'points' at y; 'letters' above y"`
	Mark   string    `json:"mark,omitempty" doc:"of points: 'dot', 'square', 'diamond', 'triangle', 'wedge', 'cross'"`
	Letter string    `json:"letter,omitempty" doc:"of letters"`
	Color  string    `json:"color" doc:"on white: '#0072b2'"`
	Width  float64   `json:"width,omitempty" doc:"of lines and bars, pixels"`
	Dash   []float64 `json:"dash,omitempty" doc:"of lines: lengths of line and gap in turn, pixels"`
	Beyond bool      `json:"beyond,omitempty" doc:"it need not fit: the axis is that of the other series"`
	Bucket int64     `json:"bucket_ns,omitempty" doc:"not 0: of each such time only the first, last, lowest and highest point are there"`
	X      []float64 `json:"x" doc:"seconds since base"`
	Y      []float64 `json:"y" doc:"values, the upper ends of bars"`
	Y2     []float64 `json:"y2,omitempty" doc:"lower ends of bars"`
	Frame  []int64   `json:"frame,omitempty" doc:"number of the record, 0 for points of none"`
	Source []int     `json:"source,omitempty" doc:"source of the record; left out when all are of the first"`
}

// columns are such that thinned series have 4,000 points at most: see [plot.Options.Columns].
const columns = 250

// columns reads how thin a picture is.
func (q *query) columns() int { return q.number("columns", columns, 10, columns) }

// picture turns what was collected into numbers.
func (a *Analysis) picture(title string, start int64, panels []plot.Panel, notes []string, parts ...string) *Picture {
	for _, src := range a.Case.Sources {
		parts = append(parts, filepath.Base(src.Info.Name))
	}
	p := &Picture{
		Title: title, Subtitle: view.Printable(strings.Join(parts, ", ")), Base: strconv.FormatInt(start, 10), Time: view.ISO(start),
		X: Axis{Label: "time", Unit: "s"}, Panels: []Panel{}, Notes: notes,
	}
	for i := range panels {
		of := &panels[i]
		out := Panel{Y: Axis{of.Label, of.Unit.String(), of.FromZero}, Empty: of.Empty, Series: []Series{}}
		for k := range of.Series {
			out.Series = append(out.Series, seriesOf(&of.Series[k]))
		}
		p.Panels = append(p.Panels, out)
	}
	return p
}

func seriesOf(s *plot.Series) Series {
	style := s.Look.Style()
	out := Series{
		Name: s.Name, Shape: style.Shape, Mark: style.Mark, Letter: style.Letter, Color: style.Color, Width: style.Width, Dash: style.Dash,
		Beyond: s.Beyond, Bucket: int64(s.Bucket), X: []float64{}, Y: []float64{},
	}
	bars := style.Shape == "bars"
	frames, sources := false, false
	for _, p := range s.Points {
		out.X, out.Y = append(out.X, float64(p.Time)/float64(time.Second)), append(out.Y, p.High)
		if bars {
			out.Y2 = append(out.Y2, p.Low)
		}
		out.Frame, out.Source = append(out.Frame, p.Frame), append(out.Source, int(p.Source))
		frames, sources = frames || p.Frame != 0, sources || p.Source != 0
	}
	if !frames {
		out.Frame = nil
	}
	if !sources {
		out.Source = nil
	}
	return out
}
