package path

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair is two ends of a socket that keeps frames apart, as a TAP device does.
func pair(t *testing.T) (here, there *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fds[0]), "here"), os.NewFile(uintptr(fds[1]), "there")
}

// TestCarry sends frames both ways: they come whole, in order, and not before their delay.
func TestCarry(t *testing.T) {
	const delay, frames = 20 * time.Millisecond, 50
	a, endA := pair(t)
	b, endB := pair(t)
	defer a.Close()
	defer b.Close()
	p := between([2]*os.File{endA, endB}, Conditions{Delay: delay})
	for _, way := range []struct{ from, to *os.File }{{a, b}, {b, a}} {
		start := time.Now()
		for i := range frames {
			fmt.Fprintf(way.from, "frame %d", i)
		}
		buffer := make([]byte, 100)
		for i := range frames {
			way.to.SetReadDeadline(time.Now().Add(time.Minute))
			n, err := way.to.Read(buffer)
			if want := fmt.Sprintf("frame %d", i); err != nil || string(buffer[:n]) != want {
				t.Fatalf("%q %v, want %q", buffer[:n], err, want)
			}
			if took := time.Since(start); took < delay {
				t.Errorf("%q came after %v", buffer[:n], took)
			}
		}
	}
	if lost := p.Close(); lost != [2]int{} {
		t.Errorf("lost %v", lost)
	}
}

func TestCarryLoses(t *testing.T) {
	a, endA := pair(t)
	b, endB := pair(t)
	defer a.Close()
	defer b.Close()
	p := between([2]*os.File{endA, endB}, Conditions{Loss: 0.5, Seed: 1})
	for range 100 {
		if _, err := a.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	came := 0
	buffer := make([]byte, 100)
	expected := 0
	q := NewQueue(Conditions{Loss: 0.5, Seed: 1}, 0)
	for range 100 {
		if _, ok := q.Take(0, 1); ok {
			expected++
		}
	}
	for came < expected {
		b.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := b.Read(buffer); err != nil {
			t.Fatalf("after %d of %d: %v", came, expected, err)
		}
		came++
	}
	if lost := p.Close(); lost != [2]int{100 - expected, 0} {
		t.Errorf("lost %v, want %d of the first direction", lost, 100-expected)
	}
}

// TestCarryReorders sends frames of which some are late: all come, those in the order in which they are due.
func TestCarryReorders(t *testing.T) {
	const frames = 60
	a, endA := pair(t)
	b, endB := pair(t)
	defer a.Close()
	defer b.Close()
	conditions := Conditions{Reorder: 0.2, Late: 200 * time.Millisecond, Seed: 1}
	p := between([2]*os.File{endA, endB}, conditions)
	var want, late []string
	q := NewQueue(conditions, 0)
	for i := range frames {
		name := fmt.Sprintf("frame %d", i)
		if due, _ := q.Take(0, len(name)); due > 0 {
			late = append(late, name)
		} else {
			want = append(want, name)
		}
		fmt.Fprint(a, name)
	}
	if len(late) == 0 || len(late) == frames {
		t.Fatalf("%d of %d late", len(late), frames)
	}
	buffer := make([]byte, 100)
	for _, name := range append(want, late...) {
		b.SetReadDeadline(time.Now().Add(time.Minute))
		n, err := b.Read(buffer)
		if err != nil || string(buffer[:n]) != name {
			t.Fatalf("%q %v, want %q", buffer[:n], err, name)
		}
	}
	p.Close()
}

func TestWayKeepsOrder(t *testing.T) {
	var w way
	for i, due := range []time.Duration{1, 2, 2, 9, 3, 2, 9} {
		w.add(frame{due, []byte{byte(i)}})
	}
	got := ""
	for _, f := range w {
		got += fmt.Sprintf("%d@%d ", f.bytes[0], f.due)
	}
	if want := "0@1 1@2 2@2 5@2 4@3 3@9 6@9 "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
