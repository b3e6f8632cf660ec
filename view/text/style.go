// Package text renders cases and rows for people: what was found first, in
// plain sentences, with the numbers of the records that prove it.
package text

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/wiretale/wiretale/view"
)

// Style says what the output can show.
type Style struct {
	Color bool
	Width int // columns of the terminal; 0 when the output is not one: nothing is cut then
}

// Color is an SGR code. Colour repeats what a word says already.
type Color string

const (
	plain   Color = ""
	bold    Color = "1"
	dim     Color = "2"
	red     Color = "31"
	green   Color = "32"
	yellow  Color = "33"
	cyan    Color = "36"
	magenta Color = "35"
)

// laneColors are those of the layers: application, stack, wire.
var laneColors = [...]Color{view.Application: green, view.Stack: cyan, view.Wire: magenta}

func (s Style) paint(c Color, text string) string {
	if !s.Color || c == plain || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// cut shortens a line to the width of the terminal.
func (s Style) cut(line string) string { return cutTo(line, s.Width) }

func cutTo(line string, width int) string {
	if width <= 0 || utf8.RuneCountInString(line) <= width {
		return line
	}
	r := []rune(line)
	return string(r[:width-1]) + "…"
}

// wrap breaks text at spaces so that with the indentation no line exceeds the
// terminal, or 100 columns elsewhere; further lines are indented by n spaces.
func (s Style) wrap(text string, n int) string {
	width := s.Width
	if width == 0 || width > 100 {
		width = 100
	}
	width = max(width-n, 20)
	var b strings.Builder
	used := 0
	for i, word := range strings.Fields(text) {
		size := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case used+1+size > width:
			b.WriteString("\n" + strings.Repeat(" ", n))
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += size
	}
	return b.String()
}

// A printer writes lines and remembers the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(parts ...string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, strings.Join(parts, "")+"\n")
	}
}

// lines prints a block that may hold several lines.
func (p *printer) block(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}
