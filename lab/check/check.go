package check

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/lab/scenario"
)

// A Verdict is what came of one analysis.
type Verdict struct {
	Points string // that were analysed: one, both ends, or all
	Wrong  bool
	Text   string
	Caused bool // there is a cause to find, with this rank, 0 where it is not found
	Rank   int
}

// Run analyses the captures of a run in a folder, those of each point alone, of both ends and of all points, and opens its sessions of TLS.
// file is the name of the capture of a point. An error says that there was no analysis.
func (t *Tool) Run(ctx context.Context, s *scenario.Scenario, r *scenario.Run, dir string, file func(r *scenario.Run, point string) string) (out []Verdict, err error) {
	for _, points := range choices(s.Points()) {
		args := make([]string, len(points))
		for i, p := range points {
			args[i] = "--point=" + p + "=" + filepath.Join(dir, file(r, p))
		}
		report, err := t.report(ctx, args...)
		if err != nil {
			return out, err
		}
		out = append(out, judge(r, points, report))
	}
	if len(r.Keys) == 0 {
		return out, nil
	}
	var keys []string
	for _, k := range r.Keys {
		keys = append(keys, "--keys="+filepath.Join(dir, k))
	}
	plain, err := plainOf(r, dir)
	if err != nil {
		return out, err
	}
	for _, p := range s.Points() {
		v, err := t.open(ctx, r, p, plain, append(keys, filepath.Join(dir, file(r, p))))
		if err != nil {
			return out, err
		}
		out = append(out, v)
	}
	return out, nil
}

// choices are the points that are analysed together.
func choices(points []string) (out [][]string) {
	for _, p := range points {
		out = append(out, []string{p})
	}
	if len(points) > 2 {
		out = append(out, []string{points[0], points[len(points)-1]})
	}
	return append(out, points)
}

// judge holds a report to the label: what is healthy has nothing above a note; a cause is the first finding, and with several points what adds to it is among the first three.
func judge(r *scenario.Run, points []string, report *Report) Verdict {
	v := Verdict{Points: strings.Join(points, " ")}
	wrong := func(format string, args ...any) Verdict {
		v.Wrong, v.Text = true, fmt.Sprintf(format, args...)
		return v
	}
	causes := r.Causes()
	if r.Healthy == "yes" {
		if grave := report.grave(); len(grave) > 0 {
			return wrong("it is healthy, and has %s", strings.Join(grave, ", "))
		}
	}
	if len(causes) == 0 {
		v.Text = "nothing wrong is said"
		if grave := report.grave(); len(grave) > 0 {
			v.Text = "no label; it says " + strings.Join(grave, ", ")
		}
		return v
	}
	rank := report.rank(causes[0])
	if r.Healthy == "yes" { // a note may be anywhere, and only where points are compared
		if len(points) > 1 && rank == 0 {
			return wrong("nothing is said of %s", strings.Join(causes[0], " or "))
		}
		v.Text = "nothing wrong is said"
		return v
	}
	if why := r.Blind[points[0]]; len(points) == 1 && why != "" {
		if rank > 0 {
			return wrong("%s is found, though the label says: %s", strings.Join(causes[0], " or "), why)
		}
		v.Text = "cannot show it: " + why
		return v
	}
	v.Caused, v.Rank = true, rank
	if rank != 1 {
		said := "nothing"
		if len(report.Findings) > 0 {
			said = report.Findings[0].Rule
		}
		return wrong("%s has rank %d; first is %s", strings.Join(causes[0], " or "), rank, said)
	}
	first := &report.Findings[0]
	v.Text = "first: " + first.Rule
	if len(points) == 1 {
		return v
	}
	for _, more := range causes[1:] {
		if at := report.rank(more); at == 0 || at > 3 {
			return wrong("%s has rank %d, want 3 at most", strings.Join(more, " or "), at)
		}
		v.Text += ", with " + strings.Join(more, " or ")
	}
	if want := place(r.Between, points); want != "" {
		if first.Between != want {
			return wrong("%s lies between %q, want %s", first.Rule, first.Between, want)
		}
		v.Text += ", between " + want
	}
	return v
}

// place is how wiretale names two points, when the analysis has both of them, or the ends around them.
func place(between, points []string) string {
	if len(between) == 0 {
		return ""
	}
	if !slices.Contains(points, between[0]) || !slices.Contains(points, between[1]) {
		between = []string{points[0], points[len(points)-1]}
	}
	return between[0] + " and " + between[1]
}

// open holds what keys open in a capture to what the run says of it.
func (t *Tool) open(ctx context.Context, r *scenario.Run, point string, plain int, args []string) (Verdict, error) {
	report, err := t.report(ctx, args...)
	if err != nil {
		return Verdict{}, err
	}
	v := opened(r, report, plain)
	v.Points = point + " with keys"
	for _, show := range r.Shows {
		said, err := t.run(ctx, append([]string{"packets", "-q", "-T", "fields", "-e", "frame.number", "-Y", show.Filter}, args...)...)
		if err != nil {
			return v, err
		}
		rows := strings.Count(string(said), "\n")
		if !v.Wrong && (rows == 0 || show.Rows > 0 && rows != show.Rows) {
			v.Wrong, v.Text = true, fmt.Sprintf("%d rows pass %s, want %d", rows, show.Filter, max(show.Rows, 1))
		}
	}
	return v, nil
}

// noPlain is for runs that do not say how much their sessions carry.
const noPlain = -1

// plainOf is how many bytes of applications the sessions of a run carry.
func plainOf(r *scenario.Run, dir string) (int, error) {
	if r.Plain == "" {
		return noPlain, nil
	}
	b, err := os.ReadFile(filepath.Join(dir, r.Plain))
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: %q is no number of bytes", r.Plain, b)
	}
	return n, nil
}

// opened holds the sessions of a capture, and the bytes of applications in them, to the run.
func opened(r *scenario.Run, report *Report, want int) (v Verdict) {
	bytes := 0
	var suites []string
	for _, s := range report.TLS {
		name := strings.TrimSpace(s.Version + " " + s.Suite)
		if s.Opened == 0 || s.NotOpened > 0 || s.Closed != "" {
			return Verdict{Wrong: true, Text: fmt.Sprintf("%s of frame %d: %d records opened, %d not: %s", name, s.First, s.Opened, s.NotOpened, s.Closed)}
		}
		bytes += s.Bytes
		if !slices.Contains(suites, name) {
			suites = append(suites, name)
		}
	}
	if n := len(report.TLS) + report.More; n == 0 || r.Sessions > 0 && n != r.Sessions {
		return Verdict{Wrong: true, Text: fmt.Sprintf("%d sessions of TLS, want %d", n, max(r.Sessions, 1))}
	}
	if want != noPlain && bytes != want {
		return Verdict{Wrong: true, Text: fmt.Sprintf("%d bytes of applications, the client and the server had %d", bytes, want)}
	}
	v.Text = fmt.Sprintf("%d sessions opened, %d bytes: %s", len(report.TLS), bytes, strings.Join(suites, ", "))
	return v
}
