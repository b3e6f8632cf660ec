//go:build linux

package packets

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// alone moves the test into a network namespace of its own, or skips where that is not allowed. Its thread ends with it.
func alone(t *testing.T, commands ...string) {
	t.Helper()
	runtime.LockOSThread()
	err := unix.Unshare(unix.CLONE_NEWNET)
	for _, c := range append([]string{"ip link set lo up"}, commands...) {
		if err != nil {
			break
		}
		words := strings.Fields(c)
		var out []byte
		if out, err = exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Logf("%s: %s", c, out)
		}
	}
	if err == nil {
		return
	}
	if os.Getenv("WIRETALE_CI") != "" && os.Geteuid() == 0 {
		t.Fatal(err)
	}
	t.Skipf("no network namespace: %v", err)
}

func open(t *testing.T, opt Options) *Ring {
	t.Helper()
	r, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// frames takes what comes until there are so many frames, and a little longer. Their data are copies.
func frames(r *Ring, want int) (list []Frame) {
	patience := time.Now().Add(5 * time.Second)
	settle := 100 * time.Millisecond
	for time.Now().Before(patience) {
		if b, ok := r.Take(); ok {
			var f Frame
			for b.Next(&f) {
				f.Data = bytes.Clone(f.Data)
				list = append(list, f)
			}
			r.Give()
			continue
		}
		if len(list) >= want && want > 0 {
			patience, want = time.Now().Add(settle), 0
		}
		time.Sleep(5 * time.Millisecond)
	}
	return list
}

// TestLoopbackOnce: a packet of loopback is in the ring once, with a filter and without, and the kernel counts it once.
func TestLoopbackOnce(t *testing.T) {
	alone(t)
	for _, prog := range [][]bpf.Instruction{nil, {bpf.RetConstant{Val: 100}}} {
		r := open(t, Options{Program: prog, Size: 4 << 20})
		c, err := net.Dial("udp4", "127.0.0.1:9")
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			c.Write([]byte("loop")) // every second one is told that nobody listens
			time.Sleep(time.Millisecond)
		}
		c.Close()
		sent := 0
		list := frames(r, 10)
		for _, f := range list {
			if f.Kind == unix.PACKET_OUTGOING {
				t.Errorf("one that goes out: %+v", f)
			}
			if bytes.HasSuffix(f.Data, []byte("loop")) && f.Network()[9] == unix.IPPROTO_UDP {
				sent++
			}
		}
		if received, lost := r.Counts(); sent < 5 || sent > 10 || int(received) != len(list) || lost != 0 {
			t.Errorf("%d of UDP among %d frames; the kernel counts %d, lost %d", sent, len(list), received, lost)
		}
		r.Close()
	}
}

// raw sends one frame from an interface.
func raw(t *testing.T, name string, frame []byte) {
	t.Helper()
	i, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
		t.Fatal(err)
	}
}

// TestDirectionAndTag: between two interfaces each frame goes out of one and comes in at the other, which takes the tag of the VLAN off and tells it.
func TestDirectionAndTag(t *testing.T) {
	alone(t, "ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02", "ip link set v0 up", "ip link set v1 up")
	to, from := []byte{2, 0, 0, 0, 0, 2}, []byte{2, 0, 0, 0, 0, 1}
	payload := append([]byte{0x88, 0xb5}, bytes.Repeat([]byte("payload "), 8)...) // a type for experiments (IEEE 802)
	plain := append(append(bytes.Clone(to), from...), payload...)
	tagged := append(append(append(bytes.Clone(to), from...), 0x81, 0x00, 0x60, 0x2a), payload...)
	r := open(t, Options{Size: 4 << 20, Program: []bpf.Instruction{
		bpf.LoadAbsolute{Off: 6, Size: 4}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0x02000000, SkipFalse: 1}, bpf.RetConstant{Val: 1 << 18}, bpf.RetConstant{},
	}})
	raw(t, "v0", plain)
	raw(t, "v0", tagged)
	var got []string
	in, err := net.InterfaceByName("v1")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames(r, 4) {
		if !bytes.HasSuffix(f.Data, payload) { // what the interfaces say to each other for IPv6
			continue
		}
		s := "out"
		if f.Interface == in.Index {
			s = "in"
		}
		if (s == "out") != (f.Kind == unix.PACKET_OUTGOING) {
			t.Errorf("%s: kind %d", s, f.Kind)
		}
		if f.Tagged {
			s += " tagged"
			if f.TPID != unix.ETH_P_8021Q || f.TCI != 0x602a || !bytes.Equal(f.Data, plain) {
				t.Errorf("%+v", f)
			}
		} else if bytes.Equal(f.Data, tagged) {
			s += " whole"
		}
		got = append(got, s)
	}
	if s := strings.Join(got, ", "); s != "out, in, out whole, in tagged" {
		t.Error(s)
	}
}
