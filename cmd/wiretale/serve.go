package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view/web"
)

func newServe(a *app) *cobra.Command {
	var port int
	var quietly bool
	cmd := &cobra.Command{
		Use:   "serve [FILE...]",
		Short: "The same answers as pages in the browser: findings, timeline, records, plots; on this host alone",
		Example: `  wiretale serve client.pcapng server.pcapng    both are one case
  wiretale serve --port 8080 --no-browser x.pcap
  wiretale serve                                drop the files on the page`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runServe(cmd.Context(), a, port, !quietly, args)
		},
	}
	cmd.Flags().IntVar(&port, "port", 0, "listen on this `PORT` of 127.0.0.1; 0 takes a free one")
	cmd.Flags().BoolVar(&quietly, "no-browser", false, "do not open the browser")
	return cmd
}

func runServe(ctx context.Context, a *app, port int, open bool, args []string) error {
	if port < 0 || port > 65535 {
		return usage("0 takes a free one", "--port %d is no port", port)
	}
	paths, names, done, err := a.served(args)
	if err != nil {
		return err
	}
	defer done()
	ends := []os.Signal{syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // the terminal goes; nohup ignores that
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(ctx, ends...)
	defer stop()
	s, err := web.New(port, a.webOptions())
	if inUse(err) {
		return usage("another --port, or none for a free one", "port %d of 127.0.0.1 is in use", port)
	}
	if err != nil {
		return usage("", "%w", err)
	}
	if len(paths) > 0 {
		if err := s.Open(paths, names); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	fmt.Fprintln(a.out, s.URL())
	if err := a.out.Flush(); err != nil {
		return errors.Join(err, s.Close())
	}
	if !a.quiet {
		fmt.Fprintln(a.stderr, "wiretale: open this address in a browser of this host; Ctrl-C ends the server")
	}
	if open {
		if err := browse(s.Ticket()); err != nil && a.verbose {
			fmt.Fprintf(a.stderr, "wiretale: no browser was opened: %v\n", err)
		}
	}
	return s.Serve(ctx)
}

// inUse reports whether another program has the port: Windows has a number of its own for it, WSAEADDRINUSE.
func inUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || runtime.GOOS == "windows" && errors.Is(err, syscall.Errno(10048))
}

// served are the files of the first case, and what the user calls them; none when none are named. Standard input and other pipes go into
// temporary files, which done removes: they are read several times. A file that cannot be read is an error before there is a page.
func (a *app) served(args []string) (paths, names []string, done func(), err error) {
	if len(a.read)+len(args) == 0 {
		return nil, nil, func() {}, nil
	}
	if names, err = a.files(args); err != nil {
		return nil, nil, nil, err
	}
	var spooled []string
	done = func() {
		for _, p := range spooled {
			os.Remove(p)
		}
	}
	paths = slices.Clone(names)
	for i, p := range paths {
		if from := a.pipe(p); from != nil {
			if paths[i], err = spool(from); err == nil {
				spooled = append(spooled, paths[i])
			}
			from.Close()
		}
		if err == nil {
			err = recognised(paths[i], names[i])
		}
		if err != nil {
			done()
			return nil, nil, nil, err
		}
	}
	return paths, names, done, nil
}

// pipe is what a name that can be read only once stands for, nil for a file.
func (a *app) pipe(name string) io.ReadCloser {
	if name == "-" {
		return io.NopCloser(a.stdin)
	}
	if st, err := os.Stat(name); err != nil || st.Mode()&(os.ModeNamedPipe|os.ModeSocket|os.ModeCharDevice) == 0 {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil // whoever reads it says why
	}
	return f
}

// recognised is why a file is no trace.
func recognised(path, name string) error {
	rd, err := formats.Open(path, formats.Options{Name: name})
	if err != nil {
		return err
	}
	return rd.Close()
}

// webOptions are those of the server, from the flags of every command.
func (a *app) webOptions() web.Options {
	return web.Options{
		Product:  version(),
		Engine:   engine.Options{LengthAsSent: a.noTSO, KeepDuplicates: a.keep, DecodeAs: a.rules, Secrets: a.secrets},
		Location: a.location,
		Log:      a.stderr,
	}
}
