package capture

import (
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"

	"github.com/wiretale/wiretale/format/pcapng"
	"github.com/wiretale/wiretale/trace"
)

// A Source is a file that is merged: what is known of it after a first pass, and the point where it was captured.
type Source struct {
	Info  *trace.Info
	Point string
}

// A Merger writes what several capture points saw into one pcapng file, in
// which each point has interfaces of its own, marked with [trace.PointComment]
// when there are several.
type Merger struct {
	*PcapNG
	sources []mergedSource
	points  []*mergedPoint
}

type mergedSource struct {
	*trace.Info
	point *mergedPoint
	// ids are the point's interfaces by those of the source, one behind: that of packets without one comes first; -1 for those not yet met.
	ids      []int
	sections int        // index of its first section among those of the point
	rest     trace.Info // what records that belong to no interface need
}

// A mergedPoint is the info of what looks like one source of the file.
type mergedPoint struct {
	name    string
	number  int // as a source of the file
	marked  bool
	several bool // it has several interfaces
	info    trace.Info
	from    []int // source that each interface was made for
}

// NewMerger makes a merger of sources, numbered as their records are, that writes to w. Begin starts the file.
func NewMerger(w io.Writer, sources []Source) *Merger {
	m := &Merger{PcapNG: NewPcapNG(w, Options{Joined: true})}
	for _, s := range sources {
		m.add(s)
	}
	for i := range m.sources {
		s := &m.sources[i]
		s.point.marked = len(m.points) > 1
		for k := range s.Interfaces {
			if used(&s.Interfaces[k]) || len(s.Interfaces) == 1 {
				m.place(i, k)
			}
		}
	}
	return m
}

// Begin writes the header of the file and the interfaces that are known.
func (m *Merger) Begin(section trace.Section) error {
	m.opt.Section = section
	for _, p := range m.points {
		if err := m.Describe(p.number, &p.info); err != nil {
			return err
		}
	}
	return nil
}

func used(i *trace.Interface) bool { return i.Packets > 0 || i.HasStatistics }

func (m *Merger) add(s Source) {
	k := slices.IndexFunc(m.points, func(p *mergedPoint) bool { return p.name == s.Point })
	if k < 0 {
		k = len(m.points)
		m.points = append(m.points, &mergedPoint{name: s.Point, number: -1 - k})
	}
	p := m.points[k]
	n := 0
	for i := range s.Info.Interfaces {
		if used(&s.Info.Interfaces[i]) {
			n++
		}
	}
	p.several = p.several || n > 1
	sections := s.Info.Sections
	if len(sections) == 0 {
		sections = []trace.Section{{}}
	}
	m.sources = append(m.sources, mergedSource{
		Info: s.Info, point: p, sections: len(p.info.Sections),
		rest: trace.Info{NamesInterfaces: true, Sections: sections},
	})
	p.info.Sections = append(p.info.Sections, sections...)
}

// place is the interface of the point that one of a source is, -1 for packets that name none.
func (m *Merger) place(source, index int) int {
	s := &m.sources[source]
	for len(s.ids) <= index+1 {
		s.ids = append(s.ids, -1)
	}
	if id := s.ids[index+1]; id >= 0 {
		return id
	}
	p := s.point
	made := s.iface(index)
	id := slices.IndexFunc(p.info.Interfaces, func(i trace.Interface) bool { return m.joins(p, &i, &made) })
	if id >= 0 && p.from[id] == source { // two interfaces of one file stay two
		id = -1
	}
	if id < 0 {
		id = len(p.info.Interfaces)
		p.info.Interfaces, p.from = append(p.info.Interfaces, made), append(p.from, source)
	}
	s.ids[index+1] = id
	return id
}

// joins reports whether an interface of the point is that of another file of the same recording.
func (m *Merger) joins(p *mergedPoint, a, b *trace.Interface) bool {
	return a.Name == b.Name && a.Description == b.Description && a.Link == b.Link && a.FCS == b.FCS && a.SnapLen == b.SnapLen && a.Filter == b.Filter &&
		slices.Equal(a.MAC, b.MAC) && p.info.Sections[a.Section].BigEndian == p.info.Sections[b.Section].BigEndian
}

