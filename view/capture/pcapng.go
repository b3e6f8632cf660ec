package capture

import (
	"fmt"
	"io"
	"math"

	"github.com/wiretale/wiretale/format/pcapng"
	"github.com/wiretale/wiretale/trace"
)

// PcapNG writes a pcapng file (draft-ietf-opsawg-pcapng).
type PcapNG struct {
	w     io.Writer
	opt   Options
	order order
	buf   []byte
	begun bool

	origins map[originKey]*origin
	current *origin
	ifaces  []iface // of the section
	// darwin is how many of Apple's process blocks the section has: packets refer to them by position.
	darwin uint32
	omissions
}

// An origin is a section of a source.
type originKey struct{ source, section int }

type origin struct {
	originKey
	order    order // of what is taken over as it was
	scanned  int   // how many of info.Interfaces were looked at
	ids      []int // interfaces of the file, by index in info.Interfaces; -1 for those that it has not
	variants map[variant]int
	darwin   []uint32 // positions in the file of the origin's process blocks
}

// A variant is what interfaces are told apart by where a source does not describe them in pcapng's sense.
type variant struct {
	index           int
	link            trace.LinkType
	fcs             uint8
	component, edge uint16
	placed          bool
}

// An iface is an interface of the section.
type iface struct {
	link   trace.LinkType
	fcs    uint8
	unit   int64 // nanoseconds of a tick
	offset int64 // nanoseconds, if_tsoffset
	snap   int
}

// NewPcapNG starts a pcapng file on w.
func NewPcapNG(w io.Writer, opt Options) *PcapNG {
	return &PcapNG{w: w, opt: opt, origins: map[originKey]*origin{}}
}

// Describe implements Writer.
func (w *PcapNG) Describe(source int, info *trace.Info) error {
	for section := range max(1, len(info.Sections)) {
		if cur := w.current; !w.opt.Joined && cur != nil && section < cur.section {
			continue
		}
		if section < len(info.Sections) || !info.NamesInterfaces {
			w.enter(originKey{source, section}, info)
		}
	}
	return w.flush(flushAt)
}

// Write implements Writer.
func (w *PcapNG) Write(info *trace.Info, rec *trace.Record) error {
	if rec.Kind == trace.Event && rec.Event.Header != trace.HeaderJournal {
		w.add(kindNames[rec.Kind])
		return nil
	}
	section := rec.Section
	if i := place(info, rec); rec.Kind == trace.Packet {
		section = 0
		if i != nil {
			section = i.Section
		}
	}
	key := originKey{rec.Pos.Source, section}
	if w.current == nil || w.current.originKey != key || w.current.scanned != len(info.Interfaces) {
		w.enter(key, info)
	}
	if rec.Kind == trace.Packet {
		w.packet(info, rec)
	} else {
		w.other(info, rec)
	}
	return w.flush(flushAt)
}

// Close implements Writer.
func (w *PcapNG) Close() error {
	if !w.begun {
		w.section(&w.opt.Section)
	}
	return w.flush(0)
}

// Omitted implements Writer.
func (w *PcapNG) Omitted() []Omission { return w.omissions }

