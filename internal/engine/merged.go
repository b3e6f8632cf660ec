package engine

import (
	"os"
	"slices"

	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/trace"
)

// Points replaces each file that is a merge of several capture points by one
// path a point ([trace.PointPath]), so that each is a source of its own: what
// one saw is no retransmission of what another one saw. Paths that cannot be
// read stay, for whoever opens them to say why. Standard input stays too: it can be read once.
func Points(paths []string) []string {
	var out []string
	for _, path := range paths {
		names := pointsIn(path)
		if len(names) < 2 {
			out = append(out, path)
			continue
		}
		for _, name := range names {
			out = append(out, trace.PointPath(path, name))
		}
	}
	return out
}

// pointsIn are the points that the interfaces of a file are marked with, as far as they are described before its first record.
func pointsIn(path string) []string {
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return nil
	}
	rd, err := formats.Open(path, formats.Options{})
	if err != nil {
		return nil
	}
	defer rd.Close()
	var rec trace.Record
	if rd.Info().Format != "pcapng" || rd.Next(&rec) != nil {
		return nil
	}
	return marked(rd.Info())
}

// marked are the names of points in the order of the interfaces.
func marked(info *trace.Info) (names []string) {
	for i := range info.Interfaces {
		if name := info.Interfaces[i].Point; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// fileOf is the file of a source, and its point when it is one of several in the file.
func fileOf(path string) (file, point string) {
	if _, err := os.Stat(path); err == nil {
		return path, ""
	}
	file, point, ok := trace.CutPoint(path)
	if _, err := os.Stat(file); !ok || err != nil { // the message names it as the user did
		return path, ""
	}
	return file, point
}

// openReader opens a source: a file, or one point of a merged file.
func openReader(path string, opt formats.Options) (trace.Reader, error) {
	file, point := fileOf(path)
	if opt.Name != "" && point != "" {
		path = opt.Name
		opt.Name, _, _ = trace.CutPoint(opt.Name)
	}
	rd, err := formats.Open(file, opt)
	if err != nil || point == "" {
		return rd, err
	}
	p := onePoint{Reader: rd, path: path, name: point}
	p.learn()
	if batches, ok := rd.(trace.BatchReader); ok {
		return &onePointBatches{p, batches}, nil
	}
	return &p, nil
}

// onePoint reads of a merged file what one point saw, with the numbers that records have in the file. What belongs to
// no interface, or to one without a mark, is of the first point.
type onePoint struct {
	trace.Reader
	path, name string
	info       trace.Info
	ids        []int // index in info.Interfaces, by that in the file; -1 for those of others
	first      bool  // it is the first point of the file
}

// Info implements trace.Reader.
func (p *onePoint) Info() *trace.Info { return &p.info }

// learn takes over what the file says of itself. Interfaces keep their places.
func (p *onePoint) learn() {
	list, all := p.info.Interfaces, p.Reader.Info()
	p.info = *all
	p.info.Name = p.path
	if names := marked(all); len(p.ids) == 0 && len(names) > 0 {
		p.first = names[0] == p.name
	}
	for i := len(p.ids); i < len(all.Interfaces); i++ {
		p.ids = append(p.ids, -1)
		if name := all.Interfaces[i].Point; name == p.name || name == "" && p.first {
			p.ids[i] = len(list)
			list = append(list, trace.Interface{})
		}
	}
	for i, id := range p.ids {
		if id >= 0 {
			list[id] = all.Interfaces[i]
		}
	}
	p.info.Interfaces = list
	if !p.first { // once is enough
		p.info.Damage, p.info.Names, p.info.Secrets, p.info.Blocks = trace.Damage{}, nil, nil, nil
	}
}

// takes reports whether the point has the record, and gives it its interface.
func (p *onePoint) takes(rec *trace.Record) bool {
	if rec.Interface < 0 || rec.Interface >= len(p.ids) {
		return p.first
	}
	rec.Interface = p.ids[rec.Interface]
	return rec.Interface >= 0
}

// Next implements trace.Reader.
func (p *onePoint) Next(rec *trace.Record) error {
	for {
		err := p.Reader.Next(rec)
		if err != nil {
			p.learn()
			return err
		}
		if rec.Kind != trace.Packet || len(p.Reader.Info().Interfaces) != len(p.ids) {
			p.learn()
		}
		if p.takes(rec) {
			return nil
		}
	}
}

// onePointBatches is onePoint over a reader that hands out many records at a time.
type onePointBatches struct {
	onePoint
	batches trace.BatchReader
}

// NextBatch implements trace.BatchReader.
func (p *onePointBatches) NextBatch(b *trace.Batch) error {
	for {
		err := p.batches.NextBatch(b)
		p.learn()
		if err != nil {
			return err
		}
		if p.pick(b); len(b.Frames) > 0 {
			return nil
		}
	}
}

// pick leaves the frames of the point in the batch.
func (p *onePointBatches) pick(b *trace.Batch) {
	kept := b.Frames[:0]
	for _, f := range b.Frames {
		if f.Odd() {
			if p.takes(&b.Records[f.Off]) {
				kept = append(kept, f)
			}
		} else if id := p.ids[f.Interface]; id >= 0 {
			f.Interface = uint16(id)
			kept = append(kept, f)
		}
	}
	b.Frames = kept
}
