package point

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
)

// A scene is what the simulator makes: hosts on both sides of a path, captured at A before it and at B behind it.
type scene struct {
	name          string
	offset        time.Duration // of the clock of B
	drift         float64       // of the clock of B, in parts per million
	steps         []step
	loss, missed  float64 // of packets on the way, of records at each point
	nat, renumber bool
	both          bool          // NAT for the servers as well
	lro           bool          // B has the segments of the other side coalesced
	queue         time.Duration // that the path fills and empties again, from A to B
	alter         float64       // of packets with data, whose payload a device changes
	tso           bool          // A has the segments of its side before segmentation
	snap          int           // at B
	forth, back   time.Duration
	jitter        time.Duration
	conversations int
	exchanges     int // of a connection
	ids           bool
	minimum       time.Duration // of the whole scene
	overtaken     float64       // of packets on the way: they take a millisecond and more longer
	doubled       float64       // of packets on the way: they arrive twice
	held          float64       // of packets on the way: they take 60 ms longer than any other
	forged        int           // resets that something behind A sends to B in the name of the client
}

// A step is a clock that is set.
type step struct{ at, by time.Duration }

// A sent packet is one on the wire.
type sent struct {
	at       time.Duration // by the true clock, where it was sent
	back     bool          // from B to A
	frame    []byte
	natted   []byte // as it is on the side of B
	lost     bool
	altered  bool
	late     time.Duration // more than the others take
	again    time.Duration // a copy comes so much later
	forged   bool
	first, n int // its truth: numbers of packets on the wire, several before segmentation
}

// A world is a simulation.
type world struct {
	*scene
	rnd    *rand.Rand
	wire   []sent
	number int
	id     [2]uint16
}

const simStart = int64(1_700_000_000_000_000_000)

func (w *world) clockB(t time.Duration) int64 {
	b := int64(t) + int64(w.offset) + int64(float64(t)*w.drift/1e6)
	for _, s := range w.steps {
		if t >= s.at {
			b += int64(s.by)
		}
	}
	return simStart + b
}

// An end of a conversation, as each side of the path sees it.
type simEnd struct {
	addr, addrB [4]byte
	port, portB uint16
}

func ipFrame(src, dst [4]byte, protocol byte, id uint16, ttl byte, transport []byte) []byte {
	b := make([]byte, 34, 34+len(transport))
	b[0], b[6], b[12] = 2, 2, 8
	b[14] = 0x45
	binary.BigEndian.PutUint16(b[16:], uint16(20+len(transport)))
	binary.BigEndian.PutUint16(b[18:], id)
	b[22], b[23] = ttl, protocol
	copy(b[26:], src[:])
	copy(b[30:], dst[:])
	return append(b, transport...)
}

func tcpSegment(src, dst uint16, seq, ack uint32, flags byte, window uint16, payload []byte) []byte {
	b := make([]byte, 20, 20+len(payload))
	binary.BigEndian.PutUint16(b, src)
	binary.BigEndian.PutUint16(b[2:], dst)
	binary.BigEndian.PutUint32(b[4:], seq)
	binary.BigEndian.PutUint32(b[8:], ack)
	b[12], b[13] = 0x50, flags
	binary.BigEndian.PutUint16(b[14:], window)
	return append(b, payload...)
}

func udpDatagram(src, dst uint16, payload []byte) []byte {
	b := make([]byte, 8, 8+len(payload))
	binary.BigEndian.PutUint16(b, src)
	binary.BigEndian.PutUint16(b[2:], dst)
	binary.BigEndian.PutUint16(b[4:], uint16(8+len(payload)))
	return append(b, payload...)
}

func (w *world) nextID(back bool) uint16 {
	if !w.ids {
		return 0
	}
	d := way(back)
	w.id[d]++
	return w.id[d]
}

