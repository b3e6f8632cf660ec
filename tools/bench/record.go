//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What recording costs is measured at the process that is recorded, and at the recorder:
//
//  1. Calls: this program as a child makes a million calls on two connected sockets (64 bytes there and back), alone and
//     with each recorder at work, and says what processor time it took.
//  2. Packets: a child sends datagrams over loopback as fast as it can, while each recorder writes them to a file in memory.
const (
	recordedCalls   = 1_000_000
	recordedPackets = 4_000_000
	datagram        = 200 // bytes
	// warming is how long a recorder that writes already needs to hear everything.
	warming = time.Second
)

// A recorder is a program that records loopback meanwhile.
type recorder struct {
	name   string
	args   []string // that records beside; FILE stands for the file
	around []string // that runs what it records
	losses *regexp.Regexp
}

var (
	ownLosses     = regexp.MustCompile(`(\d+) packets, (\d+) events; lost: (\d+) packets, (\d+) events`)
	tcpdumpLosses = regexp.MustCompile(`(?s)(\d+) packets captured.*?(\d+) packets dropped by kernel`)
)

// record prints two tables, or why there are none.
func (b *bench) record(ctx context.Context) error {
	fmt.Print("\nrecording\n\n")
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		fmt.Println("Not measured: it needs Linux and root.")
		return nil
	}
	dir := "/dev/shm"
	if _, err := os.Stat(dir); err != nil {
		dir = b.dir
	}
	file := filepath.Join(dir, fmt.Sprintf("wiretale-bench-%d.pcapng", os.Getpid()))
	defer os.Remove(file)
	fmt.Printf("%d calls on sockets, with their packets\n\n", recordedCalls)
	fmt.Println("| recorder | processor time of the process, a call | of the recorder, a call | wall, a call | recorded | lost |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, r := range []recorder{
		{name: "none"},
		{name: "wiretale record", args: []string{b.wiretale, "record", "-i", "lo", "-w", file}, losses: ownLosses},
		{name: "tcpdump", args: []string{"tcpdump", "-Z", "root", "-i", "lo", "-B", "65536", "-w", file}, losses: tcpdumpLosses},
		{name: "strace -f", around: []string{"strace", "-f", "-o", "/dev/null"}},
	} {
		if err := b.recorded(ctx, r, file, "-calls", recordedCalls); err != nil {
			return err
		}
	}
	fmt.Printf("\n%d datagrams of %d bytes over loopback, into a file in memory\n\n", recordedPackets, datagram)
	fmt.Println("| recorder | processor time of the sender, a packet | of the recorder, a packet | wall, a packet | recorded | lost |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, r := range []recorder{
		{name: "none"},
		{name: "wiretale record --backend none", args: []string{b.wiretale, "record", "--backend", "none", "-i", "lo", "-w", file}, losses: ownLosses},
		{name: "tcpdump", args: []string{"tcpdump", "-Z", "root", "-i", "lo", "-B", "65536", "-w", file}, losses: tcpdumpLosses},
	} {
		if err := b.recorded(ctx, r, file, "-packets", recordedPackets); err != nil {
			return err
		}
	}
	return nil
}

// recorded runs one load with one recorder and prints its row.
func (b *bench) recorded(ctx context.Context, r recorder, file, load string, n int) error {
	program := append(append([]string{}, r.around...), r.args...)
	if len(program) > 0 {
		if _, err := exec.LookPath(program[0]); err != nil {
			fmt.Printf("| %s | not installed | | | | |\n", r.name)
			return nil
		}
	}
	var beside *exec.Cmd
	var said bytes.Buffer
	if len(r.args) > 0 {
		os.Remove(file)
		beside = exec.CommandContext(ctx, r.args[0], r.args[1:]...)
		beside.Stderr = &said
		if err := beside.Start(); err != nil {
			return err
		}
		if err := written(ctx, file); err != nil {
			beside.Process.Kill()
			return errors.Join(fmt.Errorf("%s: %w: %s", r.name, err, &said), beside.Wait())
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := append(append([]string{}, r.around...), self, load, strconv.Itoa(n))
	child := exec.CommandContext(ctx, args[0], args[1:]...)
	out, err := child.Output()
	var wall, cpu time.Duration
	if err == nil {
		_, err = fmt.Sscan(string(out), &wall, &cpu)
	}
	var other time.Duration
	switch {
	case beside != nil:
		beside.Process.Signal(os.Interrupt)
		err = errors.Join(err, beside.Wait())
		other = beside.ProcessState.UserTime() + beside.ProcessState.SystemTime()
	case len(r.around) > 0 && child.ProcessState != nil:
		other = child.ProcessState.UserTime() + child.ProcessState.SystemTime() - cpu
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", r.name, err, &said)
	}
	each := func(d time.Duration) time.Duration { return d / time.Duration(n) }
	kept, lost := "", ""
	if r.losses != nil {
		kept, lost = counted(r.losses, said.String())
	}
	fmt.Printf("| %s | %v | %v | %v | %s | %s |\n", r.name, each(cpu), each(other), each(wall), kept, lost)
	return nil
}

// counted are what a recorder says it recorded and lost: packets, and events where it has them.
func counted(losses *regexp.Regexp, said string) (kept, lost string) {
	m := losses.FindStringSubmatch(said)
	if m == nil {
		return "?", "?"
	}
	if losses == ownLosses {
		return m[1] + " packets, " + m[2] + " events", m[3] + " packets, " + m[4] + " events"
	}
	return m[1] + " packets", m[2] + " packets"
}

// written waits until a recorder has begun its file, which it does when it listens; tcpdump writes its header later.
func written(ctx context.Context, file string) error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			time.Sleep(warming)
			return nil
		}
	}
	return errors.Join(errors.New("it does not begin"), ctx.Err())
}

// timed runs a load in this process, and prints its wall time and its processor time in nanoseconds.
func timed(load func(n int) error, n int) error {
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	start := time.Now()
	if err := load(n); err != nil {
		return err
	}
	wall := time.Since(start)
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	spent := func(r *syscall.Rusage) int64 { return r.Utime.Nano() + r.Stime.Nano() }
	fmt.Println(wall.Nanoseconds(), spent(&after)-spent(&before))
	return nil
}

// calls sends 64 bytes there and back between two sockets of this process, one call after the other.
func calls(n int) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		return err
	}
	defer server.Close()
	var fds [2]int // blocking, so that each call is one of the system
	for i, c := range []net.Conn{client, server} {
		f, err := c.(*net.TCPConn).File()
		if err != nil {
			return err
		}
		defer f.Close()
		fds[i] = int(f.Fd())
	}
	message := make([]byte, 64)
	for range n / 4 {
		for side := range fds {
			if _, err := syscall.Write(fds[side], message); err != nil {
				return err
			}
			for got := 0; got < len(message); {
				k, err := syscall.Read(fds[1-side], message[got:])
				if err != nil {
					return err
				}
				if k == 0 {
					return io.ErrUnexpectedEOF
				}
				got += k
			}
		}
	}
	return nil
}

// packets sends datagrams that nobody reads as fast as it can.
func packets(n int) error {
	sink, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer sink.Close()
	c, err := net.Dial("udp", sink.LocalAddr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	f, err := c.(*net.UDPConn).File()
	if err != nil {
		return err
	}
	defer f.Close()
	fd, b := int(f.Fd()), []byte(strings.Repeat("x", datagram))
	for range n {
		if _, err := syscall.Write(fd, b); err != nil {
			return err
		}
	}
	return nil
}
