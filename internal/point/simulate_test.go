package point

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
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

var scenes = []scene{
	{name: "plain", offset: 3 * time.Millisecond, ids: true},
	{name: "microseconds", offset: 7 * time.Microsecond, ids: true},
	{name: "hours behind", offset: -5*time.Hour - 123456789, ids: true},
	{name: "without identification", offset: time.Second},
	{name: "drift", offset: 40 * time.Millisecond, drift: 100, ids: true, minimum: 300 * time.Second},
	{name: "slow drift", offset: 40 * time.Millisecond, drift: -3, ids: true, minimum: 300 * time.Second},
	{name: "set", offset: time.Second, steps: []step{{60 * time.Second, -2 * time.Second}, {120 * time.Second, 500 * time.Millisecond}}, ids: true, minimum: 180 * time.Second},
	{name: "loss", offset: time.Second, loss: 0.1, ids: true},
	{name: "loss without identification", offset: time.Second, loss: 0.1},
	{name: "capture loss", offset: time.Second, missed: 0.05, ids: true},
	{name: "both losses", offset: -time.Second, loss: 0.05, missed: 0.05},
	{name: "nat", offset: 20 * time.Second, nat: true, ids: true},
	{name: "nat without identification", offset: 20 * time.Second, nat: true},
	{name: "nat, loss, snap", offset: 20 * time.Second, nat: true, loss: 0.05, missed: 0.05, snap: 96, ids: true},
	{name: "renumbered", offset: time.Minute, renumber: true, ids: true},
	{name: "nat, renumbered", offset: time.Minute, renumber: true, nat: true, ids: true},
	{name: "segmentation", offset: time.Second, tso: true, ids: true},
	{name: "segmentation, loss", offset: time.Second, tso: true, loss: 0.03, ids: true},
	{name: "segmentation, nat, snap, losses", offset: time.Second, tso: true, nat: true, snap: 96, loss: 0.02, missed: 0.02, ids: true},
	{name: "altered", offset: time.Second, alter: 0.05, ids: true},
	{name: "altered, loss, without identification", offset: time.Second, alter: 0.05, loss: 0.03},
	{name: "NAT at both ends, receive offload", offset: time.Second, nat: true, both: true, lro: true, ids: true},
	{name: "NAT at both ends, receive offload, loss, snap", offset: -time.Hour, nat: true, both: true, lro: true, loss: 0.02, missed: 0.01, snap: 96, ids: true},
	{name: "a queue of 742 ms", offset: time.Second, queue: 742 * time.Millisecond, ids: true, minimum: 30 * time.Second},
	{name: "a queue of 742 ms, loss, without identification", offset: time.Second, queue: 742 * time.Millisecond, loss: 0.03, minimum: 30 * time.Second},
	{name: "held up", offset: time.Second, held: 0.004},
	{name: "held up, loss", offset: time.Second, held: 0.004, loss: 0.03},
	{name: "snap", offset: time.Second, snap: 96},
	{name: "asymmetric", offset: time.Second, forth: 30 * time.Millisecond, ids: true},
	{name: "everything", offset: time.Hour, drift: 50, steps: []step{{100 * time.Second, 3 * time.Second}}, loss: 0.1, missed: 0.05, nat: true, tso: true, snap: 96, ids: true, minimum: 200 * time.Second},
}

// TestSimulated holds matching and clocks to a truth that is known: at least 95 % of what both points recorded is matched, nothing is matched
// that is not the same, and the offset is right to half the asymmetry of the path and 10 microseconds.
func TestSimulated(t *testing.T) {
	table := newTable("common", "matched", "recall %", "false", "lost", "located", "precision %", "offset error")
	t.Run("scenes", func(t *testing.T) {
		for i := range scenes {
			sc := scenes[i]
			sc.conversations, sc.exchanges = 30, 12
			sc.back, sc.jitter = 10*time.Millisecond, 300*time.Microsecond
			if sc.forth == 0 {
				sc.forth = sc.back
			}
			t.Run(sc.name, func(t *testing.T) {
				t.Parallel()
				c, a, b, w := simulate(&sc, uint64(i))
				row := append(score(t, c, a, b, w), "-", "-", "-")
				if sc.missed == 0 {
					row = append(row[:4], losses(t, c, a, b, w)...)
				}
				table.put(i, sc.name, append(row, clocks(t, c, w))...)
			})
		}
	})
	t.Log(table)
}

