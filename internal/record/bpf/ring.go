//go:build linux

package bpf

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A ring is the consumer's side of a BPF ring buffer (kernel/bpf/ringbuf.c):
// a page with the consumer's position, one with the producer's, and the data,
// which is mapped twice so that records lie in one piece.
type ring struct {
	control, data []byte
	size          uint64
}

const (
	recordHeader = 8
	busy         = 1 << 31
	discarded    = 1 << 30
)

func openRing(fd int, size uint32) (*ring, error) {
	page := os.Getpagesize()
	control, err := unix.Mmap(fd, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("ring of events: %w", err)
	}
	data, err := unix.Mmap(fd, int64(page), page+2*int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		unix.Munmap(control)
		return nil, fmt.Errorf("ring of events: %w", err)
	}
	return &ring{control: control, data: data, size: uint64(size)}, nil
}

func (r *ring) close() {
	unix.Munmap(r.control)
	unix.Munmap(r.data)
}

func position(b []byte) *uint64 { return (*uint64)(unsafe.Pointer(&b[0])) }

// waiting is how many bytes were written and not read.
func (r *ring) waiting() uint64 {
	return atomic.LoadUint64(position(r.data)) - atomic.LoadUint64(position(r.control))
}

// read hands each record that is complete to f, as long as f wants more. The bytes are valid until f returns.
func (r *ring) read(f func(b []byte) bool) {
	at := atomic.LoadUint64(position(r.control))
	end := atomic.LoadUint64(position(r.data))
	space := r.data[len(r.data)-2*int(r.size):]
	for at < end {
		off := at & (r.size - 1)
		head := atomic.LoadUint32((*uint32)(unsafe.Pointer(&space[off])))
		if head&busy != 0 {
			break
		}
		n := uint64(head &^ (busy | discarded))
		if n > r.size-recordHeader { // the kernel does not write this
			break
		}
		more := head&discarded != 0 || f(space[off+recordHeader:off+recordHeader+n])
		at += (n + recordHeader + 7) &^ 7
		atomic.StoreUint64(position(r.control), at)
		if !more {
			return
		}
	}
}
