package trace

// A Frame is one record of a [Batch]. Nearly all are packets of which the
// source says no more than bytes, time and interface; the others have a
// whole [Record].
type Frame struct {
	Time      int64  // as Record.Time
	Off, Len  uint32 // the captured bytes are Batch.Data[Off:Off+Len]
	Wire      uint32 // length on the wire
	At        uint32 // of the record in the source, relative to Batch.Offset
	Number    uint32 // of the record, relative to Batch.First
	Interface uint16
	Link      uint16 // link type, or oddFrame: Off is then an index in Batch.Records
}

// oddFrame marks a frame whose record is in Batch.Records; it is no value of the LINKTYPE_ registry.
const oddFrame = 0xffff

// Odd reports whether the frame has a whole record.
func (f *Frame) Odd() bool { return f.Link == oddFrame }

// A Batch is consecutive records of one source whose memory belongs to the
// batch: they stay valid, and may be read by several goroutines, until the
// batch is filled again.
type Batch struct {
	Source int
	First  int64  // number that Frame.Number counts from
	Offset int64  // position in the source that Frame.At counts from
	Block  uint32 // Record.Block of all frames that have no record of their own
	Data   []byte
	Frames []Frame
	// Records are those that do not fit a Frame: with metadata, or no packets.
	Records []Record
	metas   []*Meta
	used    int
	events  []*EventHeader
	logged  int
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.Frames, b.Records, b.used = b.Frames[:0], b.Records[:0], 0
	b.logged = 0
}

// Append adds a record that the reader will reuse. Its Data, and what Meta and
// Event point at, must lie in memory that the batch owns.
func (b *Batch) Append(r *Record) {
	b.Frames = append(b.Frames, Frame{Time: r.Time, Off: uint32(len(b.Records)), Link: oddFrame})
	b.Records = append(b.Records, *r)
	if r.Event != nil {
		if b.logged == len(b.events) {
			b.events = append(b.events, new(EventHeader))
		}
		e := b.events[b.logged]
		b.logged++
		*e = *r.Event
		b.Records[len(b.Records)-1].Event = e
	}
	if r.Meta == nil {
		return
	}
	if b.used == len(b.metas) {
		b.metas = append(b.metas, new(Meta))
	}
	m := b.metas[b.used]
	b.used++
	*m = *r.Meta
	b.Records[len(b.Records)-1].Meta = m
}

// Record fills r with the frame of this index.
func (b *Batch) Record(i int, r *Record) {
	f := &b.Frames[i]
	if f.Odd() {
		*r = b.Records[f.Off]
		return
	}
	b.Fill(f, r)
}

// Fill fills r with a frame that is not odd, or a copy of it.
func (b *Batch) Fill(f *Frame, r *Record) {
	r.Pos.Source, r.Pos.Number, r.Pos.Offset = b.Source, b.First+int64(f.Number), b.Offset+int64(f.At)
	r.Time, r.Kind, r.Link = f.Time, Packet, LinkType(f.Link)
	r.Data, r.WireLen = b.Data[f.Off:f.Off+f.Len:f.Off+f.Len], int(f.Wire)
	r.FCS, r.Interface, r.Numbered = 0, int(f.Interface), true
	r.Event, r.Meta, r.Block, r.Enterprise, r.Text = nil, nil, b.Block, 0, ""
}

// A BatchReader is a Reader that can hand out many records at a time.
// NextBatch and Next are not mixed on one reader.
type BatchReader interface {
	Reader
	// NextBatch fills b with at least one record, or returns the error that
	// Next would. b.Data is reused when its capacity suffices.
	NextBatch(b *Batch) error
}
