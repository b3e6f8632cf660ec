package packet

import (
	"encoding/binary"
	"github.com/wiretale/wiretale/proto/cmd"
	"github.com/wiretale/wiretale/proto/etag"
	"github.com/wiretale/wiretale/proto/vntag"
	"math"
	"net/netip"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A Decoder walks frames. It keeps the fragments of datagrams that are not
// complete, so one decoder serves one source, in the order of its records.
// The zero value is ready; it is not safe for concurrent use.
type Decoder struct {
	// LengthAsSent takes an IP length of 0 at its word, as a reader does that knows
	// nothing of segmentation offload: a packet with nothing behind its header.
	LengthAsSent bool

	// Applications makes Decode name what UDP carries by its ports, where it is a protocol that wiretale decodes.
	Applications bool
	// Datagrams are rules for ports of UDP that go before the usual ones; valid iff Applications.
	Datagrams []PortRule
	frags     fragments
	// assembled is the memory behind Packet.Assembled.
	assembled []byte
	header    [20]byte // a TCP header that was cut, filled up with zeros
}

// step names what the walk does next. Steps are small numbers so that the
// walk is one jump table instead of calls through pointers.
type step uint8

const (
	done step = iota
	opaque
	ethernet
	llc
	ethernetPayload // 802.3: length instead of a type
	ipv4
	ipv4Any // ethertype or protocol says IP; the version nibble decides
	ipv6
	hopByHop
	routing
	fragment
	destination
	authentication
	esp
	icmp
	icmpv6
	igmp
	tcpStep
	udpStep
	sctpStep
	gre
	vlan
	serviceVLAN
	ciscoMetadata
	vnTag
	eTag
	serviceHeader
	arp
	ppp
	pppHDLC
	pppoeDiscovery
	pppoeSession
	mpls
	sll
	sll2
	null
	loop
	raw
	chdlc
	frameRelay
	fddi
	tokenRing
	nflog
	erf
	radiotap
	ppi
	wlan
	wlanRadio
	vxlan
	geneve
	gtp
	teredo
	erspan2
	erspan3
	espInUDP
	netmonHeader
	netmonEvent
	etherIP
	noPayload // nothing follows, by the protocol's own word
)

// A walk is the position in one frame: buf[off:end] was captured of what
// follows, and on the wire it goes on to wire.
type walk struct {
	d   *Decoder
	p   *Packet
	buf []byte
	off int
	end int
	// wire is the end on the wire, in the same numbering as off. It is end or more.
	wire      int
	jumboFrom int  // where the payload of an IPv6 header with length 0 starts, -1 for any other
	beyond    bool // the innermost network layer says that it is longer than the frame
	assembled bool // buf is Packet.Assembled
	quoted    bool
	framed    bool  // the link layer pads short frames
	padded    bool  // an 802.11 header is padded to four bytes
	link      int32 // end of the frame on the wire
	netEnd    int32 // end of the first network layer in the frame, -1 before
	vlan      int   // all tags, 12 bits each: fragments of different networks do not mix
}

// Decode walks the layers of r and overwrites p. It never fails: what is
// wrong with a frame is in p.Flags and p.Err. A record that is no packet has no layers.
func (d *Decoder) Decode(r *trace.Record, p *Packet) {
	if r.Kind != trace.Packet {
		p.reset(r)
		return
	}
	if !plain(r, p) {
		d.walk(r, p)
	}
	if d.Applications {
		d.application(p)
	}
}

// walk takes any frame apart, layer by layer.
func (d *Decoder) walk(r *trace.Record, p *Packet) {
	p.reset(r)
	w := walk{d: d, p: p, buf: r.Data, end: len(r.Data), wire: max(r.WireLen, len(r.Data)), jumboFrom: -1, netEnd: -1}
	if uint(w.wire) > math.MaxInt32 {
		w.wire = math.MaxInt32
		w.end = min(w.end, w.wire)
	}
	w.link = int32(w.wire)
	if fcs := int(r.FCS); fcs > 0 && fcs <= w.wire {
		w.wire -= fcs
		w.end = min(w.end, w.wire)
	}
	w.run(firstStep(r.Link))
	w.trailer()
}

// reset prepares p for another frame. Layers beyond N and the fields of other
// transports keep what they had: they are not valid.
func (p *Packet) reset(r *trace.Record) {
	p.resetPlain(r)
	p.N = 0
	p.Src, p.Dst = netip.Addr{}, netip.Addr{}
	p.IPProto, p.IPID, p.TTL, p.DSCP, p.DontFragment = 0, 0, 0, 0, false
	p.Transport = proto.None
	p.SrcPort, p.DstPort = 0, 0
	p.PayloadLen = 0
	p.transport, p.network = -1, -1
}

// resetPlain leaves out what a plain frame fills in. Most frames come after one
// like them: a pointer that is nil already is not written, which the garbage collector would have to know of.
func (p *Packet) resetPlain(r *trace.Record) {
	if p.Record != r {
		p.Record = r
	}
	p.Flags = 0
	p.IPID, p.DontFragment = 0, false
	p.ICMPType, p.ICMPCode, p.ICMPID, p.ICMPSeq = 0, 0, 0, 0
	if p.QuotedSrc.IsValid() {
		p.QuotedSrc, p.QuotedDst = netip.Addr{}, netip.Addr{}
	}
	p.QuotedIPProto, p.QuotedTransport, p.QuotedSrcPort, p.QuotedDstPort, p.QuotedSeq = 0, proto.None, 0, 0, 0
	p.VLAN, p.Tunnel = -1, 0
	if p.Payload != nil {
		p.Payload = nil
	}
	if p.Assembled != nil {
		p.Assembled = nil
	}
	if p.Units != nil || p.Notes != nil || p.Texts != nil || p.Asked != nil {
		p.Units, p.Notes, p.Texts, p.Asked = nil, nil, nil, nil
	}
	if p.Part.Head != nil {
		p.Part.Head = nil
	}
	p.Part.Proto, p.Part.Within, p.Part.Layer = proto.None, proto.None, false
	if p.Err != nil {
		p.Err = nil
	}
}

// run takes steps until nothing follows. Each step either moves off forward or ends the walk.
func (w *walk) run(s step) {
	for s != done {
		if w.p.N == MaxLayers {
			w.p.Flags |= TooDeep
			return
		}
		switch s {
		case ethernet:
			s = w.ethernet()
		case ipv4:
			s = w.ipv4()
		case tcpStep:
			s = w.tcp()
		case udpStep:
			s = w.udp()
		case ipv6:
			s = w.ipv6()
		case ipv4Any:
			s = w.ipAny()
		default:
			s = w.more(s)
		}
	}
}

// more takes the steps that few frames need.
func (w *walk) more(s step) step {
	switch s {
	case llc:
		return w.llc()
	case hopByHop, destination:
		return w.options(s)
	case routing:
		return w.routing()
	case fragment:
		return w.fragment6()
	case authentication:
		return w.ah()
	case esp:
		return w.leaf(proto.ESP, 8)
	case icmp:
		return w.icmp()
	case icmpv6:
		return w.icmpv6()
	case igmp:
		return w.transportLeaf(proto.IGMP, 8)
	case sctpStep:
		return w.sctp()
	case gre:
		return w.gre()
	case vlan:
		return w.vlanTag(proto.VLAN)
	case serviceVLAN:
		return w.vlanTag(proto.IEEE8021AD)
	case ciscoMetadata:
		return w.tag(proto.CMD, cmd.Len)
	case vnTag:
		return w.tag(proto.VNTag, vntag.Len)
	case eTag:
		return w.tag(proto.ETag, etag.Len)
	case serviceHeader:
		return w.nsh()
	case arp:
		return w.arp()
	case ppp:
		return w.ppp()
	case pppHDLC:
		return w.pppHDLC()
	case pppoeDiscovery:
		return w.pppoe(proto.PPPoED)
	case pppoeSession:
		return w.pppoe(proto.PPPoES)
	case mpls:
		return w.mpls()
	case vxlan:
		return w.vxlan()
	case geneve:
		return w.geneve()
	case gtp:
		return w.gtp()
	case teredo:
		return w.teredo()
	case erspan2, erspan3:
		return w.erspan(s)
	case espInUDP:
		return w.espInUDP()
	case etherIP:
		return w.etherIP()
	case noPayload:
		return done
	case opaque:
		return w.data()
	}
	return w.linkStep(s)
}

// add appends a layer whose header has the given length on the wire.
func (w *walk) add(id proto.ID, header int) {
	p := w.p
	if p.N >= MaxLayers {
		p.Flags |= TooDeep
		return
	}
	l := &p.Layers[p.N]
	p.N++
	l.Proto = id
	l.Assembled = w.assembled
	l.Quoted = w.quoted
	l.Again, l.Unit, l.Note, l.Asked = false, 0, 0, 0
	l.Off = int32(w.off)
	l.Header = int32(min(header, w.end-w.off))
	l.End = int32(w.end)
	l.Wire = int32(w.wire)
}

// have is the number of captured bytes that are left.
func (w *walk) have() int { return w.end - w.off }

// rest is what was captured of what follows.
func (w *walk) rest() []byte { return w.buf[w.off:w.end] }

// short ends the walk in a layer whose header was not captured whole, or is longer than the frame.
func (w *walk) short(id proto.ID, need int) step {
	w.add(id, need)
	if need > w.wire-w.off {
		return w.bad(id, need, w.wire-w.off, "header ends behind the frame")
	}
	w.fail(Cut, id, need, w.have(), "", trace.ErrTruncated)
	return done
}

// bad ends the walk in a layer that contradicts itself or what is around it.
func (w *walk) bad(id proto.ID, need, have int, detail string) step {
	w.fail(Malformed, id, need, have, detail, trace.ErrCorrupt)
	return done
}

// fail notes the first thing that is wrong with the frame. A quoted packet is
// cut by whoever quoted it: that is no fault.
func (w *walk) fail(f Flag, id proto.ID, need, have int, detail string, err error) {
	if w.quoted {
		return
	}
	p := w.p
	p.Flags |= f
	if p.network >= 0 && p.Transport == proto.None {
		p.Flags |= TransportMissing
	}
	if p.Err != nil {
		return
	}
	p.err = trace.Error{Offset: p.Record.Pos.Offset, Record: p.Record.Pos.Number, Layer: id.String(), Need: int64(need), Have: int64(have), Detail: detail, Err: err}
	p.Err = &p.err
}

// data is the end of a walk that met something without a decoder.
func (w *walk) data() step {
	if w.wire > w.off {
		w.add(proto.Data, w.have())
	}
	return done
}

// leaf is a layer that nothing is decoded behind.
func (w *walk) leaf(id proto.ID, header int) step {
	if w.have() < header {
		return w.short(id, header)
	}
	w.add(id, header)
	return done
}

// limit takes the length that a header gives for what follows from off on.
// What lies behind it is padding or another layer's trailer.
func (w *walk) limit(length int) {
	w.wire = min(w.wire, w.off+length)
	w.end = min(w.end, w.wire)
}

// trailer adds the bytes between the end of the network layer and the end of the frame as a layer.
func (w *walk) trailer() {
	if w.netEnd < 0 || w.netEnd >= w.link {
		return
	}
	p := w.p
	p.Flags |= Trailing
	if p.N == MaxLayers || int(w.netEnd) >= len(p.Record.Data) {
		return
	}
	end := int32(len(p.Record.Data))
	p.Layers[p.N] = Layer{Proto: proto.Trailer, Off: w.netEnd, Header: end - w.netEnd, End: end, Wire: w.link}
	p.N++
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
