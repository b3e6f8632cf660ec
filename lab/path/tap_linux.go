package path

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxFrame is more than any frame of a device with an MTU of 1500 has.
const maxFrame = 2048

// A Path carries frames between two TAP devices.
type Path struct {
	ends    [2]*os.File
	queues  [2]*Queue
	refused [2]int // frames that the other device did not take
	wait    sync.WaitGroup
}

// Open makes two TAP devices, which may then be moved into namespaces, and carries
// frames between them until Close. It needs root.
func Open(a, b string, c Conditions) (*Path, error) {
	var ends [2]*os.File
	for i, name := range []string{a, b} {
		f, err := tap(name)
		if err != nil {
			if i > 0 {
				ends[0].Close()
			}
			return nil, fmt.Errorf("TAP device %s: %w", name, err)
		}
		ends[i] = f
	}
	return between(ends, c), nil
}

// between carries what is read from one file, frame by frame, to the other.
func between(ends [2]*os.File, c Conditions) *Path {
	p := &Path{ends: ends, queues: [2]*Queue{NewQueue(c, 0), NewQueue(c, 1)}}
	p.wait.Go(func() { p.carry(0) })
	p.wait.Go(func() { p.carry(1) })
	return p
}

func tap(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil // not blocking, so that Close ends a Read
}

// A frame on its way.
type frame struct {
	due   time.Duration
	bytes []byte
}

// A way is the frames of one direction, the one that is due first in front; frames that are due at one time stay in their order.
type way []frame

// add takes a frame in. Few are late, so its place is near the end.
func (w *way) add(f frame) {
	i := len(*w)
	for i > 0 && (*w)[i-1].due > f.due {
		i--
	}
	*w = slices.Insert(*w, i, f)
}

// carry takes what comes out of one end to the other. One goroutine reads, as a
// device that is not read drops frames, and one writes each frame when it is due.
func (p *Path) carry(from int) {
	start := time.Now()
	taken := make(chan frame, 1<<16)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.deliver(from, start, taken)
	}()
	buffer := make([]byte, maxFrame)
	for {
		n, err := p.ends[from].Read(buffer)
		if errors.Is(err, os.ErrClosed) {
			break
		}
		if err != nil {
			time.Sleep(time.Millisecond) // the device is down
			continue
		}
		if due, ok := p.queues[from].Take(time.Since(start), n); ok {
			taken <- frame{due, append([]byte(nil), buffer[:n]...)}
		}
	}
	close(taken)
	<-done
}

// deliver writes frames when they are due, until no more are taken.
func (p *Path) deliver(from int, start time.Time, taken <-chan frame) {
	var waiting way
	wake := time.NewTimer(0)
	for taken != nil || len(waiting) > 0 {
		wait := time.Hour // no frame is so late
		if len(waiting) > 0 {
			wait = waiting[0].due - time.Since(start)
		}
		if wait > 0 {
			wake.Reset(wait)
			select {
			case f, ok := <-taken:
				if ok {
					waiting.add(f)
				} else {
					taken = nil
				}
				continue
			case <-wake.C:
				continue
			}
		}
		if _, err := p.ends[1-from].Write(waiting[0].bytes); err != nil { // the device is down, or gone
			p.refused[from]++
		}
		waiting = waiting[1:]
	}
}

// Close ends the path; its devices vanish. It returns how many frames of each direction were lost on the way.
func (p *Path) Close() (lost [2]int) {
	for _, f := range p.ends {
		f.Close()
	}
	p.wait.Wait()
	for i, q := range p.queues {
		lost[i] = q.Lost + q.Full + p.refused[i]
	}
	return lost
}
