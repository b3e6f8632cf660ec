package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/content"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view/follow"
)

// A following prints one conversation after another.
type following struct {
	*app
	kind      proto.ID // what is asked for: TCP, UDP, TLS, HTTP or HTTP2; None for the deepest
	form      follow.Form
	dir       int // the only side, -1 for both
	substream int64
	out       *followOutput
	tap       *followTap // of -z, nil without

	want     wanted
	conv     *flow.Conversation // nil until it is seen
	first    int                // who sent its first packet
	printer  follow.Printer     // nil before the first chunk
	depth    content.Depth
	http     *content.Messages // nil when bytes are printed
	version  int               // of HTTP that nothing was printed of, as another was asked for
	opens    bool              // there are keys
	sealed   bool              // what is printed looks encrypted
	lost     [2]int64
	chunk    follow.Chunk
	gathered []byte
	source   stream.Heard // of the message that is printed
	err      error
}

// run follows the conversation that is wanted, in one pass.
func (w *following) run(ctx context.Context, paths []string) error {
	w.conv, w.printer, w.opens, w.sealed, w.lost, w.err = nil, nil, w.secrets != nil, false, [2]int64{}, nil
	w.applications = w.choice()
	w.applications.Hear = w.hear
	silent := engine.Options{Rules: []*diag.Rule{}}
	w.http, w.version = nil, 0
	c, err := w.pass(ctx, paths, silent, func(r *engine.Run) error {
		return r.Each(func(row *engine.Row) error {
			w.opens = w.opens || row.Record.Kind == trace.Secrets
			return w.err
		})
	})
	if err == nil {
		err = w.err // of what was heard at the end
	}
	if w.printer != nil {
		if closing := w.printer.Close(); err == nil {
			err = closing
		}
	}
	switch {
	case err != nil:
		return err
	case w.conv == nil && w.tap == nil:
		return &exit{code: exitUnusable, err: fmt.Errorf("there is no %s", &w.want), hint: "wiretale convs lists what there is"}
	case w.printer == nil && w.tap != nil:
		if err := w.begin(nil); err != nil {
			return err
		}
		if err := w.printer.Close(); err != nil {
			return err
		}
	case w.printer == nil:
		err = w.nothing()
	}
	w.told()
	return errors.Join(err, w.app.locked(c), w.damage(c))
}

// hear listens to the conversation that is wanted.
func (w *following) hear(c *flow.Conversation) func(*stream.Heard) {
	if w.conv != nil || !w.want.takes(c) {
		return nil
	}
	w.conv, w.first = c, 0
	if c.Dir[0].Packets == 0 {
		w.first = 1
	}
	carrier := w.kind
	if carrier == proto.HTTP || carrier == proto.HTTP2 {
		carrier = proto.None
	}
	w.depth = content.Depth{Carrier: carrier, Opens: w.opens, To: w.heard}
	return w.depth.Hear
}

// heard prints what is heard.
func (w *following) heard(h *stream.Heard) {
	if w.err != nil {
		return
	}
	if w.kind == proto.HTTP || w.kind == proto.HTTP2 {
		w.messages(h)
		w.http.Hear(h)
		return
	}
	if h.Kind != stream.HeardBytes {
		return
	}
	c := &w.chunk
	*c = follow.Chunk{Dir: h.Dir, Number: h.Last.Number, Time: h.Last.Time, Data: h.Data, Lost: h.Lost, Cut: h.Len - len(h.Data)}
	if w.printer == nil {
		w.sealed = h.Depth == 0 && content.Sealed(h.Data)
		if w.err = w.begin(h); w.err != nil {
			return
		}
	}
	w.print(c)
}

// messages remembers what messages come from.
func (w *following) messages(h *stream.Heard) {
	if w.http == nil {
		w.http = content.NewMessages(w.part)
	}
	w.source = *h
}

// part prints a part of a message of HTTP.
func (w *following) part(p *content.Part) {
	v := w.http.Version()
	if w.err != nil || w.kind == proto.HTTP2 && v != 2 || w.tap != nil && w.kind == proto.HTTP && v != 1 || w.substream >= 0 && int64(p.Stream) != w.substream {
		w.version = v
		return
	}
	if w.printer == nil {
		if w.err = w.begin(&w.source); w.err != nil {
			return
		}
	}
	c := &w.chunk
	*c = follow.Chunk{Dir: p.Dir, Number: p.Mark.Number, Time: p.Mark.Time, Data: p.Bytes, Lost: p.Lost, Begins: p.Kind == content.HeadPart}
	if p.Stream > 0 {
		c.Of = fmt.Sprintf("stream %d", p.Stream)
	}
	if w.tap != nil {
		w.gather(p, c)
		return
	}
	if c.Note = p.Why; p.Kind == content.EndPart && c.Note == "" {
		return
	}
	w.print(c)
}

