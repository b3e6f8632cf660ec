package index

import (
	"context"
	"io"
	"math"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// A source is the index of one source. Index.mu guards it.
type source struct {
	index  int
	n      int    // records that have a number: those of the list
	number column // Pos.Number less the record's place in the source: nearly always 1
	time   column
	// Where the captured bytes lie in the file, for records that can be read again; offset is -1 for the others.
	offset, captured, missing column // missing is the length on the wire beyond captured
	link                      column
	stance                    column // 0 without one, else stanceValue and the direction
	words                     bitset // records whose words are kept
	loose                     bitset // fragments
	told                      told
	stances                   [flow.Lanes + 1][]stance // by lane, of NoLane first
	complete                  bool
	spool                     *spool // nil for a source that is not compressed
	numbered                  bool   // conversations have their numbers
	again                     bool   // bytes can be read again
	untimed                   bool
	secrets                   bool // the source has keys
	monotone                  bool // numbers grow
	last                      int64
	held                      map[int]int64 // ranks of records behind a record without a number, where that has a later one
	after                     int64         // rank of such a record
	gaps                      gaps
}

func newSource(index int) *source {
	return &source{index: index, monotone: true, after: math.MinInt64}
}

func stanceValue(lane int, id int) int64 { return int64(id)*(flow.Lanes+1) + int64(lane+1) }

// survey surveys a source, in a pass of the index or beside an analysis.
func (x *Index) survey(index int) *engine.Survey {
	s := x.sources[index]
	s.told.dir = x.opt.TempDir
	return &engine.Survey{
		Applications: x.opt.Engine.Applications,
		Begin:        func(info *trace.Info) { x.begin(s, info) },
		Looker:       func(int) engine.Looker { return &looker{words: x.opt.Words, again: s.again} },
		Take:         func(b *trace.Batch, said []engine.Said) error { return x.take(s, b, said) },
		Number:       func(lane int, numbers []int) { x.renumber(s, lane, numbers) },
		End:          func(info *trace.Info) { x.end(s, info) },
	}
}

// begin notes what has to be known of a source before it is read.
func (x *Index) begin(s *source, info *trace.Info) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s.again = (info.Compression == "" || s.spool != nil) && (info.Format == "pcap" || info.Format == "pcapng")
	s.gaps = gaps{padded: info.Format == "pcapng"}
}

// end notes what is known of a source when it was read.
func (x *Index) end(s *source, info *trace.Info) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s.complete, s.numbered, s.untimed, s.secrets = true, true, info.Untimed, len(info.Secrets) > 0
	s.gaps.end(info)
}

// read fills the index of a source, unless it was surveyed.
func (x *Index) read(ctx context.Context, s *source) error {
	if s.complete {
		return nil
	}
	x.mu.Lock()
	s.forget()
	x.mu.Unlock()
	opt := x.opt.Engine
	if progress := opt.Progress; progress != nil {
		opt.Progress = func(_ int, done, total int64) { progress(s.index, done, total) }
	}
	opt.Spool = func(int) io.Writer { return x.spool(s.index) }
	run, err := engine.Open(ctx, x.paths[s.index:s.index+1], opt)
	if err != nil {
		return err
	}
	defer run.Close()
	if !run.InLanes() {
		return x.readInOrder(s, run)
	}
	if ok, err := run.Survey(x.survey(s.index)); err != nil || ok {
		return err
	}
	x.mu.Lock()
	s.forget()
	x.mu.Unlock()
	again, err := engine.Open(ctx, x.paths[s.index:s.index+1], opt)
	if err != nil {
		return err
	}
	defer again.Close()
	return x.readInOrder(s, again)
}

// readInOrder fills the index of a source that lanes cannot follow. The bytes of its records are not read again.
func (x *Index) readInOrder(s *source, run *engine.Run) error {
	x.mu.Lock()
	s.numbered = true // trackers of a pass in order number as it goes
	x.mu.Unlock()
	l := &looker{words: x.opt.Words, resolve: func(row *engine.Row) bool { return x.resolve(s, row) }}
	said := make([]engine.Said, 1)
	err := run.Each(func(row *engine.Row) error {
		rec := row.Record
		said[0] = engine.Said{Lane: engine.NoLane, Note: l.Look(row, false)}
		x.mu.Lock()
		defer x.mu.Unlock()
		return x.add(s, rec.Numbered, rec.Pos.Number, rec.Time, trace.Frame{Link: noLink}, -1, &said[0])
	})
	if err == nil {
		x.end(s, run.Info(0))
	}
	return err
}

