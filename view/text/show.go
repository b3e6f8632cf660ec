package text

import (
	"fmt"
	"io"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// Show writes one record: what the source says of it, every field with its
// byte range, and the bytes.
func Show(w io.Writer, row *engine.Row, src *trace.Info, names view.Names, timed bool, s Style) error {
	p := &printer{w: w}
	rec := row.Record
	c := view.ColumnsOf(row)
	p.line(s.paint(bold, strings.TrimSpace(names.Pos(rec.Pos)+"  "+c.Protocol+"  "+c.Info)))
	recordFacts(p, row, src, timed, s)
	if row.Event != nil {
		eventFields(p, row, s)
	}
	if row.Packet != nil {
		packetFields(p, row, s)
	}
	for _, b := range view.Buffers(row) {
		hexDump(p, b.Name, b.Bytes, s)
	}
	return p.err
}

// Sightings writes where else the packet of a shown record was seen, and how long after the first time.
func Sightings(w io.Writer, list []view.Sighting, names view.Names, s Style) error {
	p := &printer{w: w}
	if len(list) < 2 {
		return nil
	}
	p.line()
	p.line(s.paint(bold, fmt.Sprintf("This packet was seen %d times", len(list))))
	t := newTable(">frame", ">after", "direction", "place", "dropped")
	for _, g := range list {
		t.add(names.Pos(g.Pos), view.Duration(g.Since), view.Direction(g.Direction), view.Printable(g.Place), view.Printable(g.Drop))
	}
	t.print(p, s, "  ")
	return p.err
}

func recordFacts(p *printer, row *engine.Row, src *trace.Info, timed bool, s Style) {
	for _, f := range view.FactsOf(row, src, timed) {
		p.line("  ", s.paint(dim, fmt.Sprintf("%-14s", f.Label)), f.Text)
	}
}

// packetFields prints every layer with its fields. Byte ranges count from the first byte of the buffer that the layer lies in.
func packetFields(p *printer, row *engine.Row, s Style) {
	for _, l := range view.LayerNodes(row) {
		p.line()
		if l.Warning {
			p.line(s.paint(yellow, "! "), l.Title)
			continue
		}
		note := ""
		if l.Note != "" {
			note = ", " + l.Note
		}
		p.line(s.paint(bold, l.Title), s.paint(dim, fmt.Sprintf("  bytes %s%s", byteRange(l.Offset, l.Length), note)))
		for i := range l.Children {
			fieldLine(p, s, &l.Children[i])
		}
	}
}

func eventFields(p *printer, row *engine.Row, s Style) {
	for _, e := range view.EventNodes(row) {
		note := ""
		if e.Note != "" {
			note = "  " + e.Note
		}
		p.line()
		p.line(s.paint(bold, e.Title), s.paint(dim, note))
		for i := range e.Children {
			fieldLine(p, s, &e.Children[i])
		}
	}
}

func fieldLine(p *printer, s Style, n *view.Node) {
	if n.Warning {
		p.line(s.paint(yellow, "! "), n.Title)
		return
	}
	note, label := "", n.Title
	if n.Note != "" {
		note = "  [" + n.Note + "]"
	}
	if label == "" {
		label = n.Name
	} else if n.Name != "" {
		label += " " + s.paint(dim, "("+n.Name+")")
	}
	p.line("  ", s.paint(dim, fmt.Sprintf("%-9s", byteRange(n.Offset, n.Length))), " ", label, ": ", n.Value, note)
}

// byteRange is "14-17", "14" for one byte, "" for none.
func byteRange(off, n int) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return fmt.Sprint(off)
	}
	return fmt.Sprintf("%d-%d", off, off+n-1)
}

// hexDump prints 16 bytes a line: offset, hex, ASCII.
func hexDump(p *printer, title string, b []byte, s Style) {
	if len(b) == 0 {
		return
	}
	p.line()
	p.line(s.paint(bold, title))
	for off := 0; off < len(b); off += 16 {
		part := b[off:min(off+16, len(b))]
		ascii := make([]byte, len(part))
		for i, x := range part {
			ascii[i] = '.'
			if x >= 0x20 && x < 0x7f {
				ascii[i] = x
			}
		}
		p.line(fmt.Sprintf("  %04x  %-47s  %s", off, fmt.Sprintf("% x", part), ascii))
	}
}
