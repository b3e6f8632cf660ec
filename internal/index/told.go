package index

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/klauspost/compress/s2"

	"github.com/wiretale/wiretale/internal/engine"
)

// An entry is the words of a row that are kept, with the owner of an event.
type entry struct {
	Words
	event   bool
	conv    int // number in the case of the conversation, counted from 1; 0 when the stance says it
	owned   bool
	pid     uint32
	process string
}

// own takes over conversation and process of a row in order.
func (e *entry) own(row *engine.Row) {
	if row.Object.Conv != nil {
		e.conv = row.Object.Conv.ID + 1
	}
	if p := row.Object.Process; p != nil {
		e.owned, e.pid, e.process = true, p.PID, p.Name
	}
}

const (
	entryEvent = 1 << iota
	entryOwned
)

func (e *entry) append(b []byte) []byte {
	flags := byte(0)
	if e.event {
		flags |= entryEvent
	}
	if e.owned {
		flags |= entryOwned
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(max(e.Length, 0)))
	b = binary.AppendUvarint(b, uint64(e.conv))
	for _, s := range [...]string{e.Source, e.Destination, e.Protocol, e.Info, e.Mark} {
		b = appendString(b, s)
	}
	if e.owned {
		b = binary.AppendUvarint(b, uint64(e.pid))
		b = appendString(b, e.process)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// read reads what append wrote.
func (e *entry) read(b []byte) error {
	ok := true
	number := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			ok, b = false, nil
			return 0
		}
		b = b[n:]
		return v
	}
	text := func() string {
		n := number()
		if n > uint64(len(b)) {
			ok, b = false, nil
			return ""
		}
		s := string(b[:n])
		b = b[n:]
		return s
	}
	if len(b) == 0 {
		return errBroken
	}
	flags := b[0]
	b = b[1:]
	*e = entry{event: flags&entryEvent != 0, owned: flags&entryOwned != 0}
	e.Length, e.conv = int(number()), int(number())
	for _, s := range [...]*string{&e.Source, &e.Destination, &e.Protocol, &e.Info, &e.Mark} {
		*s = text()
	}
	if e.owned {
		e.pid, e.process = uint32(number()), text()
	}
	if !ok {
		return errBroken
	}
	return nil
}

var errBroken = errors.New("the temporary file of the index was changed by somebody else")

// A told keeps the words of rows in the order of their records, in compressed
// blocks of a private temporary file. It is safe for concurrent use; one goroutine adds.
type told struct {
	dir     string
	mu      sync.Mutex
	file    *os.File // nil as long as all is pending
	offsets []int64  // of the blocks, and the end of the last
	pending []byte   // entries of the block that is being filled, each behind its length
	n       int      // entries
	packed  []byte
	cache   map[int]*unpacked // by block
	clock   int
}

type unpacked struct {
	b    []byte
	used int
}

const (
	// toldLen is how many entries a block has.
	toldLen = 128
	// maxUnpacked is how many blocks are kept unpacked.
	maxUnpacked = 64
)

func (t *told) add(b []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending = binary.AppendUvarint(t.pending, uint64(len(b)))
	t.pending = append(t.pending, b...)
	if t.n++; t.n%toldLen == 0 {
		return t.flush()
	}
	return nil
}

func (t *told) flush() error {
	if t.file == nil {
		f, err := os.CreateTemp(t.dir, "wiretale-*")
		if err != nil {
			return err
		}
		os.Remove(f.Name()) // where the system allows it; close tries again
		t.file, t.offsets = f, []int64{0}
	}
	t.packed = s2.Encode(t.packed[:cap(t.packed)], t.pending)
	t.pending = t.pending[:0]
	at := t.offsets[len(t.offsets)-1]
	if _, err := t.file.WriteAt(t.packed, at); err != nil {
		return err
	}
	t.offsets = append(t.offsets, at+int64(len(t.packed)))
	return nil
}

// at reads entry k.
func (t *told) at(k int, e *entry) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.pending
	if blocks := len(t.offsets) - 1; k/toldLen < blocks {
		var err error
		if b, err = t.block(k / toldLen); err != nil {
			return err
		}
	}
	for range k % toldLen {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return errBroken
		}
		b = b[w+int(n):]
	}
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return errBroken
	}
	return e.read(b[w : w+int(n)])
}

// block is block k unpacked.
func (t *told) block(k int) ([]byte, error) {
	t.clock++
	if u := t.cache[k]; u != nil {
		u.used = t.clock
		return u.b, nil
	}
	packed := make([]byte, t.offsets[k+1]-t.offsets[k])
	if _, err := io.ReadFull(io.NewSectionReader(t.file, t.offsets[k], int64(len(packed))), packed); err != nil {
		return nil, err
	}
	b, err := s2.Decode(nil, packed)
	if err != nil {
		return nil, errors.Join(errBroken, err)
	}
	if t.cache == nil {
		t.cache = map[int]*unpacked{}
	}
	if len(t.cache) >= maxUnpacked {
		oldest := -1
		for i, u := range t.cache {
			if oldest < 0 || u.used < t.cache[oldest].used {
				oldest = i
			}
		}
		delete(t.cache, oldest)
	}
	t.cache[k] = &unpacked{b, t.clock}
	return b, nil
}

// reset forgets all entries.
func (t *told) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending, t.n, t.cache = t.pending[:0], 0, nil
	if t.file != nil {
		t.offsets = append(t.offsets[:0], 0)
	}
}

func (t *told) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return nil
	}
	err := t.file.Close()
	os.Remove(t.file.Name())
	t.file = nil
	return err
}

func (t *told) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := cap(t.offsets)*8 + cap(t.pending) + cap(t.packed)
	for _, u := range t.cache {
		n += len(u.b)
	}
	return n
}
