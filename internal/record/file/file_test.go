package file

import (
	"bytes"
	"errors"
	"syscall"
	"testing"

	"github.com/wiretale/wiretale/internal/record/event"
)

// A disk takes so many bytes.
type disk struct {
	bytes.Buffer
	room int
}

func (d *disk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.room -= n
	d.Buffer.Write(b[:n])
	if n < len(b) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// blocks is how many whole blocks of pcapng there are, and whether anything else is behind them.
func blocks(b []byte) (n int, rest bool) {
	for len(b) >= 12 {
		size := int(le.Uint32(b[4:]))
		if size < 12 || size%4 != 0 || size > len(b) || le.Uint32(b[size-4:]) != uint32(size) {
			break
		}
		n, b = n+1, b[size:]
	}
	return n, len(b) > 0
}

// TestDiskFull: wherever the disk is full, the error says up to where the file has whole blocks, and nothing is written behind half a block.
func TestDiskFull(t *testing.T) {
	written := func(d *disk) (*Writer, error) {
		w := NewWriter(Section{Application: "test", Comments: []string{"backend: none"}})
		if err := w.Switch(d); err != nil {
			return w, err
		}
		w.AddInterface(Interface{Name: "lo", Link: 1, Snap: 100})
		for i := range 3 {
			w.Process(Process{PID: 7, Name: "p"})
			w.Packet(&Packet{Time: int64(i), Data: []byte("payload"), Wire: 7, Owned: true, PID: 7})
			w.Event(&event.Event{Kind: event.Call, Call: event.Close, Phase: event.Enter, PID: 7, Command: "a\nb", FD: 3, Length: -1})
			w.Statistics(0, 0, 9, 1, 0)
		}
		return w, w.Flush()
	}
	whole := &disk{room: 1 << 20}
	if _, err := written(whole); err != nil {
		t.Fatal(err)
	}
	all, rest := blocks(whole.Bytes())
	if all != 14 || rest {
		t.Fatalf("%d blocks, and more: %t", all, rest)
	}
	for room := range whole.Len() {
		d := &disk{room: room}
		w, err := written(d)
		var full *WriteError
		if !errors.As(err, &full) || !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("%d bytes: %v", room, err)
		}
		if n, rest := blocks(d.Bytes()[:full.Whole]); rest || n >= all {
			t.Fatalf("%d bytes: up to %d there are %d blocks, and more: %t", room, full.Whole, n, rest)
		}
		at := d.Len()
		d.room = 1 << 20
		w.Statistics(0, 0, 9, 1, 0)
		if err := w.Flush(); err == nil || d.Len() != at || w.Lost() == 0 {
			t.Fatalf("%d bytes: written on: %v", room, err)
		}
	}
}
