package text

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	protos "github.com/wiretale/wiretale/proto/all"
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
	hexDump(p, "bytes", rec.Data, s)
	if row.Packet != nil && row.Packet.Has(packet.Reassembled) {
		hexDump(p, "reassembled", row.Packet.Assembled, s)
	}
	if row.Packet != nil {
		for i, unit := range row.Packet.Units {
			hexDump(p, unitTitle(row.Packet, i), unit.Bytes, s)
		}
	}
	return p.err
}

// unitTitle says where the bytes of a unit come from.
func unitTitle(p *packet.Packet, i int) string {
	how := p.Units[i].Opened
	if how == "" {
		how = "reassembled from TCP segments"
	}
	return fmt.Sprintf("%s, message %d", how, i+1)
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
		t.add(names.Pos(g.Pos), view.Duration(g.Since), direction(g.Direction), view.Printable(g.Place), view.Printable(g.Drop))
	}
	t.print(p, s, "  ")
	return p.err
}

func direction(d trace.Direction) string {
	return [...]string{"", "in", "out"}[min(d, trace.Outbound)]
}

func recordFacts(p *printer, row *engine.Row, src *trace.Info, timed bool, s Style) {
	rec := row.Record
	fact := func(label, text string) {
		if text != "" {
			p.line("  ", s.paint(dim, fmt.Sprintf("%-14s", label)), text)
		}
	}
	if timed && rec.Time != trace.NoTime {
		fact("time", view.ISO(rec.Time))
	}
	fact("at byte", fmt.Sprint(rec.Pos.Offset))
	if row.Packet != nil {
		fact("length", fmt.Sprintf("%d captured, %d on the wire", len(rec.Data), rec.WireLen))
	} else {
		fact("length", count(int64(len(rec.Data)), "byte"))
	}
	if rec.Interface >= 0 && rec.Interface < len(src.Interfaces) {
		in := &src.Interfaces[rec.Interface]
		fact("interface", view.Printable(strings.TrimSpace(fmt.Sprintf("%d %s %s", in.ID, in.Name, in.Description))))
	}
	if row.Packet != nil {
		fact("link type", rec.Link.String())
	}
	fact("process", view.Owner(row))
	if conv := row.Object.Conv; conv != nil {
		fact("conversation", fmt.Sprintf("%d, %s", conv.ID, view.Line(conv)))
	}
	metaFacts(fact, rec.Meta)
	if h := rec.Event; h != nil {
		guid := view.ProviderGUID(row).String() // the name of a provider that nobody knows
		fact("provider", strings.TrimSpace(strings.TrimSuffix(view.ProviderName(row), guid)+" "+guid))
		fact("event", eventNumbers(h))
		switch {
		case h.Header == trace.HeaderProcmon && h.TID != 0:
			fact("thread", fmt.Sprint(h.TID))
		case h.HasThread && h.Header != trace.HeaderProcmon:
			fact("was running", fmt.Sprintf("process %d, thread %d, processor %d", row.Header.PID, h.TID, h.CPU))
		}
		if h.Activity != (trace.GUID{}) {
			fact("activity", h.Activity.String())
		}
	}
}

// eventNumbers are the numbers that name an event to its provider: what the header of that kind has.
func eventNumbers(h *trace.EventHeader) string {
	switch {
	case h.Kernel():
		return fmt.Sprintf("group %d, type %d, version %d", h.Group, h.Opcode, h.Version)
	case h.Header == trace.HeaderMessage:
		return fmt.Sprintf("WPP message %d, sequence %d", h.ID, h.Sequence)
	case h.Header == trace.HeaderProcmon && h.Task == 0: // a row of an export has no numbers
		return ""
	case h.Header == trace.HeaderProcmon:
		return fmt.Sprintf("class %d, operation %d, sub-operation %d", h.Task, h.ID, h.Opcode)
	case h.Header == trace.HeaderFull || h.Header == trace.HeaderInstance:
		return fmt.Sprintf("type %d, version %d, level %d", h.Opcode, h.Version, h.Level)
	}
	return fmt.Sprintf("id %d, version %d, opcode %d, task %d, level %d, keyword 0x%x", h.ID, h.Version, h.Opcode, h.Task, h.Level, h.Keyword)
}

