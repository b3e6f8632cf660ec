package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// recordsWith reports whether this host lets calls and the stack be recorded with a back-end; why says what is missing.
func recordsWith(backend string) (ok bool, why string) {
	if runtime.GOOS != "linux" {
		return false, "recording is for Linux"
	}
	self, err := os.Executable()
	if err != nil {
		return false, err.Error()
	}
	dir, err := os.MkdirTemp("", "wiretale-records-")
	if err != nil {
		return false, err.Error()
	}
	defer os.RemoveAll(dir)
	probe := exec.Cmd{Path: self, Args: []string{"wiretale", "record", "-i", "lo", "--backend", backend, "--duration", "10ms", "-w", filepath.Join(dir, "x.pcapng")}}
	if out, err := probe.CombinedOutput(); err != nil {
		return false, string(out)
	}
	return true, ""
}

// records is recordsWith eBPF, asked once.
var records = sync.OnceValues(func() (ok bool, why string) { return recordsWith("bpf") })

// backends are those that record calls and the stack.
var backends = []string{"bpf", "tracefs"}

// TestRecordsInCI: a build server tests recording with each back-end, or says what it has not.
func TestRecordsInCI(t *testing.T) {
	for _, b := range backends {
		t.Run(b, func(t *testing.T) {
			switch ok, why := recordsWith(b); {
			case ok:
			case os.Getenv("WIRETALE_CI") != "" && os.Geteuid() == 0 && runtime.GOOS == "linux":
				t.Errorf("root of Linux, and nothing can be recorded: %s", why)
			default:
				t.Skip("nothing can be recorded: " + why)
			}
		})
	}
}

// TestRecordScripts runs the scripts in testdata/record with each back-end.
func TestRecordScripts(t *testing.T) {
	for _, b := range backends {
		t.Run(b, func(t *testing.T) {
			if ok, why := recordsWith(b); !ok {
				t.Skip("nothing can be recorded: " + why)
			}
			testscript.Run(t, testscript.Params{
				Dir:                 "testdata/record",
				RequireExplicitExec: true,
				Setup: func(e *testscript.Env) error {
					e.Setenv("BACKEND", b)
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
			})
		})
	}
}

// TestRecordingIsPcapng: tshark and capinfos read what was recorded, also what a kill left, without a complaint.
func TestRecordingIsPcapng(t *testing.T) {
	if ok, why := records(); !ok {
		t.Skip("nothing can be recorded: " + why)
	}
	need(t, "tshark")
	for _, killed := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "x.pcapng")
		spoken := make(chan bool)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer close(spoken)
			for ctx.Err() == nil {
				if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
					echo(l, l.Addr().String())
					l.Close()
				}
				time.Sleep(10 * time.Millisecond)
			}
		}()
		recorder := program(t, "wiretale", "record", "-i", "lo", "--pid", strconv.Itoa(os.Getpid()), "-w", path)
		if err := recorder.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if s, err := os.Stat(path); err == nil && s.Size() > 2<<20 {
				break
			}
		}
		if killed {
			recorder.Process.Kill()
		} else {
			recorder.Process.Signal(os.Interrupt)
		}
		recorder.Wait()
		cancel()
		<-spoken
		for _, tool := range [][]string{
			{"tshark", "-n", "-r", path, "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0"}, {"tshark", "-n", "-r", path, "-Y", "frame contains \"tcp_state\""}, {"capinfos", path},
		} {
			var out, complaints strings.Builder
			cmd := exec.Command(tool[0], tool[1:]...)
			cmd.Stdout, cmd.Stderr = &out, &complaints
			err := cmd.Run()
			said := strings.ReplaceAll(complaints.String(), "Running as user \"root\" and group \"root\". This could be dangerous.\n", "")
			if err != nil || said != "" || strings.Count(out.String(), "\n") < 3 {
				t.Errorf("killed %t: %v: %v %s%s", killed, tool, err, said, out.String())
			}
			if tool[0] == "capinfos" && strings.Contains(out.String(), "Number of stat entries = 0") && !killed {
				t.Errorf("no statistics: %s", out.String())
			}
		}
		var out, errs strings.Builder
		if code := run(t.Context(), []string{path}, nil, &out, &errs); code != exitOK || errs.String() != "" {
			t.Errorf("killed %t: exit %d: %s%s", killed, code, errs.String(), out.String())
		}
	}
}

// program is a command of this test binary, by its name.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &exec.Cmd{Path: self, Args: args}
}

// talk is a program to record. It prints the port that it listens on.
//
//	talk echo      a server and its client: five bytes there and back
//	talk refused   a client of a port that nobody listens on
//	talk serve A   a server at this address, of one client
//	talk ask A     its client: 30 messages of 600 bytes there and back
func talk() {
	if len(os.Args) > 2 {
		if err := far(os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	address := l.Addr().String()
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	switch os.Args[1] {
	case "refused":
		l.Close()
		net.Dial("tcp", address)
	case "echo":
		echo(l, address)
	}
}

// far is a server, or a client that waits a little between its messages.
func far(side, address string) error {
	if side == "serve" {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		c, err := l.Accept()
		if err != nil {
			return err
		}
		b := make([]byte, 600)
		for {
			if _, err := io.ReadFull(c, b); err != nil {
				return c.Close()
			}
			if _, err := c.Write(b); err != nil {
				return err
			}
		}
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	b := make([]byte, 600)
	for range 30 {
		if _, err := c.Write(b); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, b); err != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return c.Close()
}

// echo answers one client with what it says, and is that client.
func echo(l net.Listener, address string) {
	served := make(chan struct{})
	go func() {
		defer close(served)
		if c, err := l.Accept(); err == nil {
			io.Copy(c, c)
			c.Close()
		}
	}()
	c, err := net.Dial("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c.Write([]byte("hello"))
	io.ReadFull(c, make([]byte, 5))
	c.Close()
	<-served
}
