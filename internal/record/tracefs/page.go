package tracefs

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A Layout is where a page of the ring has what (events/header_page), and in which order its bytes are.
type Layout struct {
	order        binary.ByteOrder
	commit, word int // offset of the length, and its size
	data         int // offset of the records
	size         int // of a page
}

// ParseLayout reads events/header_page.
func ParseLayout(text string, order binary.ByteOrder) (Layout, error) {
	f, err := ParseFormat(text)
	if err != nil {
		return Layout{}, fmt.Errorf("events/header_page: %w", err)
	}
	stamp, ok1 := f.Field("timestamp")
	commit, ok2 := f.Field("commit")
	data, ok3 := f.Field("data")
	l := Layout{order: order, commit: commit.Offset, word: commit.Size, data: data.Offset, size: data.Offset + data.Size}
	switch {
	case !ok1 || !ok2 || !ok3:
		return Layout{}, errors.New("events/header_page: timestamp, commit or data is missing")
	case stamp.Offset != 0 || stamp.Size != 8 || l.word != 4 && l.word != 8 || l.commit < 8 || l.data < l.commit+l.word || data.Size == 0:
		return Layout{}, errors.New("events/header_page: not the page that is known")
	}
	return l, nil
}

// Size is how many bytes a page has.
func (l *Layout) Size() int { return l.size }

// A Page is the records of a page of the ring (kernel/trace/ring_buffer.c). It reads bytes that it does not own.
type Page struct {
	order binary.ByteOrder
	data  []byte // records alone
	at    int
	time  uint64
	// Lost reports whether records before this page were overwritten.
	Lost bool
}

// Bits of commit beside the length (include/linux/ring_buffer.h).
const (
	commitLength = 1<<20 - 1
	commitMissed = 1 << 31 // records before this page were overwritten
)

// Page looks at a page as trace_pipe_raw has it.
func (l *Layout) Page(b []byte) (Page, error) {
	if len(b) < l.data {
		return Page{}, fmt.Errorf("a page of the ring with %d bytes", len(b))
	}
	var commit uint64
	if l.word == 8 {
		commit = l.order.Uint64(b[l.commit:])
	} else {
		commit = uint64(l.order.Uint32(b[l.commit:]))
	}
	n := int(commit & commitLength)
	if n > len(b)-l.data {
		return Page{}, fmt.Errorf("a page of the ring with %d bytes says that %d are in use", len(b), n)
	}
	return Page{order: l.order, data: b[l.data : l.data+n], time: l.order.Uint64(b), Lost: commit&commitMissed != 0}, nil
}

// Kinds of records that are not data: the lower five bits of their first word.
const (
	kindPadding = 29
	kindExtend  = 30
	kindStamp   = 31
	deltaBits   = 27
)

// Next is the next record, which lies in the page, and its time on the clock of the ring; false behind the last one, and where the bytes are no records.
func (p *Page) Next() (time uint64, record []byte, ok bool) {
	for len(p.data)-p.at >= 4 {
		head := p.order.Uint32(p.data[p.at:])
		kind, delta := head&31, uint64(head>>5)
		if p.order == binary.BigEndian {
			kind, delta = head>>deltaBits, uint64(head&(1<<deltaBits-1))
		}
		p.at += 4
		if kind > 0 && kind < kindPadding {
			p.time += delta
			return p.take(int(kind) * 4)
		}
		if kind == kindPadding && delta == 0 || len(p.data)-p.at < 4 { // nothing more in this page
			break
		}
		word := p.order.Uint32(p.data[p.at:])
		switch kind {
		case kindPadding: // a record that was taken back; its length counts from its second word on
			p.time += delta
			if !p.skip(int64(word)) {
				return 0, nil, false
			}
		case kindExtend:
			p.time += uint64(word)<<deltaBits + delta
			p.at += 4
		case kindStamp: // a whole time, but for the upper five bits
			const low = 1<<(32+deltaBits) - 1
			p.time = p.time&^low | uint64(word)<<deltaBits + delta
			p.at += 4
		default: // 0: the length is in the second word, which it counts
			p.time += delta
			p.at += 4
			if word < 4 {
				p.at = len(p.data)
				return 0, nil, false
			}
			n := (int64(word) - 4 + 3) &^ 3
			return p.take(int(min(n, int64(len(p.data))+1)))
		}
	}
	p.at = len(p.data)
	return 0, nil, false
}

// skip goes on behind so many bytes.
func (p *Page) skip(n int64) bool {
	if n < 4 || n > int64(len(p.data)-p.at) {
		p.at = len(p.data)
		return false
	}
	p.at += int(n)
	return true
}

func (p *Page) take(n int) (time uint64, record []byte, ok bool) {
	if n > len(p.data)-p.at {
		p.at = len(p.data)
		return 0, nil, false
	}
	record = p.data[p.at : p.at+n : p.at+n]
	p.at += n
	return p.time, record, true
}
