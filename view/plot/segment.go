package plot

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// A segment is a packet of the conversation as plots need it. The fields after
// len are those of TCP.
type segment struct {
	time int64 // nanoseconds since the plot's time 0
	pos  trace.Pos
	from int   // index of the sender in Conv.Ends
	len  int64 // payload in bytes, on the wire

	tcp bool
	// seq and ack are relative to the initial sequence numbers and do not wrap.
	// ack is valid iff hasAck.
	seq, ack int64
	hasAck   bool
	flags    tcp.Flags
	// window is after scaling, valid iff hasWindow: the header was captured whole and has a window to speak of.
	window     int64
	hasWindow  bool
	scaleKnown bool
	sacks      [maxSACKs]block
	nsacks     int

	resent, late, dupAck, zeroWindow, keepAlive bool
}

// block is a range of sequence numbers, end excluded.
type block struct{ from, to int64 }

// maxSACKs is how many blocks fit into the options of a segment (RFC 2018, 3).
const maxSACKs = 4

// at is a point of the segment with one value.
func (g *segment) at(v float64) Point { return g.bar(v, v) }

// bar is a point of the segment from one value to another.
func (g *segment) bar(low, high float64) Point {
	return Point{g.time, low, high, g.pos.Number, int32(g.pos.Source)}
}

// occupies reports whether the segment takes sequence numbers.
func (g *segment) occupies() bool { return g.next() > g.seq }

// next is the sequence number after the segment. SYN and FIN count as 1 (RFC 9293, 3.4).
func (g *segment) next() int64 {
	n := g.seq + g.len
	if g.flags&tcp.SYN != 0 {
		n++
	}
	if g.flags&tcp.FIN != 0 {
		n++
	}
	return n
}

// segments turns rows into segments of one conversation. It is the only place that reads what the tracker says.
type segments struct {
	conv     *flow.Conversation
	start    int64
	space    [2]space // by sender
	untimed  int64    // packets of the conversation without a time
	unscaled [2]bool  // windows of this side are shown as sent
}

func newSegments(opt *Options) segments { return segments{conv: opt.Conv, start: opt.Start} }

// of fills g from a row; false for rows of others, further sightings, fragments and packets without a time.
func (s *segments) of(row *engine.Row, g *segment) bool {
	p, seen := row.Packet, row.Sighting
	if p == nil || seen == nil || seen.Conv == nil || seen.Conv != s.conv || seen.Duplicate {
		return false
	}
	if p.Record.Time == trace.NoTime {
		s.untimed++
		return false
	}
	*g = segment{time: since(p.Record.Time, s.start), pos: p.Record.Pos, from: s.sender(p, seen), len: int64(p.PayloadLen)}
	if seen.TCP {
		s.header(p, seen, g)
	}
	return true
}

// sender is the index of the sender in the final ends, which may have been turned since the packet was tracked.
func (s *segments) sender(p *packet.Packet, seen *flow.Sighting) int {
	ends := &s.conv.Ends
	if ends[0] == ends[1] {
		return seen.Dir
	}
	if netip.AddrPortFrom(p.Src, p.SrcPort) == ends[0] {
		return 0
	}
	if p.Transport != proto.TCP && p.Transport != proto.UDP && p.Transport != proto.SCTP && p.Src == ends[0].Addr() {
		return 0
	}
	return 1
}

func (s *segments) header(p *packet.Packet, seen *flow.Sighting, g *segment) {
	h := &p.TCP
	g.tcp, g.flags = true, h.Flags
	g.seq = s.space[g.from].at(seen.RelSeq)
	g.hasAck = h.Flags&tcp.ACK != 0 && h.Flags&tcp.RST == 0
	if g.hasAck {
		g.ack = s.space[1-g.from].at(seen.RelAck)
	}
	g.hasWindow = h.Flags&tcp.RST == 0 && !(p.Has(packet.Cut) && h.Window == 0)
	g.window, g.scaleKnown = int64(seen.Window), seen.ScaleKnown
	if g.hasWindow && !g.scaleKnown {
		s.unscaled[g.from] = true
	}
	v := seen.Analysis
	g.resent, g.late, g.dupAck = v.Has(flow.Resent), v.Has(flow.OutOfOrder), v.Has(flow.DuplicateAck)
	g.zeroWindow, g.keepAlive = v.Has(flow.ZeroWindow), v.Has(flow.KeepAlive)
	if g.hasAck && len(h.Options) > 0 {
		g.nsacks = sackBlocks(h.Options, h.Ack, g.ack, &g.sacks)
	}
}

// analysed reports whether the tracker has marked the segment: the packets of Wireshark's tcp.analysis.flags.
func analysed(s *flow.Sighting) bool {
	return s.TCP && s.Analysis.Has(flow.Flagged)
}

// sackBlocks reads the blocks of SACK options (RFC 2018, 3). Their edges
// become relative by their distance from the acknowledgement. Empty blocks and
// ones that span half of the sequence space are left out.
func sackBlocks(options []byte, ack uint32, rel int64, out *[maxSACKs]block) int {
	n := 0
	for {
		kind, value, rest, ok := tcp.NextOption(options)
		if !ok {
			return n
		}
		options = rest
		if kind != tcp.OptionSACK {
			continue
		}
		for ; len(value) >= 8 && n < maxSACKs; value = value[8:] {
			left, right := binary.BigEndian.Uint32(value), binary.BigEndian.Uint32(value[4:])
			if int32(right-left) <= 0 {
				continue
			}
			from := rel + int64(int32(left-ack))
			out[n] = block{from, from + int64(right-left)}
			n++
		}
	}
}

// notes say what is not in the picture.
func (s *segments) notes() []string {
	if s.untimed == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d packets without a time are not shown", s.untimed)}
}

// windowNote says that the windows of a side are as sent.
func (s *segments) windowNote(side int) []string {
	if !s.unscaled[side] {
		return nil
	}
	return []string{"the window scale of " + s.conv.Ends[side].String() + " is unknown: windows before it was seen are as sent"}
}

// A space is one direction's sequence numbers without their wrap at 2^32.
type space struct {
	last  int64 // the highest number so far
	known bool
}

// at places a relative number within 2^31 of the highest one so far.
func (s *space) at(rel uint32) int64 {
	if !s.known {
		s.known = true
		s.last = int64(int32(rel))
		if s.last < -1 { // not one of a keep-alive just before the first byte
			s.last = int64(rel)
		}
	}
	n := s.last + int64(int32(rel-uint32(s.last)))
	s.last = max(s.last, n)
	return n
}

// since is t - start, held back where that overflows.
func since(t, start int64) int64 {
	d := t - start
	if t >= start && d < 0 {
		return 1<<63 - 1
	}
	if t < start && d > 0 {
		return -1 << 63
	}
	return d
}
