package point

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
)

// A relayScene has clients, a proxy that ends their connections, and servers. A captures on the side of the clients, B on that of the servers.
type relayScene struct {
	name          string
	kind          string // "relay", "socks", "connect", "http", "pool", "mail"
	offset        time.Duration
	snap          int // at B
	missed        float64
	merged        bool // A has segments of up to 64 KB
	conversations int
	exchanges     int
	size          int           // of an answer, at most
	same          bool          // all clients get the same answers to the same questions
	first         int           // but for so many clients at the beginning
	apart         time.Duration // between clients, at least
	split         bool          // the proxy has another address on the side of the servers
	direct        bool          // there is no proxy: clients of A and clients of B ask the same server
	linked        bool          // though one of B has the address that those of A ask
	host          bool          // a third point, an hour ahead, captures both sides on the host of the proxy; without a proxy, next to the server
	cache         bool          // every other client is answered by the proxy itself, while somebody else's question goes to the server
	recall        int           // percent that must be found
}

var relayScenes = []relayScene{
	{name: "TCP relay", kind: "relay", offset: 3 * time.Millisecond, recall: 100},
	{name: "TCP relay, two addresses", kind: "relay", offset: 40 * time.Millisecond, split: true, recall: 100},
	{name: "SOCKS, hours apart", kind: "socks", offset: 5*time.Hour + time.Second, recall: 100},
	{name: "SOCKS, half an hour, two addresses", kind: "socks", offset: -19800 * time.Second, split: true, recall: 100},
	{name: "CONNECT, snap", kind: "connect", offset: time.Second, snap: 96, recall: 95},
	{name: "HTTP proxy", kind: "http", offset: -time.Second, recall: 100},
	{name: "load balancer, shared connections", kind: "pool", offset: time.Second, recall: 95},
	{name: "mail", kind: "mail", offset: 5 * time.Hour, recall: 100},
	{name: "coalesced, capture loss", kind: "socks", offset: time.Second, merged: true, missed: 0.05, recall: 95},
	{name: "short, capture loss", kind: "relay", offset: time.Second, missed: 0.02, exchanges: 2, size: 200, recall: 80},
	{name: "short", kind: "relay", offset: time.Second, exchanges: 2, size: 200, recall: 95},
	{name: "same answers", kind: "http", offset: time.Second, same: true, recall: 0},
	{name: "same answers, one known", kind: "http", offset: time.Second, same: true, first: 1, apart: 5 * time.Second, recall: 100},
	{name: "same answers, one after another", kind: "http", offset: time.Second, same: true, first: 1, exchanges: 1, size: 20_000, apart: 140 * time.Millisecond, recall: 60},
	{name: "same answers, one after another, two addresses", kind: "http", offset: time.Second, same: true, first: 3, exchanges: 1, size: 20_000, apart: 140 * time.Millisecond, split: true, recall: 60},
	{name: "same answers, half of them from a cache", kind: "http", offset: time.Second, same: true, first: 3, exchanges: 1, size: 20_000, apart: 500 * time.Millisecond, split: true, cache: true, recall: 40},
	{name: "one mail, and the host of the relay", kind: "mail", offset: 5 * time.Hour, split: true, host: true, conversations: 1, exchanges: 1, size: 60_000, recall: 100},
	{name: "same answers, and the host of the proxy", kind: "http", offset: 5 * time.Hour, same: true, split: true, host: true, exchanges: 1, size: 20_000, apart: 500 * time.Millisecond, recall: 95},
	{name: "no proxy, same answers, and a tap at the server", kind: "http", offset: time.Hour, same: true, direct: true, host: true, exchanges: 1, size: 20_000, apart: 500 * time.Millisecond, recall: 0},
	{name: "no proxy, the same download, and a tap at the server", kind: "http", offset: time.Hour, same: true, direct: true, host: true, conversations: 1, recall: 0},
	{name: "no proxy, same answers", kind: "http", offset: time.Second, same: true, direct: true, recall: 0},
	{name: "no proxy, the same downloads at the same time", kind: "http", direct: true, recall: 0},
	{name: "no proxy, the same downloads at about the same time", kind: "http", offset: 5 * time.Minute, direct: true, recall: 0},
	{name: "no proxy, an address in common", kind: "http", direct: true, linked: true, recall: 0},
	{name: "no proxy, one download each", kind: "http", offset: time.Hour, same: true, direct: true, conversations: 1, recall: 0},
}