// send puts a packet on the wire.
func (w *world) send(at time.Duration, back bool, frame, natted []byte) *sent {
	w.number++
	s := sent{at: at, back: back, frame: frame, natted: natted, lost: w.rnd.Float64() < w.loss, first: w.number, n: 1}
	if w.overtaken > 0 && w.rnd.Float64() < w.overtaken {
		s.late = time.Millisecond + time.Duration(w.rnd.ExpFloat64()*float64(time.Millisecond))
	}
	if w.doubled > 0 && w.rnd.Float64() < w.doubled {
		s.again = time.Duration(w.rnd.Int64N(int64(20 * time.Millisecond)))
	}
	if head := 54; w.alter > 0 && natted[23] == 6 && len(natted) > head && w.rnd.Float64() < w.alter {
		natted[head] ^= 0x55
		s.altered = true
	}
	w.wire = append(w.wire, s)
	return &w.wire[len(w.wire)-1]
}

// segment is one of TCP on both sides of the path: client is a. The shift is what a device adds to the client's numbers.
func (w *world) segment(at time.Duration, back bool, a, b *simEnd, seq, ack, shift uint32, flags byte, payload []byte) *sent {
	id := w.nextID(back)
	if !back {
		return w.send(at, false,
			ipFrame(a.addr, b.addr, 6, id, 64, tcpSegment(a.port, b.port, seq, ack, flags, 1000, payload)),
			ipFrame(a.addrB, b.addrB, 6, id, 62, tcpSegment(a.portB, b.portB, seq+shift, ack, flags, 1000, payload)))
	}
	return w.send(at, true,
		ipFrame(b.addr, a.addr, 6, id, 62, tcpSegment(b.port, a.port, seq, ack, flags, 1000, payload)),
		ipFrame(b.addrB, a.addrB, 6, id, 64, tcpSegment(b.portB, a.portB, seq, ack+shift, flags, 1000, payload)))
}

func (w *world) ends(n int, port uint16) (a, b *simEnd) {
	a = &simEnd{addr: [4]byte{10, 0, byte(n >> 8), byte(n)}, port: uint16(20000 + n)}
	b = &simEnd{addr: [4]byte{192, 0, 2, byte(n % 5)}, port: port}
	a.addrB, a.portB, b.addrB, b.portB = a.addr, a.port, b.addr, b.port
	if w.nat {
		a.addrB, a.portB = [4]byte{198, 51, 100, 1}, uint16(40000+n)
	}
	if w.both {
		b.addrB, b.portB = [4]byte{172, 16, 0, b.addr[3]}, port+8000
	}
	return a, b
}

