package text

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/stats"
	"github.com/wiretale/wiretale/view"
)

// Stats writes a statistic as a table. The title is what it counts, with the filter.
func Stats(w io.Writer, title string, of stats.Collector, names view.Names, s Style) error {
	p := &printer{w: w}
	p.line(s.paint(bold, title))
	var t *table
	switch of := of.(type) {
	case *stats.Pairs:
		t = pairTable(of, names)
	case *stats.Endpoints:
		t = endpointTable(of, names)
	case *stats.Hierarchy:
		t = hierarchyTable(of)
	case *stats.Intervals:
		t = intervalTable(of)
	case *stats.RoundTrips:
		t = roundTripTable(of, names)
	case *stats.Experts:
		t = expertTable(of)
	}
	if len(t.rows) == 0 {
		p.line("nothing")
		return p.err
	}
	t.print(p, s, "")
	if io, ok := of.(*stats.Intervals); ok && io.Outside > 0 {
		p.line(s.paint(dim, count(io.Outside, "record")+" without a time, or from before the first one, in the total only"))
	}
	return p.err
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// pairTable has the pairs with the most packets first, as tshark.
func pairTable(of *stats.Pairs, names view.Names) *table {
	list := slices.Clone(of.List)
	slices.SortStableFunc(list, func(a, b *stats.Pair) int { return cmp.Compare(b.Total().Packets, a.Total().Packets) })
	t := newTable("*A", "B", ">packets A←B", ">bytes A←B", ">packets A→B", ">bytes A→B", ">packets", ">bytes", ">start s", ">duration s", "file")
	for _, p := range list {
		start, duration := "", ""
		if ns, ok := of.Relative(p.Time.First); ok {
			start = view.Seconds(ns, 9)
		}
		if ns, ok := p.Time.Duration(); ok {
			duration = view.Seconds(ns, 9)
		}
		t.add(view.StatEnd(of.Level, p.A), view.StatEnd(of.Level, p.B), number(p.BToA.Packets), number(p.BToA.Bytes), number(p.AToB.Packets), number(p.AToB.Bytes),
			number(p.Total().Packets), number(p.Total().Bytes), start, duration, names.Source(p.Source))
	}
	return t
}

func endpointTable(of *stats.Endpoints, names view.Names) *table {
	list := slices.Clone(of.List)
	slices.SortStableFunc(list, func(a, b *stats.Endpoint) int { return cmp.Compare(b.Total().Packets, a.Total().Packets) })
	t := newTable("*endpoint", ">packets", ">bytes", ">packets sent", ">bytes sent", ">packets received", ">bytes received", "file")
	for _, e := range list {
		t.add(view.StatEnd(of.Level, e.End), number(e.Total().Packets), number(e.Total().Bytes), number(e.Sent.Packets), number(e.Sent.Bytes),
			number(e.Received.Packets), number(e.Received.Bytes), names.Source(e.Source))
	}
	return t
}

func hierarchyTable(of *stats.Hierarchy) *table {
	t := newTable("*protocol", ">packets", ">bytes")
	view.Paths(of)(func(path string, depth int, p *stats.Protocol) bool {
		t.add(strings.Repeat("  ", depth)+path[strings.LastIndexByte(path, ':')+1:], number(p.Packets), number(p.Bytes))
		return true
	})
	return t
}

// intervalTable has a row for every interval, also those without a packet.
func intervalTable(of *stats.Intervals) *table {
	head := []string{">from s", ">to s"}
	for _, p := range of.Parts {
		name := p.Name
		if name == "" {
			name = "all"
		}
		head = append(head, ">packets "+name, ">bytes "+name)
	}
	t := newTable(head...)
	decimals := decimalsOf(int64(of.Interval))
	for i := range of.Count() {
		from, to := int64(i)*int64(of.Interval), int64(i+1)*int64(of.Interval)
		if of.Interval == 0 {
			to, decimals = of.Length, 9
		}
		row := []string{view.Seconds(from, decimals), view.Seconds(to, decimals)}
		for _, p := range of.Parts {
			c := p.At(i)
			row = append(row, number(c.Packets), number(c.Bytes))
		}
		t.add(row...)
	}
	total := []string{"total", ""}
	for _, p := range of.Parts {
		total = append(total, number(p.Total.Packets), number(p.Total.Bytes))
	}
	t.add(total...)
	return t
}

// decimalsOf is how many decimals of a second an interval in nanoseconds needs.
func decimalsOf(ns int64) int {
	n := 9
	for ; n > 0 && ns%10 == 0; n-- {
		ns /= 10
	}
	return n
}

func roundTripTable(of *stats.RoundTrips, names view.Names) *table {
	t := newTable(">conv", "*endpoints", ">to server", ">to client", ">acks of A", ">min", ">avg", ">max", ">acks of B", ">min", ">avg", ">max", "file")
	for _, r := range of.List {
		row := []string{strconv.Itoa(r.Conv.ID), view.Line(r.Conv), "", ""}
		if r.Split {
			row[2], row[3] = view.Duration(r.Server), view.Duration(r.Client)
		}
		for i := range r.Acks {
			a := &r.Acks[i]
			if a.Count == 0 {
				row = append(row, "", "", "", "")
				continue
			}
			row = append(row, number(a.Count), view.Duration(a.Min), view.Duration(a.Mean()), view.Duration(a.Max))
		}
		t.add(append(row, names.Source(r.Conv.Source))...)
	}
	return t
}

func expertTable(of *stats.Experts) *table {
	t := newTable("severity", ">frequency", "group", "protocol", "*summary")
	for _, r := range of.List {
		t.add(r.Severity.String(), number(r.Count), r.Group, r.Protocol, view.Printable(r.Summary))
	}
	return t
}
