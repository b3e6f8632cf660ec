package scrub

import (
	"encoding/binary"
	"fmt"

	"github.com/wiretale/wiretale/format/pcapng"
	"github.com/wiretale/wiretale/trace"
)

// A File is what stays of what one source says of itself. It follows the source's info, which grows.
type File struct {
	from *trace.Info
	info trace.Info
	// points number the capture points of a merged file.
	points map[string]int
}

// NewFile follows an info.
func NewFile(from *trace.Info) *File {
	f := &File{from: from, points: map[string]int{}}
	f.Info()
	return f
}

// Info is the info without names, addresses, comments, filters and secrets: interfaces with numbers for names, link types, clocks and snap lengths.
func (f *File) Info() *trace.Info {
	from, to := f.from, &f.info
	to.Format, to.NamesInterfaces, to.Session = from.Format, from.NamesInterfaces, from.Session
	for i := len(to.Sections); i < len(from.Sections); i++ {
		to.Sections = append(to.Sections, trace.Section{BigEndian: from.Sections[i].BigEndian})
	}
	for i := len(to.Interfaces); i < len(from.Interfaces); i++ {
		was := &from.Interfaces[i]
		made := trace.Interface{
			ID: was.ID, Section: was.Section, Name: fmt.Sprintf("if%d", i), Link: was.Link, SnapLen: was.SnapLen,
			Resolution: was.Resolution, Offset: was.Offset, FCS: was.FCS, Speed: was.Speed,
		}
		if was.Point != "" {
			n, ok := f.points[was.Point]
			if !ok {
				n = len(f.points) + 1
				f.points[was.Point] = n
			}
			made.Name = fmt.Sprintf("point%d", n)
			made.Comments = []string{trace.PointComment(made.Name)}
		}
		to.Interfaces = append(to.Interfaces, made)
	}
	return to
}

// options of statistics that are counters and times (pcapng draft, 4.6).
const (
	firstCounter = 2
	lastCounter  = 8
)

// Statistics is a block of statistics without text.
func (f *File) Statistics(rec *trace.Record) []byte {
	b := rec.Data
	if len(b) < 12 {
		return nil
	}
	var order interface {
		binary.ByteOrder
		binary.AppendByteOrder
	} = binary.LittleEndian
	if rec.Section < len(f.from.Sections) && f.from.Sections[rec.Section].BigEndian {
		order = binary.BigEndian
	}
	out := append([]byte(nil), b[:12]...)
	for code, v := range pcapng.Options(b[12:], order) {
		if code >= firstCounter && code <= lastCounter && len(v) == 8 {
			out = append(order.AppendUint16(order.AppendUint16(out, code), 8), v...)
		}
	}
	return out
}
