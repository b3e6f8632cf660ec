package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view/capture"
)

// outputFlags are those of commands that write a capture.
type outputFlags struct {
	path, format string
}

func (f *outputFlags) add(cmd *cobra.Command) {
	f.addPath(cmd)
	cmd.Flags().StringVarP(&f.format, "file-format", "F", "pcapng", "`FORMAT` of the file: "+strings.Join(formatNames(), ", "))
}

func (f *outputFlags) addPath(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.path, "write", "w", "", "write to this `FILE`; - is standard output")
}

func formatNames() (names []string) {
	for _, f := range capture.Formats() {
		names = append(names, f.Name)
	}
	return names
}

// check finds the format, and refuses to write without a file.
func (f *outputFlags) check(a *app) (capture.Format, error) {
	formats := capture.Formats()
	i := slices.IndexFunc(formats, func(c capture.Format) bool { return c.Name == f.format })
	if i < 0 {
		return capture.Format{}, usage(oneOf(f.format, formatNames()...), "-F %q is none of %s", f.format, strings.Join(formatNames(), ", "))
	}
	return formats[i], f.checkPath(a)
}

func (f *outputFlags) checkPath(a *app) error {
	switch {
	case f.path == "":
		return usage("name it with -w FILE, or -w - for standard output", "no file to write")
	case f.path == "-" && terminal(a.stdout) != nil:
		return usage("name a file with -w FILE, or pipe it", "standard output is a terminal")
	}
	return nil
}

// An output is a capture file that is being written.
type output struct {
	capture.Writer
	path    string
	file    *os.File // nil for standard output
	packets int64
}

// create opens the output, which must be none of the inputs. A file that exists is overwritten.
func (a *app) create(path string, format capture.Format, inputs []string, opt capture.Options) (*output, error) {
	o, w, err := a.start(path, inputs)
	if err != nil {
		return nil, err
	}
	opt.Section.Application = writtenBy()
	o.Writer = format.New(w, opt)
	return o, nil
}

// writtenBy is what a section header says of the program that wrote it.
func writtenBy() string { return strings.TrimSpace(version()) }

// start opens the output without a writer.
func (a *app) start(path string, inputs []string) (*output, io.Writer, error) {
	if path == "-" {
		return &output{path: path}, a.stdout, nil
	}
	if in := a.sameAs(path, inputs); in != "" {
		return nil, nil, usage("write to another file", "-w %s is the input %s", path, in)
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, nil, err
	}
	return &output{path: path, file: file}, file, nil
}

// startPrivate is start for a file that only the user may read, also when it was there before.
func (a *app) startPrivate(path string, inputs []string) (*output, io.Writer, error) {
	if path != "-" && a.sameAs(path, inputs) == "" {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			if st, failed := file.Stat(); failed == nil && st.Mode().IsRegular() {
				err = file.Chmod(0o600)
			}
			err = errors.Join(err, file.Close())
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return a.start(path, inputs)
}

// sameAs is the input that path is, by whatever name; "" when it is none.
func (a *app) sameAs(path string, inputs []string) string {
	there, err := os.Stat(path)
	if err != nil {
		return ""
	}
	for _, in := range inputs {
		var st os.FileInfo
		if file, ok := a.stdin.(*os.File); in == "-" && ok {
			st, err = file.Stat()
		} else {
			if st, err = os.Stat(in); err != nil { // maybe a point of a merged file
				in, _, _ = trace.CutPoint(in)
				st, err = os.Stat(in)
			}
		}
		if err == nil && st.Mode().IsRegular() && os.SameFile(st, there) {
			return in
		}
	}
	return ""
}

// write writes a record and counts packets.
func (o *output) write(info *trace.Info, rec *trace.Record) error {
	if rec.Kind == trace.Packet {
		o.packets++
	}
	return o.Write(info, rec)
}

// finish closes the file. What was written stays when there was an error, and the message says so.
func (o *output) finish(a *app, err error) error {
	closing := o.Close()
	if o.file != nil {
		closing = errors.Join(closing, o.file.Close())
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil {
		err = closing
	}
	var links *capture.LinkError
	switch {
	case errors.As(err, &links):
		return &exit{code: exitUnusable, err: fmt.Errorf("%w; %s has the %d packets before the second", err, o.path, links.Written), hint: "-F pcapng has an interface for each link type"}
	case err != nil:
		if !a.quiet && o.path != "-" {
			fmt.Fprintf(a.stderr, "wiretale: %s is not complete: it has the first %d packets\n", o.path, o.packets)
		}
		return err
	}
	if !a.quiet {
		for _, left := range o.Omitted() {
			fmt.Fprintf(a.stderr, "wiretale: not in %s: %s (%d)\n", o.path, left.What, left.Count)
		}
	}
	if a.verbose {
		fmt.Fprintf(a.stderr, "wiretale: %s: %d packets\n", o.path, o.packets)
	}
	return nil
}
