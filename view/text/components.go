package text

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// components lists the places in the stack that pktmon counted something at, all of them when all are asked for.
func components(p *printer, src *engine.Source, all bool, s Style) {
	list := src.Info.Components
	if len(list) == 0 {
		return
	}
	t := newTable(">component", "kind", "*name", "interface", ">packets in", ">packets out", ">dropped", "addresses")
	shown := 0
	for i := range list {
		c := &list[i]
		in, out := flows(c)
		if !all && in+out == 0 && c.Drops.Packets() == 0 {
			continue
		}
		shown++
		t.add(fmt.Sprint(c.ID), view.Printable(c.Kind), view.Printable(view.Component(c)), view.Printable(interfaceName(c, src.Info.Interfaces)),
			counter(in), counter(out), counter(c.Drops.Packets()), view.Printable(strings.Join(c.Addresses, " ")))
	}
	if shown > 0 {
		t.print(p, s, "  ")
	}
	if left := len(list) - shown; left > 0 {
		p.line("  ", s.paint(dim, fmt.Sprintf("%s that counted nothing: -v lists them", count(int64(left), "component"))))
	}
}

// flows are the packets of the busiest edge of a component: what passes it enters by one and leaves by another.
func flows(c *trace.Component) (in, out uint64) {
	for i := range c.Edges {
		f := &c.Edges[i].Flows
		if f.Packets() > in+out {
			in, out = f.PacketsIn, f.PacketsOut
		}
	}
	return in, out
}

func counter(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func interfaceName(c *trace.Component, list []trace.Interface) string {
	switch {
	case c.Interface >= 0 && c.Interface < len(list):
		return fmt.Sprintf("%d %s", list[c.Interface].ID, list[c.Interface].Name)
	case c.Switch != "":
		return "switch " + c.Switch
	}
	return ""
}
