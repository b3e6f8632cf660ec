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
	network := "10.5."
	host := func(net, host string) string { return network + net + "." + host }
	if s.IPv6 {
		network = "fd05:"
		host = func(net, host string) string { return network + net + "::" + host }
	}
	if !s.Router {
		return []link{{s.Path, [2]end{
			{"client", clientEnd, "lab0", host("0", "1"), ""},
			{"server", serverEnd, "lab0", host("0", "2"), ""},
		}}}
	}
	return []link{
		{path.Conditions{}, [2]end{
			{"client", clientEnd, "lab0", host("1", "2"), host("1", "1")},
			{"rtr_in", routerEnd, "lab-in", host("1", "1"), ""},
		}},
		{s.Path, [2]end{
			{"rtr_out", routerEnd, "lab-out", host("2", "1"), ""},
			{"server", serverEnd, "lab0", host("2", "2"), host("2", "1")},
		}},
	}
}

// bits is an address with those of its network.
func bits(address string) string {
	if strings.Contains(address, ":") {
		return address + "/64"
	}
	return address + "/24"
}

// addresses are what $CLIENT, $SERVER and $ROUTER stand for; without a router that is the client.
func addresses(links []link) (client, server, router string) {
	last := links[len(links)-1]
	router = links[0].ends[0].address
	if len(links) > 1 {
		router = links[0].ends[1].address
	}
	return written(links[0].ends[0].address), written(last.ends[1].address), written(router)
}

// written is an address as it stands before a port.
func written(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
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
			if err := t.end(ctx, &e, taps[j]); err != nil {
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
	_, err := t.do(ctx, routerEnd, []string{"sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"})
	return err
}

// end makes one end of a link of a TAP device.
func (t *Testbed) end(ctx context.Context, e *end, tap string) error {
	if err := t.namespace(ctx, e.namespace); err != nil {
		return err
	}
	in := "-n " + e.namespace + " "
	own := "none" // no IPv6 of its own
	if t.scenario.IPv6 {
		own = "eui64" // routers ask for neighbours from a link-local address
	}
	steps := []string{
		"link set dev " + tap + " netns " + e.namespace + " name " + e.device,
		in + "link set dev " + e.device + " txqueuelen 20000 addrgenmode " + own,
		in + "link set dev " + e.device + " up",
		in + "address add " + bits(e.address) + " dev " + e.device,
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

// sure lets hosts in a namespace use an address of IPv6 at once, without asking whether anybody has it.
func (t *Testbed) sure(ctx context.Context, namespace string) error {
	_, err := t.do(ctx, namespace, []string{"sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad"})
	return err
}

// namespace makes a namespace, unless this testbed has it.
func (t *Testbed) namespace(ctx context.Context, name string) error {
	for _, have := range t.made {
		if have == name {
			return nil
		}
	}
	if err := run("ip", "netns", "add", name); err != nil {
		return fmt.Errorf("%w (does another lab run, or was one killed?)", err)
	}
	t.made = append(t.made, name)
	if err := t.sure(ctx, name); err != nil {
		return err
	}
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