// iface is what an interface of the source is in the merged file: it has the name of the point and a clock of nanoseconds.
func (s *mergedSource) iface(index int) trace.Interface {
	var i trace.Interface
	if index >= 0 && index < len(s.Interfaces) {
		i = s.Interfaces[index]
	} else {
		i.Link = trace.LinkUnknown
	}
	if s.Session != nil || i.Link > maxLink { // packets say what they are
		i.Link = trace.LinkUnknown
	}
	i.Section += s.sections
	i.Resolution, i.Offset = 1, 0
	i.Comments = slices.Clone(i.Comments[:len(i.Comments)-i.CommentsOnStatistics])
	i.CommentsOnStatistics = 0
	if p := s.point; p.marked {
		was := i.Name
		if i.Name = p.name; p.several {
			i.Name += "/" + nameOr(was, index)
		} else if was != "" && i.Description == "" {
			i.Description = was
		} else if was != "" {
			i.Description = was + ": " + i.Description
		}
		i.Comments = slices.Insert(i.Comments, 0, trace.PointComment(p.name))
	}
	return i
}

func nameOr(name string, index int) string {
	if name != "" {
		return name
	}
	return strconv.Itoa(max(0, index))
}

// Filters say for each point, in the order of the sources, how Wireshark shows its packets alone.
func (m *Merger) Filters() (out []string) {
	for _, p := range m.points {
		if p.several || len(p.info.Interfaces) != 1 || p.info.Interfaces[0].Link > maxLink {
			out = append(out, fmt.Sprintf("%s: display filter frame.interface_name contains %q", p.name, p.name+"/"))
		} else {
			out = append(out, fmt.Sprintf("%s: display filter frame.interface_name == %q", p.name, p.name))
		}
	}
	return out
}

// Write writes a record of a source. move says what a time of its source is on the file's clock.
func (m *Merger) Write(rec *trace.Record, move func(t int64) int64) error {
	source := rec.Pos.Source
	s := &m.sources[source]
	out := *rec
	if rec.Time != trace.NoTime {
		out.Time = move(rec.Time)
	}
	switch rec.Kind {
	case trace.Statistics:
		if rec.Interface < 0 || rec.Interface >= len(s.Interfaces) || len(rec.Data) < 12 {
			return m.PcapNG.Write(&s.rest, rec)
		}
		out.Data = slices.Clone(rec.Data)
		restamp(out.Data, orderOf(s.rest.Sections[rec.Section].BigEndian), &s.Interfaces[rec.Interface], move)
		out.Section += s.sections
	case trace.Packet:
	default:
		return m.PcapNG.Write(&s.rest, &out)
	}
	out.Interface = m.place(source, rec.Interface)
	out.Pos.Source = s.point.number
	return m.PcapNG.Write(&s.point.info, &out)
}

// restamp moves the times of a statistics block, which have the clock of the interface, into nanoseconds of another clock.
func restamp(body []byte, order order, i *trace.Interface, move func(int64) int64) {
	set := func(v []byte) {
		ticks := uint64(order.Uint32(v))<<32 | uint64(order.Uint32(v[4:]))
		ns, _ := new(big.Float).Mul(new(big.Float).SetUint64(ticks), big.NewFloat(i.Resolution)).Int64()
		t := uint64(max(0, move(ns+max(-maxOffset, min(maxOffset, i.Offset))*1e9)))
		order.PutUint32(v, uint32(t>>32))
		order.PutUint32(v[4:], uint32(t))
	}
	set(body[4:])
	for code, v := range pcapng.Options(body[12:], order) {
		if (code == pcapng.OptStatStart || code == pcapng.OptStatEnd) && len(v) == 8 {
			set(v)
		}
	}
}