// score compares matches with the truth.
func score(t *testing.T, c *couple, a, b []record, w *world) (row []any) {
	t.Helper()
	atB := map[int]bool{}
	for _, r := range b {
		for k := range r.n {
			atB[r.first+k] = true
		}
	}
	common, matched, wrong := 0, 0, map[hitKind]int{}
	place := map[int]int{}
	for i := range w.wire {
		place[w.wire[i].first] = i
	}
	for _, r := range a {
		for k := range r.n {
			if !atB[r.first+k] {
				continue
			}
			if k == r.n-1 || r.n == 1 {
				common++
			}
		}
	}
	for i := range c.found {
		f := &c.found[i]
		for d := range 2 {
			for _, h := range f.hits[d] {
				x, y := a[f.a.prints[h.a].number-1], b[f.b.prints[h.b].number-1]
				if y.first+y.n <= x.first || y.first >= x.first+x.n || (h.kind == altered) != w.wire[place[y.first]].altered && h.kind != ranged {
					wrong[h.kind]++
					continue
				}
				matched++
			}
		}
	}
	if len(c.pair.Possible)+len(c.pair.Relays) > 0 {
		t.Errorf("%d conversations are called possible, %d relayed", len(c.pair.Possible), len(c.pair.Relays))
	}
	if len(wrong) > 0 {
		t.Errorf("false pairs: %v", wrong)
	}
	if matched*100 < common*95 {
		t.Errorf("matched %d of %d common records", matched, common)
	}
	return []any{common, matched, percent(matched, common), len(wrong)}
}

func percent(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(n)*100/float64(of))
}

// losses holds what is called lost, or seen at one point only, to the truth.
func losses(t *testing.T, c *couple, a, b []record, w *world) (row []any) {
	t.Helper()
	lost := map[int]bool{}
	for i := range w.wire {
		lost[w.wire[i].first] = w.wire[i].lost
	}
	right, wrong, only, all := 0, 0, int64(0), int64(0)
	for i := range c.pair.Meetings {
		for d := range 2 {
			x := &c.pair.Meetings[i].Ways[d]
			only, all = only+x.Only, all+x.Lost
			for _, pos := range x.Places().LostAt {
				list := a
				if pos.Source == 1 {
					list = b
				}
				r := list[pos.Number-1]
				any := false
				for k := range r.n {
					any = any || lost[r.first+k]
				}
				if any {
					right++
				} else {
					wrong++
				}
			}
		}
	}
	if wrong*99 > right || only > 0 {
		t.Errorf("%d of %d packets are called lost that are not, %d are called new that are not", wrong, right+wrong, only)
	}
	truly := int64(0)
	for _, is := range lost {
		if is {
			truly++
		}
	}
	if !w.tso && all*100 < truly*90 { // what is lost near the end of the captures is not judged
		t.Errorf("%d packets are called lost, and %d are", all, truly)
	}
	return []any{truly, all, percent(right, right+wrong)}
}

// clocks compares the offset with the truth.
func clocks(t *testing.T, c *couple, w *world) (worst time.Duration) {
	t.Helper()
	allowed := (w.forth-w.back).Abs()/2 + 10*time.Microsecond + w.queue/200 // a queue is empty for moments
	if len(c.pair.Clock.Segments) != len(w.steps)+1 {
		t.Errorf("%d segments of the clock, want %d: %+v", len(c.pair.Clock.Segments), len(w.steps)+1, c.pair.Clock.Segments)
	}
	for i := range c.pair.Clock.Segments {
		s := &c.pair.Clock.Segments[i]
		for k := range int64(11) {
			at := s.From + (s.To-s.From)/10*k
			off := time.Duration(s.At(at) - (w.clockB(time.Duration(at-simStart)) - at))
			worst = max(worst, off.Abs())
			if e := s.ErrorAt(at); off.Abs() > time.Duration(e) || e > s.Error {
				t.Errorf("segment %d: off by %v, beyond its error of %v, of %v in all", i, off, time.Duration(e), time.Duration(s.Error))
			}
		}
	}
	for i, s := range c.pair.Clock.Steps() {
		want := w.steps[min(i, len(w.steps)-1)]
		at := simStart + int64(want.at)
		if s.After > at || s.Before < at-int64(time.Millisecond) || time.Duration(s.By-int64(want.by)).Abs() > time.Duration(s.Error) {
			t.Errorf("set by %v ± %v between %v and %v, want %v at %v", time.Duration(s.By), time.Duration(s.Error), time.Duration(s.After-simStart), time.Duration(s.Before-simStart), want.by, want.at)
		}
	}
	if worst > allowed {
		t.Errorf("offset off by %v, allowed %v", worst, allowed)
	}
	return worst
}
