package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/spell"
)

// TestPagesAreCurrent: docs/cli has the help of every command, as --help prints it.
func TestPagesAreCurrent(t *testing.T) {
	root := newRoot(&app{out: bufio.NewWriter(io.Discard)})
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		var out strings.Builder
		cmd.SetOut(&out)
		cmd.InitDefaultHelpFlag()
		cmd.InitDefaultVersionFlag()
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		page := filepath.Join("../../docs/cli", name+".md")
		want := "# " + cmd.CommandPath() + "\n\n```\n" + strings.TrimRight(out.String(), "\n") + "\n```\n"
		if *update {
			if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what --help prints: run make update", page)
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

// TestEveryHelpHasExitCodes: no command replaces the template.
func TestEveryHelpHasExitCodes(t *testing.T) {
	for _, name := range commandNames {
		if name == "help" || name == "completion" {
			continue
		}
		var out, errs strings.Builder
		if code := run(t.Context(), []string{name, "--help"}, strings.NewReader(""), &out, &errs); code != exitOK {
			t.Errorf("%s --help: exit code %d: %s", name, code, errs.String())
		}
		for _, line := range strings.Split(strings.TrimSpace(exitHelp), "\n") {
			if !strings.Contains(out.String(), line) {
				t.Errorf("%s --help lacks %q", name, line)
			}
		}
	}
}

// TestCommandNames: the list for hints is the list of commands.
func TestCommandNames(t *testing.T) {
	root := newRoot(&app{out: bufio.NewWriter(io.Discard)})
	known := map[string]bool{"completion": true, "help": true}
	for _, cmd := range root.Commands() {
		if !cmd.Hidden {
			known[cmd.Name()] = true
		}
	}
	for _, name := range commandNames {
		if !known[name] {
			t.Errorf("%s is in commandNames and is no command", name)
		}
		delete(known, name)
	}
	for name := range known {
		t.Errorf("command %s is not in commandNames", name)
	}
}

func TestNearest(t *testing.T) {
	tests := []struct{ word, want string }{
		{"packets", "packets"}, {"pakcets", "packets"}, {"convos", "convs"}, {"tmeline", "timeline"}, {"xyzzy", ""}, {"", ""},
	}
	for _, tt := range tests {
		if got := spell.Nearest(tt.word, commandNames); got != tt.want {
			t.Errorf("spell.Nearest(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}

func TestColor(t *testing.T) {
	tests := []struct {
		flag, no, force string
		want            bool
	}{
		{"auto", "", "", false}, // the output of a test is no terminal
		{"always", "", "", true}, {"always", "1", "", true}, {"never", "", "1", false},
		{"auto", "", "1", true}, {"auto", "", "0", false}, {"auto", "1", "1", false},
	}
	for _, tt := range tests {
		t.Setenv("NO_COLOR", tt.no)
		t.Setenv("CLICOLOR_FORCE", tt.force)
		s, err := styleOf(io.Discard, tt.flag)
		if err != nil || s.Color != tt.want || s.Width != 0 {
			t.Errorf("--color=%s NO_COLOR=%q CLICOLOR_FORCE=%q: %+v, %v; want color %v", tt.flag, tt.no, tt.force, s, err, tt.want)
		}
	}
	if _, err := styleOf(io.Discard, "alwys"); err == nil {
		t.Error("--color=alwys is accepted")
	}
}