// gather puts the content of a message together, which is one chunk for tshark.
func (w *following) gather(p *content.Part, c *follow.Chunk) {
	const most = 16 << 20
	switch p.Kind {
	case content.HeadPart:
		w.print(c)
	case content.BodyPart:
		if w.gathered = append(w.gathered, c.Data...); len(w.gathered) < most {
			return
		}
		fallthrough
	case content.EndPart:
		c.Data, c.Lost = w.gathered, 0
		w.print(c)
		w.gathered = w.gathered[:0]
	}
}

// print prints a chunk of a side that is asked for.
func (w *following) print(c *follow.Chunk) {
	if w.dir >= 0 && c.Dir != w.dir {
		return
	}
	w.lost[c.Dir] += c.Lost + int64(c.Cut)
	w.err = w.printer.Chunk(c)
}

// begin opens the output for what is heard first; nil when nothing is.
func (w *following) begin(h *stream.Heard) error {
	private := h != nil && h.Depth > 0
	out, err := w.out.open(private)
	if err != nil {
		return err
	}
	t := follow.Title{What: w.title(h), Filter: w.want.String()}
	if w.conv != nil {
		t.Ends = w.conv.Ends
	}
	if w.tap != nil {
		w.printer = follow.NewBehind(w.tap.printer(out, &t, w.first, h))
		return nil
	}
	t.Filter = streamField(w.conv.Proto) + fmt.Sprintf(" %d", w.conv.Stream)
	w.printer = follow.NewBehind(follow.NewOwn(out, &t, w.form, w.style.Color && w.out.path == "", w.conv.First.Time))
	return nil
}

// title says what is printed.
func (w *following) title(h *stream.Heard) string {
	switch {
	case w.conv == nil:
		return ""
	case h == nil || h.Depth == 0:
		return upper(w.conv.Proto)
	case h.Protocol != proto.None:
		return fmt.Sprintf("%s in %s, decrypted", upper(h.Protocol), upper(h.Carrier))
	}
	return upper(h.Carrier) + ", decrypted"
}

// nothing says why nothing was printed.
func (w *following) nothing() error {
	if w.kind == proto.HTTP2 && w.version == 1 || w.kind == proto.HTTP && w.version == 2 {
		return &exit{code: exitUnusable, err: fmt.Errorf("%s has no such messages: it speaks HTTP/%d", &w.want, w.version), hint: "--http takes either version"}
	}
	if w.kind == proto.TLS {
		return &exit{code: exitUnusable, err: fmt.Errorf("nothing that TLS carries in %s was decrypted", &w.want), hint: "--keys FILE with a key log or a private key; --explain-tls says what is missing"}
	}
	if !w.quiet {
		fmt.Fprintf(w.stderr, "wiretale: nobody sent anything in %s\n", &w.want)
	}
	return nil
}

// told says on stderr what the output does not show.
func (w *following) told() {
	if w.quiet || w.tap != nil {
		return
	}
	for dir, n := range w.lost {
		if n > 0 {
			fmt.Fprintf(w.stderr, "wiretale: %d bytes that %s sent are missing in the capture\n", n, w.conv.Ends[dir])
		}
	}
	if w.sealed && w.kind == proto.None {
		fmt.Fprintln(w.stderr, "wiretale: this is encrypted; with --keys FILE, a key log or a private key, what TLS carries is followed")
	}
}

// A followOutput is where bytes go: standard output, or a file that is made when it is known whether what goes into it was encrypted.
type followOutput struct {
	app    *app
	path   string
	inputs []string
	file   *os.File
	w      *bufio.Writer
}

// followed is the output of -o, standard output without.
func (a *app) followed(path string, inputs []string) (*followOutput, error) {
	if path == "-" {
		path = ""
	}
	if path != "" {
		if in := a.sameAs(path, inputs); in != "" {
			return nil, usage("write to another file", "-o %s is the input %s", path, in)
		}
	}
	return &followOutput{app: a, path: path, inputs: inputs}, nil
}

// open makes the file; private says that only the user may read it.
func (o *followOutput) open(private bool) (io.Writer, error) {
	if o.path == "" {
		return o.app.out, nil
	}
	if o.w != nil {
		return o.w, nil
	}
	mode := os.FileMode(0o666)
	if private {
		mode = 0o600
	}
	file, err := os.OpenFile(o.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return nil, err
	}
	if private { // it may have been there
		if st, err := file.Stat(); err == nil && st.Mode().IsRegular() && st.Mode().Perm()&0o077 != 0 {
			if err := file.Chmod(0o600); err != nil {
				return nil, errors.Join(err, file.Close())
			}
		}
	}
	o.file, o.w = file, bufio.NewWriterSize(file, outBuffer)
	return o.w, nil
}

// Close ends the file.
func (o *followOutput) Close() error {
	if o.file == nil {
		return nil
	}
	err := o.w.Flush()
	return errors.Join(err, o.file.Close())
}

// upper is the name of a protocol as people write it.
func upper(id proto.ID) string {
	if id == proto.HTTP2 {
		return "HTTP/2"
	}
	return strings.ToUpper(id.String())
}
