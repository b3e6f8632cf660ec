//go:build linux

package bpf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/wiretale/wiretale/internal/record/event"
)

// TestObjectsAreCurrent: the objects were compiled from the sources that are here.
func TestObjectsAreCurrent(t *testing.T) {
	sums, err := os.ReadFile("objects.sum")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sums)) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not what objects.sum says: run make bpf", name)
		}
	}
}

// TestLayout: the offsets of decode.go are those of the object.
func TestLayout(t *testing.T) {
	for _, name := range []string{"trace_amd64.o", "trace_arm64.o"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		var s *btf.Struct
		if err := spec.Types.TypeByName("event", &s); err != nil {
			t.Fatal(err)
		}
		want := map[string]uint32{
			"time": offTime, "enter": offEnter, "sock": offSock, "other": offOther, "cookie": offCookie, "length": offLength, "result": offResult, "pid": offPID, "tid": offTID,
			"fd": offFD, "arg": offArg, "netns": offNetNS, "cpu": offCPU, "family": offFamily, "kind": offKind, "phase": offPhase, "call": offCall, "old": offOld, "new": offNew,
			"type": offType, "protocol": offProtocol, "flags": offFlags, "ssthresh": offSSThresh, "srtt": offSRTT, "local": offLocal, "remote": offRemote, "address": offAddress, "comm": offCommand,
		}
		for _, m := range s.Members {
			if at, ok := want[m.Name]; ok && at != m.Offset.Bytes() {
				t.Errorf("%s: %s lies at %d, not at %d", name, m.Name, m.Offset.Bytes(), at)
			}
			delete(want, m.Name)
		}
		if s.Size != eventSize || len(want) > 0 {
			t.Errorf("%s: %d bytes, without %v", name, s.Size, want)
		}
	}
}

// open starts a trace, or skips where the kernel cannot.
func open(t *testing.T, opt Options) *Trace {
	tr, err := Open(opt)
	if err != nil {
		_, btfErr := os.Stat("/sys/kernel/btf/vmlinux")
		if os.Getenv("WIRETALE_CI") != "" && btfErr == nil && os.Geteuid() == 0 {
			t.Fatal(err)
		}
		t.Skipf("no eBPF here: %v", err)
	}
	t.Cleanup(tr.Close)
	for _, m := range tr.Missing {
		t.Log("missing:", m)
	}
	return tr
}

// TestEcho: the calls of a server and a client, and the states of their connection, in their order.
func TestEcho(t *testing.T) {
	tr := open(t, Options{Self: true})
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, err = io.Copy(c, c)
			c.Close()
		}
		done <- err
	}()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	fmt.Fprint(c, "Test message1")
	buf := make([]byte, 13)
	if _, err := io.ReadFull(c, buf); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	l.Close()
	var got []string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline) && !slices.Contains(got, "write"); time.Sleep(20 * time.Millisecond) {
		tr.Read(func(e *event.Event) bool {
			if e.Local.Port() != port && e.Remote.Port() != port && e.Address.Port() != port {
				return true
			}
			switch {
			case e.Kind == event.Call && e.Phase != event.Enter:
				got = append(got, event.Calls[e.Call])
				if e.PID != uint32(os.Getpid()) || e.Socket == 0 || e.Duration < 0 {
					t.Errorf("%+v", e)
				}
				if e.Call == event.Write && (e.Length != 13 || e.Result != 13) {
					t.Errorf("write: %+v", e)
				}
			case e.Kind == event.State:
				got = append(got, event.Name(event.States[:], e.New))
			}
			return true
		})
	}
	for _, want := range []string{"bind", "listen", "TCP_LISTEN", "connect", "TCP_SYN_SENT", "TCP_ESTABLISHED", "accept4", "write", "read", "TCP_FIN_WAIT1"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s in %v", want, got)
		}
	}
	if tr.Lost() != 0 {
		t.Errorf("%d lost", tr.Lost())
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(make([]byte, eventSize))
	b := make([]byte, eventSize)
	b[offKind], b[offCall], b[offPhase], b[offLocal+16], b[offRemote+16] = 1, 6, 2, 2, 10
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		d := Decoder{Reasons: map[uint32]string{1: "A"}}
		var e event.Event
		if d.Decode(b, &e) && (e.Kind == 0 || e.Kind == event.Call && int(e.Call) >= len(event.Calls)) {
			t.Fatalf("%+v", e)
		}
	})
}
