package api

import (
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/index"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
)

// A ListRow is a record in the list.
type ListRow struct {
	Index        int    `json:"index" doc:"place in the whole list, which is in order of time over all sources"`
	Source       int    `json:"source" doc:"index of the source"`
	Frame        int64  `json:"frame" doc:"number of the record in its source"`
	Time         *int64 `json:"time" doc:"nanoseconds since 1970; null without"`
	Src          string `json:"src" doc:"source address"`
	Dst          string `json:"dst" doc:"destination address"`
	Protocol     string `json:"protocol" doc:"as in the packet list"`
	Length       int    `json:"length" doc:"on the wire, in bytes; of the payload for events"`
	Info         string `json:"info" doc:"as in the packet list"`
	Kind         string `json:"kind" doc:"'packet', 'event'"`
	Conversation *int   `json:"conversation,omitempty" doc:"conversation"`
	Process      *Owner `json:"process,omitempty" doc:"owner"`
	Mark         string `json:"mark" doc:"class for colour and sign, empty for the usual"`
}

// An Owner is the process of a row.
type Owner struct {
	PID  uint32 `json:"pid" doc:"process id"`
	Name string `json:"name" doc:"image file name without path"`
}

func ownerOf(p *session.Process) *Owner {
	if p == nil {
		return nil
	}
	return &Owner{p.PID, p.Name}
}

// listRow is a row with its final owners at a place of the list.
func listRow(row *engine.Row, index int) ListRow {
	c := view.ColumnsOf(row)
	out := ListRow{
		Index: index, Source: row.Source, Frame: row.Record.Pos.Number, Src: c.Source, Dst: c.Destination, Protocol: c.Protocol, Length: c.Length, Info: c.Info, Kind: "packet",
		Process: ownerOf(row.Object.Process), Mark: view.Mark(row),
	}
	if row.Packet == nil {
		out.Kind = "event"
	}
	if t := row.Record.Time; t != trace.NoTime {
		out.Time = &t
	}
	if conv := row.Object.Conv; conv != nil {
		out.Conversation = &conv.ID
	}
	return out
}

// Listed is a row of the list of an index.
func Listed(r *index.Row) ListRow {
	out := ListRow{
		Index: r.Index, Source: r.Source, Frame: r.Frame, Src: r.Words.Source, Dst: r.Destination, Protocol: r.Protocol, Length: r.Length, Info: r.Info, Kind: "packet",
		Process: ownerOf(r.Process), Mark: r.Mark,
	}
	if r.Event {
		out.Kind = "event"
	}
	if r.Time != trace.NoTime {
		out.Time = &r.Time
	}
	if r.Conversation >= 0 {
		out.Conversation = &r.Conversation
	}
	return out
}

// A Record is all that is known of one.
type Record struct {
	Line  jsonl.Row `json:"line" doc:"the 'row' line"`
	Tree  []Node    `json:"tree" doc:"its details: the record, an event, the layers of a packet"`
	Bytes []Buffer  `json:"bytes" doc:"what the details lie in: the record, and what was put together or decrypted"`
}

// A Node is a line of the details.
type Node struct {
	Name     string `json:"name" doc:"of the field or protocol in filters, empty for what has none"`
	Label    string `json:"label" doc:"title and value, for people"`
	Value    string `json:"value,omitempty" doc:"the value alone"`
	Note     string `json:"note,omitempty" doc:"where the value is from, when not from the bytes"`
	Filter   string `json:"filter,omitempty" doc:"display filter that records with this value pass"`
	Warning  bool   `json:"warning,omitempty" doc:"it says what is wrong with the record"`
	Buffer   int    `json:"buffer" doc:"index of the bytes that it lies in; -1 when the record does not have them"`
	Offset   int    `json:"offset" doc:"of its first byte there"`
	Length   int    `json:"length" doc:"bytes; 0 when it is from none"`
	Children []Node `json:"children,omitempty" doc:"what it holds"`
}

// A Buffer is bytes that nodes lie in.
type Buffer struct {
	Name string `json:"name" doc:"of the buffer"`
	Data []byte `json:"data" doc:"base64"`
}

// RecordOf is all that is known of a row. Its bytes are those of the row, valid as long.
func RecordOf(row *engine.Row, info *trace.Info) Record {
	timed := !info.Untimed && row.Record.Time != trace.NoTime
	out := Record{Line: jsonl.RowOf(row, timed, nil), Tree: nodes(view.Tree(row, info, timed)), Bytes: []Buffer{}}
	for _, b := range view.Buffers(row) {
		out.Bytes = append(out.Bytes, Buffer{b.Name, b.Bytes})
	}
	return out
}

func nodes(list []view.Node) []Node {
	out := make([]Node, len(list))
	for i := range list {
		n := &list[i]
		out[i] = Node{n.Name, n.Label(), n.Value, n.Note, n.Filter, n.Warning, n.Buffer, n.Offset, n.Length, nil}
		if len(n.Children) > 0 {
			out[i].Children = nodes(n.Children)
		}
	}
	return out
}

// A WholeRow is a record with its row in the list.
type WholeRow struct {
	Row ListRow `json:"row"`
	Record
}