func metaFacts(fact func(label, text string), m *trace.Meta) {
	if m == nil {
		return
	}
	for _, c := range m.Comments {
		fact("comment", view.Printable(c))
	}
	fact("direction", direction(m.Direction))
	fact("seen at", view.Printable(view.Place(m)))
	if m.HasPacketID {
		fact("packet id", fmt.Sprint(m.PacketID))
	}
	if m.HasQueue {
		fact("queue", fmt.Sprint(m.Queue))
	}
	if m.HasFlags {
		fact("flags", packetFlags(m))
	}
	if m.HasProcess {
		label := "recorded owner"
		if m.Running {
			label = "was running"
		}
		fact(label, recordedProcess(m))
	}
	if m.HasOnBehalf {
		fact("on behalf of", view.Printable(strings.TrimSpace(fmt.Sprintf("process %d %s", m.OnBehalf, m.OnBehalfName))))
	}
	for _, v := range view.Verdicts(m) {
		fact("verdict", v)
	}
	if len(m.Hash) > 1 {
		fact("hash", fmt.Sprintf("algorithm %d, %x", m.Hash[0], m.Hash[1:]))
	}
	for _, o := range m.Options {
		fact("option", view.Printable(view.Option(o)))
	}
	if m.DropCount > 0 {
		fact("lost before it", count(int64(m.DropCount), "packet"))
	}
	if m.Drop != nil {
		fact("dropped", view.Printable(view.DropText(m.Drop)))
	}
}

func recordedProcess(m *trace.Meta) string {
	s := strings.TrimSpace(fmt.Sprintf("process %d %s", m.PID, m.Process))
	if m.TID != 0 {
		s += fmt.Sprintf(", thread %d", m.TID)
	}
	return view.Printable(s)
}

// packetFlags are the flags of a pcapng packet that say something beyond its direction (draft, 4.3.1).
func packetFlags(m *trace.Meta) string {
	s := fmt.Sprintf("0x%08x", m.Flags)
	if kind := [...]string{"", "unicast", "multicast", "broadcast", "promiscuous", "", "", ""}[m.Flags>>2&7]; kind != "" {
		s += ", " + kind
	}
	if m.ChecksumNotReady {
		s += ", checksum left to the card"
	}
	if m.Segmented {
		s += ", segmentation left to the card"
	}
	for bit, name := range [...]string{"CRC error", "too long", "too short", "wrong gap between frames", "unaligned", "start delimiter error", "preamble error", "symbol error"} {
		if m.Flags&(1<<(24+bit)) != 0 {
			s += ", " + name
		}
	}
	return s
}

// packetFields prints every layer with its fields. Byte ranges count from the first byte of the buffer that the layer lies in.
func packetFields(p *printer, row *engine.Row, s Style) {
	pk := row.Packet
	for i := range pk.N {
		l := &pk.Layers[i]
		table := protos.Tables()[l.Proto]
		if l.Proto == proto.EtherType { // two bytes that the layer before shows already
			continue
		}
		note := ""
		switch {
		case l.Quoted:
			note = ", quoted by an ICMP error"
		case l.Assembled:
			note = ", in the reassembled datagram"
		case l.Unit != 0:
			note = ", in what was " + unitTitle(pk, int(l.Unit)-1)
		}
		title := l.Proto.String()
		if table != nil {
			title = table.Title
		}
		p.line()
		p.line(s.paint(bold, title), s.paint(dim, fmt.Sprintf("  bytes %s%s", byteRange(int(l.Off), int(l.End-l.Off)), note)))
		if table == nil {
			continue
		}
		for _, o := range occurrences(pk, i, table) {
			f := o.of
			fieldLine(p, s, byteRange(o.span.Off, o.span.Len), f.Name, f.Title, view.Labelled(o.value, f.Base, f.Size(), f.Names), f.Derived)
		}
		if l.Proto == proto.TCP || l.Proto == proto.UDP {
			derived(p, row, l.Proto, s)
		}
	}
	if pk.Err != nil {
		p.line()
		p.line(s.paint(yellow, "! "), view.Printable(pk.Err.Error()))
	}
}

