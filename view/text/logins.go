package text

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/login"
	"github.com/wiretale/wiretale/view"
)

// logins is the table of how connections of SQL Server were opened, a column each step with the time since the step before.
func logins(p *printer, c *engine.Case, s Style, most int) {
	list := login.Of(c.Requests.Requests, c.Conversations.At)
	if len(list) == 0 {
		return
	}
	head := []string{">conv", "*who logs in where"}
	for step := range login.Steps {
		head = append(head, ">"+step.Code())
	}
	t := newTable(append(head, ">all", "answer")...)
	for _, l := range list[:min(most, len(list))] {
		row := []string{strconv.Itoa(l.Conv.ID), view.Endpoint(l.Conv.Ends[0], l.Conv.Proto) + " > " + view.Endpoint(l.Conv.Ends[1], l.Conv.Proto)}
		timed := !view.Untimed(c, l.Conv.Source)
		for step := range login.Steps {
			cell := ""
			if ns, ok := l.Took(step); ok && timed {
				cell = view.Duration(ns)
			} else if l.At[step].Seen() {
				cell = "-"
			}
			row = append(row, cell)
		}
		all := ""
		if ns, ok := l.Whole(); ok && timed {
			all = view.Duration(ns)
		}
		t.add(append(row, all, view.Printable(view.LoginAnswer(l)))...)
	}
	p.line()
	p.line(s.paint(bold, "Logins to SQL Server"))
	t.print(p, s, "")
	more(p, s, len(list)-most, "login")
	legend := ""
	for step := range login.Steps {
		if slices.ContainsFunc(list, func(l *login.Login) bool { return l.At[step].Seen() }) {
			legend += fmt.Sprintf("%s %s, ", step.Code(), step)
		}
	}
	p.line(s.paint(dim, legend+"each with the time since the step before"))
}
