package jsonl

import (
	"encoding/hex"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// A Row is one record.
type Row struct {
	head
	Source       int       `json:"source" doc:"index of the source"`
	Frame        int64     `json:"frame" doc:"number of the record"`
	Offset       int64     `json:"offset" doc:"byte offset of the record"`
	Record       string    `json:"record" doc:"'packet', 'event', 'secrets', 'names', 'statistics', 'journal', 'custom', 'process', 'unknown'"`
	Time         string    `json:"time,omitempty" doc:"of the record"`
	OneTime      string    `json:"one_time,omitempty" doc:"of the record on the one clock of all capture points, of 'timeline' with several files"`
	OneErrorNS   *int64    `json:"one_error_ns,omitempty" doc:"how far that may be off; left out when nothing tells. See bound in 'point' for the time on the way"`
	Also         []Seen    `json:"also,omitempty" doc:"records of the same packet at other capture points"`
	LostAt       []int     `json:"lost_at,omitempty" doc:"sources of the capture points that the packet should have passed next and did not"`
	Lane         string    `json:"lane" doc:"'application', 'stack', 'wire'"`
	Process      *Process  `json:"process,omitempty" doc:"owner: from the joins, never from the event's header"`
	Conversation *int      `json:"conversation,omitempty" doc:"conversation"`
	Src          string    `json:"src,omitempty" doc:"source address"`
	Dst          string    `json:"dst,omitempty" doc:"destination address"`
	Protocol     string    `json:"protocol" doc:"as in the packet list"`
	Length       int       `json:"length" doc:"on the wire, in bytes; of the payload for events"`
	Captured     int       `json:"captured" doc:"bytes that there are"`
	Info         string    `json:"info" doc:"as in the packet list"`
	TCP          *Segment  `json:"tcp,omitempty" doc:"of a TCP segment"`
	Payload      *int      `json:"payload,omitempty" doc:"bytes of transport payload on the wire"`
	Sighting     *Sighting `json:"sighting,omitempty" doc:"where in a stack the packet was seen, when the recorder says so"`
	Event        *EventRow `json:"event,omitempty" doc:"of an event"`
	Comments     []string  `json:"comments,omitempty" doc:"comments of the record"`
	Recorded     *Recorded `json:"recorded,omitempty" doc:"what the file says of the packet besides its bytes"`
}

// A Seen packet is a record of it at another capture point.
type Seen struct {
	Source int   `json:"source" doc:"index of the source"`
	Frame  int64 `json:"frame" doc:"number of the record, modulo 2^32"`
}

// A Segment is a TCP segment as the wire has it, with the numbers that the conversation adds.
type Segment struct {
	SrcPort   uint16 `json:"src_port" doc:"source port"`
	DstPort   uint16 `json:"dst_port" doc:"destination port"`
	Flags     string `json:"flags" doc:"control bits: 'SYN, ACK'"`
	Seq       uint32 `json:"seq" doc:"sequence number as sent"`
	Ack       uint32 `json:"ack" doc:"acknowledgement as sent"`
	RelSeq    uint32 `json:"rel_seq" doc:"relative to the initial sequence number"`
	RelAck    uint32 `json:"rel_ack" doc:"relative to the initial sequence number"`
	Window    uint16 `json:"window" doc:"as sent"`
	Scaled    uint32 `json:"scaled_window" doc:"after scaling; as sent when the scale is unknown"`
	Checksum  string `json:"checksum" doc:"'unknown', 'good', 'zero', 'partial', 'partial_lso', 'bad'"`
	Resent    bool   `json:"retransmission" doc:"carries only what was sent before"`
	Analysis  string `json:"analysis,omitempty" doc:"verdicts on the segment, Wireshark's names after 'tcp.analysis.', separated by commas"`
	Duplicate bool   `json:"duplicate" doc:"further sighting of a packet that was counted already"`
}

// A Sighting is one look at a packet that a recorder may see at several places of a stack.
type Sighting struct {
	Place       string   `json:"place" doc:"layer or component that saw it, empty where the recorder names none"`
	Component   *uint16  `json:"component,omitempty" doc:"pktmon's number of the component"`
	Edge        *uint16  `json:"edge,omitempty" doc:"pktmon's number of the component's edge"`
	Direction   string   `json:"direction,omitempty" doc:"'in', 'out'"`
	Nth         int      `json:"nth" doc:"count of the sightings of this packet so far"`
	Of          *Place   `json:"of,omitempty" doc:"first sighting, when this is a further one"`
	SinceNS     *int64   `json:"since_ns,omitempty" doc:"time since the first sighting"`
	Duplicate   bool     `json:"duplicate" doc:"true when the packet is counted already"`
	Resegmented bool     `json:"resegmented,omitempty" doc:"the bytes were seen in other segments: segmentation offload or coalescing lies between"`
	Dropped     *Dropped `json:"dropped,omitempty" doc:"set when the host says that it dropped the packet here"`
}

// Dropped is a drop as the recorder reports it.
type Dropped struct {
	Reason   string `json:"reason,omitempty" doc:"text of the reason"`
	Code     uint32 `json:"code" doc:"code of the reason"`
	Location string `json:"location" doc:"code of the place in the driver, in hex"`
	Repeated bool   `json:"repeated,omitempty" doc:"the same packet was dropped for the same reason before: each listener reports its own"`
}

// An EventRow is an event of a provider.
type EventRow struct {
	Provider string            `json:"provider" doc:"short name of the provider"`
	GUID     string            `json:"guid,omitempty" doc:"of the provider; message GUID for WPP"`
	ID       uint16            `json:"id" doc:"of the event; message number for WPP"`
	Version  uint8             `json:"version" doc:"of the event"`
	Opcode   uint8             `json:"opcode" doc:"of the event; type of classic and kernel events"`
	Group    *uint8            `json:"group,omitempty" doc:"of kernel events"`
	Name     string            `json:"name,omitempty" doc:"of the event"`
	Running  *Process          `json:"running,omitempty" doc:"process that was running when it was logged; not an owner"`
	Fields   map[string]string `json:"fields,omitempty" doc:"values by name, as text"`
	Data     string            `json:"data,omitempty" doc:"payload in hex, when the layout is unknown or the payload ends inside a field"`
	Extra    string            `json:"extra,omitempty" doc:"bytes of the payload behind the last known field, in hex"`
}

// Rows writes one object a row.
type Rows struct {
	e *encoder
	// Lanes, when set, says where rows are on the one clock of several points.
	Lanes *view.Lanes
}

// NewRows writes rows to w.
func NewRows(w io.Writer) *Rows { return &Rows{e: newEncoder(w, nil)} }

var recordNames = map[trace.Kind]string{
	trace.Packet: "packet", trace.Event: "event", trace.Secrets: "secrets", trace.Names: "names", trace.Statistics: "statistics",
	trace.Journal: "journal", trace.Custom: "custom", trace.ProcessInfo: "process", trace.Unknown: "unknown",
}

// Print writes a row. timed is false when the source has no times.
func (r *Rows) Print(row *engine.Row, timed bool) error {
	r.e.put(RowOf(row, timed, r.Lanes))
	return r.e.err
}

// RowOf is a row, which stays valid when the records that it was made of are gone; lanes, when not nil, say where it is on the one clock of several points.
func RowOf(row *engine.Row, timed bool, lanes *view.Lanes) Row {
	rec := row.Record
	c := view.ColumnsOf(row)
	out := Row{
		head: kind("row"), Source: row.Source, Frame: rec.Pos.Number, Offset: rec.Pos.Offset, Record: recordNames[rec.Kind],
		Lane: view.LaneOf(row).String(), Process: process(row.Object.Process), Src: c.Source, Dst: c.Destination, Protocol: c.Protocol,
		Length: c.Length, Captured: len(rec.Data), Info: c.Info,
	}
	if timed {
		out.Time = view.ISO(rec.Time)
	}
	if lanes != nil {
		out.lanes(row, timed, lanes)
	}
	if conv := row.Object.Conv; conv != nil {
		out.Conversation = &conv.ID
	}
	if rec.Meta != nil {
		out.Comments, out.Recorded = slices.Clone(rec.Meta.Comments), recorded(rec.Meta)
	}
	switch {
	case row.Packet != nil:
		out.TCP = segment(row)
		out.Sighting = sighting(row)
		if row.Packet.Transport != 0 {
			out.Payload = new(row.Packet.PayloadLen)
		}
	case rec.Event != nil:
		out.Event = eventRow(row)
	}
	return out
}

// lanes adds what other points have of the row.
func (out *Row) lanes(row *engine.Row, timed bool, lanes *view.Lanes) {
	if at, err := lanes.Time(row); timed {
		out.OneTime = view.ISO(at)
		if err != point.Unbounded {
			out.OneErrorNS = &err
		}
	}
	p := lanes.Packet(row)
	if p == nil {
		return
	}
	for i, number := range p.Records {
		source := lanes.Source(i)
		if number != 0 && i != lanes.Point(row) {
			pos := lanes.Record(i, number)
			out.Also = append(out.Also, Seen{pos.Source, pos.Number})
		}
		if p.Lost[i] {
			out.LostAt = append(out.LostAt, source)
		}
	}
}

// Recorded is what a file says of a packet besides its bytes.
type Recorded struct {
	Direction  string            `json:"direction,omitempty" doc:"'in', 'out'"`
	PacketID   *uint64           `json:"packet_id,omitempty" doc:"equal for appearances of one packet"`
	Queue      *uint32           `json:"queue,omitempty" doc:"queue of the interface"`
	Dropped    *uint64           `json:"dropped,omitempty" doc:"packets lost between the one before on the interface and this one"`
	Flags      string            `json:"flags,omitempty" doc:"link-layer flags of pcapng, in hex"`
	NotReady   bool              `json:"checksum_not_ready,omitempty" doc:"the checksum was left to the network card"`
	Segmented  bool              `json:"segmented,omitempty" doc:"the network card was to split the packet"`
	Process    *Process          `json:"process,omitempty" doc:"process that the file names"`
	Thread     uint32            `json:"thread,omitempty" doc:"thread that the file names"`
	Running    bool              `json:"running,omitempty" doc:"the process is the one that was running; not an owner"`
	OnBehalf   *Process          `json:"on_behalf,omitempty" doc:"process that the owner acted for"`
	Verdicts   []string          `json:"verdicts,omitempty" doc:"what was done with the packet"`
	Hash       string            `json:"hash,omitempty" doc:"algorithm and hash as written, in hex"`
	DropReason string            `json:"drop_reason,omitempty" doc:"why the recorder dropped it"`
	Layer      string            `json:"layer,omitempty" doc:"place in the stack that saw it"`
	Options    map[string]string `json:"options,omitempty" doc:"options without a field here: code, value in hex"`
}

func recorded(m *trace.Meta) *Recorded {
	out := &Recorded{
		Direction: [...]string{"", "in", "out"}[min(m.Direction, trace.Outbound)], NotReady: m.ChecksumNotReady, Segmented: m.Segmented,
		Hash: hex.EncodeToString(m.Hash), Layer: m.Layer, Verdicts: view.Verdicts(m),
	}
	if m.HasPacketID {
		out.PacketID = new(m.PacketID)
	}
	if m.HasQueue {
		out.Queue = new(m.Queue)
	}
	if m.HasDropCount {
		out.Dropped = new(m.DropCount)
	}
	if m.HasFlags {
		out.Flags = fmt.Sprintf("0x%08x", m.Flags)
	}
	if m.HasProcess {
		out.Process, out.Thread, out.Running = &Process{m.PID, m.Process}, m.TID, m.Running
	}
	if m.HasOnBehalf {
		out.OnBehalf = &Process{m.OnBehalf, m.OnBehalfName}
	}
	if m.Drop != nil {
		out.DropReason = m.Drop.ReasonText
	}
	for _, o := range m.Options {
		if out.Options == nil {
			out.Options = map[string]string{}
		}
		out.Options[fmt.Sprint(o.Code)] = hex.EncodeToString(o.Value)
	}
	if reflect.ValueOf(*out).IsZero() {
		return nil
	}
	return out
}

var checksumNames = [...]string{"unknown", "good", "zero", "partial", "partial_lso", "bad"}

func segment(row *engine.Row) *Segment {
	s, p := row.Sighting, row.Packet
	if s == nil || !s.TCP {
		return nil
	}
	out := &Segment{
		SrcPort: p.SrcPort, DstPort: p.DstPort, Flags: view.TCPFlags(p.TCP.Flags), Seq: p.TCP.Seq, Ack: p.TCP.Ack, RelSeq: s.RelSeq, RelAck: s.RelAck,
		Window: p.TCP.Window, Scaled: s.Window, Resent: s.Analysis.Has(flow.Resent), Analysis: s.Analysis.String(), Duplicate: s.Duplicate,
	}
	if int(s.Checksum) < len(checksumNames) {
		out.Checksum = checksumNames[s.Checksum]
	}
	return out
}

var directions = [...]string{"", "in", "out"}

func sighting(row *engine.Row) *Sighting {
	if !view.Placed(row) {
		return nil
	}
	m, s := row.Record.Meta, row.Sighting
	out := &Sighting{Nth: s.Nth, Duplicate: s.Duplicate, Resegmented: s.Resegmented}
	if s.Of.Number != 0 {
		of := place(s.Of)
		out.Of, out.SinceNS = &of, &s.Since
	}
	if m == nil {
		return out
	}
	out.Place, out.Direction = m.Layer, directions[min(m.Direction, trace.Outbound)]
	if m.HasEdge {
		out.Component, out.Edge = new(m.Component), new(m.Edge)
	}
	if d := m.Drop; d != nil {
		out.Dropped = &Dropped{d.ReasonText, d.Reason, fmt.Sprintf("0x%08X", d.Location), s.DropAgain}
	}
	return out
}

func eventRow(row *engine.Row) *EventRow {
	h := row.Record.Event
	out := &EventRow{Provider: view.ProviderName(row), ID: h.ID, Version: h.Version, Opcode: h.Opcode}
	if guid := view.ProviderGUID(row); guid != (trace.GUID{}) {
		out.GUID = guid.String()
	}
	if h.Kernel() {
		out.Group = &h.Group
	}
	if h.HasThread && h.Header != trace.HeaderProcmon && !(h.Header == trace.HeaderJournal && row.Object.Own) {
		out.Running = &Process{row.Header.PID, row.Header.Name}
	}
	e := row.Event
	if e == nil || e.Def == nil || e.Short {
		out.Data = hex.EncodeToString(row.Record.Data)
	}
	if e == nil || e.Def == nil {
		return out
	}
	if !e.Short {
		out.Extra = hex.EncodeToString(e.Extra)
	}
	out.Name = view.EventName(row)
	out.Fields = make(map[string]string, len(e.Values))
	for i := range e.Values {
		out.Fields[e.Def.Fields[i].Name] = view.EventValue(row, i)
	}
	return out
}
