//go:build linux

package tracefs

import (
	"golang.org/x/sys/unix"
)

// A stream is the ring of one processor: its records in the order of their times.
type stream struct {
	fd       int
	cpu      uint16
	layout   Layout
	page     []byte // that was read last
	rest     Page   // of it
	head     record // the next one, valid iff full
	full     bool
	taken    int64 // bytes of pages
	decoders map[uint16]*decoder
	kind     Field  // common_type
	dry      bool   // there was nothing more to read
	damaged  uint64 // pages that are none
}

// peek makes head the next record; false when there is none yet.
func (s *stream) peek() bool {
	for !s.full {
		at, b, ok := s.rest.Next()
		if !ok {
			if !s.read() {
				return false
			}
			continue
		}
		if s.kind.Offset+2 > len(b) {
			continue
		}
		d := s.decoders[s.layout.order.Uint16(b[s.kind.Offset:])]
		if d == nil {
			continue
		}
		s.head.time, s.head.cpu = int64(at), s.cpu
		d.decode(b, &s.head)
		s.full = true
	}
	return true
}

// read reads the next page: what there is of it.
func (s *stream) read() bool {
	if s.dry {
		return false
	}
	n, err := unix.Read(s.fd, s.page)
	if err != nil || n <= 0 {
		s.dry = true
		return false
	}
	s.taken += int64(n)
	if s.rest, err = s.layout.Page(s.page[:n]); err != nil {
		s.damaged++
		s.rest = Page{}
	}
	return true
}

// merge hands the records of all streams to f in the order of their times, up to a time, as long as f wants more.
func merge(streams []*stream, until int64, f func(r *record) bool) {
	for _, s := range streams {
		s.dry = false
	}
	for {
		var first *stream
		next := until // of another one
		for _, s := range streams {
			if !s.peek() {
				continue
			}
			switch {
			case first == nil || s.head.time < first.head.time:
				if first != nil {
					next = min(next, first.head.time)
				}
				first = s
			default:
				next = min(next, s.head.time)
			}
		}
		if first == nil || first.head.time >= until {
			return
		}
		for {
			first.full = false
			if !f(&first.head) {
				return
			}
			if !first.peek() || first.head.time > next || first.head.time >= until {
				break
			}
		}
	}
}
