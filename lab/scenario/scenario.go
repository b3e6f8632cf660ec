// Package scenario reads what a lab scenario is: a txtar archive whose comment
// says what is done, a word and its text a line, and whose files are put into the folder in which it is done.
//
//	needs PROGRAM PACKAGE                   a program that must be installed, and Debian's package of it
//	path delay=5.25ms                       the way between client and server (package path)
//	file NAME BYTES                         a file of so many random bytes, the same each time
//	server PORT COMMAND ...                 what runs at the server; it is ready when something listens on the port
//	run NAME COMMAND ...                    what the client does while both ends are captured
//	cause TEXT                              of the run before: what an expert must conclude
//	where TEXT                              where the cause is, - for nowhere
//	rule TEXT                               what wiretale must find, - for nothing
//	healthy yes|no|-
//	snap BYTES                              of each packet that the captures keep, 0 for all
//
// Lines that begin with # are comments. $DIR in files and commands is the folder, $SERVER the
// server's address, $CLIENT the client's.
package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/wiretale/wiretale/lab/path"
)

// A Scenario is one file.
type Scenario struct {
	Name    string
	Path    path.Conditions
	Snap    int
	Needs   []Need
	Random  []Random
	Servers []Server
	Runs    []Run
	Files   []txtar.File
}

// Need is a program that a scenario runs, and the package of Debian that has it.
type Need struct{ Program, Package string }

// Random is a file of random bytes.
type Random struct {
	Name string
	Size int64
}

// Server is a command that listens on a TCP port.
type Server struct {
	Port    uint16
	Command []string
}

// Run is what is captured, and what must be found in it.
type Run struct {
	Name    string
	Command []string
	Label
}

// Label is what an expert must conclude of a run.
type Label struct{ Cause, Where, Rule, Healthy string }

// Load reads a scenario from a file.
func Load(name string) (*Scenario, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Parse(strings.TrimSuffix(filepath.Base(name), ".txtar"), b)
}

// plain is what names of runs and of files may be: they become names of files.
var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$`)

// maxRandom bounds a file of random bytes.
const maxRandom = 1 << 30

// Parse reads a scenario. Errors name the line.
func Parse(name string, text []byte) (*Scenario, error) {
	archive := txtar.Parse(text)
	s := &Scenario{Name: name, Files: archive.Files}
	n := 0
	for line := range strings.Lines(string(archive.Comment)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if err := s.line(word, strings.TrimSpace(rest)); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return s, s.check()
}

func (s *Scenario) check() error {
	for _, f := range s.Files {
		if !plain.MatchString(f.Name) {
			return fmt.Errorf("%s: name of a file %q", s.Name, f.Name)
		}
	}
	if len(s.Runs) == 0 {
		return fmt.Errorf("%s: nothing to run", s.Name)
	}
	seen := map[string]bool{}
	for _, r := range s.Runs {
		if seen[r.Name] {
			return fmt.Errorf("%s: two runs %s", s.Name, r.Name)
		}
		seen[r.Name] = true
		if r.Cause == "" || r.Where == "" || r.Rule == "" || r.Healthy == "" {
			return fmt.Errorf("%s: run %s lacks cause, where, rule or healthy", s.Name, r.Name)
		}
	}
	return nil
}

func (s *Scenario) line(word, rest string) (err error) {
	if rest == "" {
		return fmt.Errorf("%s says nothing", word)
	}
	words := strings.Fields(rest)
	switch word {
	case "path":
		s.Path, err = path.ParseConditions(rest)
	case "needs":
		if len(words) != 2 {
			return fmt.Errorf("want needs PROGRAM PACKAGE")
		}
		s.Needs = append(s.Needs, Need{words[0], words[1]})
	case "snap":
		if s.Snap, err = strconv.Atoi(rest); err == nil && s.Snap < 0 {
			err = fmt.Errorf("snap %d", s.Snap)
		}
	case "file":
		err = s.random(words)
	case "server":
		port, err := strconv.ParseUint(words[0], 10, 16)
		if err != nil || port == 0 || len(words) < 2 {
			return fmt.Errorf("want server PORT COMMAND")
		}
		s.Servers = append(s.Servers, Server{uint16(port), words[1:]})
	case "run":
		if len(words) < 2 || !plain.MatchString(words[0]) || strings.Contains(words[0], "/") {
			return fmt.Errorf("want run NAME COMMAND")
		}
		s.Runs = append(s.Runs, Run{Name: words[0], Command: words[1:]})
	default:
		return s.label(word, rest)
	}
	return err
}

func (s *Scenario) random(words []string) error {
	if len(words) != 2 || !plain.MatchString(words[0]) {
		return fmt.Errorf("want file NAME BYTES")
	}
	size, err := strconv.ParseInt(words[1], 10, 64)
	if err != nil || size < 0 || size > maxRandom {
		return fmt.Errorf("file of %s bytes: want 0 to %d", words[1], maxRandom)
	}
	s.Random = append(s.Random, Random{words[0], size})
	return nil
}

func (s *Scenario) label(word, rest string) error {
	if len(s.Runs) == 0 {
		return fmt.Errorf("%s before a run, or unknown", word)
	}
	l := &s.Runs[len(s.Runs)-1].Label
	switch word {
	case "cause":
		l.Cause = rest
	case "where":
		l.Where = rest
	case "rule":
		l.Rule = rest
	case "healthy":
		if rest != "yes" && rest != "no" && rest != "-" {
			return fmt.Errorf("healthy %s: want yes, no or -", rest)
		}
		l.Healthy = rest
	default:
		return fmt.Errorf("unknown word %q", word)
	}
	return nil
}

// Heading is the first row of the labels.
const Heading = "scenario\tfiles\tcause (what an expert must conclude)\twhere\trule\thealthy\n"

// Row is the run's row of the labels; files are those of its captures.
func (r *Run) Row(files string) string {
	plain := strings.NewReplacer("\t", " ")
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, files, plain.Replace(r.Cause), plain.Replace(r.Where), plain.Replace(r.Rule), r.Healthy)
}
