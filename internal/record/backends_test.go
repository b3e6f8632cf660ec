//go:build linux

package record

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wiretale/wiretale/internal/record/bpf"
	"github.com/wiretale/wiretale/internal/record/event"
	"github.com/wiretale/wiretale/internal/record/tracefs"
)

// both starts both back-ends, or skips where one cannot be.
func both(t *testing.T) map[string]tracer {
	t.Helper()
	list := map[string]tracer{}
	for name, open := range map[string]func() (tracer, error){
		"bpf":     func() (tracer, error) { return bpf.Open(bpf.Options{Self: true}) },
		"tracefs": func() (tracer, error) { return tracefs.Open(tracefs.Options{Self: true}) },
	} {
		tr, err := open()
		if err != nil {
			if os.Getenv("WIRETALE_CI") != "" && os.Geteuid() == 0 {
				t.Fatal(err)
			}
			t.Skipf("no %s here: %v", name, err)
		}
		t.Cleanup(tr.Close)
		list[name] = tr
	}
	return list
}

// told is an event in words, without its socket, and without what tracefs does not tell: addresses of bind and of receives, lengths of vectors, cookies.
func told(e *event.Event) string {
	if e.Kind == event.State {
		return fmt.Sprintf("tcp_state %s %s %d->%d", e.Local, e.Remote, e.Old, e.New)
	}
	if e.Kind != event.Call {
		return fmt.Sprintf("%s %s %s errno %d %s", event.Names[e.Kind], e.Local, e.Remote, e.Errno, e.Why)
	}
	address := e.Address
	if e.Call == event.Bind || e.Call.Receives() || e.Phase == event.Enter {
		address = ends
	}
	local, remote := e.Local, e.Remote
	if e.Call == event.Socket || e.Call == event.Bind || e.Phase == event.Enter || e.Call == event.Close || e.Protocol == unix.IPPROTO_UDP {
		local, remote = ends, ends // known at another moment
	}
	for _, a := range []*netip.AddrPort{&local, &remote, &address} {
		if a.Port() == 0 { // what a recording leaves out
			*a = ends
		}
	}
	return fmt.Sprintf("%s %d/%d fd %d local %s remote %s address %s result %d errno %d arg %d", event.Calls[e.Call], e.PID, e.TID, e.FD, local, remote, address, e.Result, e.Errno, e.Arg)
}

// A line is an event with its sockets.
type line struct {
	text             string
	socket, accepted uint64
	makes            bool // a socket whose address may have been another's
}

var ends netip.AddrPort

// work is what the test records of itself: TCP that is accepted, refused, reset, left without an end; UDP; descriptors that are copied and used again.
func work(t *testing.T) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // its socket has another below, and each back-end tells one of them
	l, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		var err error
		for range 3 {
			c, bad := l.Accept()
			if err = bad; bad != nil {
				break
			}
			io.Copy(c, c)
			c.Close()
		}
		served <- err
	}()
	for i := range 3 {
		c, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, "hello")
		io.ReadFull(c, make([]byte, 5))
		if i == 2 {
			c.(*net.TCPConn).SetLinger(0)
		}
		c.Close()
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	l.Close()
	net.Dial("tcp4", l.Addr().String()) // nobody listens
	u, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v, err := net.Dial("udp4", u.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(v, "ask")
	b := make([]byte, 10)
	if _, from, err := u.ReadFrom(b); err == nil {
		u.WriteTo([]byte("answer"), from)
	}
	v.Read(b)
	f, err := v.(*net.UDPConn).File() // F_DUPFD_CLOEXEC
	if err != nil {
		t.Fatal(err)
	}
	unix.Write(int(f.Fd()), []byte("by another number"))
	f.Close()
	v.Close()
	u.Close()
	r, w, err := os.Pipe() // takes the numbers of sockets that are gone
	if err != nil {
		t.Fatal(err)
	}
	w.WriteString("no socket")
	r.Read(b)
	r.Close()
	w.Close()
}

// TestBackendsAgree: both back-ends, at the same time, tell of the same calls with the same sockets, and of the same states, resets and errors.
func TestBackendsAgree(t *testing.T) {
	list := both(t)
	got := map[string][]line{}
	read := func() {
		for name, tr := range list {
			tr.Read(func(e *event.Event) bool {
				mine := e.Kind == event.Call && e.PID == uint32(os.Getpid()) && (e.Phase != event.Enter || !e.Call.Lightens())
				stack := (e.Kind == event.State || e.Kind == event.SendReset || e.Kind == event.ReceiveReset || e.Kind == event.SocketError) && e.Local.Addr().IsLoopback()
				if mine || stack {
					got[name] = append(got[name], line{told(e), e.Socket, e.Accepted, e.Call == event.Socket && e.Phase == event.Leave})
				}
				return true
			})
		}
	}
	work(t)
	for range 10 {
		time.Sleep(20 * time.Millisecond)
		read()
	}
	for _, tr := range list {
		tr.Stop()
	}
	read()
	for name, tr := range list {
		if n := tr.Lost(); n != 0 {
			t.Errorf("%s lost %d", name, n)
		}
	}
	if len(got["bpf"]) < 60 {
		t.Errorf("%d events: %v", len(got["bpf"]), got["bpf"])
	}
	same := map[uint64]uint64{}
	rest := got["tracefs"]
	for _, b := range got["bpf"] {
		at := slices.IndexFunc(rest, func(l line) bool { return l.text == b.text })
		if at < 0 {
			t.Errorf("bpf alone: %s", b.text)
			continue
		}
		f := rest[at]
		rest = slices.Delete(rest, at, at+1)
		if b.makes {
			delete(same, b.socket)
		}
		if b.accepted != 0 {
			same[b.accepted] = f.accepted
		}
		if other, ok := same[b.socket]; ok && b.socket != 0 && f.socket != 0 && other != f.socket {
			t.Errorf("another socket: %s: %x and %x, not %x", b.text, b.socket, f.socket, other)
		} else if !ok && f.socket != 0 {
			same[b.socket] = f.socket
		}
	}
	for _, l := range rest {
		t.Errorf("tracefs alone: %s", l.text)
	}
}
