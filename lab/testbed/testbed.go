//go:build linux

// Package testbed makes a client and a server that a path joins, each in a network
// namespace, and runs scenarios in them. It needs root, ip (iproute2) and tcpdump.
package testbed

import (
	"bytes"
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

// Addresses of the two ends, and their names.
const (
	ClientAddress = "10.5.0.1"
	ServerAddress = "10.5.0.2"

	clientEnd = "wtlab-client" // the namespace
	serverEnd = "wtlab-server"
	device    = "lab0" // in each
)

// A Testbed is set up for one scenario.
type Testbed struct {
	Dir      string // in which the commands run
	scenario *scenario.Scenario
	path     *path.Path
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
	for _, n := range needs {
		if _, err := exec.LookPath(n.Program); err != nil {
			return fmt.Sprintf("%s is not installed (Debian: apt-get install %s)", n.Program, n.Package)
		}
	}
	return ""
}

// Open makes namespaces, path and files, and starts the servers. Close undoes it, also after an error.
func Open(ctx context.Context, s *scenario.Scenario) (t *Testbed, err error) {
	t = &Testbed{scenario: s}
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
	t.expand = strings.NewReplacer("$DIR", t.Dir, "$SERVER", ServerAddress, "$CLIENT", ClientAddress)
	if err = t.files(); err != nil {
		return t, err
	}
	if err = t.network(); err != nil {
		return t, err
	}
	for i := range s.Servers {
		p, err := t.serve(ctx, &s.Servers[i])
		if p != nil {
			t.servers = append(t.servers, p)
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
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

// network makes the two ends and what is between them.
func (t *Testbed) network() (err error) {
	ends := []struct{ namespace, tap, address string }{
		{clientEnd, "wtlab0", ClientAddress}, {serverEnd, "wtlab1", ServerAddress},
	}
	if t.path, err = path.Open(ends[0].tap, ends[1].tap, t.scenario.Path); err != nil {
		return err
	}
	for _, e := range ends {
		if err := run("ip", "netns", "add", e.namespace); err != nil {
			return fmt.Errorf("%w (does another lab run, or was one killed?)", err)
		}
		t.made = append(t.made, e.namespace)
		for _, args := range []string{
			"link set dev " + e.tap + " netns " + e.namespace + " name " + device,
			"-n " + e.namespace + " link set dev lo up",
			"-n " + e.namespace + " link set dev " + device + " txqueuelen 20000 addrgenmode none", // no IPv6 of its own
			"-n " + e.namespace + " address add " + e.address + "/24 dev " + device,
			"-n " + e.namespace + " link set dev " + device + " up",
		} {
			if err := run("ip", strings.Fields(args)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// run runs a command to its end; an error has what it said.
func run(name string, args ...string) error {
	var said bytes.Buffer
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = &said, &said
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}

// Close ends the servers and removes what Open made. It returns how many frames the path lost, from the client and from the server.
func (t *Testbed) Close() (lost [2]int) {
	for _, p := range t.servers {
		p.end()
	}
	if t.path != nil {
		lost = t.path.Close()
	}
	for _, namespace := range t.made {
		run("ip", "netns", "delete", namespace) // what is left of it does no harm
	}
	if t.Dir != "" {
		os.RemoveAll(t.Dir)
	}
	return lost
}
