//go:build linux

// Package testbed makes a client and a server that a path joins, with a router between them when the scenario has one, each in a
// network namespace, and runs scenarios in them. It needs root, ip (iproute2) and tcpdump.
package testbed

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/wiretale/wiretale/lab/path"
	"github.com/wiretale/wiretale/lab/scenario"
)

// A Testbed is set up for one scenario.
type Testbed struct {
	Dir      string // in which the commands run
	Program  string // wiretale, for scenarios that record with it
	scenario *scenario.Scenario
	links    []link
	paths    []*path.Path
	made     []string // namespaces
	servers  []*process
	expand   *strings.Replacer
}

// Missing says what the machine lacks for scenarios, "" for nothing.
func Missing(list []*scenario.Scenario) string {
	if os.Geteuid() != 0 {
		return "namespaces and TAP devices need root"
	}
	needs := []scenario.Need{{Program: "ip", Package: "iproute2"}, {Program: "tcpdump", Package: "tcpdump"}}
	for _, s := range list {
		needs = append(needs, s.Needs...)
	}
	return lacks(needs)
}

// Skip says why a scenario is left out on this machine, "" when it is not.
func Skip(s *scenario.Scenario) string { return lacks(s.Wants) }

func lacks(needs []scenario.Need) string {
	for _, n := range needs {
		if _, err := exec.LookPath(n.Program); err != nil {
			return fmt.Sprintf("%s is not installed (Debian: apt-get install %s)", n.Program, n.Package)
		}
	}
	return ""
}

// Open makes namespaces, paths and files, and starts the servers. Close undoes it, also after an error.
func Open(ctx context.Context, s *scenario.Scenario) (t *Testbed, err error) {
	t = &Testbed{scenario: s, links: links(s)}
	defer func() {
		if err != nil {
			t.Close()
			t = nil
		}
	}()
	if t.Dir, err = os.MkdirTemp("", "wtlab"); err != nil {
		return t, err
	}
	if err = os.Chmod(t.Dir, 0o755); err != nil { // servers give up root
		return t, err
	}
	client, server, router := addresses(t.links)
	t.expand = strings.NewReplacer("$DIR", t.Dir, "$SERVER", server, "$CLIENT", client, "$ROUTER", router)
	if err = t.files(); err != nil {
		return t, err
	}
	if err = t.network(ctx); err != nil {
		return t, err
	}
	for _, command := range s.Prepare {
		if _, err := t.do(ctx, serverEnd, command); err != nil {
			return t, err
		}
	}
	if !s.Record {
		if err := t.serveAll(ctx); err != nil {
			return t, err
		}
	}
	for i := range s.Proxies {
		if err := t.serve(ctx, routerEnd, &s.Proxies[i]); err != nil {
			return t, err
		}
	}
	return t, nil
}

// serveAll starts the servers.
func (t *Testbed) serveAll(ctx context.Context) error {
	for i := range t.scenario.Servers {
		if err := t.serve(ctx, serverEnd, &t.scenario.Servers[i]); err != nil {
			return err
		}
	}
	return nil
}

// endAll ends them.
func (t *Testbed) endAll() {
	for _, p := range t.servers {
		p.end()
	}
	t.servers = nil
}

// files writes what the scenario brings into the folder.
func (t *Testbed) files() error {
	write := func(name string, b []byte) error {
		name = filepath.Join(t.Dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return os.WriteFile(name, b, 0o644)
	}
	for _, f := range t.scenario.Files {
		if err := write(f.Name, []byte(t.expand.Replace(string(f.Data)))); err != nil {
			return err
		}
	}
	for i, r := range t.scenario.Random {
		b := make([]byte, r.Size)
		rand.NewChaCha8([32]byte{byte(i)}).Read(b)
		if err := write(r.Name, b); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the servers and removes what Open made. It returns how many frames the paths lost, from the client and from the server.
func (t *Testbed) Close() (lost [2]int) {
	t.endAll()
	for _, p := range t.paths {
		for i, n := range p.Close() {
			lost[i] += n
		}
	}
	for _, namespace := range t.made {
		run("ip", "netns", "delete", namespace) // what is left of it does no harm
	}
	if t.Dir != "" {
		os.RemoveAll(t.Dir)
	}
	return lost
}
