package engine

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/point"
)

// prints are what is kept of the packets of a source that is read in order. Each lane has its own, as when it is
// read in lanes: what the bound on memory leaves out does not depend on how it is read.
type prints [flow.Lanes]*point.Recorder

// newRecorder is the recorder of one lane of the source.
func (s *source) newRecorder() *point.Recorder {
	return point.NewRecorder(s.counts.Info.Bytes, flow.Lanes)
}

// print keeps what points are compared by of a packet that was followed.
func (s *source) print(p *packet.Packet, seen *flow.Sighting) {
	if s.points == nil {
		return
	}
	if seen.Conv == nil {
		s.points.Add(p, seen)
		return
	}
	l := &s.prints[flow.LaneOfPair(p)]
	if *l == nil {
		*l = s.newRecorder()
	}
	(*l).Add(p, seen)
}

// comparePoints says what the sources saw of the same traffic.
func (r *Run) comparePoints(c *Case, bases []int) {
	if !r.opt.Points || len(r.sources) < 2 {
		return
	}
	points := make([]point.Point, 0, len(r.sources))
	all := make([]*point.Recorder, 0, len(r.sources))
	for i, s := range r.sources {
		for _, l := range s.prints {
			if l != nil {
				s.points.Join(l, func(conv int) int { return conv })
			}
		}
		tick := int64(0)
		for _, rec := range s.counts.Recordings {
			tick = max(tick, int64(rec.Tick))
		}
		points = append(points, point.Point{Name: r.pointName(i), Source: i, Tick: tick,
			First: s.counts.First, Last: s.counts.Last, Untimed: s.counts.Info.Untimed})
		moved := new(point.Recorder)
		*moved = *s.points
		moved.Number(bases[i])
		all = append(all, moved)
	}
	if !slices.ContainsFunc(r.opt.PointNames, func(name string) bool { return name != "" }) {
		shorten(points)
	}
	c.Points = point.Analyse(points, all, &c.Conversations)
}

// pointName is the name of a point: the one given, else that of its file without folder and ending.
func (r *Run) pointName(i int) string {
	if i < len(r.opt.PointNames) && r.opt.PointNames[i] != "" {
		return r.opt.PointNames[i]
	}
	file, point := fileOf(r.sources[i].path)
	if point != "" {
		return point
	}
	name := filepath.Base(file)
	for ext := filepath.Ext(name); endings[strings.ToLower(ext)]; ext = filepath.Ext(name) {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// shorten leaves out what all names begin with, up to a separator: test.client and test.server are client and server.
func shorten(points []point.Point) {
	first, n := points[0].Name, 0
	for i := range first {
		if !strings.ContainsRune("._- ", rune(first[i])) {
			continue
		}
		for _, p := range points[1:] {
			if !strings.HasPrefix(p.Name, first[:i+1]) || len(p.Name) == i+1 {
				i = -1
				break
			}
		}
		if i < 0 || i+1 == len(first) {
			break
		}
		n = i + 1
	}
	for i := range points {
		points[i].Name = points[i].Name[n:]
	}
}

// endings of file names that say nothing of the place.
var endings = map[string]bool{".pcap": true, ".pcapng": true, ".cap": true, ".etl": true, ".pml": true, ".gz": true, ".zst": true, ".lz4": true, ".trc": true}
