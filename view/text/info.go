package text

import (
	"fmt"
	"io"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// Info writes what is in each file, what is missing from it, and how good it is; all lists interfaces without packets too.
func Info(w io.Writer, c *engine.Case, all bool, s Style) error {
	p := &printer{w: w}
	for i, src := range c.Sources {
		if i > 0 {
			p.line()
		}
		sourceInfo(p, src, quality(c, i), all, s)
	}
	return p.err
}

// quality is what the rules on the capture itself found in a source.
func quality(c *engine.Case, source int) []string {
	var out []string
	for i := range c.Findings {
		f := &c.Findings[i]
		if f.Rule.Quality && (f.Source == source || f.Source < 0) {
			out = append(out, f.Summary+" ("+f.Rule.ID+")")
		}
	}
	return out
}

const infoLabel = 14

func sourceInfo(p *printer, src *engine.Source, quality []string, all bool, s Style) {
	in := src.Info
	p.line(s.paint(bold, view.Printable(in.Name)))
	fact := func(label string, text ...string) {
		for i, t := range text {
			if i > 0 {
				label = ""
			}
			if t != "" {
				p.line("  ", s.paint(dim, fmt.Sprintf("%-*s", infoLabel, label)), s.wrap(view.Printable(t), 2+infoLabel))
			}
		}
	}
	fact("format", joined(", ", in.Format, in.FormatNote, compressed(in)))
	if in.Bytes >= 0 {
		fact("size", count(in.Bytes, "byte"))
	}
	fact("records", recordCounts(src))
	fact("sightings", sightings(src))
	if !in.Untimed && src.First != trace.NoTime {
		fact("first", view.ISO(src.First))
		fact("last", view.ISO(src.Last))
		fact("duration", span(src))
	}
	fact("recorded on", joined(", ", in.Hardware, in.OS))
	fact("recorded by", in.Application)
	fact("filter", in.Filters...)
	fact("comment", in.Comments...)
	fact("also holds", blockCounts(in)...)
	fact("secrets", secrets(in)...)
	fact("encrypted", view.Locks(src)...)
	fact("tls", view.Accounts(src, all)...)
	fact("names", atMost(in.Names, all, func(n *trace.Name) string { return n.Address + " " + strings.Join(n.Names, " ") })...)
	fact("processes", atMost(in.Processes, all, processLine)...)
	sessionInfo(fact, in.Session)
	providers(p, src, s)
	interfaces(p, src, all, s)
	components(p, src, all, s)
	fact("capture", interfaceNotes(in, all)...)
	missing(fact, src)
	fact("quality", quality...)
	losses(p, &engine.Case{Sources: []*engine.Source{src}}, s)
}

func blockCounts(in *trace.Info) []string {
	var parts []string
	for _, b := range in.Blocks {
		parts = append(parts, fmt.Sprintf("%d %s", b.Count, b.What))
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{strings.Join(parts, ", ")}
}

func secrets(in *trace.Info) []string {
	var out []string
	for _, s := range in.Secrets {
		out = append(out, fmt.Sprintf("%s, %s", s.Type, count(int64(s.Lines), "line")))
	}
	return out
}

// maxListed is how many names and processes are listed when not all are asked for.
const maxListed = 8

// atMost is a line for each element of a list that may be long.
func atMost[T any](list []T, all bool, line func(*T) string) []string {
	var out []string
	for i := range list {
		if i == maxListed && !all {
			return append(out, fmt.Sprintf("and %d more: -v lists them", len(list)-i))
		}
		out = append(out, line(&list[i]))
	}
	return out
}

func processLine(p *trace.Process) string {
	name := p.Path
	if name == "" {
		name = p.Name
	}
	line := joined(", ", strings.TrimSpace(fmt.Sprintf("%d %s", p.PID, name)), p.CommandLine, p.User)
	if p.Parent != 0 {
		line += fmt.Sprintf(", parent %d", p.Parent)
	}
	return joined(", ", append([]string{line}, p.Comments...)...)
}

// interfaceNotes is what the table of interfaces has no room for.
func interfaceNotes(in *trace.Info, all bool) []string {
	var out []string
	for i := range in.Interfaces {
		n := &in.Interfaces[i]
		filter := ""
		if n.Filter != "" {
			filter = "filter " + n.Filter
		}
		if note := joined(", ", append([]string{filter, n.OS, n.Hardware}, n.Comments...)...); note != "" && (all || n.Packets > 0 || len(in.Interfaces) <= maxInterfaces) {
			out = append(out, fmt.Sprintf("interface %d: %s", n.ID, note))
		}
	}
	return out
}

func joined(sep string, parts ...string) string {
	var have []string
	for _, t := range parts {
		if t != "" {
			have = append(have, t)
		}
	}
	return strings.Join(have, sep)
}

func compressed(in *trace.Info) string {
	if in.Compression == "" {
		return ""
	}
	return in.Compression + " compressed"
}

func recordCounts(src *engine.Source) string {
	parts := []string{count(src.Packets, "packet"), count(src.Events, "event")}
	if other := src.Records - src.Packets - src.Events; other > 0 {
		parts = append(parts, count(other, "other record"))
	}
	return strings.Join(parts, ", ")
}

// sightings says how many packets the records of packets are, when some were seen at several places of a stack, or recorded twice.
func sightings(src *engine.Source) string {
	if src.Sightings+src.Dropped == 0 {
		return ""
	}
	own := src.Packets - src.Sightings - src.Dropped
	if src.Events == 0 {
		return fmt.Sprintf("%s, recorded again %s", count(own, "packet"), count(src.Sightings, "time"))
	}
	return fmt.Sprintf("%s, seen again %s elsewhere in the stack; %d only dropped", count(own, "packet"), count(src.Sightings, "time"), src.Dropped)
}

func sessionInfo(fact func(string, ...string), ses *trace.Session) {
	if ses == nil {
		return
	}
	clock := map[int]string{1: "performance counter", 2: "system time", 3: "CPU cycles"}[ses.ClockType]
	fact("session", joined(", ", ses.LoggerName, ses.LogFileName))
	fact("Windows build", ses.Build)
	fact("machine", fmt.Sprintf("%s, %d-bit", count(int64(ses.Processors), "processor"), 8*ses.PointerSize))
	if ses.Frequency > 0 {
		clock = fmt.Sprintf("%s, %d ticks a second", clock, ses.Frequency)
	}
	fact("clock", clock)
	zone := ""
	if ses.TimeZone != "" || ses.TimeZoneBias != 0 {
		zone = fmt.Sprintf("UTC%+d minutes %s", -ses.TimeZoneBias, ses.TimeZone)
	}
	fact("time zone", zone)
	if ses.Start != 0 {
		fact("session start", view.ISO(ses.Start))
	}
	if ses.End != 0 {
		fact("session end", view.ISO(ses.End))
	}
	if ses.Boot != 0 {
		fact("booted", view.ISO(ses.Boot))
	}
	buffers := fmt.Sprintf("%d", ses.Buffers)
	if ses.Compressed > 0 {
		buffers += fmt.Sprintf(", %d of them compressed", ses.Compressed)
	}
	fact("buffers", buffers)
	fact("system", ses.System...)
}

func providers(p *printer, src *engine.Source, s Style) {
	if len(src.Providers) == 0 {
		return
	}
	t := newTable(">events", "provider", "GUID")
	for _, pc := range src.Providers {
		guid := ""
		if pc.GUID != (trace.GUID{}) {
			guid = pc.GUID.String()
		}
		name := pc.Name
		if name == "" {
			name = "unknown"
		}
		t.add(fmt.Sprint(pc.Count), view.Printable(name), guid)
	}
	t.print(p, s, "  ")
}

// maxInterfaces is how many interfaces are listed when not all are asked for: Windows names a filter of each adapter as another one.
const maxInterfaces = 8

func interfaces(p *printer, src *engine.Source, all bool, s Style) {
	list := src.Info.Interfaces
	if len(list) == 0 {
		return
	}
	t := newTable(">interface", "*name", "description", "link", ">packets", ">dropped", ">snap length", ">MTU", "MAC", "addresses")
	for i := range list {
		in := &list[i]
		if len(list) > maxInterfaces && !all && in.Packets == 0 {
			continue
		}
		t.add(fmt.Sprint(in.ID), view.Printable(in.Name), view.Printable(in.Description), in.Link.String(), fmt.Sprint(in.Packets), drops(in),
			positive(in.SnapLen), positive(in.MTU), view.MAC(in.MAC), view.Printable(strings.Join(in.Addresses, " ")))
	}
	if len(t.rows) > 0 {
		t.print(p, s, "  ")
	}
	if left := len(list) - len(t.rows); left > 0 {
		p.line("  ", s.paint(dim, fmt.Sprintf("%s without packets: -v lists them", count(int64(left), "interface"))))
	}
}

func drops(in *trace.Interface) string {
	if !in.HasStatistics {
		return ""
	}
	return fmt.Sprint(max(in.IfDrop, 0) + max(in.OSDrop, 0))
}

func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// processMonitor is the Info.Application of its logs and exports.
const processMonitor = "Process Monitor"

// missing says what the file cannot answer, and why.
func missing(fact func(string, ...string), src *engine.Source) {
	var out []string
	in := src.Info
	switch {
	case src.Records == 0:
		out = append(out, "the file has no records")
	case in.Untimed:
		out = append(out, "times: the recorder's clock did not advance, only the order of records is known")
	}
	if src.Packets > 0 && src.Events == 0 {
		out = append(out, "calls of applications and events of the stack: the capture holds packets only")
	}
	if src.Events > 0 && src.Packets == 0 && in.Application == processMonitor {
		out = append(out, "packets: Process Monitor records none; name a capture of the same time beside it")
	} else if src.Events > 0 && src.Packets == 0 {
		out = append(out, "packets: the trace was made without a packet capture (netsh trace: capture=yes)")
	}
	if ses := in.Session; ses != nil {
		if ses.EventsLost > 0 || ses.BuffersLost > 0 {
			out = append(out, fmt.Sprintf("%s and %s that the recorder lost", count(int64(ses.EventsLost), "event"), count(int64(ses.BuffersLost), "buffer")))
		}
		if !ses.Finalised {
			out = append(out, "the session's end: the file was not closed by the recorder")
		}
	}
	if src.Undecoded > 0 {
		out = append(out, fmt.Sprintf("the layout of %s: shown as bytes", count(src.Undecoded, "event")))
	}
	for i := range in.Interfaces {
		if n := in.Interfaces[i]; n.HasStatistics && (n.IfDrop > 0 || n.OSDrop > 0) {
			out = append(out, fmt.Sprintf("%s that interface %d dropped", count(max(n.IfDrop, 0)+max(n.OSDrop, 0), "packet"), n.ID))
		}
	}
	if src.Malformed > 0 {
		out = append(out, fmt.Sprintf("whole headers of %s", count(src.Malformed, "packet")))
	}
	fact("missing", out...)
}
