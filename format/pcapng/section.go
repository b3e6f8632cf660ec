package pcapng

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"net/netip"

	"github.com/wiretale/wiretale/trace"
)

// clock turns the ticks of one interface into nanoseconds since 1970 (draft, 4.2, if_tsresol and if_tsoffset).
type clock struct {
	perSecond uint64 // ticks a second; 0 when it does not fit, then shift is used
	shift     uint   // ticks are 2^-shift seconds, valid iff binary
	binary    bool
	offset    int64 // seconds
	fcs       uint8 // bytes of frame check sequence, if_fcslen
}

func newClock(resolution byte, offset int64) clock {
	c := clock{offset: offset}
	exp := resolution & 0x7f
	if resolution&0x80 != 0 {
		c.binary, c.shift = true, uint(min(exp, 63))
		return c
	}
	c.perSecond = 1
	for range min(exp, 19) {
		c.perSecond *= 10
	}
	return c
}

// tick is the length of a tick in nanoseconds.
func (c clock) tick() float64 {
	if c.binary {
		return 1e9 / math.Exp2(float64(c.shift))
	}
	return 1e9 / float64(c.perSecond)
}

// nanoseconds since 1970; trace.NoTime when the sum does not fit an int64.
func (c clock) nanoseconds(ticks uint64) int64 {
	var sec, frac uint64
	if c.binary {
		sec = ticks >> c.shift
		hi, lo := bits.Mul64(ticks&(1<<c.shift-1), 1e9)
		frac = hi<<(64-c.shift) | lo>>c.shift
		if c.shift == 0 {
			frac = 0
		}
	} else {
		sec = ticks / c.perSecond
		hi, lo := bits.Mul64(ticks%c.perSecond, 1e9)
		frac, _ = bits.Div64(hi, lo, c.perSecond)
	}
	const limit = math.MaxInt64 / 1_000_000_000
	if sec > limit || c.offset > limit || c.offset < -limit {
		return trace.NoTime
	}
	total := int64(sec) + c.offset
	if total > limit-1 || total < -limit+1 {
		return trace.NoTime
	}
	return total*1e9 + int64(frac)
}

func (r *Reader) sectionHeader(body []byte) *trace.Error {
	if len(body) < 16 {
		return &trace.Error{Layer: "pcapng section header block", Need: 16, Have: int64(len(body)), Err: trace.ErrCorrupt}
	}
	if r.section == maxSections-1 {
		r.skip = true
		return &trace.Error{Layer: "pcapng section header block", Detail: "too many sections", Err: trace.ErrCorrupt}
	}
	r.section++
	r.info.Sections = append(r.info.Sections, trace.Section{BigEndian: r.order == binary.BigEndian})
	s := &r.info.Sections[r.section]
	r.first = len(r.info.Interfaces)
	r.clocks = r.clocks[:0]
	r.firstProcess = len(r.info.Processes)
	major, minor := r.order.Uint16(body[4:]), r.order.Uint16(body[6:])
	// 1.2 is a 1.0 that some writers mislabel (draft, 4.1).
	if r.skip = major != 1 || minor != 0 && minor != 2; r.skip {
		return &trace.Error{Layer: "pcapng section header block", Detail: fmt.Sprintf("section of version %d.%d skipped", major, minor), Err: trace.ErrCorrupt}
	}
	note := "little-endian"
	if s.BigEndian {
		note = "big-endian"
	}
	r.info.FormatNote = fmt.Sprintf("%d.%d, %s", major, minor, note)
	if r.section > 0 {
		r.info.FormatNote += fmt.Sprintf(", %d sections", r.section+1)
	}
	for code, v := range Options(body[16:], r.order) {
		switch code {
		case OptComment:
			s.Comments = append(s.Comments, text(v))
		case OptHardware:
			s.Hardware = text(v)
			r.info.Hardware = s.Hardware
		case OptOS:
			s.OS = text(v)
			r.info.OS = s.OS
		case OptApplication:
			s.Application = text(v)
			r.info.Application = s.Application
		default:
			s.Options = keep(s.Options, code, v)
		}
	}
	r.info.Comments = append(r.info.Comments, s.Comments...)
	return nil
}

