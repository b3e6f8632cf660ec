package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/object"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
)

func newExport(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Take what connections carried out of a capture: objects",
		Example: `  wiretale export objects x.pcapng              a list
  wiretale export objects x.pcapng -o files/    the files`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(oneOf(args[0], "objects"), "%q is not objects", args[0])
			}
			return usage("wiretale export objects FILE -o DIR", "what is to be exported?")
		},
	}
	cmd.AddCommand(newExportObjects(a))
	return cmd
}

type objectFlags struct {
	dir, kind, format string
	most              int64
}

func newExportObjects(a *app) *cobra.Command {
	var f objectFlags
	cmd := &cobra.Command{
		Use:   "objects FILE",
		Short: "Files that HTTP and SMB2 carried, also what was encrypted when there are keys: a list, or the files in a directory",
		Example: `  wiretale export objects x.pcapng
  wiretale export objects --keys keys.log x.pcapng -o files/
  wiretale export objects --type smb x.pcapng -o files/
  wiretale export objects -T jsonl x.pcapng -o files/     with the SHA-256 of each file`,
		RunE: func(cmd *cobra.Command, args []string) error { return runExportObjects(cmd.Context(), a, &f, args) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.dir, "output-dir", "o", "", "write the files into this `DIR`, which is made; what was encrypted only you can read there. Without it they are listed")
	flags.StringVar(&f.kind, "type", "", "only objects of this `TYPE`: http (of both versions), smb (SMB2 and SMB3)")
	formatFlag(flags, &f.format, "text", "jsonl")
	flags.Int64Var(&f.most, "max-size", 1<<30, "write no more than this many `BYTES` of an object")
	return cmd
}

func runExportObjects(ctx context.Context, a *app, f *objectFlags, args []string) error {
	switch {
	case f.kind != "" && f.kind != "http" && f.kind != "smb":
		return usage(oneOf(f.kind, "http", "smb"), "--type %q is none of http, smb", f.kind)
	case f.most <= 0:
		return usage("", "--max-size %d is less than 1", f.most)
	}
	if err := checkFormat(f.format, "text", "jsonl"); err != nil {
		return err
	}
	named, err := a.files(args)
	if err != nil {
		return err
	}
	if f.dir != "" {
		if err := os.MkdirAll(f.dir, 0o777); err != nil {
			return err
		}
	}
	list := objectList{w: tabwriter.NewWriter(a.out, 0, 8, 2, ' ', 0)}
	if f.format == "jsonl" {
		list = objectList{lines: jsonl.NewObjects(a.out)}
	}
	set := &object.Set{Dir: f.dir, Most: f.most, Found: list.add}
	a.applications = a.choice()
	opens := a.secrets != nil
	if f.kind != "smb" {
		a.applications.Hear = func(conv *flow.Conversation) func(*stream.Heard) { return set.Listen(conv, opens) }
	}
	if f.kind != "http" {
		a.applications.Observe, a.applications.Whole = set.Message, true
	}
	c, err := a.pass(ctx, named, engine.Options{Rules: []*diag.Rule{}}, func(r *engine.Run) error {
		return r.Each(func(row *engine.Row) error {
			opens = opens || row.Record.Kind == trace.Secrets
			return set.Err
		})
	})
	if err != nil {
		return err
	}
	set.End(func(source, conv int) string { return serverOf(c, source, conv) })
	if set.Err != nil {
		return set.Err
	}
	if err := list.end(); err != nil {
		return err
	}
	if list.found == 0 && !a.quiet {
		fmt.Fprintln(a.stderr, "wiretale: no objects of HTTP or SMB2 are in "+strings.Join(named, ", "))
	}
	if err := a.locked(c); err != nil {
		return err
	}
	return a.damage(c)
}

// An objectList prints what was found: a table, or lines of JSON.
type objectList struct {
	w     *tabwriter.Writer
	lines *jsonl.Objects // nil for the table
	found int
}

func (l *objectList) add(o *object.Object) {
	l.found++
	if l.lines != nil {
		l.lines.Put(o)
		return
	}
	if l.found == 1 {
		fmt.Fprintln(l.w, "Frame\tHost\tType\tBytes\tName\t")
	}
	fmt.Fprintf(l.w, "%d\t%s\t%s\t%d\t%s\t%s\n", o.Number, view.Printable(o.Host), view.Printable(o.Type), o.Size, view.Printable(o.Name), view.Printable(o.Why))
}

func (l *objectList) end() error {
	if l.lines != nil {
		return l.lines.Err()
	}
	return l.w.Flush()
}

// serverOf is the address of the server of a conversation.
func serverOf(c *engine.Case, source, conv int) string {
	for of := range c.Conversations.All() {
		if of.Source == source && of.ID == conv {
			return of.Ends[1].Addr().String()
		}
	}
	return ""
}
