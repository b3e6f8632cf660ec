package text

import (
	"strings"
	"unicode/utf8"
)

// A table lines up cells under a head. Numbers stand right. On a terminal that
// is too narrow the flexible column gives way, so that the numbers stay.
type table struct {
	head  []string
	right []bool
	flex  int // index of the flexible column, -1 without
	rows  [][]string
}

// minFlex is the width below which the flexible column does not shrink.
const minFlex = 16

// newTable takes the heads: ">" marks a column of numbers, "*" the flexible one.
func newTable(head ...string) *table {
	t := &table{right: make([]bool, len(head)), flex: -1}
	for i, h := range head {
		if name, ok := strings.CutPrefix(h, "*"); ok {
			h, t.flex = name, i
		}
		if name, ok := strings.CutPrefix(h, ">"); ok {
			h, t.right[i] = name, true
		}
		t.head = append(t.head, h)
	}
	return t
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// print writes the table, each line after indent. Columns that are empty in all rows are left out.
func (t *table) print(p *printer, s Style, indent string) {
	width := make([]int, len(t.head))
	for _, row := range t.rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	total := utf8.RuneCountInString(indent)
	for i, h := range t.head {
		if width[i] > 0 {
			width[i] = max(width[i], utf8.RuneCountInString(h))
			total += width[i] + 2
		}
	}
	if over := total - 2 - s.Width; s.Width > 0 && t.flex >= 0 && over > 0 {
		width[t.flex] = max(width[t.flex]-over, minFlex)
	}
	p.line(s.paint(dim, s.cut(indent+t.join(t.head, width))))
	for _, row := range t.rows {
		p.line(s.cut(indent + t.join(row, width)))
	}
}

// join lines up one row; a width of 0 leaves a column out.
func (t *table) join(row []string, width []int) string {
	var b strings.Builder
	for i, cell := range row {
		if width[i] == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("  ")
		}
		if i == t.flex {
			cell = cutTo(cell, width[i])
		}
		pad := strings.Repeat(" ", max(0, width[i]-utf8.RuneCountInString(cell)))
		if t.right[i] {
			b.WriteString(pad + cell)
		} else {
			b.WriteString(cell + pad)
		}
	}
	return strings.TrimRight(b.String(), " ")
}