// maxSections bounds the list: a hostile file can hold nothing but section headers.
const maxSections = 1 << 16

// keep appends an option with a copy of its value.
func keep(list []trace.Option, code uint16, v []byte) []trace.Option {
	return append(list, trace.Option{Code: code, Value: append([]byte(nil), v...)})
}

// maxInterfaces bounds the list: a hostile file can hold nothing but interface blocks.
const maxInterfaces = 1 << 20

func (r *Reader) interfaceDescription(body []byte) *trace.Error {
	if len(body) < 8 {
		return &trace.Error{Layer: "pcapng interface description block", Need: 8, Have: int64(len(body)), Err: trace.ErrCorrupt}
	}
	if len(r.info.Interfaces) >= maxInterfaces {
		return &trace.Error{Layer: "pcapng interface description block", Detail: "too many interfaces", Err: trace.ErrCorrupt}
	}
	i := trace.Interface{
		ID: len(r.clocks), Section: max(0, r.section), Link: linkType(r.order.Uint16(body)), SnapLen: int(min(r.order.Uint32(body[4:]), math.MaxInt32)),
		Received: -1, IfDrop: -1, OSDrop: -1, Accepted: -1, Delivered: -1,
	}
	resolution, offset, fcs := byte(6), int64(0), byte(0)
	for code, v := range Options(body[8:], r.order) {
		switch {
		case code == OptComment:
			i.Comments = append(i.Comments, text(v))
			if name := trace.PointOf(text(v)); name != "" {
				i.Point = name
			}
		case code == OptIfName:
			i.Name = text(v)
		case code == OptIfDescription:
			i.Description = text(v)
		case code == OptIfIPv4 && len(v) == 8:
			i.Addresses = append(i.Addresses, netip.AddrFrom4([4]byte(v[:4])).String())
			i.Options = keep(i.Options, code, v)
		case code == OptIfIPv6 && len(v) == 17:
			i.Addresses = append(i.Addresses, fmt.Sprintf("%v/%d", netip.AddrFrom16([16]byte(v[:16])), v[16]))
			i.Options = keep(i.Options, code, v)
		case code == OptIfMAC:
			i.MAC = append([]byte(nil), v...)
		case code == OptIfSpeed && len(v) == 8:
			i.Speed = number(v, r.order)
		case code == OptIfResolution && len(v) >= 1:
			resolution = v[0]
		case code == OptIfFilter && len(v) > 1 && v[0] == 0:
			i.Filter = text(v[1:])
		case code == OptIfFCSLen && len(v) == 1:
			fcs = v[0]
		case code == OptIfOS:
			i.OS = text(v)
		case code == OptIfOffset && len(v) == 8:
			offset = int64(number(v, r.order))
		case code == OptIfHardware:
			i.Hardware = text(v)
		default:
			i.Options = keep(i.Options, code, v)
		}
	}
	c := newClock(resolution, offset)
	c.fcs, i.FCS, i.Offset = fcs, fcs, offset
	i.Resolution = c.tick()
	r.clocks = append(r.clocks, c)
	r.info.Interfaces = append(r.info.Interfaces, i)
	return nil
}

// linkType maps the DLT_ numbers of raw IP that some writers use.
func linkType(n uint16) trace.LinkType {
	if n == 12 || n == 14 {
		return trace.LinkRaw
	}
	return trace.LinkType(n)
}

func (r *Reader) statistics(body []byte, rec *trace.Record) {
	if len(body) < 12 {
		return
	}
	id := int(r.order.Uint32(body))
	if id >= len(r.clocks) {
		return
	}
	i := &r.info.Interfaces[r.first+id]
	i.HasStatistics = true
	for code, v := range Options(body[12:], r.order) {
		n := int64(number(v, r.order))
		switch code {
		case OptStatReceived:
			i.Received = n
		case OptStatIfDrop:
			i.IfDrop = n
		case OptStatAccepted:
			i.Accepted = n
		case OptStatOSDrop:
			i.OSDrop = n
		case OptStatDelivered:
			i.Delivered = n
		case OptComment:
			i.Comments = append(i.Comments, text(v))
			i.CommentsOnStatistics++
		}
	}
	rec.Interface = r.first + id
	rec.Text = statisticsText(i)
}