func (w *PcapNG) flush(from int) error {
	if len(w.buf) < from {
		return nil
	}
	_, err := w.w.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// enter makes the origin of what follows the current one, and writes the interfaces that are known of it.
func (w *PcapNG) enter(key originKey, info *trace.Info) {
	o := w.origins[key]
	if o == nil {
		if last := w.current; !w.opt.Joined && last != nil && last.source == key.source {
			for s := last.section + 1; s < key.section && s < len(info.Sections); s++ { // those without a record
				w.enter(originKey{key.source, s}, info)
			}
		}
		o = &origin{originKey: key, order: orderOf(key.section < len(info.Sections) && info.Sections[key.section].BigEndian), variants: map[variant]int{}}
		w.origins[key] = o
		w.begin(o, info)
	}
	w.current = o
	whole := len(info.Sections) > 0 || !info.NamesInterfaces
	for ; o.scanned < len(info.Interfaces); o.scanned++ {
		o.ids = append(o.ids, -1)
		if i := &info.Interfaces[o.scanned]; whole && i.Section == key.section && i.Link <= maxLink {
			o.ids[o.scanned] = w.describe(i, o.order)
		}
	}
}

// begin writes the section header that the origin needs.
func (w *PcapNG) begin(o *origin, info *trace.Info) {
	if w.opt.Joined && w.begun {
		return
	}
	s := w.opt.Section
	if !w.opt.Joined {
		if o.section < len(info.Sections) {
			s = info.Sections[o.section]
			if s.Application == "" {
				s.Application = w.opt.Section.Application
			}
		} else {
			s.Comments = append(s.Comments[:len(s.Comments):len(s.Comments)], info.Comments...)
			for _, f := range []struct{ to, from *string }{{&s.Hardware, &info.Hardware}, {&s.OS, &info.OS}} {
				if *f.to == "" {
					*f.to = *f.from
				}
			}
		}
	}
	w.section(&s)
}

// section writes a section header block.
func (w *PcapNG) section(s *trace.Section) {
	w.begun, w.order, w.ifaces, w.darwin = true, orderOf(s.BigEndian), w.ifaces[:0], 0
	b := w.block(blockSection)
	b.u32(0x1a2b3c4d)
	b.u16(1)
	b.u16(0)
	b.u32(math.MaxUint32) // the length is not given
	b.u32(math.MaxUint32)
	n := len(b.buf)
	b.texts(pcapng.OptComment, s.Comments)
	b.text(pcapng.OptHardware, s.Hardware)
	b.text(pcapng.OptOS, s.OS)
	b.text(pcapng.OptApplication, s.Application)
	b.options(blockSection, s.Options, w.order)
	b.finish(n)
	w.buf = b.end()
}

// finish ends the options that began at n, if there are any.
func (b *block) finish(n int) {
	if len(b.buf) > n {
		b.u32(pcapng.OptEnd)
	}
}

// describe writes an interface description block and returns the number of the interface in its section.
func (w *PcapNG) describe(i *trace.Interface, from order) int {
	b := w.block(blockInterface)
	b.u16(uint16(i.Link))
	b.u16(0)
	b.u32(uint32(max(0, i.SnapLen)))
	n := len(b.buf)
	b.texts(pcapng.OptComment, i.Comments[:len(i.Comments)-i.CommentsOnStatistics])
	b.text(pcapng.OptIfName, i.Name)
	b.text(pcapng.OptIfDescription, i.Description)
	if len(i.MAC) > 0 {
		b.option(pcapng.OptIfMAC, i.MAC)
	}
	if i.Speed > 0 {
		b.number64(pcapng.OptIfSpeed, i.Speed)
	}
	exp, unit := resolution(i.Resolution)
	b.option(pcapng.OptIfResolution, []byte{exp})
	if i.Filter != "" {
		b.option(pcapng.OptIfFilter, append([]byte{0}, i.Filter...))
	}
	b.text(pcapng.OptIfOS, i.OS)
	if i.FCS > 0 {
		b.option(pcapng.OptIfFCSLen, []byte{i.FCS})
	}
	offset := i.Offset
	if offset > maxOffset || offset < -maxOffset { // such times were none
		offset = 0
	}
	if offset != 0 {
		b.number64(pcapng.OptIfOffset, uint64(offset))
	}
	b.text(pcapng.OptIfHardware, i.Hardware)
	b.options(blockInterface, i.Options, from)
	if !hasAddresses(i.Options) {
		b.addresses(i.Addresses)
	}
	b.finish(n)
	w.buf = b.end()
	w.ifaces = append(w.ifaces, iface{link: i.Link, fcs: i.FCS, unit: unit, offset: offset * 1e9, snap: i.SnapLen})
	return len(w.ifaces) - 1
}

// maxOffset is the largest offset of times that 64 bits of nanoseconds hold, in seconds.
const maxOffset = math.MaxInt64 / 1_000_000_000

// resolution is the exponent of if_tsresol that keeps times whose tick has this length in nanoseconds, and the length that it means.
func resolution(tick float64) (exp uint8, unit int64) {
	unit = 1e9
	for exp = range uint8(9) {
		if tick == float64(unit) {
			return exp, unit
		}
		unit /= 10
	}
	return 9, 1
}

// packet writes a packet of the current origin.
func (w *PcapNG) packet(info *trace.Info, rec *trace.Record) {
	if rec.Link > maxLink {
		w.add(fmt.Sprintf("records of type %v, for which there is no link type", rec.Link))
		return
	}
	id := w.ifaceOf(info, rec)
	i := &w.ifaces[id]
	if rec.Time == trace.NoTime && id == 0 && rec.Meta == nil && rec.FCS == 0 && (len(rec.Data) == rec.WireLen || len(rec.Data) == i.snap) {
		w.simple(rec)
		return
	}
	b := w.block(blockEnhanced)
	b.u32(uint32(id))
	b.ticks(w.ticks(rec.Time, i))
	b.u32(uint32(len(rec.Data)))
	b.u32(uint32(rec.WireLen))
	b.bytes(rec.Data)
	if rec.Meta != nil || rec.FCS != i.fcs {
		n := len(b.buf)
		w.packetOptions(&b, rec, i)
		b.finish(n)
	}
	w.buf = b.end()
}

// simple writes a simple packet block: the only one without a time.
func (w *PcapNG) simple(rec *trace.Record) {
	b := w.block(blockSimple)
	b.u32(uint32(rec.WireLen))
	b.bytes(rec.Data)
	w.buf = b.end()
}

// ticks is a time in the clock of an interface.
func (w *PcapNG) ticks(t int64, i *iface) uint64 {
	if t == trace.NoTime {
		w.add("times of packets without one: they are 0")
		return 0
	}
	since := t - i.offset
	if since < 0 {
		w.add("times before 1970: they are 0")
		return 0
	}
	return uint64(since / i.unit)
}

// ifaceOf is the interface of a packet; one is made when the source described none that fits.
func (w *PcapNG) ifaceOf(info *trace.Info, rec *trace.Record) int {
	o := w.current
	placed := rec.Meta != nil && rec.Meta.HasEdge
	if rec.Interface >= 0 && rec.Interface < len(o.ids) && !placed {
		if id := o.ids[rec.Interface]; id >= 0 && w.ifaces[id].link == rec.Link {
			return id
		}
	}
	v := variant{index: rec.Interface, link: rec.Link, fcs: rec.FCS, placed: placed}
	if placed {
		v.component, v.edge = rec.Meta.Component, rec.Meta.Edge
	}
	id, ok := o.variants[v]
	if !ok {
		id = w.describe(v.describe(info, rec), o.order)
		o.variants[v] = id
	}
	return id
}

// describe makes up the interface of a variant: that of the source, with what differs.
func (v *variant) describe(info *trace.Info, rec *trace.Record) *trace.Interface {
	i := trace.Interface{}
	if from := place(info, rec); from != nil {
		i = *from
	}
	i.Link, i.FCS = v.link, v.fcs
	if v.placed {
		i.Description = fmt.Sprintf("%s, component %d, edge %d", rec.Meta.Layer, v.component, v.edge)
	}
	return &i
}
