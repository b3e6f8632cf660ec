package etl

import (
	"sort"

	"github.com/wiretale/wiretale/trace"
)

// section is what one TRACE_LOGFILE_HEADER is valid for. A file has one; where
// files were put together with their headers each begins a section, with a
// clock and a compression of its own.
type section struct {
	off         int64 // of its header buffer
	compression int
	session     *trace.Session
	first       int64 // stamp of its header record
	base        int64 // the same moment in ticks of the file's first section
	mul, div    uint64
}

// maxSections bounds what a file of nothing but headers costs; those beyond belong to the section before.
const maxSections = 4096

// due is a stamp of the section in ticks of the first one.
func (s *section) due(raw int64) int64 {
	d, back := distance(raw, s.first)
	if s.mul != s.div {
		d = scaled(d, s.mul, s.div)
	}
	return shift(s.base, d, back)
}

// begin notes the section that the header buffer at off begins, if its first
// record says so. Of a damaged one the section before goes on.
func (r *Reader) begin(off int64, h bufferHeader, data []byte) {
	var s shape
	if len(r.later) == maxSections || look(data, &s) != good || s.kind != trace.HeaderSystem || data[6] != 0 || data[7] != 0 { // type and group of the header event
		return
	}
	session, err := parseLogfileHeader(data[s.header:s.size])
	if err != nil {
		return
	}
	next := &section{
		off: off, compression: h.compression(), session: session, first: s.time,
		mul: ticksPerSecond(r.section.session), div: ticksPerSecond(session),
	}
	d, back := distance(began(next), began(&r.section))
	next.base = shift(r.section.first, scaled(d, next.mul, 1e9), back)
	r.later = append(r.later, next)
}

func ticksPerSecond(s *trace.Session) uint64 {
	if s.ClockType == clockSystem {
		return 10_000_000
	}
	return uint64(s.Frequency)
}

// began is the time of a section's header record.
func began(s *section) int64 {
	if s.session.ClockType == clockSystem {
		return sinceEpoch(s.first)
	}
	return s.session.Start
}

// enter makes the section at off that which buffers are read by, and returns
// it; nil for the first one, whose stamps need no change.
func (r *Reader) enter(off int64) *section {
	i := sort.Search(len(r.later), func(i int) bool { return r.later[i].off > off })
	if i == 0 {
		r.compression = r.section.compression
		return nil
	}
	r.compression = r.later[i-1].compression
	return r.later[i-1]
}
