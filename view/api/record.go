package api

import (
	"github.com/wiretale/wiretale/internal/engine"
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

// A Record is all that is known of one.
type Record struct {
	Line  jsonl.Row `json:"line" doc:"the 'row' line"`
	Tree  []Node    `json:"tree" doc:"layers and their fields"`
	Bytes []Buffer  `json:"bytes" doc:"buffers that nodes lie in"`
}

// A Node is a layer or a field of a record.
type Node struct {
	Name     string `json:"name" doc:"in filters; empty when they have none for it"`
	Label    string `json:"label" doc:"in one line"`
	Value    string `json:"value" doc:"as people read it; empty for a layer"`
	Note     string `json:"note,omitempty" doc:"what is to be known of it"`
	Warning  bool   `json:"warning,omitempty" doc:"it says what is wrong with the record"`
	Buffer   int    `json:"buffer" doc:"index in bytes, -1 for bytes that the record does not have"`
	Offset   int    `json:"offset" doc:"of its first byte there"`
	Length   int    `json:"length" doc:"bytes; 0 when none of them say it"`
	Children []Node `json:"children,omitempty" doc:"what is inside of it"`
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
	out := make([]Node, 0, len(list))
	for i := range list {
		n := &list[i]
		x := Node{Name: n.Name, Label: n.Label(), Value: n.Value, Note: n.Note, Warning: n.Warning, Buffer: n.Buffer, Offset: n.Offset, Length: n.Length}
		if len(n.Children) > 0 {
			x.Children = nodes(n.Children)
		}
		out = append(out, x)
	}
	return out
}
