package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/scrub"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view/capture"
)

type scrubFlags struct {
	outputFlags
	dir, keyFile, payload string
}

func newScrub(a *app) *cobra.Command {
	var f scrubFlags
	cmd := &cobra.Command{
		Use:   "scrub FILE... -w OUT",
		Short: "Replace addresses, names and credentials in captures; what is not understood becomes zeros",
		Example: `  wiretale scrub x.pcapng -w clean.pcapng
  wiretale scrub client.pcapng server.etl -o clean/             both with the same replacements
  wiretale scrub --key-file key x.pcapng -w clean.pcapng        as in every run with this key`,
		RunE: func(cmd *cobra.Command, args []string) error { return runScrub(cmd.Context(), a, &f, args) },
	}
	f.add(cmd)
	cmd.Flags().StringVarP(&f.dir, "output-dir", "o", "", "write a file for each input into this `DIR`")
	cmd.Flags().StringVar(&f.keyFile, "key-file", "", "replace as the content of this `FILE` says, 16 bytes at least; without it by a random key that nobody has afterwards")
	cmd.Flags().StringVar(&f.payload, "payload", "zero", "what becomes of payload that is not understood: zero, drop (cut it off), keep (as it is: `POLICY` for those who know what is in it)")
	return cmd
}

// policies are those of --payload.
var policies = map[string]scrub.Policy{"zero": scrub.Zero, "drop": scrub.Drop, "keep": scrub.Keep}

func runScrub(ctx context.Context, a *app, f *scrubFlags, args []string) error {
	if f.dir != "" && f.path == "" {
		f.path = f.dir // each input has its own file there
	}
	format, err := f.check(a)
	if err != nil {
		return err
	}
	policy, ok := policies[f.payload]
	if !ok {
		return usage(oneOf(f.payload, "zero", "drop", "keep"), "--payload %q is none of zero, drop, keep", f.payload)
	}
	named, err := a.files(args)
	if err != nil {
		return err
	}
	if f.dir == "" && len(named) > 1 {
		return usage("-o DIR writes a file for each", "-w takes one file to scrub, not %d", len(named))
	}
	key, err := f.key()
	if err != nil {
		return err
	}
	s, err := scrub.New(key, policy)
	if err != nil {
		return err
	}
	paths, done, err := a.twice(named)
	if err != nil {
		return err
	}
	defer done()
	c := scrubbing{app: a, flags: f, format: format, named: named, scrubber: s, left: map[string]int64{}}
	return c.run(ctx, paths)
}

// key is that of the file, or a random one.
func (f *scrubFlags) key() ([]byte, error) {
	if f.keyFile == "" {
		key := make([]byte, scrub.KeyLen)
		_, err := rand.Read(key)
		return key, err
	}
	data, err := os.ReadFile(f.keyFile)
	if err != nil {
		return nil, err
	}
	const least = 16
	if len(data) < least {
		return nil, usage("for example: head -c 32 /dev/urandom > "+f.keyFile, "the key in %s has %d bytes, and needs %d at least", f.keyFile, len(data), least)
	}
	sum := sha256.Sum256(data)
	return sum[:], nil
}

// A scrubbing is captures on their way into scrubbed ones.
type scrubbing struct {
	*app
	flags    *scrubFlags
	format   capture.Format
	named    []string
	scrubber *scrub.Scrubber
	outs     []*output
	files    []*scrub.File
	left     map[string]int64 // records that were left out, by kind
}

func (c *scrubbing) run(ctx context.Context, paths []string) error {
	c.applications = c.choice()
	c.applications.Observe = c.scrubber.Message
	silent := engine.Options{Rules: []*diag.Rule{}}
	if _, err := c.pass(ctx, paths, silent, func(run *engine.Run) error { return run.Each(c.learn) }); err != nil {
		return err
	}
	c.applications.Observe = nil
	lost, err := c.pass(ctx, paths, silent, c.write)
	if err != nil {
		return err
	}
	c.report()
	return c.damage(lost)
}

// learn looks at datagrams that came in fragments; the scrubber gets what streams carry by itself.
func (c *scrubbing) learn(row *engine.Row) error {
	if row.Packet != nil {
		c.scrubber.Datagram(row.Packet)
	}
	return nil
}

// write makes the second pass.
func (c *scrubbing) write(run *engine.Run) (err error) {
	defer func() {
		for _, out := range c.outs {
			if failed := out.finish(c.app, err); err == nil {
				err = failed
			}
		}
	}()
	for i, info := range run.Infos() {
		out, err := c.create(c.target(i), c.format, c.named, capture.Options{})
		if err != nil {
			return err
		}
		c.outs, c.files = append(c.outs, out), append(c.files, scrub.NewFile(info))
	}
	return run.Each(c.row)
}

// target is the file that an input goes to.
func (c *scrubbing) target(i int) string {
	if c.flags.dir == "" {
		return c.flags.path
	}
	name := filepath.Base(c.named[i])
	if name == "-" {
		name = "stdin"
	}
	name = strings.TrimSuffix(name, filepath.Ext(name))
	path := ""
	for n := 1; path == "" || c.writes(path); n++ {
		number := ""
		if n > 1 { // two inputs of one name
			number = fmt.Sprintf("-%d", n)
		}
		path = filepath.Join(c.flags.dir, name+number+"."+c.format.Name)
	}
	return path
}

// writes reports whether another input goes to the file.
func (c *scrubbing) writes(path string) bool {
	return slices.ContainsFunc(c.outs, func(o *output) bool { return o.path == path })
}

func (c *scrubbing) row(row *engine.Row) error {
	rec, file := *row.Record, c.files[row.Source]
	switch {
	case rec.Kind == trace.Packet && row.Packet != nil:
		rec.Data = c.scrubber.Packet(row.Packet, row.Sighting)
		rec.Meta = scrub.Meta(rec.Meta)
		rec.Event = nil
	case rec.Kind == trace.Statistics:
		if rec.Data = file.Statistics(&rec); rec.Data == nil {
			return nil
		}
	default:
		c.left[recordNames[rec.Kind]]++
		return nil
	}
	return c.outs[row.Source].write(file.Info(), &rec)
}

// recordNames are the kinds of records that are left out.
var recordNames = map[trace.Kind]string{
	trace.Event: "events", trace.Secrets: "blocks of secrets", trace.Names: "blocks of names", trace.Journal: "systemd journal entries",
	trace.Custom: "custom blocks", trace.ProcessInfo: "blocks about processes", trace.Unknown: "blocks of unknown types",
}

// report says what was replaced, what was left out, and what nothing understood.
func (c *scrubbing) report() {
	if c.quiet {
		return
	}
	say := func(format string, args ...any) { fmt.Fprintf(c.stderr, "wiretale: "+format+"\n", args...) }
	for _, l := range c.scrubber.Replaced() {
		say("replaced: %s (%d)", l.What, l.Count)
	}
	for what, n := range c.left {
		say("left out: %s (%d)", what, n)
	}
	done := map[string]string{"zero": "zeroed", "drop": "cut off", "keep": "KEPT AS IT IS"}[c.flags.payload]
	const most = 20
	for i, l := range c.scrubber.Unknown() {
		if i == most {
			say("and more ports: %d", len(c.scrubber.Unknown())-most)
			break
		}
		say("not understood and %s: %d bytes, %s", done, l.Count, l.What)
	}
	say("what stays: times, lengths, ports, protocol numbers and states; see docs/scrub.md")
}
