package text

import (
	"strconv"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
)

// maxSpendings is how many conversations say where their time went, unless all is told.
const maxSpendings = 3

// spendings says where the time of the conversations went that cost most. The columns add up to the duration; those without any time are left out.
func spendings(p *printer, c *engine.Case, s Style, all bool) {
	head := []string{">conv", ">duration"}
	for _, cause := range view.Causes {
		head = append(head, ">"+view.CauseNames[cause])
	}
	t := newTable(head...)
	for i := range c.Spendings {
		one := &c.Spendings[i]
		if !view.Told(one) {
			continue
		}
		if len(t.rows) == maxSpendings && !all {
			break
		}
		row := []string{strconv.Itoa(one.Conv.ID), view.Duration(one.Budget.Total())}
		parts := one.Budget.Parts()
		for _, cause := range view.Causes {
			text := ""
			if parts[cause] > 0 {
				text = view.Duration(parts[cause])
			}
			row = append(row, text)
		}
		t.add(row...)
	}
	if len(t.rows) == 0 {
		return
	}
	p.line()
	p.line(s.paint(bold, "Where the time went"))
	t.print(p, s, "")
}
