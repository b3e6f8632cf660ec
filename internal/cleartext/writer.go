package cleartext

import (
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/replay"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// A Writer writes opened conversations as connections of TCP that carry the clear bytes. Listen is for [stream.Choice.Hear] of the
// second pass, and Packet gets each packet of it behind that. It is not safe for concurrent use.
type Writer struct {
	survey *Survey
	chosen func(Key) bool
	ports  Ports
	out    func(*trace.Record) error
	conns  map[Key]*connection
	taken  map[[2]netip.AddrPort]taken // who has the pair of endpoints
	now    int64                       // of the frames that are written
	err    error
	// Kept counts connections whose port stays because another one has their endpoints, Streams those that were written, and Bytes what they carry.
	Kept, Streams, Bytes int64
	// Redacted counts credentials that were blanked, and Blanked bytes of what nobody looked through.
	Redacted, Blanked int64
	scratch           []byte
	over              []Key // connections that have ended, and are kept for what still comes of them
}

// maxOver bounds the connections that have ended and are kept.
const maxOver = 1024

// A taken pair of endpoints is that of a conversation with these endpoints in the capture.
type taken struct{ was [2]netip.AddrPort }

// NewWriter writes the opened conversations of a choice to out, whose record is valid until it returns.
func NewWriter(s *Survey, chosen func(Key) bool, ports Ports, out func(*trace.Record) error) *Writer {
	return &Writer{survey: s, chosen: chosen, ports: ports, out: out, conns: map[Key]*connection{}, taken: map[[2]netip.AddrPort]taken{}}
}

// A connection is one that is written.
type connection struct {
	*replay.Connection
	of       *conversation
	key      Key
	stream   int // of the capture
	at       cursor
	sides    [2]look
	ends     [2]bool // it sent its FIN, which is not written yet
	resets   [2]bool
	turned   map[place]int // turns that were passed
	gaps     [2]int64      // bytes behind what was sent that were not captured
	comments []string      // of the frame that is written
	meta     trace.Meta
	port     string // what became of the server's port
	told     bool   // it was said that something is left out
}

// A look is how the frames of a side are recorded.
type look struct {
	link  trace.LinkType
	iface int
}

// Listen says who listens to a conversation.
func (w *Writer) Listen(c *flow.Conversation) func(*stream.Heard) {
	if k := KeyOf(c); c.Proto == proto.TCP && w.survey.Opened(k) && w.chosen(k) {
		return w.hear
	}
	return nil
}

// Writes reports whether a conversation is one that is written.
func (w *Writer) Writes(c *flow.Conversation) bool {
	return c != nil && c.Proto == proto.TCP && w.survey.Opened(KeyOf(c)) && w.chosen(KeyOf(c))
}

// hear writes what is heard, as it comes.
func (w *Writer) hear(e *stream.Heard) {
	if w.err != nil || e.Depth > maxDepth {
		return
	}
	if e.Packet != nil || e.Depth > 0 { // else the bytes waited: they are known when others arrive
		w.now = e.Last.Time
	}
	c, err := w.conn(e.Conv)
	if err == nil && c != nil {
		if e.Packet != nil {
			c.segment(e.Packet, e.Dir)
		}
		err = w.event(c, e)
	}
	w.err = err
}

// event writes one event of a connection.
func (w *Writer) event(c *connection, e *stream.Heard) error {
	at := c.at.hear(e)
	switch e.Kind {
	case stream.HeardOpen:
		c.comments = append(c.comments[:0], fmt.Sprintf("frame %d, stream %d%s", e.Last.Number, c.stream, c.port))
		mss := 0
		if t := e.Conv.TCP; t != nil {
			mss = t.Sides[e.Dir].MSS
		}
		return c.Open(e.Dir, e.Packet.TCP.Seq, mss)
	case stream.HeardClose:
		c.ends[e.Dir] = c.ends[e.Dir] || e.Depth == 0
	case stream.HeardReset:
		c.resets[e.Dir] = true
	case stream.HeardBytes:
		return w.bytes(c, e, at)
	case stream.HeardEnd:
		if e.Depth == 0 {
			w.end(c)
			return w.settle(c, -1)
		}
	}
	return nil
}

// end forgets a connection, when others have ended behind it.
func (w *Writer) end(c *connection) {
	if w.over = append(w.over, c.key); len(w.over) > maxOver {
		delete(w.conns, w.over[0])
		w.over = w.over[1:]
	}
}

// bytes writes those that no other depth has in clear.
func (w *Writer) bytes(c *connection, e *stream.Heard, at int64) error {
	p := c.at.place(e.Dir, e.Depth)
	known := c.of.sides[p]
	data, lost, end := e.Data, e.Lost, at+int64(e.Len)
	for at < end {
		closed, upTo := c.closed(p, known, at)
		upTo = min(upTo, end)
		part := data[:min(int64(len(data)), upTo-at)]
		if !closed {
			lost += c.gaps[e.Dir]
			next := c.Next(e.Dir) + lost
			c.comment(e, lost, len(part) < int(upTo-at))
			if w.survey.Redact {
				part = w.redacted(known, at, part)
			}
			if err := c.Send(e.Dir, next, part); err != nil {
				return err
			}
			w.Bytes += int64(len(part))
			c.gaps[e.Dir] = upTo - at - int64(len(part))
		}
		data = data[min(int64(len(data)), upTo-at):]
		at, lost = upTo, 0
	}
	return nil
}

// closed reports whether the bytes at an offset are those of a unit that carries others, and how far that holds.
func (c *connection) closed(p place, known *side, at int64) (closed bool, upTo int64) {
	upTo = 1<<62 - 1
	if known == nil {
		return false, upTo
	}
	i := c.turned[p]
	for i < len(known.turns) && known.turns[i].at <= at {
		i++
	}
	c.turned[p] = i
	if i < len(known.turns) {
		upTo = known.turns[i].at
	}
	return i > 0 && known.turns[i-1].closed, upTo
}

// comment says where bytes are from.
func (c *connection) comment(e *stream.Heard, lost int64, cut bool) {
	frames := fmt.Sprintf("frame %d", e.Last.Number)
	if e.First.Number != e.Last.Number && e.First.Number > 0 {
		frames = fmt.Sprintf("frames %d..%d", e.First.Number, e.Last.Number)
	}
	text := fmt.Sprintf("copied from %s, stream %d", frames, c.stream)
	if e.Depth > 0 {
		text = fmt.Sprintf("decrypted from %s, stream %d", frames, c.stream)
		if with := c.of.agreed(e.Depth, e.First.Number); with != "" {
			text += ", " + with
		}
	}
	c.comments = append(c.comments[:0], text)
	if e.Depth > 0 && c.of.left && !c.told {
		c.told = true
		c.comments = append(c.comments, "what asked for TLS in clear before it is left out")
	}
	if lost > 0 {
		c.comments = append(c.comments, "bytes are missing before it: they were not captured, or not opened")
	}
	if cut {
		c.comments = append(c.comments, "its end was not captured")
	}
}

// Packet is for each packet of the pass, behind what was heard of it. It writes what the segment says besides bytes.
func (w *Writer) Packet(p *packet.Packet, s *flow.Sighting) error {
	if w.err != nil || s.Duplicate {
		return w.err
	}
	c := w.conns[KeyOf(s.Conv)]
	if c == nil || p.Transport != proto.TCP {
		return nil
	}
	w.now = p.Record.Time
	c.segment(p, s.Dir)
	w.err = w.settle(c, s.Dir)
	return w.err
}

// settle writes what a connection owes: the ends of its sides, and the acknowledgment of the one that sent a segment; -1 for none.
func (w *Writer) settle(c *connection, dir int) error {
	c.comments = c.comments[:0]
	for d := range c.ends {
		if c.ends[d] {
			if err := c.Close(d, c.Next(d)); err != nil {
				return err
			}
		}
	}
	for d := range c.resets {
		if c.resets[d] {
			if err := c.Reset(d); err != nil {
				return err
			}
		}
	}
	if dir < 0 {
		return nil
	}
	return c.Settle(dir)
}

// segment tells the connection of a segment of the capture.
func (c *connection) segment(p *packet.Packet, dir int) {
	if !c.Known(dir) {
		l, link := lookOf(p)
		c.sides[dir] = l
		c.Describe(dir, replay.Side{Link: link, TTL: p.TTL})
	}
	if p.TCP.Flags&tcp.RST == 0 || p.PayloadLen > 0 {
		seq, n := p.TCP.Seq, p.PayloadLen
		if p.TCP.Flags&tcp.SYN != 0 {
			seq++
		}
		if p.TCP.Flags&tcp.FIN != 0 {
			n++
		}
		c.Seen(dir, seq, n)
	}
	if p.TCP.Flags&tcp.ACK != 0 {
		c.Heard(dir, p.TCP.Ack)
	}
}

// plainLinks are the layers that may stand before the network layer and do not say how long the frame is.
var plainLinks = map[proto.ID]bool{
	proto.Ethernet: true, proto.EtherType: true, proto.VLAN: true, proto.IEEE8021AD: true, proto.CMD: true, proto.VNTag: true, proto.ETag: true, proto.SLL: true, proto.SLL2: true, proto.Raw: true, proto.Null: true, proto.Loop: true, proto.PPP: true, proto.CHDLC: true,
}

// lookOf is how the frames of whoever sent a packet are recorded, and what stands before their network layer: nothing, when that depends on the length or is no part of the frame.
func lookOf(p *packet.Packet) (look, []byte) {
	l := look{trace.LinkRaw, p.Record.Interface}
	n := p.NetworkLayer()
	if n < 0 || p.Layers[n].Assembled || p.Record.FCS != 0 || int(p.Layers[n].Off) > len(p.Record.Data) {
		return l, nil
	}
	for i := range n {
		if !plainLinks[p.Layers[i].Proto] {
			return l, nil
		}
	}
	l.link = p.Record.Link
	return l, p.Record.Data[:p.Layers[n].Off]
}

// conn is the connection that a conversation is written as; nil for one that cannot be.
func (w *Writer) conn(of *flow.Conversation) (*connection, error) {
	k := KeyOf(of)
	if c := w.conns[k]; c != nil {
		return c, nil
	}
	known := w.survey.conv(k)
	unknown := look{trace.LinkRaw, -1}
	c := &connection{of: known, key: k, stream: of.Stream, turned: map[place]int{}, sides: [2]look{unknown, unknown}}
	ends := w.mapped(of, c)
	made, err := replay.New(ends, func(f replay.Frame) error { return w.write(c, &f) })
	if err != nil {
		return nil, err
	}
	c.Connection = made
	w.conns[k] = c
	w.Streams++
	return c, nil
}

// mapped are the endpoints with the port that the server gets.
func (w *Writer) mapped(of *flow.Conversation, c *connection) [2]netip.AddrPort {
	ends, server := of.Ends, 1
	if !of.Opened && of.Ends[0].Port() < of.Ends[1].Port() {
		server = 0
	}
	was := ends[server].Port()
	if to := w.ports.Of(was, c.of.protocol); to != was {
		ends[server] = netip.AddrPortFrom(ends[server].Addr(), to)
		if t, used := w.taken[ordered(ends)]; used && t.was != ordered(of.Ends) {
			w.Kept++
			ends = of.Ends
		} else {
			c.port = fmt.Sprintf(": port %d is %d here", was, to)
		}
	}
	w.taken[ordered(ends)] = taken{ordered(of.Ends)}
	return ends
}

// Other notes a conversation that goes to the same file as it is.
func (w *Writer) Other(of *flow.Conversation) {
	if of.Proto == proto.TCP {
		if pair := ordered(of.Ends); w.taken[pair] == (taken{}) {
			w.taken[pair] = taken{pair}
		}
	}
}

func ordered(ends [2]netip.AddrPort) [2]netip.AddrPort {
	if ends[1].Compare(ends[0]) < 0 {
		ends[0], ends[1] = ends[1], ends[0]
	}
	return ends
}

// write writes a frame of a connection.
func (w *Writer) write(c *connection, f *replay.Frame) error {
	l := &c.sides[f.Dir]
	rec := trace.Record{Kind: trace.Packet, Pos: trace.Pos{Source: c.key.Source}, Time: w.now, Link: l.link, Interface: l.iface, Data: f.Data, WireLen: len(f.Data)}
	if len(c.comments) > 0 {
		c.meta.Comments = c.comments
		rec.Meta = &c.meta
	}
	return w.out(&rec)
}

// Err is the first error of what was heard.
func (w *Writer) Err() error { return w.err }
