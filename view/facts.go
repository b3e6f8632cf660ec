package view

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

// A Fact is something that a source or the analysis says of a record besides its bytes.
type Fact struct{ Label, Text string }

// facts collects those that have a text.
type facts []Fact

func (f *facts) add(label, text string) {
	if text != "" {
		*f = append(*f, Fact{label, text})
	}
}

// FactsOf are those of a record. timed is false when its source has no times.
func FactsOf(row *engine.Row, src *trace.Info, timed bool) []Fact {
	var f facts
	rec := row.Record
	if timed && rec.Time != trace.NoTime {
		f.add("time", ISO(rec.Time))
	}
	f.add("at byte", fmt.Sprint(rec.Pos.Offset))
	switch {
	case row.Packet != nil:
		f.add("length", fmt.Sprintf("%d captured, %d on the wire", len(rec.Data), rec.WireLen))
	case len(rec.Data) == 1:
		f.add("length", "1 byte")
	default:
		f.add("length", fmt.Sprintf("%d bytes", len(rec.Data)))
	}
	if rec.Interface >= 0 && rec.Interface < len(src.Interfaces) {
		in := &src.Interfaces[rec.Interface]
		f.add("interface", Printable(strings.TrimSpace(fmt.Sprintf("%d %s %s", in.ID, in.Name, in.Description))))
	}
	if row.Packet != nil {
		f.add("link type", rec.Link.String())
	}
	f.add("process", Owner(row))
	if conv := row.Object.Conv; conv != nil {
		f.add("conversation", fmt.Sprintf("%d, %s", conv.ID, Line(conv)))
	}
	f.meta(rec.Meta)
	f.event(row)
	return f
}

// event is what the header of an event says.
func (f *facts) event(row *engine.Row) {
	h := row.Record.Event
	if h == nil {
		return
	}
	guid := ProviderGUID(row).String() // the name of a provider that nobody knows
	f.add("provider", strings.TrimSpace(strings.TrimSuffix(ProviderName(row), guid)+" "+guid))
	f.add("event", eventNumbers(h))
	switch {
	case (h.Header == trace.HeaderProcmon || h.Header == trace.HeaderJournal && row.Object.Own) && h.TID != 0:
		f.add("thread", fmt.Sprint(h.TID))
	case h.HasThread && h.Header != trace.HeaderProcmon:
		f.add("was running", fmt.Sprintf("process %d, thread %d, processor %d", row.Header.PID, h.TID, h.CPU))
	}
	if h.Activity != (trace.GUID{}) {
		f.add("activity", h.Activity.String())
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
	case h.Header == trace.HeaderJournal:
		return fmt.Sprintf("id %d", h.ID)
	case h.Header == trace.HeaderFull || h.Header == trace.HeaderInstance:
		return fmt.Sprintf("type %d, version %d, level %d", h.Opcode, h.Version, h.Level)
	}
	return fmt.Sprintf("id %d, version %d, opcode %d, task %d, level %d, keyword 0x%x", h.ID, h.Version, h.Opcode, h.Task, h.Level, h.Keyword)
}

// meta is what the file says of a packet besides its bytes.
func (f *facts) meta(m *trace.Meta) {
	if m == nil {
		return
	}
	for _, c := range m.Comments {
		f.add("comment", Printable(c))
	}
	f.add("direction", Direction(m.Direction))
	f.add("seen at", Printable(Place(m)))
	if m.HasPacketID {
		f.add("packet id", fmt.Sprint(m.PacketID))
	}
	if m.HasQueue {
		f.add("queue", fmt.Sprint(m.Queue))
	}
	if m.HasFlags {
		f.add("flags", packetFlags(m))
	}
	if m.HasProcess {
		label := "recorded owner"
		if m.Running {
			label = "was running"
		}
		f.add(label, recordedProcess(m))
	}
	if m.HasOnBehalf {
		f.add("on behalf of", Printable(strings.TrimSpace(fmt.Sprintf("process %d %s", m.OnBehalf, m.OnBehalfName))))
	}
	for _, v := range Verdicts(m) {
		f.add("verdict", v)
	}
	if len(m.Hash) > 1 {
		f.add("hash", fmt.Sprintf("algorithm %d, %x", m.Hash[0], m.Hash[1:]))
	}
	for _, o := range m.Options {
		f.add("option", Printable(Option(o)))
	}
	switch {
	case m.DropCount == 1:
		f.add("lost before it", "1 packet")
	case m.DropCount > 0:
		f.add("lost before it", fmt.Sprintf("%d packets", int64(m.DropCount)))
	}
	if m.Drop != nil {
		f.add("dropped", Printable(DropText(m.Drop)))
	}
}

// Direction is the word for a direction as a recorder gives it, "" for an unknown one.
func Direction(d trace.Direction) string {
	return [...]string{"", "in", "out"}[min(d, trace.Outbound)]
}

func recordedProcess(m *trace.Meta) string {
	s := strings.TrimSpace(fmt.Sprintf("process %d %s", m.PID, m.Process))
	if m.TID != 0 {
		s += fmt.Sprintf(", thread %d", m.TID)
	}
	return Printable(s)
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
