package follow

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"

	"github.com/wiretale/wiretale/view"
)

// An Own prints in the form of wiretale: where the side changes a line says who speaks, and with which record.
type Own struct {
	w     *bufio.Writer
	form  Form
	color bool
	ends  [2]netip.AddrPort
	start int64 // time that others are told from
	dir   int   // who spoke last, -1 before the first
	of    string
	nth   [2]int
	at    [2]int64 // offset of the next byte
	line  bool     // the last line is not ended
	rest  [2][]byte
	buf   []byte
}

// NewOwn begins a conversation between two ends. start is the time that others are told from.
func NewOwn(w io.Writer, t *Title, form Form, color bool, start int64) *Own {
	o := &Own{w: bufio.NewWriterSize(w, 64<<10), form: form, color: color, ends: t.Ends, start: start, dir: -1}
	switch form {
	case Raw:
	case YAML:
		peers(o.w, t.Ends)
	case Arrays:
		fmt.Fprintf(o.w, "/* %s, %s, %s <-> %s */\n", t.Filter, t.What, t.Ends[0], t.Ends[1])
	default:
		fmt.Fprintf(o.w, "%s, %s, %s <-> %s\n", t.Filter, t.What, t.Ends[0], t.Ends[1])
	}
	return o
}

// colours of the two sides, as Wireshark has them, and of what is said of the capture.
var colours = [2]string{"\x1b[31m", "\x1b[34m"}

const (
	bold  = "\x1b[1m"
	plain = "\x1b[0m"
)

// Chunk prints bytes of one side.
func (o *Own) Chunk(c *Chunk) error {
	if c.Lost > 0 {
		o.say(c, lost(c.Lost))
		o.at[c.Dir] += c.Lost
	}
	if c.Note != "" {
		o.say(c, "["+view.Printable(c.Note)+"]")
	}
	if len(c.Data) > 0 {
		o.bytes(c)
	}
	o.at[c.Dir] += int64(len(c.Data) + c.Cut)
	if c.Cut > 0 {
		o.say(c, fmt.Sprintf("[%d bytes cut off by the capture]", c.Cut))
	}
	_, err := o.w.Write(nil) // the first error stays
	return err
}

func (o *Own) bytes(c *Chunk) {
	switch o.form {
	case Raw:
		o.w.Write(c.Data)
	case YAML:
		packet(o.w, c.Dir, c)
	case Arrays:
		array(o.w, c.Dir, o.nth[c.Dir], c)
		o.nth[c.Dir]++
	case Hex:
		o.turn(c)
		prefix := ""
		if c.Dir == 1 {
			prefix = "    "
		}
		o.paint(c.Dir, dump(o.buf[:0], c.Data, o.at[c.Dir], prefix))
	default:
		o.turn(c)
		b := c.Data
		if rest := o.rest[c.Dir]; len(rest) > 0 {
			b = append(rest, b...)
		}
		text, rest := clear(o.buf[:0], b, o.form, true)
		o.rest[c.Dir] = append([]byte(nil), rest...)
		o.paint(c.Dir, text)
	}
}

// turn says who speaks from here on.
func (o *Own) turn(c *Chunk) {
	if c.Dir == o.dir && !c.Begins && c.Of == o.of {
		return
	}
	o.leave()
	o.dir, o.of = c.Dir, c.Of
	mark := ">>>"
	if c.Dir == 1 {
		mark = "<<<"
	}
	line := fmt.Sprintf("%s %s, frame %d, %s", mark, o.ends[c.Dir], c.Number, view.Seconds(c.Time-o.start, 6)+" s")
	if c.Of != "" {
		line += ", " + c.Of
	}
	if o.color {
		line = bold + colours[c.Dir] + line + plain
	}
	fmt.Fprintf(o.w, "%s\n", line)
}

// leave ends what the side that spoke last leaves open.
func (o *Own) leave() {
	if o.dir >= 0 && len(o.rest[o.dir]) > 0 {
		text, _ := clear(o.buf[:0], o.rest[o.dir], o.form, false)
		o.rest[o.dir] = nil
		o.paint(o.dir, text)
	}
	if o.line {
		o.w.WriteByte('\n')
		o.line = false
	}
}

// say prints what is no byte of the conversation.
func (o *Own) say(c *Chunk, text string) {
	switch o.form {
	case Raw:
		return
	case YAML:
		fmt.Fprintf(o.w, "  # peer %d: %s\n", c.Dir, text)
		return
	case Arrays:
		fmt.Fprintf(o.w, "/* peer %d: %s */\n", c.Dir, text)
		return
	}
	o.turn(c)
	o.leave()
	if o.color {
		text = bold + text + plain
	}
	fmt.Fprintf(o.w, "%s\n", text)
}

// paint writes text of a side.
func (o *Own) paint(dir int, text []byte) {
	if o.buf = text; len(text) == 0 {
		return
	}
	o.line = text[len(text)-1] != '\n'
	if !o.color {
		o.w.Write(text)
		return
	}
	o.w.WriteString(colours[dir])
	o.w.Write(text)
	o.w.WriteString(plain)
}

// Close ends the conversation.
func (o *Own) Close() error {
	o.leave()
	return o.w.Flush()
}