// A leg is one connection as a point captures it.
type leg struct {
	w       *relayWorld
	ends    [2]simEnd // client, server
	seq     [2]uint32
	streams [2][]byte // its truth
	atB     bool
	session map[int]bool // what it carries
	id      uint16
}

type relayWorld struct {
	*relayScene
	rnd     *rand.Rand
	legs    []*leg
	records [3][]record
}

func (w *relayWorld) leg(atB bool, client, server [4]byte, port, serverPort uint16, t time.Duration) *leg {
	l := &leg{w: w, atB: atB, session: map[int]bool{}, id: uint16(w.rnd.Uint32())}
	l.ends = [2]simEnd{{addr: client, port: port}, {addr: server, port: serverPort}}
	l.seq = [2]uint32{w.rnd.Uint32(), w.rnd.Uint32()}
	w.legs = append(w.legs, l)
	l.segment(t, 0, flagSYN, nil)
	l.seq[0]++
	l.segment(t+time.Millisecond, 1, flagSYN|flagACK, nil)
	l.seq[1]++
	l.segment(t+time.Millisecond+10*time.Microsecond, 0, flagACK, nil)
	return l
}

func (l *leg) segment(t time.Duration, dir int, flags byte, data []byte) {
	l.id++
	from, to := &l.ends[dir], &l.ends[1-dir]
	ack := l.seq[1-dir]
	if flags&flagACK == 0 {
		ack = 0
	}
	frame := ipFrame(from.addr, to.addr, 6, l.id, 64, tcpSegment(from.port, to.port, l.seq[dir], ack, flags, 500, data))
	r := record{time: simStart + int64(t), frame: frame, wire: len(frame)}
	if l.atB {
		r.time += int64(l.w.offset)
		if l.w.snap > 0 {
			r.frame = frame[:min(len(frame), l.w.snap)]
		}
	}
	if l.w.host {
		l.atHost(t, dir, flags, ack, data)
	}
	if l.w.rnd.Float64() >= l.w.missed {
		l.w.records[map[bool]int{true: 1}[l.atB]] = append(l.w.records[map[bool]int{true: 1}[l.atB]], r)
	}
}

// atHost puts a segment into the capture of the third point: what it sends itself was passed on by nobody.
func (l *leg) atHost(t time.Duration, dir int, flags byte, ack uint32, data []byte) {
	own := dir == 1
	if l.atB && !l.w.direct {
		own = dir == 0
	}
	ttl, way := byte(60), 20*time.Microsecond
	if own {
		ttl, way = 64, -way
	}
	frame := ipFrame(l.ends[dir].addr, l.ends[1-dir].addr, 6, l.id, ttl, tcpSegment(l.ends[dir].port, l.ends[1-dir].port, l.seq[dir], ack, flags, 500, data))
	l.w.records[2] = append(l.w.records[2], record{time: simStart + int64(t+way+time.Hour), frame: frame, wire: len(frame)})
}

// send sends data in segments, and says when the last one has gone.
func (l *leg) send(t time.Duration, dir int, data []byte, size int) time.Duration {
	l.streams[dir] = append(l.streams[dir], data...)
	for n := 0; len(data) > 0; n++ {
		k := min(len(data), size)
		l.segment(t, dir, flagACK|8, data[:k])
		l.seq[dir] += uint32(k)
		if n%2 == 1 {
			l.segment(t+10*time.Microsecond, 1-dir, flagACK, nil)
		}
		data = data[k:]
		t += 30 * time.Microsecond
	}
	return t
}

