package engine

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

// A Survey looks at every record of a capture once and keeps what it needs of each. Records are looked at in lanes, out of order, and taken in order.
type Survey struct {
	// Applications are those whose layers rows have, beside an analysis that only wants requests. Otherwise they are those of the run.
	Applications *stream.Choice
	// Begin is called before the first record, and End when all were taken. What the source says of itself grows between them.
	Begin, End func(info *trace.Info)
	// Looker makes what looks at the rows of a lane, [NoLane] for those that belong to none.
	Looker func(lane int) Looker
	// Take gets the records of a batch in order: said has what the lookers noted of each. It is called by one goroutine; batch and notes are
	// valid until it returns.
	Take func(b *trace.Batch, said []Said) error
	// Number gets the numbers in the order of all records of a lane's conversations, when all records are read.
	Number func(lane int, numbers []int)
}

// NoLane stands for the records that no lane follows.
const NoLane = -1

// A Looker looks at the rows of one lane, in order.
type Looker interface {
	// Look notes a row. framed says that its record is a [trace.Frame] of the batch, and not odd. The text is copied.
	Look(row *Row, framed bool) Note
	// Plain notes a frame of the batch that was not decoded, by its segment of TCP: no application looks at it. ok is false when it is to be decoded.
	Plain(segment []byte, seen *flow.Sighting) (n Note, ok bool)
}

// A Note is what a Looker says of a row, in words of its own.
type Note struct {
	Number uint32
	Text   []byte
}

// A Said is the note of a record, and the lane that it is from.
type Said struct {
	Lane int
	Note
}

// InLanes reports whether the run is over one source that lanes may follow, as far as its beginning tells: a capture in a file.
func (r *Run) InLanes() bool {
	s := r.sources[0]
	_, ok := s.reader.(trace.BatchReader)
	return ok && len(r.sources) == 1 && s.rewindable() && !s.ordered()
}

// Survey feeds every record through the trackers, as Each does, in lanes: see InLanes. false, with no error, says that the source turns out to hold what only a
// pass in order can follow. Then some records may have been taken, and the run is over.
func (r *Run) Survey(v *Survey) (bool, error) {
	s := r.sources[0]
	return s.inLanes(r.ctx, s.reader.(trace.BatchReader), workers(r.opt.Workers), &selector{survey: v, decoder: r.opt.decoder()})
}

// besides is what surveys the source beside its analysis, nil for nothing. An analysis of requests has a choice of applications; without one there is no survey.
func (s *source) besides() *selector {
	if s.options.Survey == nil || s.streams == nil {
		return nil
	}
	v := s.options.Survey(s.index)
	if v == nil {
		return nil
	}
	if !s.streams.choice.Layers() {
		s.shown = &streams{choice: v.Applications, source: s.index, keys: secrets.NewLearned(s.options.Secrets)}
	}
	return &selector{survey: v, beside: true, decoder: s.options.decoder()}
}

// noted are the notes of a batch.
type noted struct {
	said  []Said // by frame
	texts [flow.Lanes][]byte
}

func (n *noted) reset() {
	for i := range n.texts {
		n.texts[i] = n.texts[i][:0]
	}
}

func (n *noted) expect(frames int) {
	if cap(n.said) < frames {
		n.said = make([]Said, frames)
	}
	n.said = n.said[:frames]
}

// note keeps the note of lane i about a frame.
func (n *noted) note(i int, frame uint32, of Note) {
	if len(of.Text) > 0 {
		at := len(n.texts[i])
		n.texts[i] = append(n.texts[i], of.Text...)
		of.Text = n.texts[i][at:len(n.texts[i]):len(n.texts[i])]
	}
	n.said[frame] = Said{i, of}
}

// meets reports whether the applications of a survey look at the payload of a frame that the tracker took: Ethernet, IPv4 without options or IPv6.
func meets(shown *stream.Applications, b *batch, d *dealt, conv *flow.Conversation, payload int) bool {
	data := b.Data[d.frame.Off : d.frame.Off+d.frame.Len]
	at, end := plainTCP(data)
	return shown.Meets(conv.ID, binary.BigEndian.Uint16(data[at:]), binary.BigEndian.Uint16(data[at+2:]), data[end-payload:end])
}

// plainTCP is where the TCP header begins in a frame that the tracker took, and where its packet ends.
func plainTCP(data []byte) (at, end int) {
	const ethernet, ip4, ip6 = 14, 20, 40
	if binary.BigEndian.Uint16(data[12:]) == 0x86dd {
		return ethernet + ip6, ethernet + ip6 + int(binary.BigEndian.Uint16(data[ethernet+4:]))
	}
	return ethernet + ip4, ethernet + int(binary.BigEndian.Uint16(data[ethernet+2:]))
}

// surveyed notes a frame that the tracker took; false when it is to be decoded. Without a survey there is nothing to note.
func (l *lane) surveyed(b *batch, i int, d *dealt) bool {
	if l.looker == nil {
		return true
	}
	l.tracker.Tell(&l.seen)
	f := &d.frame
	data := b.Data[f.Off : f.Off+f.Len]
	at, end := plainTCP(data)
	of, ok := l.looker.Plain(data[at:end], &l.seen)
	if ok {
		b.picks.judged[d.place] = true
		b.picks.note(i, d.place, of)
	}
	return ok
}

// hand gives the survey the records of a batch.
func (v *Survey) hand(s *selector) func(b *batch) error {
	return func(b *batch) error {
		k := &b.picks
		for i := range b.Frames {
			if !k.judged[i] {
				s.decode(b, uint32(i))
				of := s.looker.Look(&s.row, !b.Frames[i].Odd())
				of.Text = append([]byte(nil), of.Text...)
				k.said[i] = Said{NoLane, of}
			}
		}
		return v.Take(&b.Batch, k.said)
	}
}
