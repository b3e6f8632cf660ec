package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	formats "github.com/wiretale/wiretale/format/all"
)

// Exit codes. They are in every --help.
const (
	exitOK        = 0
	exitFound     = 1
	exitUnusable  = 2
	exitDamaged   = 3
	exitInterrupt = 130
)

const exitHelp = `Exit codes:
  0    analysed
  1    analysed, and --fail-on found something
  2    wrong arguments, or an input that cannot be read
  3    analysed, but an input is damaged or cut short; what could be read is printed
  130  interrupted
`

// An exit ends the program with a code; err may be nil when everything has been said.
type exit struct {
	code int
	err  error
	hint string // the next thing to do, "" without
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// usage is a mistake in the arguments.
func usage(hint, format string, args ...any) error {
	return &exit{code: exitUnusable, err: fmt.Errorf(format, args...), hint: hint}
}

// report prints err, with its hint, and returns the exit code.
func report(stderr io.Writer, err error) int {
	var e *exit
	var unknown *formats.UnknownError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe):
		return exitOK // whoever read the output has seen enough
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "wiretale: interrupted")
		return exitInterrupt
	case errors.As(err, &e):
		if e.err != nil {
			fmt.Fprintf(stderr, "wiretale: %v\n", e.err)
		}
		hint(stderr, e.hint)
		return e.code
	case errors.As(err, &unknown):
		fmt.Fprintf(stderr, "wiretale: %v\n", unknown)
		hint(stderr, unknown.Hint)
		return exitUnusable
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		fmt.Fprintf(stderr, "wiretale: %s: %v\n", path.Path, path.Err)
		hint(stderr, pathHint(path))
		return exitUnusable
	}
	fmt.Fprintf(stderr, "wiretale: %v\n", err)
	return exitUnusable
}

func hint(stderr io.Writer, text string) {
	if text != "" {
		fmt.Fprintf(stderr, "wiretale: hint: %s\n", text)
	}
}