// connection is a client that asks and a server that answers; every fourth answer is zeros, and pauses have keep-alives.
func (w *world) connection(n int, start time.Duration) {
	a, b := w.ends(n, 80)
	seq, ack := w.rnd.Uint32(), w.rnd.Uint32()
	shift := uint32(0)
	if w.renumber {
		shift = w.rnd.Uint32()
	}
	t := start
	rtt := w.forth + w.back
	w.segment(t, false, a, b, seq, 0, shift, flagSYN, nil)
	w.segment(t+w.forth, true, a, b, ack, seq+1, shift, flagSYN|flagACK, nil)
	seq, ack = seq+1, ack+1
	t += rtt
	w.segment(t, false, a, b, seq, ack, shift, flagACK, nil)
	data := func(back bool, total int, zeros bool) {
		for total > 0 {
			k := min(total, 1448)
			p := make([]byte, k)
			if !zeros {
				for i := range p {
					p[i] = byte(w.rnd.Uint32())
				}
			}
			from, to := &seq, &ack
			if back {
				from, to = &ack, &seq
			}
			s := w.segment(t, back, a, b, *from, *to, shift, flagACK|8, p)
			if s.lost { // sent again, a retransmission time-out later
				at := t + rtt + 200*time.Millisecond
				w.segment(at, back, a, b, *from, *to, shift, flagACK|8, p).lost = false
			}
			*from += uint32(k)
			total -= k
			t += 20 * time.Microsecond
		}
	}
	for i := range w.exchanges {
		data(false, 100+w.rnd.IntN(8000), false)
		t += w.forth
		w.segment(t, true, a, b, ack, seq, shift, flagACK, nil)
		data(true, 100+w.rnd.IntN(20000), i%4 == 3)
		t += w.back
		w.segment(t, false, a, b, seq, ack, shift, flagACK, nil)
		if i%5 == 4 {
			for range 3 { // keep-alives: alike but for their identification
				t += time.Duration(900+w.rnd.IntN(200)) * time.Millisecond
				w.segment(t, false, a, b, seq-1, ack, shift, flagACK, nil)
				w.segment(t+w.forth, true, a, b, ack, seq, shift, flagACK, nil)
			}
		}
		t += time.Duration(w.rnd.IntN(400)) * time.Millisecond
	}
	if n < w.forged {
		s := w.send(start+rtt+30*time.Millisecond, false, nil, ipFrame(a.addrB, b.addrB, 6, 7777, 55, tcpSegment(a.portB, b.portB, seq+shift, ack, flagRST, 0, nil)))
		s.lost, s.late, s.again, s.forged = false, 0, 0, true
	}
	w.segment(t, false, a, b, seq, ack, shift, flagACK|flagFIN, nil)
	w.segment(t+rtt, true, a, b, ack, seq+1, shift, flagACK|flagFIN, nil)
}

// datagrams are questions of many ports, some of them equal.
func (w *world) datagrams(n int, start time.Duration) {
	a, b := w.ends(n, 53)
	question := fmt.Appendf(nil, "%02d a question that is asked often", n%3)
	if n%2 == 0 {
		question = fmt.Appendf(nil, "%08x a question of its own", w.rnd.Uint64())
	}
	answer := append(slices.Clone(question), "and the answer to it"...)
	t := start
	for range 3 {
		id := w.nextID(false)
		w.send(t, false, ipFrame(a.addr, b.addr, 17, id, 64, udpDatagram(a.port, b.port, question)), ipFrame(a.addrB, b.addrB, 17, id, 62, udpDatagram(a.portB, b.portB, question)))
		id = w.nextID(true)
		w.send(t+w.forth, true, ipFrame(b.addr, a.addr, 17, id, 62, udpDatagram(b.port, a.port, answer)), ipFrame(b.addrB, a.addrB, 17, id, 64, udpDatagram(b.portB, a.portB, answer)))
		t += time.Duration(500+w.rnd.IntN(1000)) * time.Millisecond
	}
}

// A record is what a point recorded, with its truth.
type record struct {
	time     int64
	frame    []byte
	wire     int
	first, n int
}

// capture is what a point has of the wire.
func (w *world) capture(atB bool) (out []record) {
	for i := 0; i < len(w.wire); i++ {
		s := &w.wire[i]
		own := s.back == atB // the point is before the path
		if !own && s.lost || s.forged && !atB {
			continue
		}
		t := s.at
		if !own {
			t += w.forth
			if s.back {
				t += w.back - w.forth
			}
			t += time.Duration(w.rnd.ExpFloat64()*float64(w.jitter)) + s.late
			if w.queue > 0 && !s.back { // fuller for two seconds, emptier for two, at half the rate of the path
				x := float64(t%(4*time.Second)) / float64(2*time.Second)
				t += time.Duration(max(0, 1-math.Abs(x-1)) * float64(w.queue))
			}
		}
		if !own && w.held > 0 && w.rnd.Float64() < w.held {
			t += 60 * time.Millisecond
		}
		frame, n := s.frame, 1
		if atB {
			frame = s.natted
			if w.lro && !s.back && frame[23] == 6 && len(frame) > 54 {
				frame, i, n = w.coalesced(frame, i)
			}
		} else if w.tso && !s.back && frame[23] == 6 && len(frame) == 54+1448 { // coalesce what goes on
			for i+1 < len(w.wire) && n < 40 && (w.wire[i+1].at-s.at).Abs() < time.Millisecond && goesOn(frame, w.wire[i+1].frame) {
				i++
				n++
				frame = append(slices.Clone(frame), w.wire[i].frame[54:]...)
				binary.BigEndian.PutUint16(frame[16:], uint16(len(frame)-14))
			}
		}
		r := record{simStart + int64(t), frame, len(frame), s.first, n}
		if atB {
			r.time = w.clockB(t)
			if w.snap > 0 {
				r.frame = frame[:min(len(frame), w.snap)]
			}
		}
		if w.rnd.Float64() >= w.missed {
			out = append(out, r)
		}
		if !own && s.again > 0 {
			r.time += int64(s.again)
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b record) int { // by the true clock: that of B may be set
		return int(a.time - b.time)
	})
	return out
}

