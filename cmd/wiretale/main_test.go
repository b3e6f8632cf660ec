package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wiretale/wiretale/internal/fixture"
)

var update = flag.Bool("update", false, "write expected outputs anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"wiretale": main,
		"talk":     talk,
		// wiretale-now is wiretale interrupted before it begins.
		"wiretale-now": func() {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// TestScripts runs the command line as a user types it. Commands of ours:
//
//	fixture NAME.pcap TEXT   make a real file from the records in the file TEXT, or from a txtar archive
//	tlstalk NAME PORT VERSION  make NAME.pcap, a request in TLS, and its keys: NAME.log, NAME.pem, NAME.enc.pem
//	exits CODE wiretale ...  run, and demand the exit code
//	head N FILE              cut FILE to its first N bytes
//	talk echo                a server and its client, to be recorded: record_test.go
//	scribble N FILE          write 16 bytes of 0xff over FILE from byte N on
//
// The condition records holds where calls and the stack can be recorded; TestRecordsInCI says why not.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Condition: func(name string) (bool, error) {
			if name != "records" {
				return false, fmt.Errorf("no condition %q", name)
			}
			ok, _ := records()
			return ok, nil
		},
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			e.Setenv("NO_COLOR", "")
			e.Setenv("CLICOLOR_FORCE", "")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"fixture": makeFixture, "tlstalk": makeTLSTalk, "exits": exits, "head": head, "scribble": scribble},
	})
}

func makeFixture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fixture NAME FILE")
	}
	data := ts.ReadFile(args[1])
	if filepath.Ext(args[1]) != ".txtar" {
		data = "-- " + args[0] + " --\n" + data
	}
	traces, err := fixture.Parse([]byte(data))
	ts.Check(err)
	path, err := traces[0].Write(ts.MkAbs("."))
	ts.Check(err)
	ts.Check(os.Rename(path, ts.MkAbs(args[0])))
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func head(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: head N FILE")
	}
	n, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[1]), n))
}

func scribble(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: scribble N FILE")
	}
	at, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), spoil([]byte(ts.ReadFile(args[1])), at), 0o600))
}

// TestReadmeHasEveryCommand: its table has a line for each.
func TestReadmeHasEveryCommand(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range commandNames {
		if name != "help" && name != "completion" && !strings.Contains(string(b), "`wiretale "+name) {
			t.Errorf("README.md does not have wiretale %s", name)
		}
	}
}

// TestReadme: the output that README.md shows is the output that its command gives.
func TestReadme(t *testing.T) {
	const readme = "../../README.md"
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```\n\\$ wiretale demo.etl\n(.*?)```")
	m := block.FindSubmatch(text)
	if m == nil {
		t.Fatal("README.md has no block that begins with $ wiretale demo.etl")
	}
	traces, err := fixture.Load("../../testdata/post1.txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	if code := run(t.Context(), []string{path}, strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	if got := out.String(); got != string(m[1]) {
		if !*update {
			t.Fatalf("README.md shows\n%s\nbut the program prints\n%s", m[1], got)
		}
		fresh := strings.Replace(string(text), string(m[0]), "```\n$ wiretale demo.etl\n"+got+"```", 1)
		if err := os.WriteFile(readme, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
