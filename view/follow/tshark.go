package follow

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Tshark prints as tshark does with -z follow: node 0 is the side that speaks first, and what the other one says is indented.
type Tshark struct {
	w     *bufio.Writer
	form  Form
	title Title
	begun bool
	first int // index of node 0 in the ends
	at    [2]int64
	buf   []byte
	nth   int
	from  int // chunks of the range that is asked for, from 1
	to    int
}

// NewTshark begins a conversation, of which the chunks from one to another are printed, from 1; 0 and 0 is all.
func NewTshark(w io.Writer, t *Title, form Form, from, to int) *Tshark {
	return &Tshark{w: bufio.NewWriterSize(w, 64<<10), form: form, title: *t, from: from, to: to}
}

const rule = "==================================================================="

// begin prints who talks.
func (t *Tshark) begin(first int) {
	t.begun, t.first = true, first
	ends := t.title.Ends
	if first == 1 {
		ends[0], ends[1] = ends[1], ends[0]
	}
	if t.form == YAML {
		peers(t.w, ends)
		return
	}
	fmt.Fprintf(t.w, "\n%s\nFollow: %s,%s\nFilter: %s\n", rule, t.title.What, t.form, t.title.Filter)
	for i, e := range ends {
		node := ":0"
		if e.IsValid() {
			node = e.String()
		}
		fmt.Fprintf(t.w, "Node %d: %s\n", i, node)
	}
}

// First says which side node 0 is, where it is not the one that sends the first bytes.
func (t *Tshark) First(dir int) {
	if !t.begun {
		t.begin(dir)
	}
}

// Chunk prints bytes of one side.
func (t *Tshark) Chunk(c *Chunk) error {
	if !t.begun {
		t.begin(c.Dir)
	}
	if c.Lost > 0 { // a chunk of its own, as if the side had said so
		text := *c
		text.Data = append([]byte(lost(c.Lost)), 0)
		t.chunk(&text)
	}
	if len(c.Data) > 0 {
		t.chunk(c)
	}
	_, err := t.w.Write(nil)
	return err
}

func (t *Tshark) chunk(c *Chunk) {
	node := c.Dir ^ t.first
	at := t.at[node]
	t.at[node] += int64(len(c.Data))
	if t.nth++; t.to > 0 && (t.nth < t.from || t.nth > t.to) {
		return
	}
	switch t.form {
	case Hex:
		t.buf = dump(t.buf[:0], c.Data, at, indent(node))
		t.w.Write(t.buf)
	case Raw:
		t.w.WriteString(indent(node))
		hexLine(t.w, c.Data)
		t.w.WriteByte('\n')
	case YAML:
		packet(t.w, node, c)
	default:
		fmt.Fprintf(t.w, "%s%d\n", indent(node), len(c.Data))
		t.buf = slices.Grow(t.buf[:0], len(c.Data))[:len(c.Data)]
		for i, v := range c.Data {
			t.buf[i] = dottedLines[v]
		}
		t.w.Write(t.buf)
		t.w.WriteByte('\n')
	}
}

// Close ends the conversation.
func (t *Tshark) Close() error {
	if !t.begun {
		t.begin(0)
	}
	if t.form != YAML {
		fmt.Fprintf(t.w, "%s\n", rule)
	}
	return t.w.Flush()
}

// FormNamed is the form that tshark calls so.
func FormNamed(name string) (Form, bool) {
	for _, f := range []Form{ASCII, UTF8, Hex, Raw, YAML} {
		if strings.EqualFold(string(f), name) {
			return f, true
		}
	}
	return "", false
}
