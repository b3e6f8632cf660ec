// Package scenario reads what a lab scenario is: a txtar archive whose comment
// says what is done, a word and its text a line, and whose files are put into the folder in which it is done.
//
//	needs PROGRAM PACKAGE                   a program that must be installed, and Debian's package of it
//	wants PROGRAM PACKAGE                   the same, but without it the scenario is skipped
//	path delay=5.25ms                       the way between client and server (package path)
//	address ADDRESS                         another address of the server
//	file NAME BYTES                         a file of so many random bytes, the same each time
//	prepare COMMAND ...                     what is done before servers start, in the folder
//	router COMMAND ...                      there is a router between client and path; what it does before the run that follows
//	proxy PORT COMMAND ...                  what runs at the router, as server
//	server PORT COMMAND ...                 what runs at the server; it is ready when something listens on the port: 445, 1434/udp
//	run NAME COMMAND ...                    what the client does while every point is captured
//	cause TEXT                              of the run before: what an expert must conclude
//	where TEXT                              where the cause is, - for nowhere
//	rule RULE[, RULE] [+ RULE ...]          what wiretale must find: a choice of rules for the cause, and what adds to it when points are compared; - for nothing
//	between POINT POINT                     the captures between which the finding of all points must say that the cause is
//	blind POINT TEXT                        a capture that cannot show the cause alone, and why
//	healthy yes|no|-
//	keys FILE ...                           keys with which wiretale must open every session of TLS
//	sessions N                              how many there are
//	plain FILE                              a file in which the run writes how many bytes of applications the sessions carry, all together
//	shows N FILTER                          a display filter that must pass so many rows when they are opened, + for one or more; may be given several times
//	record yes                              wiretale record captures at client and server; servers start after it, in each run
//	snap BYTES                              of each packet that the captures keep, 0 for all
//	ipv6 yes|no                             hosts have addresses of IPv6 in place of those of IPv4
//	after TIME                              captures begin so long after the client
//	beside COMMAND ...                      what the client does besides, until the run ends
//
// Lines that begin with # are comments. $DIR in files and commands is the folder, $SERVER the
// server's address, $CLIENT the client's, $ROUTER the router's at the side of the client. Addresses of IPv6 are in brackets.
package scenario

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/wiretale/wiretale/lab/path"
)

// A Scenario is one file.
type Scenario struct {
	Name      string
	Path      path.Conditions
	Snap      int
	IPv6      bool
	After     time.Duration // of the client's begin, when captures begin
	Beside    [][]string    // what the client does besides
	Record    bool          // calls and the stack are recorded too, at client and server
	Needs     []Need
	Wants     []Need
	Addresses []netip.Addr // of the server beside its own
	Random    []Random
	Prepare   [][]string
	Router    bool // there is one
	Proxies   []Server
	Servers   []Server
	Runs      []Run
	Files     []txtar.File

	router [][]string // of the next run
}

// Need is a program that a scenario runs, and the package of Debian that has it.
type Need struct{ Program, Package string }

// Random is a file of random bytes.
type Random struct {
	Name string
	Size int64
}

// Server is a command that listens on a port.
type Server struct {
	Network string // tcp or udp
	Port    uint16
	Command []string
}

// Run is what is captured, and what must be found in it.
type Run struct {
	Name    string
	Record  bool       // as the scenario
	Router  [][]string // what the router does before
	Command []string
	Label
	Opened
}

// Label is what an expert must conclude of a run.
type Label struct {
	Cause, Where, Rule, Healthy string
	Between                     []string          // two points, or none
	Blind                       map[string]string // points, and why they cannot show the cause
}

// Opened is what must be found in sessions of TLS. Without keys there are none.
type Opened struct {
	Keys     []string // files in the folder
	Sessions int
	Plain    string // file in the folder
	Shows    []Show
}

// A Show is a display filter and how many rows it must pass, 0 for one or more.
type Show struct {
	Rows   int
	Filter string
}

// Points of a scenario are the names of its captures, from the client to the server.
func (s *Scenario) Points() []string {
	if s.Router {
		return []string{"client", "rtr_in", "rtr_out", "server"}
	}
	return []string{"client", "server"}
}

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
		if len(r.Keys) == 0 && (r.Sessions > 0 || r.Plain != "" || len(r.Shows) > 0) {
			return fmt.Errorf("%s: run %s has sessions and no keys", s.Name, r.Name)
		}
		for _, point := range slices.Concat(r.Between, slices.Collect(maps.Keys(r.Blind))) {
			if !slices.Contains(s.Points(), point) {
				return fmt.Errorf("%s: run %s: no point %s", s.Name, r.Name, point)
			}
		}
	}
	for i := range s.Runs {
		s.Runs[i].Record = s.Record
	}
	if s.Record && s.Router {
		return fmt.Errorf("%s: a recording has two points, and no router", s.Name)
	}
	if s.Record && s.After > 0 {
		return fmt.Errorf("%s: recordings begin before servers and clients", s.Name)
	}
	if len(s.router) > 0 {
		return fmt.Errorf("%s: no run after router", s.Name)
	}
	if len(s.Proxies) > 0 && !s.Router {
		return fmt.Errorf("%s: a proxy, and no router on which it runs", s.Name)
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
		s.Needs, err = need(s.Needs, word, words)
	case "wants":
		s.Wants, err = need(s.Wants, word, words)
	case "address":
		var a netip.Addr
		a, err = netip.ParseAddr(rest)
		s.Addresses = append(s.Addresses, a)
	case "prepare":
		s.Prepare = append(s.Prepare, words)
	case "router":
		s.Router = true
		s.router = append(s.router, words)
	case "record":
		if rest != "yes" {
			return fmt.Errorf("want record yes")
		}
		s.Record = true
	case "snap":
		if s.Snap, err = strconv.Atoi(rest); err == nil && s.Snap < 0 {
			err = fmt.Errorf("snap %d", s.Snap)
		}
	case "ipv6":
		if rest != "yes" && rest != "no" {
			return fmt.Errorf("want ipv6 yes or no")
		}
		s.IPv6 = rest == "yes"
	case "after":
		if s.After, err = time.ParseDuration(rest); err == nil && s.After < 0 {
			err = fmt.Errorf("after %v", s.After)
		}
	case "beside":
		s.Beside = append(s.Beside, words)
	case "file":
		err = s.random(words)
	case "proxy":
		s.Proxies, err = server(s.Proxies, word, words)
	case "server":
		s.Servers, err = server(s.Servers, word, words)
	case "run":
		if len(words) < 2 || !plain.MatchString(words[0]) || strings.Contains(words[0], "/") {
			return fmt.Errorf("want run NAME COMMAND")
		}
		s.Runs = append(s.Runs, Run{Name: words[0], Router: s.router, Command: words[1:]})
		s.router = nil
	default:
		return s.label(word, rest)
	}
	return err
}

func need(list []Need, word string, words []string) ([]Need, error) {
	if len(words) != 2 {
		return nil, fmt.Errorf("want %s PROGRAM PACKAGE", word)
	}
	return append(list, Need{words[0], words[1]}), nil
}

func server(list []Server, word string, words []string) ([]Server, error) {
	number, udp := strings.CutSuffix(words[0], "/udp")
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || port == 0 || len(words) < 2 {
		return nil, fmt.Errorf("want %s PORT COMMAND", word)
	}
	network := "tcp"
	if udp {
		network = "udp"
	}
	return append(list, Server{network, uint16(port), words[1:]}), nil
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