func (w *relayWorld) random(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// session is what one client does.
func (w *relayWorld) session(n int, start time.Duration, pool []*leg) {
	rnd := w.rnd
	if w.same && n >= w.first {
		rnd = rand.New(rand.NewPCG(5, 5)) // of what is carried
	}
	sizeA, sizeB := 1448, 1380
	if w.merged {
		sizeA = 60_000
	}
	client, proxy, server := [4]byte{10, 0, 0, byte(1 + n)}, [4]byte{10, 0, 9, 1}, [4]byte{192, 0, 2, 1}
	proxyB := proxy
	if w.split {
		proxyB = [4]byte{10, 1, 9, 1}
	}
	if w.direct && !w.linked {
		proxy, proxyB = server, [4]byte{10, 5, 0, byte(1 + n)}
	}
	t := start
	a := w.leg(false, client, proxy, uint16(30000+n), 1080, t)
	var b *leg
	switch {
	case pool != nil:
		b = pool[n%len(pool)]
	default:
		b = w.leg(true, proxyB, server, uint16(50000+n*400+w.rnd.IntN(400)), 443, t+4*time.Millisecond)
	}
	a.session[n], b.session[n] = true, true
	cached := w.cache && n >= w.first && n%2 == 1
	if cached {
		b.session = map[int]bool{1000 + n: true}
	}
	t += 10 * time.Millisecond
	hop := func() time.Duration { return time.Duration(200+w.rnd.IntN(1500)) * time.Microsecond }
	switch w.kind {
	case "socks":
		t = a.send(t, 0, []byte{5, 1, 0}, sizeA)
		t = a.send(t, 1, []byte{5, 0}, sizeA)
		t = a.send(t, 0, []byte{5, 1, 0, 1, 192, 0, 2, 1, 1, 187}, sizeA)
		t = a.send(t, 1, []byte{5, 0, 0, 1, 10, 0, 9, 1, 0, 80}, sizeA)
	case "connect":
		t = a.send(t, 0, []byte("CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com\r\n\r\n"), sizeA)
		t = a.send(t, 1, []byte("HTTP/1.1 200 Connection established\r\n\r\n"), sizeA)
	case "mail":
		for _, line := range []string{"220 mail.example.com ESMTP\r\n", "250-mail.example.com\r\n250 8BITMIME\r\n", "250 2.1.0 Ok\r\n", "250 2.1.5 Ok\r\n", "354 End data with <CR><LF>.<CR><LF>\r\n"} {
			t = a.send(t, 1, []byte(line), sizeA) + 5*time.Millisecond
			b.send(t, 1, []byte(line), sizeB)
			verb := []string{"EHLO client.example.com\r\n", "MAIL FROM:<a@example.com>\r\n", fmt.Sprintf("RCPT TO:<user%d@example.com>\r\n", n), "DATA\r\n", ""}[line[0]%5]
			t = a.send(t, 0, []byte(verb), sizeA) + 5*time.Millisecond
			b.send(t, 0, []byte(verb), sizeB)
		}
	}
	for i := range w.exchanges {
		question, answer := w.random(rnd, 50+rnd.IntN(400)), w.random(rnd, w.size/4+rnd.IntN(w.size))
		qa, qb, aa, ab := question, question, answer, answer
		if w.kind == "http" {
			body := fmt.Sprintf("Host: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: text/html\r\nCookie: id=%x\r\n", rnd.Uint64())
			path := fmt.Sprintf("/docs/%d/%d/page.html", rnd.IntN(1000), i)
			qa = []byte("GET http://www.example.com" + path + " HTTP/1.1\r\n" + body + "Proxy-Connection: keep-alive\r\n\r\n")
			qb = []byte("GET " + path + " HTTP/1.1\r\n" + body + "Via: 1.1 proxy\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n")
			head := fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: %d\r\n", len(answer))
			ab = append([]byte(head+"\r\n"), answer...)
			aa = append([]byte(head+"Via: 1.1 proxy\r\nConnection: keep-alive\r\n\r\n"), answer...)
		}
		if w.direct {
			qb, aa = qa, ab
		}
		if w.direct { // each for itself
			u := t + time.Duration(w.rnd.IntN(100)-50)*time.Millisecond
			b.send(b.send(u, 0, qb, sizeB)+8*time.Millisecond, 1, ab, sizeB)
			t = a.send(a.send(t, 0, qa, sizeA)+8*time.Millisecond, 1, aa, sizeA) + 500*time.Millisecond
			continue
		}
		if cached {
			u := t + time.Duration(w.rnd.IntN(20)-10)*time.Millisecond
			b.send(b.send(u, 0, qb, sizeB)+8*time.Millisecond, 1, ab, sizeB)
			t = a.send(a.send(t, 0, qa, sizeA)+hop(), 1, aa, sizeA) + 20*time.Millisecond
			continue
		}
		t = a.send(t, 0, qa, sizeA)
		u := b.send(t+hop(), 0, qb, sizeB) + 8*time.Millisecond
		t = a.send(b.send(u, 1, ab, sizeB)+hop(), 1, aa, sizeA)
		t += time.Duration(w.rnd.IntN(300)) * time.Millisecond
	}
	for _, l := range []*leg{a, b} {
		if pool == nil || l == a {
			l.segment(t, 0, flagACK|flagFIN, nil)
			l.segment(t+time.Millisecond, 1, flagACK|flagFIN, nil)
		}
	}
}

func (w *relayWorld) run() *Result {
	var pool []*leg
	if w.kind == "pool" {
		for k := range 3 {
			pool = append(pool, w.leg(true, [4]byte{10, 0, 9, 1}, [4]byte{192, 0, 2, 1}, uint16(50000+k), 80, 0))
		}
	}
	start := 10 * time.Millisecond
	for n := range w.conversations {
		w.session(n, start, pool)
		start += time.Duration(w.rnd.IntN(400))*time.Millisecond + w.apart
		if pool != nil {
			start += time.Duration(w.exchanges) * 400 * time.Millisecond // one after another
		}
	}
	for k := range w.records {
		slices.SortStableFunc(w.records[k], func(a, b record) int { return int(a.time - b.time) })
	}
	var convs flow.Conversations
	r, sides := &Result{}, make([]*side, 0, len(w.records))
	r.Points = make([]Point, 0, len(w.records)) // sides point to them
	for k, list := range w.records {
		if len(list) == 0 {
			continue
		}
		p, prints, tracker := recorded(k, list)
		base := convs.Len()
		convs.Add(tracker)
		prints.Number(base)
		r.Points = append(r.Points, *p)
		sides = append(sides, gather(&r.Points[k], prints, &convs))
	}
	r.convs = &convs
	r.compare(sides)
	return r
}

// legOf is the leg of a conversation.
func (w *relayWorld) legOf(c *flow.Conversation, atB bool) *leg {
	for _, l := range w.legs {
		if l.atB == atB && l.ends[0].port == c.Ends[0].Port() && l.ends[0].addr == c.Ends[0].Addr().As4() {
			return l
		}
	}
	return nil
}

// TestRelays holds relays to a truth that is known: no connection is called relayed that is not, the ranges of bytes are the same, and most are found.
var relaySeed = flag.Uint64("point.seed", 3, "of the relays that are simulated")

func TestRelays(t *testing.T) {
	table := newTable("relays", "found", "false", "doubtful", "ambiguous", "bytes", "mapped", "offset error", "at the host")
	t.Run("scenes", func(t *testing.T) {
		for i := range relayScenes {
			sc := relayScenes[i]
			if sc.conversations == 0 {
				sc.conversations = 20
			}
			if sc.exchanges == 0 {
				sc.exchanges, sc.size = 6, 20_000
			}
			t.Run(sc.name, func(t *testing.T) {
				t.Parallel()
				w := &relayWorld{relayScene: &sc, rnd: rand.New(rand.NewPCG(uint64(i), *relaySeed))}
				r := w.run()
				row := w.score(t, &r.Pairs[0])
				table.put(i, sc.name, append(row, w.scoreInside(t, r))...)
			})
		}
	})
	t.Log(table)
}

func (w *relayWorld) score(t *testing.T, p *Pair) (row []any) {
	t.Helper()
	doubtful := 0
	found, wrong, mapped, total := map[int]bool{}, 0, int64(0), int64(0)
	for i := range p.Relays {
		r := &p.Relays[i]
		a, b := w.legOf(r.A, false), w.legOf(r.B, true)
		if r.Doubtful {
			doubtful++
		}
		common := -1
		for n := range a.session {
			if b.session[n] && !w.direct {
				common = n
			}
		}
		if common < 0 {
			if !r.Doubtful {
				wrong++
				t.Logf("%v is called a relay of %v, which carries %v and not %v", r.A.Ends, r.B.Ends, b.session, a.session)
			}
			continue
		}
		if !r.Doubtful {
			found[common] = true
		}
		for d := range 2 {
			if r.Ways[d].From != map[int]Course{0: AtoB, 1: BtoA}[d] {
				t.Errorf("%v: direction %d passes %v first", r.A.Ends, d, r.Ways[d].From)
			}
			for _, x := range r.Ways[d].Runs {
				mapped += x.Length
				from := func(l *leg, seq uint32) []byte {
					at := len(l.streams[d]) - int(l.seq[d]-seq)
					return l.streams[d][at : at+int(x.Length)]
				}
				if u, v := from(a, x.A), from(b, x.B); !bytes.Equal(u, v) && float64(differ(u, v)) > 0.02*float64(len(u)) {
					t.Errorf("%v: %d of %d bytes from %d differ", r.A.Ends, differ(u, v), x.Length, x.A)
				}
			}
		}
	}
	for _, l := range w.legs {
		if !l.atB {
			total += int64(len(l.streams[0]) + len(l.streams[1]))
		}
	}
	if len(p.Possible) > 0 {
		t.Errorf("%d conversations are called possible by sizes alone", len(p.Possible))
	}
	if wrong > 0 || len(p.Meetings) > 0 {
		t.Errorf("%d false relays, %d connections are called the same", wrong, len(p.Meetings))
	}
	if len(found)*100 < w.recall*w.conversations {
		t.Errorf("%d of %d relays found", len(found), w.conversations)
	}
	worst := time.Duration(0)
	for i := range p.Clock.Segments {
		s := &p.Clock.Segments[i]
		off := time.Duration(s.At(s.From)) - w.offset
		worst = max(worst, off.Abs())
		if !w.direct && off.Abs() > time.Duration(s.Error)+10*time.Microsecond {
			t.Errorf("offset off by %v, beyond its error of %v", off, time.Duration(s.Error))
		}
	}
	expected := w.conversations
	if w.direct {
		expected = 0
	}
	return []any{expected, len(found), wrong, doubtful, p.Ambiguous, total, mapped, worst}
}

// scoreInside counts the relays that the host of the proxy shows, each once: their bytes take as long as the proxy does.
func (w *relayWorld) scoreInside(t *testing.T, r *Result) (n int) {
	t.Helper()
	seen := map[*flow.Conversation]bool{}
	for _, x := range r.Inside {
		for k := range x.Relays {
			y := &x.Relays[k]
			a, b := w.legOf(y.A, false), w.legOf(y.B, true)
			if x.Point != 2 || w.direct || a == nil || b == nil || !maps.Equal(a.session, b.session) || seen[y.A] {
				t.Errorf("point %d has %v as a relay of %v", x.Point, y.A.Ends, y.B.Ends)
				continue
			}
			for d := range 2 {
				if z := &y.Ways[d]; z.From != (Course(1+d)) || z.Delay.N > 0 && (z.Delay.Min < 0 || z.Delay.P50 > 25e6) {
					t.Errorf("%v: direction %d is %+v", y.A.Ends, d, *z)
				}
			}
			seen[y.A] = true
			n++
		}
	}
	if w.host && n*100 < w.recall*w.conversations {
		t.Errorf("the host shows %d of %d relays", n, w.conversations)
	}
	return n
}

func differ(p, q []byte) (n int) {
	for i := range p {
		if p[i] != q[i] {
			n++
		}
	}
	return n
}
