//go:build linux

package testbed

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/lab/scenario"
)

func TestListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	if !listens(os.Getpid(), "tcp", port) {
		t.Errorf("port %d is listened on", port)
	}
	l.Close()
	if listens(os.Getpid(), "tcp", port) {
		t.Errorf("port %d is not listened on", port)
	}
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if port := uint16(u.LocalAddr().(*net.UDPAddr).Port); !listens(os.Getpid(), "udp", port) {
		t.Errorf("port %d of UDP takes datagrams", port)
	}
	const table = `  sl  local_address rem_address   st
   0: 0100007F:01BD 0100007F:1F90 01
   1: 00000000:1F90 00000000:0000 0A
`
	if listening(table, "0A", 445) || !listening(table, "0A", 8080) || listening("0:", "0A", 8080) {
		t.Error("only sockets in state 0A listen")
	}
}

func TestMissing(t *testing.T) {
	why := Missing([]*scenario.Scenario{{Needs: []scenario.Need{{Program: "no-such-program", Package: "such-a-package"}}}})
	if os.Geteuid() != 0 {
		if !strings.Contains(why, "root") {
			t.Errorf("%q does not say that it needs root", why)
		}
	} else if why == "" {
		t.Error("a missing program was not missed")
	}
}

func TestLinks(t *testing.T) {
	for _, c := range []struct {
		router, ipv6 bool
		points       string
	}{{false, false, "client server"}, {true, false, "client rtr_in rtr_out server"}, {true, true, "client rtr_in rtr_out server"}} {
		s := &scenario.Scenario{Router: c.router, IPv6: c.ipv6}
		var points []string
		for _, l := range links(s) {
			for _, e := range l.ends {
				points = append(points, e.point)
			}
		}
		if got := strings.Join(points, " "); got != c.points || got != strings.Join(s.Points(), " ") {
			t.Errorf("points %s, want %s", got, c.points)
		}
		client, server, router := addresses(links(s))
		if _, err := netip.ParseAddr(strings.Trim(server, "[]")); err != nil || strings.HasPrefix(server, "[") != c.ipv6 {
			t.Errorf("server %s: %v", server, err)
		}
		if client == server || (router != client) != c.router {
			t.Errorf("addresses %s %s %s", client, server, router)
		}
	}
}