// An occurrence is a field in its place.
type occurrence struct {
	of    *field.Field
	span  field.Span
	value field.Value
}

// occurrences are the fields of a layer in the order of its table. Those of an
// application, whose layer may hold several messages, are in the order of their bytes, what follows from other packets last.
func occurrences(pk *packet.Packet, i int, table *field.Table) (list []occurrence) {
	shown := map[string]bool{}
	for j := range table.Fields {
		f := &table.Fields[j]
		if f.Hidden {
			continue
		}
		pk.EachIn(i, f, func(sp field.Span, v field.Value) bool {
			if !again(shown, f, sp, v) {
				list = append(list, occurrence{f, sp, v})
			}
			return true
		})
	}
	if pk.Layers[i].Proto.Application() {
		slices.SortStableFunc(list, func(a, b occurrence) int {
			if (a.span.Len == 0) != (b.span.Len == 0) {
				return b.span.Len - a.span.Len
			}
			return cmp.Compare(a.span.Off, b.span.Off)
		})
	}
	return list
}

// again reports whether the same bytes have been shown with the same value:
// fields such as ip.addr stand for others and exist for filters.
func again(shown map[string]bool, f *field.Field, sp field.Span, v field.Value) bool {
	if f.Mask != 0 || f.Bits || sp.Len == 0 {
		return false
	}
	key := fmt.Sprint(sp, v)
	if shown[key] {
		return true
	}
	shown[key] = true
	return false
}

// derived prints what other packets say of this one.
func derived(p *printer, row *engine.Row, id proto.ID, s Style) {
	if row.Sighting == nil {
		return
	}
	fields := flow.Fields()
	for i := range fields {
		f := &fields[i]
		if strings.HasPrefix(f.Name, id.String()+".") {
			if v, ok := f.Get(row.Sighting); ok {
				fieldLine(p, s, "", f.Name, f.Title, view.Labelled(v, f.Base, 0, nil), "from the conversation")
			}
		}
	}
}

func eventFields(p *printer, row *engine.Row, s Style) {
	e := row.Event
	if e.Def == nil {
		return
	}
	p.line()
	note := ""
	if e.Embedded {
		note = "  layout from the trace"
	}
	if row.Packet != nil {
		note += "  bytes of the event, which carries the packet"
	}
	p.line(s.paint(bold, view.EventName(row)), s.paint(dim, note))
	for i := range e.Values {
		sp := field.Span{}
		if i < len(e.Spans) {
			sp = e.Spans[i]
		}
		fieldLine(p, s, byteRange(sp.Off, sp.Len), view.Printable(e.Def.Fields[i].Name), "", view.Described(row, i), "")
	}
	if e.Short {
		p.line(s.paint(yellow, "! "), "the payload ends inside a field")
	}
	if len(e.Extra) > 0 {
		p.line(s.paint(yellow, "! "), count(int64(len(e.Extra)), "byte"), " after the last known field")
	}
}

func fieldLine(p *printer, s Style, where, name, title, value, note string) {
	if note != "" {
		note = "  [" + note + "]"
	}
	if title == "" {
		title = name
		name = ""
	}
	label := title
	if name != "" {
		label = title + " " + s.paint(dim, "("+name+")")
	}
	p.line("  ", s.paint(dim, fmt.Sprintf("%-9s", where)), " ", label, ": ", value, note)
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