// noLink is the link type of records that are not read again.
const noLink = math.MaxUint16

// forget empties the index of the source. The lock is held.
func (s *source) forget() {
	s.told.reset()
	s.n, s.number, s.time, s.offset, s.captured, s.missing, s.link, s.stance = 0, column{}, column{}, column{}, column{}, column{}, column{}, column{}
	s.words, s.loose, s.monotone, s.last, s.held, s.after = bitset{}, bitset{}, true, 0, nil, math.MinInt64
	clear(s.stances[:])
	s.gaps = gaps{}
}

// take adds the records of a batch.
func (x *Index) take(s *source, b *trace.Batch, said []engine.Said) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range b.Frames {
		f := b.Frames[i]
		var err error
		if f.Odd() {
			r := &b.Records[f.Off]
			err = x.add(s, r.Numbered, r.Pos.Number, r.Time, trace.Frame{Link: noLink}, -1, &said[i])
		} else {
			s.gaps.add(b.Offset+int64(f.At), b.Offset+int64(f.Off), int64(f.Len))
			err = x.add(s, true, b.First+int64(f.Number), f.Time, f, b.Offset+int64(f.Off), &said[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add adds a record; the captured bytes of the frame begin at offset. The lock is held.
func (x *Index) add(s *source, numbered bool, number, time int64, f trace.Frame, offset int64, said *engine.Said) error {
	if !numbered {
		if time != trace.NoTime && len(x.sources) > 1 {
			s.after = max(s.after, x.rank(s, number, time))
		}
		return nil
	}
	if s.after != math.MinInt64 {
		if s.held == nil {
			s.held = map[int]int64{}
		}
		s.held[s.n], s.after = s.after, math.MinInt64
	}
	text := said.Text
	value := int64(0)
	if id := said.Number >> noteBits; id > 0 {
		value = 1 + stanceValue(said.Lane, int(id-1))*2 + int64(said.Number&noteDir)
		if said.Number&noteStance != 0 {
			list := &s.stances[said.Lane+1]
			for len(*list) < int(id) {
				*list = append(*list, stance{})
			}
			(*list)[id-1].read(text)
			text = text[stanceLen:]
		}
	}
	kept := said.Number&noteTold != 0
	if kept {
		if err := s.told.add(text); err != nil {
			return err
		}
	}
	s.number.append(number - int64(s.n))
	s.time.append(time)
	s.offset.append(offset)
	s.captured.append(int64(f.Len))
	s.missing.append(int64(f.Wire) - int64(f.Len))
	s.link.append(int64(f.Link))
	s.stance.append(value)
	s.words.append(kept)
	s.loose.append(said.Number&noteLoose != 0)
	s.monotone = s.monotone && number > s.last
	s.last = number
	s.n++
	return nil
}

// rank is the time that a record is put in order by, of one that has a time.
func (x *Index) rank(s *source, number, time int64) int64 {
	if x.opt.Engine.Clock == nil {
		return time
	}
	return x.opt.Engine.Clock(&trace.Record{Pos: trace.Pos{Source: s.index, Number: number}, Time: time, Numbered: true})
}

// renumber gives the conversations of a lane their numbers in the order of all records.
func (x *Index) renumber(s *source, lane int, numbers []int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := s.stances[lane+1]
	for i := range list {
		if c := int(list[i].conv); c < len(numbers) {
			list[i].conv = int32(numbers[c])
		}
	}
}

// of is the stance of record i and who sent it; nil without one. The lock is held.
func (s *source) of(i int) (st *stance, dir int) {
	v := s.stance.at(i)
	if v == 0 {
		return nil, 0
	}
	v--
	dir, v = int(v&1), v>>1
	return &s.stances[v%(flow.Lanes+1)][v/(flow.Lanes+1)], dir
}

// frame is the number of record i. The lock is held.
func (s *source) frame(i int) int64 { return s.number.at(i) + int64(i) }

// size is the memory of the index of the source in bytes.
func (s *source) size() int {
	n := s.words.size() + s.loose.size() + s.told.size() + len(s.held)*32 + cap(s.gaps.list)*16
	for _, c := range [...]*column{&s.number, &s.time, &s.offset, &s.captured, &s.missing, &s.link, &s.stance} {
		n += c.size()
	}
	for _, list := range s.stances {
		n += cap(list) * 16
	}
	return n
}
