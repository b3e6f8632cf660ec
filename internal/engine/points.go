package engine

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
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
	if r.opt.Comparing != nil {
		r.opt.Comparing()
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
		file, inside := fileOf(s.path)
		p := point.Point{Name: nameOf(file), Source: i, Tick: tick, Records: s.counts.Records, Recorder: recorderOf(s.counts.Info),
			First: s.counts.First, Last: s.counts.Last, Untimed: s.counts.Info.Untimed}
		if i < len(r.opt.PointNames) && r.opt.PointNames[i] != "" {
			p.Name, p.Named = r.opt.PointNames[i], true
		} else if inside != "" {
			p.Name, p.Named = inside, true
		} else if base, number, ok := seriesOf(file); ok {
			p.Name, p.Series, p.Number = nameOf(base), base, number
		}
		points = append(points, p)
		s.points.Number(bases[i])
		all = append(all, s.points)
		s.points, s.prints = nil, prints{} // the analysis uses them up
	}
	analyse := point.Analyse
	if r.opt.Matches {
		analyse = point.AnalyseMatches
	}
	c.Points = analyse(points, all, &c.Conversations)
	list := c.Points.Points
	if !slices.ContainsFunc(list, func(p point.Point) bool { return p.Named }) {
		shorten(list)
	}
	distinguish(list, func(p *point.Point) string { return filepath.Base(filepath.Dir(r.sources[p.Source].path)) })
}

// nameOf is the name of a file without folder and ending.
func nameOf(path string) string {
	name := filepath.Base(path)
	for ext := filepath.Ext(name); endings[strings.ToLower(ext)]; ext = filepath.Ext(name) {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// Names of files that a recorder writes one after another: dumpcap -b filesize, with either order of number and time, and tcpdump -C.
var series = []*regexp.Regexp{
	regexp.MustCompile(`^(?P<base>.+)_(?P<number>\d{5,8})_\d{14}$`),
	regexp.MustCompile(`^(?P<base>.+)_\d{14}_(?P<number>\d{5,8})$`),
}

var numbered = regexp.MustCompile(`^(?P<base>.+\.(?:pcap|pcapng|cap))(?P<number>\d{0,6})$`)

// seriesOf is what the names of the files of a series have in common, with the folder, and the number of this one.
func seriesOf(path string) (base string, number int, ok bool) {
	folder := filepath.Dir(path)
	for _, x := range series {
		if m := x.FindStringSubmatch(nameOf(path)); m != nil {
			number, _ = strconv.Atoi(m[x.SubexpIndex("number")])
			return filepath.Join(folder, m[x.SubexpIndex("base")]), number, true
		}
	}
	name := filepath.Base(path)
	for _, packed := range []string{".gz", ".zst", ".lz4"} {
		name = strings.TrimSuffix(name, packed)
	}
	if m := numbered.FindStringSubmatch(name); m != nil {
		number, _ = strconv.Atoi(m[2]) // the first one has none
		return filepath.Join(folder, m[1]), number, true
	}
	return "", 0, false
}

// recorderOf is what a file says of who wrote it, and where.
func recorderOf(i *trace.Info) string {
	parts := []string{i.Format, i.Application, i.OS, i.Hardware}
	for k := range i.Interfaces {
		parts = append(parts, i.Interfaces[k].Name)
	}
	return strings.Join(parts, "\n")
}

// distinguish gives points with one name different ones: with their folders, else with numbers. Names that were given stay.
func distinguish(points []point.Point, folder func(*point.Point) string) {
	byName := map[string][]*point.Point{}
	for i := range points {
		byName[points[i].Name] = append(byName[points[i].Name], &points[i])
	}
	for name, list := range byName {
		if len(list) == 1 {
			continue
		}
		folders := map[string]bool{}
		for _, p := range list {
			folders[folder(p)] = true
		}
		for i, p := range list {
			switch {
			case p.Named:
			case len(folders) == len(list):
				p.Name = folder(p) + "/" + name
			default:
				p.Name = fmt.Sprintf("%s (%d)", name, i+1)
			}
		}
	}
}

// shorten leaves out what all names begin with, up to a separator: test.client and test.server are client and server.
func shorten(points []point.Point) {
	if len(points) < 2 {
		return
	}
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