// coalesced is a segment with those that follow it and arrive, as receive offload has them.
func (w *world) coalesced(frame []byte, i int) ([]byte, int, int) {
	n := 1
	for i+1 < len(w.wire) && n < 40 && !w.wire[i+1].lost && (w.wire[i+1].at-w.wire[i].at).Abs() < time.Millisecond && goesOn(frame, w.wire[i+1].natted) {
		i++
		n++
		frame = append(slices.Clone(frame), w.wire[i].natted[54:]...)
		binary.BigEndian.PutUint16(frame[16:], uint16(len(frame)-14))
	}
	return frame, i, n
}

// goesOn reports whether a segment is the next one of the connection.
func goesOn(a, b []byte) bool {
	return len(b) > 54 && b[23] == 6 && string(a[26:38]) == string(b[26:38]) &&
		binary.BigEndian.Uint32(b[38:]) == binary.BigEndian.Uint32(a[38:])+uint32(len(a)-54)
}

// recorded runs records through decoder, tracker and recorder.
func recorded(source int, records []record) (*Point, *Recorder, *flow.Tracker) {
	var d packet.Decoder
	var p packet.Packet
	var s flow.Sighting
	tr := flow.NewTracker(source)
	r := NewRecorder(1<<40, 1)
	point := &Point{Name: string(rune('A' + source)), Source: source, First: trace.NoTime, Last: trace.NoTime}
	for i, rec := range records {
		t := trace.Record{Pos: trace.Pos{Source: source, Number: int64(i + 1)}, Time: rec.time, Kind: trace.Packet, Link: trace.LinkEthernet, Data: rec.frame, WireLen: rec.wire}
		d.Decode(&t, &p)
		tr.Add(&p, &s)
		r.Add(&p, &s)
		if point.First == trace.NoTime || rec.time < point.First {
			point.First = rec.time
		}
		point.Last = max(point.Last, rec.time)
	}
	tr.End()
	point.Unit, point.Packets = r.unit, r.net
	return point, r, tr
}

// simulate makes the scene and compares the two points.
func simulate(sc *scene, seed uint64) (c *couple, a, b []record, w *world) {
	w = &world{scene: sc, rnd: rand.New(rand.NewPCG(seed, 1))}
	for n := range sc.conversations {
		start := time.Duration(w.rnd.Int64N(int64(max(sc.minimum, time.Second))))
		if n%3 == 2 {
			w.datagrams(n, start)
		} else {
			w.connection(n, start)
		}
	}
	a, b = w.capture(false), w.capture(true)
	pa, ra, ta := recorded(0, a)
	pb, rb, tb := recorded(1, b)
	var convs flow.Conversations
	convs.Add(ta)
	base := convs.Len()
	convs.Add(tb)
	rb.Number(base)
	return coupled(0, 1, []*side{gather(pa, ra, &convs), gather(pb, rb, &convs)}), a, b, w
}
