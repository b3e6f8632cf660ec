package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hosts are three network namespaces: a client and a server, and a router between them.
type hosts struct{ client, router, server string }

// threeHosts makes them, or skips where that is not allowed. What the router drops is of nft.
func threeHosts(t *testing.T, drop string) hosts {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("network namespaces are made by root of Linux")
	}
	need(t, "ip")
	need(t, "nft")
	id := "wt" + strconv.Itoa(os.Getpid())
	h := hosts{id + "c", id + "r", id + "s"}
	for _, n := range []string{h.client, h.router, h.server} {
		t.Cleanup(func() { exec.Command("ip", "netns", "del", n).Run() })
	}
	for _, c := range []string{
		"ip netns add " + h.client, "ip netns add " + h.router, "ip netns add " + h.server,
		"ip link add c0 netns " + h.client + " type veth peer name r0 netns " + h.router,
		"ip link add s0 netns " + h.server + " type veth peer name r1 netns " + h.router,
		"ip -n " + h.client + " addr add 10.1.0.2/24 dev c0", "ip -n " + h.client + " link set c0 up",
		"ip -n " + h.router + " addr add 10.1.0.1/24 dev r0", "ip -n " + h.router + " link set r0 up",
		"ip -n " + h.router + " addr add 10.2.0.1/24 dev r1", "ip -n " + h.router + " link set r1 up",
		"ip -n " + h.server + " addr add 10.2.0.2/24 dev s0", "ip -n " + h.server + " link set s0 up",
		"ip -n " + h.client + " route add default via 10.1.0.1", "ip -n " + h.server + " route add default via 10.2.0.1",
		"ip netns exec " + h.router + " sysctl -qw net.ipv4.ip_forward=1",
		"ip netns exec " + h.router + " nft add table ip t",
		"ip netns exec " + h.router + " nft add chain ip t f { type filter hook forward priority 0 ; }",
		"ip netns exec " + h.router + " nft add rule ip t f " + drop,
	} {
		words := strings.Fields(c)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", c, err, out)
		}
	}
	return h
}

// inside is a command of this test binary in a network namespace.
func inside(t *testing.T, host string, args ...string) *exec.Cmd {
	t.Helper()
	ip, err := exec.LookPath("ip")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// testscript knows its commands by the name that they are called with.
	link := filepath.Join(t.TempDir(), args[0])
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	return exec.Command(ip, append([]string{"netns", "exec", host, link}, args[1:]...)...)
}

// recording starts a recording in a namespace and waits until it runs. The function ends it.
func recording(t *testing.T, host, backend, path string) (end func()) {
	t.Helper()
	cmd := inside(t, host, "wiretale", "record", "--backend", backend, "-w", path)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if s, err := os.Stat(path); err == nil && s.Size() > 0 {
			break
		}
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			t.Fatalf("nothing is recorded: %s", said.String())
		}
	}
	return func() {
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil || !strings.Contains(said.String(), "lost: 0 packets, 0 events") {
			t.Errorf("%v: %s", err, said.String())
		}
	}
}

// TestRecordsBothEnds: recorded at the client and the server at the same time, the clocks agree within what the way back and forth tells,
// the calls of both programs are theirs, and the packets that a router between them drops are found to be lost there.
func TestRecordsBothEnds(t *testing.T) {
	for _, b := range backends {
		t.Run(b, func(t *testing.T) {
			if ok, why := recordsWith(b); !ok {
				t.Skip("nothing can be recorded: " + why)
			}
			h := threeHosts(t, "tcp dport 7000 ip length > 500 numgen inc mod 7 == 3 drop")
			dir := t.TempDir()
			client, server := filepath.Join(dir, "client.pcapng"), filepath.Join(dir, "server.pcapng")
			serve := inside(t, h.server, "talk", "serve", "10.2.0.2:7000")
			if err := serve.Start(); err != nil {
				t.Fatal(err)
			}
			endServer, endClient := recording(t, h.server, b, server), recording(t, h.client, b, client)
			ask := inside(t, h.client, "talk", "ask", "10.2.0.2:7000")
			if out, err := ask.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if err := serve.Wait(); err != nil {
				t.Error(err)
			}
			endClient()
			endServer()
			var out, errs strings.Builder
			if code := run(t.Context(), []string{client, server}, nil, &out, &errs); code != exitOK {
				t.Errorf("exit %d: %s", code, errs.String())
			}
			for _, want := range []string{"were lost", "between client and server", "path.loss.location", "client and server differ by", "talk ("} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in %s", want, out.String())
				}
			}
			for _, file := range []string{client, server} {
				out.Reset()
				if code := run(t.Context(), []string{"packets", "-Y", "tcp.port == 7000 and !process.pid", file}, nil, &out, &errs); code != exitOK || out.String() != "" {
					t.Errorf("exit %d: packets that nobody owns: %s%s", code, out.String(), errs.String())
				}
			}
		})
	}
}
