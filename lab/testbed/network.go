//go:build linux

package testbed

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/wiretale/wiretale/lab/path"
	"github.com/wiretale/wiretale/lab/scenario"
)

// The network namespaces.
const (
	clientEnd = "wtlab-client"
	serverEnd = "wtlab-server"
	routerEnd = "wtlab-router"
)

// A link is a path and what it joins.
type link struct {
	path.Conditions
	ends [2]end
}

// An end is a device in a namespace. Packets to other networks go to the gateway, if there is one.
type end struct{ point, namespace, device, address, gateway string }

// links are those of a scenario, from the client to the server. Between client and router nothing is slow.
func links(s *scenario.Scenario) []link {
	if !s.Router {
		return []link{{s.Path, [2]end{
			{"client", clientEnd, "lab0", "10.5.0.1", ""},
			{"server", serverEnd, "lab0", "10.5.0.2", ""},
		}}}
	}
	return []link{
		{path.Conditions{}, [2]end{
			{"client", clientEnd, "lab0", "10.5.1.2", "10.5.1.1"},
			{"rtr_in", routerEnd, "lab-in", "10.5.1.1", ""},
		}},
		{s.Path, [2]end{
			{"rtr_out", routerEnd, "lab-out", "10.5.2.1", ""},
			{"server", serverEnd, "lab0", "10.5.2.2", "10.5.2.1"},
		}},
	}
}

// addresses are what $CLIENT, $SERVER and $ROUTER stand for; without a router that is the client.
func addresses(links []link) (client, server, router string) {
	last := links[len(links)-1]
	router = links[0].ends[0].address
	if len(links) > 1 {
		router = links[0].ends[1].address
	}
	return links[0].ends[0].address, last.ends[1].address, router
}

// network makes the namespaces and the paths between them.
func (t *Testbed) network(ctx context.Context) error {
	for i, l := range t.links {
		taps := [2]string{fmt.Sprintf("wtlab%d", 2*i), fmt.Sprintf("wtlab%d", 2*i+1)}
		p, err := path.Open(taps[0], taps[1], l.Conditions)
		if err != nil {
			return err
		}
		t.paths = append(t.paths, p)
		for j, e := range l.ends {
			if err := t.end(&e, taps[j]); err != nil {
				return err
			}
		}
	}
	for _, a := range t.scenario.Addresses {
		if err := run("ip", "-n", serverEnd, "address", "add", a.String(), "dev", "lab0"); err != nil {
			return err
		}
	}
	if !t.scenario.Router {
		return nil
	}
	for _, a := range t.scenario.Addresses {
		if err := run("ip", "-n", routerEnd, "route", "replace", a.String(), "dev", "lab-out"); err != nil {
			return err
		}
	}
	_, err := t.do(ctx, routerEnd, []string{"sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"})
	return err
}

// end makes one end of a link of a TAP device.
func (t *Testbed) end(e *end, tap string) error {
	if err := t.namespace(e.namespace); err != nil {
		return err
	}
	in := "-n " + e.namespace + " "
	steps := []string{
		"link set dev " + tap + " netns " + e.namespace + " name " + e.device,
		in + "link set dev " + e.device + " txqueuelen 20000 addrgenmode none", // no IPv6 of its own
		in + "address add " + e.address + "/24 dev " + e.device,
		in + "link set dev " + e.device + " up",
	}
	if e.gateway != "" {
		steps = append(steps, in+"route add default via "+e.gateway)
	}
	for _, args := range steps {
		if err := run("ip", strings.Fields(args)...); err != nil {
			return err
		}
	}
	return nil
}

// namespace makes a namespace, unless this testbed has it.
func (t *Testbed) namespace(name string) error {
	for _, have := range t.made {
		if have == name {
			return nil
		}
	}
	if err := run("ip", "netns", "add", name); err != nil {
		return fmt.Errorf("%w (does another lab run, or was one killed?)", err)
	}
	t.made = append(t.made, name)
	return run("ip", "-n", name, "link", "set", "dev", "lo", "up")
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
