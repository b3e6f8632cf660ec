package text

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/view"
)

// Conversations writes the tree of processes and their conversations.
func Conversations(w io.Writer, c *engine.Case, names view.Names, s Style) error {
	p := &printer{w: w}
	groups := view.Groups(c)
	if len(groups) == 0 {
		p.line("No conversations.")
		return p.err
	}
	owned := len(groups) > 1 || groups[0].Process != nil
	for i, g := range groups {
		if i > 0 {
			p.line()
		}
		indent := ""
		if owned {
			p.line(s.paint(bold, groupName(g)), fmt.Sprintf("  %s, %s", count(int64(g.Len()), "conversation"), view.Bytes(g.Bytes)))
			indent = "  "
		}
		convTable(c, g.All(), names, false).print(p, s, indent)
	}
	return p.err
}

func groupName(g view.Group) string {
	if g.Process == nil {
		return "process unknown"
	}
	return view.ProcessName(g.Process)
}

// conversations is the table of the report: the busiest first, max of them.
func conversations(p *printer, c *engine.Case, names view.Names, s Style, max int) {
	convTable(c, slices.Values(c.Conversations.Busiest(max)), names, true).print(p, s, "")
	if left := c.Conversations.Len() - max; left > 0 {
		p.line(s.paint(dim, fmt.Sprintf("and %d more: wiretale convs", left)))
	}
}

func convTable(c *engine.Case, list iter.Seq[*flow.Conversation], names view.Names, owner bool) *table {
	t := newTable(">conv", "process", "*endpoints", ">packets", ">segments", ">bytes", ">duration", ">rtt", ">resent", ">dropped", "end", "file")
	for conv := range list {
		m := view.MeasureOf(c, conv)
		process, segments, duration, rtt, resent := "", "", "", "", ""
		if owner && m.Process != nil {
			process = view.ProcessName(m.Process)
		}
		if m.Segments != m.Packets { // some were larger than on the wire
			segments = strconv.FormatInt(m.Segments, 10)
		}
		if m.Timed && m.Packets > 1 {
			duration = view.Duration(m.Duration)
		}
		if m.HasRTT {
			rtt = view.Duration(m.RTT)
		}
		if conv.TCP != nil {
			resent = strconv.FormatInt(m.Retransmissions, 10)
		}
		t.add(strconv.Itoa(conv.ID), process, view.Line(conv), strconv.FormatInt(m.Packets, 10), segments, strconv.FormatInt(m.Bytes, 10),
			duration, rtt, resent, counter(uint64(m.Dropped)), m.End, names.Source(conv.Source))
	}
	return t
}
