package text

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
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
		convTable(c, g.All(), names, point.Same{}, false).print(p, s, indent)
	}
	return p.err
}

func groupName(g view.Group) string {
	if g.Process == nil {
		return "process unknown"
	}
	return view.ProcessName(g.Process)
}

// conversations is the table of the report: the busiest first, max of them. One
// that several capture points saw is one row, with the numbers of the point that saw most of it.
func conversations(p *printer, c *engine.Case, names view.Names, s Style, max int) {
	same := point.NewSame(c.Points)
	var list []*flow.Conversation
	shown, rest := map[int]bool{}, c.Conversations.Len()
	for _, conv := range c.Conversations.Busiest(max * len(c.Sources)) {
		if len(list) == max {
			break
		}
		if first := same.Of(conv); !shown[first] {
			shown[first] = true
			list = append(list, conv)
			rest -= 1 + same.Others(conv)
		}
	}
	convTable(c, slices.Values(list), names, same, true).print(p, s, "")
	if rest > 0 {
		p.line(s.paint(dim, fmt.Sprintf("and %d more: wiretale convs", rest)))
	}
}

func convTable(c *engine.Case, list iter.Seq[*flow.Conversation], names view.Names, same point.Same, owner bool) *table {
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
			duration, rtt, resent, counter(uint64(m.Dropped)), m.End, seenAt(conv, names, same))
	}
	return t
}

// seenAt is the file of a conversation, and how many others have it too.
func seenAt(conv *flow.Conversation, names view.Names, same point.Same) string {
	file := names.Source(conv.Source)
	if n := same.Others(conv); n > 0 {
		file += fmt.Sprintf(" and %d more", n)
	}
	return file
}
