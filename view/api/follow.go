package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/content"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// A FollowQuery says what both sides of which conversation sent.
type FollowQuery struct {
	Range        // of blocks
	Conversation int
	Form         string // "text" and "hex" for bytes, "http" for its messages with their content decoded
}

// A Followed is a part of what both sides of a conversation sent, in order: decrypted where keys allow.
type Followed struct {
	A      string  `json:"a" doc:"address and port of the first end"`
	B      string  `json:"b" doc:"of the other"`
	Layer  string  `json:"layer" doc:"what is shown: 'TCP', 'http in TLS, decrypted'"`
	Sealed bool    `json:"sealed,omitempty" doc:"it looks encrypted"`
	Total  int     `json:"total" doc:"blocks in all"`
	Of     int     `json:"of,omitempty" doc:"of a report that has the first alone: blocks that there are"`
	Blocks []Block `json:"blocks" doc:"those from offset on: limit at most, and as many as have 1 MiB"`
}

// A Block is bytes that one side sent at a time.
type Block struct {
	From    string `json:"from" doc:"'a', 'b'"`
	Time    string `json:"time,omitempty" doc:"of its last record"`
	Source  int    `json:"source" doc:"index of the source"`
	Frame   int64  `json:"frame" doc:"number of its last record"`
	Offset  int64  `json:"offset" doc:"bytes of this side before it, those that are missing too"`
	Length  int    `json:"length" doc:"bytes"`
	Data    []byte `json:"data" doc:"the bytes, base64"`
	Missing int64  `json:"missing,omitempty" doc:"bytes that are missing before it"`
	Mark    string `json:"mark,omitempty" doc:"of http: 'head', 'body', 'end'"`
	Of      string `json:"of,omitempty" doc:"of http: the stream of HTTP/2"`
	Note    string `json:"note,omitempty" doc:"of http: why something is not there"`
}

const (
	maxBlock    = 64 << 10 // bytes of a block; more are several
	maxFollowed = 1 << 20  // bytes of an answer
)

func followQuery(q *query) answering {
	w := FollowQuery{q.part(), q.conversation(), q.one("form", "text", "hex", "http")}
	return func(_ context.Context, a *Analysis) (*pass, error) { return a.follow(w) }
}

// follow listens to the conversation.
func (a *Analysis) follow(w FollowQuery) (*pass, error) {
	conv, err := a.conversation(w.Conversation)
	if err != nil {
		return nil, err
	}
	if conv.Proto != proto.TCP && conv.Proto != proto.UDP || conv.Stream < 0 {
		return nil, unfit(fmt.Sprintf("conversation %d is %s, and what is followed is TCP or UDP", conv.ID, view.ProtoName(conv.Proto)), "")
	}
	f := &following{conv: conv, query: w, timed: !view.Untimed(a.Case, conv.Source), opens: a.Options.Secrets != nil}
	f.out = Followed{A: view.Endpoint(conv.Ends[0], conv.Proto), B: view.Endpoint(conv.Ends[1], conv.Proto), Blocks: []Block{}}
	return &pass{of: []*flow.Conversation{conv}, hear: f.hear, visit: func(row *engine.Row) error {
		f.opens = f.opens || row.Record.Kind == trace.Secrets
		return nil
	}, answer: func() any { return &f.out }}, nil
}

// A following listens to a conversation.
type following struct {
	conv  *flow.Conversation
	here  *flow.Conversation // the same in this pass
	query FollowQuery
	out   Followed
	timed bool
	opens bool
	bytes int      // of the blocks
	sent  [2]int64 // of each side so far, what is missing too
	depth content.Depth
	http  *content.Messages
}

// hear finds the conversation among those of this pass by its first packet: a pass over a part of the files numbers others.
func (f *following) hear(c *flow.Conversation) func(*stream.Heard) {
	if f.here != nil || c.Source != f.conv.Source || c.Proto != f.conv.Proto || c.First.Pos.Number != f.conv.First.Pos.Number {
		return nil
	}
	f.here = c
	f.depth = content.Depth{Opens: f.opens, To: f.heard}
	return f.depth.Hear
}

func (f *following) heard(h *stream.Heard) {
	if f.out.Layer == "" && h.Kind == stream.HeardBytes {
		f.out.Layer, f.out.Sealed = layer(h), h.Depth == 0 && content.Sealed(h.Data)
	}
	if f.query.Form == "http" {
		if f.http == nil {
			f.http = content.NewMessages(f.part)
		}
		f.http.Hear(h)
		return
	}
	if h.Kind == stream.HeardBytes {
		dir := f.side(h.Dir)
		f.add(Block{Frame: h.Last.Number, Missing: h.Lost}, dir, h.Last.Time, h.Data)
		f.sent[dir] += int64(h.Len - len(h.Data))
	}
}

// side is the index of a sender in the final ends, which may have been turned since.
func (f *following) side(dir int) int {
	if f.here.Ends[dir] == f.conv.Ends[1] {
		return 1
	}
	return 0
}

// layer says what is heard.
func layer(h *stream.Heard) string {
	carrier := strings.ToUpper(h.Carrier.String())
	switch {
	case h.Depth == 0:
		return carrier
	case h.Protocol != proto.None:
		return h.Protocol.String() + " in " + carrier + ", decrypted"
	}
	return carrier + ", decrypted"
}

var partNames = map[content.Kind]string{content.HeadPart: "head", content.BodyPart: "body", content.EndPart: "end"}

func (f *following) part(p *content.Part) {
	if p.Kind == content.EndPart && p.Why == "" {
		return
	}
	b := Block{Frame: p.Mark.Number, Missing: p.Lost, Mark: partNames[p.Kind], Note: p.Why}
	if p.Stream > 0 {
		b.Of = fmt.Sprintf("stream %d", p.Stream)
	}
	f.add(b, f.side(p.Dir), p.Mark.Time, p.Bytes)
}

// add cuts what was sent into blocks, and keeps those that are asked for.
func (f *following) add(b Block, dir int, at int64, data []byte) {
	b.From, b.Source = string(rune('a'+dir)), f.conv.Source
	if f.timed {
		b.Time = view.ISO(at)
	}
	for first := true; first || len(data) > 0; first = false {
		piece := data[:min(len(data), maxBlock)]
		data = data[len(piece):]
		f.sent[dir] += b.Missing
		b.Offset, b.Length = f.sent[dir], len(piece)
		f.sent[dir] += int64(len(piece))
		f.keep(b, piece)
		b.Missing = 0
	}
}

func (f *following) keep(b Block, piece []byte) {
	n := f.out.Total
	f.out.Total++
	if n < f.query.Offset || len(f.out.Blocks) >= f.query.Limit || n != f.query.Offset+len(f.out.Blocks) || len(f.out.Blocks) > 0 && f.bytes+len(piece) > maxFollowed {
		return
	}
	f.bytes += len(piece)
	b.Data = append([]byte{}, piece...)
	f.out.Blocks = append(f.out.Blocks, b)
}
