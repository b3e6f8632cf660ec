package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/wiretale/wiretale/internal/spell"
	"github.com/wiretale/wiretale/view/text"
)

// terminal is the file behind w when it is a terminal, else nil.
func terminal(w any) *os.File {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return f
}

// styleOf decides what the output can show: --color wins, then NO_COLOR and
// CLICOLOR_FORCE (https://no-color.org, https://bixense.com/clicolors), then what the output is.
func styleOf(stdout io.Writer, color string) (text.Style, error) {
	var s text.Style
	tty := terminal(stdout)
	if tty != nil {
		if width, _, err := term.GetSize(int(tty.Fd())); err == nil {
			s.Width = width
		}
	}
	switch color {
	case "always":
		s.Color = true
	case "never":
	case "auto":
		force := os.Getenv("CLICOLOR_FORCE")
		switch {
		case os.Getenv("NO_COLOR") != "":
		case force != "" && force != "0":
			s.Color = true
		default:
			s.Color = tty != nil && os.Getenv("TERM") != "dumb"
		}
	default:
		return s, usage(oneOf(color, "auto", "always", "never"), "--color %q is none of auto, always, never", color)
	}
	return s, nil
}

// oneOf is the hint for a value that is none of those allowed.
func oneOf(word string, allowed ...string) string {
	if n := spell.Nearest(word, allowed); n != "" {
		return "did you mean " + n
	}
	return ""
}
