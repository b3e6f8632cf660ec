package contrast

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A script writes the requests of a run.
type script struct {
	list request.List
	name string
	off  int64
	n    int64
}

const start = int64(1_600_000_000_000_000_000)

func mark(n int64, us float64) request.Mark {
	return request.Mark{Number: n, Time: start + int64(us*1000)}
}

// read asks for size bytes at the place after the last one: asked, first and last byte of the answer in microseconds.
func (s *script) read(asked, first, last float64, size int64) *request.Request {
	s.n++
	s.list.Requests = append(s.list.Requests, request.Request{
		Protocol: proto.SMB2, Command: "Read", Name: s.name, Offset: s.off, Wanted: size, Moved: size, Length: size + 84,
		Asked: mark(3*s.n, asked), Sent: mark(3*s.n, asked), First: mark(3*s.n+1, first), Last: mark(3*s.n+2, last), Status: "STATUS_SUCCESS",
	})
	s.off += size
	return &s.list.Requests[len(s.list.Requests)-1]
}

func (s *script) input(c *flow.Conversation) *Input {
	if c == nil {
		c = &flow.Conversation{Proto: proto.TCP}
	}
	return &Input{Requests: &s.list, Conversations: flow.List(c)}
}

// connected is a conversation whose handshake took these times to the server and to the client, microseconds.
func connected(server, client int64) *flow.Conversation {
	at := func(n, us int64) flow.Moment {
		return flow.Moment{Pos: trace.Pos{Number: n}, Time: start + us*1000}
	}
	return &flow.Conversation{Proto: proto.TCP, TCP: &flow.TCP{LastSYN: at(1, 0), SYNACK: at(2, server), HandshakeACK: at(3, server+client)}}
}

// sliding reads n requests of a size with so many open; first is the time to the first byte, pace that of a byte, both in microseconds. The link
// has one answer at a time.
func sliding(name string, n, depth int, size int64, first, pace float64) *script {
	s := &script{name: name}
	var ends []float64
	free := 0.0
	for i := range n {
		asked := 0.01 * float64(i)
		if i >= depth {
			asked = ends[i-depth]
		}
		begin := max(asked+first, free)
		free = begin + pace*float64(size)
		ends = append(ends, free)
		s.read(asked, begin, free, size)
	}
	return s
}

// batches reads n batches of so many requests, with a pause after each.
func batches(name string, n, depth int, size int64, first, pace, pause float64) *script {
	s := &script{name: name}
	now := 0.0
	for range n {
		begin := now + first
		for k := range depth {
			end := begin + pace*float64(size)
			s.read(now+0.01*float64(k), begin, end, size)
			begin = end
		}
		now = begin + pause
	}
	return s
}

func compare(t *testing.T, slow, good *Input) *Contrast {
	t.Helper()
	c, err := Compare(slow, good)
	if err != nil {
		t.Fatal(err)
	}
	product, shares := 1.0, 0.0
	for _, f := range c.Factors {
		product *= f.By
		shares += f.Share
	}
	if math.Abs(product/c.Ratio-1) > 1e-9 || math.Abs(shares-1) > 1e-9 && math.Abs(math.Log(c.Ratio)) > 1e-6 {
		t.Errorf("the product of the factors is %v and the ratio %v; the shares add up to %v", product, c.Ratio, shares)
	}
	for i := range c.Runs {
		sum := int64(0)
		for _, p := range c.Runs[i].Parts {
			sum += p
		}
		if sum != c.Runs[i].Time {
			t.Errorf("run %d: the parts add up to %d of %d ns", i, sum, c.Runs[i].Time)
		}
	}
	return c
}

const megabit100 = 0.08 // microseconds a byte

// TestCause: what differs between two made runs is the factor that is named.
func TestCause(t *testing.T) {
	serial := func(first, pace, pause float64) *Input {
		return batches(`\\s\a\f`, 40, 1, 65536, first, pace, pause).input(nil)
	}
	for _, tt := range []struct {
		what       string
		slow, good *Input
		want       Kind
		least      float64 // share of the factor
	}{
		{"pauses", serial(1000, megabit100, 40000), serial(1000, megabit100, 0), Pause, 0.9},
		{"server", serial(40000, megabit100, 100), serial(1000, megabit100, 100), FirstByte, 0.9},
		{"link", serial(1000, 10*megabit100, 100), serial(1000, megabit100, 100), Transfer, 0.9},
		{"depth, sliding", sliding("f", 200, 2, 65536, 10700, 0.002).input(nil), sliding("f", 200, 16, 65536, 10700, 0.002).input(nil), Depth, 0.9},
		{"size, sliding", sliding("f", 200, 4, 65536, 10700, 0.0002).input(nil), sliding("f", 200, 4, 1<<20, 10700, 0.0002).input(nil), RequestSize, 0.9},
		{"depth, until the link is full", sliding("f", 200, 1, 65536, 20000, megabit100).input(nil), sliding("f", 200, 32, 65536, 20000, megabit100).input(nil), Depth, 0.9},
		{"depth, batch by batch", batches("f", 40, 1, 65536, 10000, 0.001, 0).input(nil), batches("f", 40, 8, 65536, 10000, 0.001, 0).input(nil), Depth, 0.9},
		{"round trip", batches("f", 40, 1, 65536, 50000, 0.01, 0).input(connected(49500, 20)), batches("f", 40, 1, 65536, 1000, 0.01, 0).input(connected(500, 20)), RoundTrip, 0.8},
	} {
		c := compare(t, tt.slow, tt.good)
		if f := c.Factors[0]; f.Kind != tt.want || f.Share < tt.least {
			t.Errorf("%s: %s with a share of %.2f, want %s with %.2f; ratio %.2f, factors %+v", tt.what, f.Kind, f.Share, tt.want, tt.least, c.Ratio, c.Factors)
		}
		if c.Finding == nil || len(c.Finding.Where) == 0 || len(c.Finding.Fix) == 0 {
			t.Errorf("%s: finding %+v", tt.what, c.Finding)
		}
	}
}

// TestStalls: time in which lost segments were recovered, or the window was shut, is not the server's.
func TestStalls(t *testing.T) {
	for kind, want := range map[StallKind]Kind{Recovery: Loss, Shut: Window} {
		slow := batches("f", 40, 1, 65536, 1000, megabit100, 0)
		for i := range slow.list.Requests { // every tenth answer is held up
			d := int64(i/10) * 300e6
			q := &slow.list.Requests[i]
			q.Asked.Time, q.Sent.Time, q.First.Time, q.Last.Time = q.Asked.Time+d, q.Sent.Time+d, q.First.Time+d, q.Last.Time+d
			if i%10 == 9 {
				q.Last.Time += 300e6
			}
		}
		in := slow.input(nil)
		for i := 9; i < len(slow.list.Requests); i += 10 {
			q := &slow.list.Requests[i]
			in.Stalls = append(in.Stalls, Stall{Conv: 0, Kind: kind, From: q.Last.Time - 300e6, To: q.Last.Time})
		}
		c := compare(t, in, batches("f", 40, 1, 65536, 1000, megabit100, 0).input(nil))
		if f := c.Factors[0]; f.Kind != want || f.Share < 0.95 {
			t.Errorf("%s: %+v", want, c.Factors)
		}
	}
}

// TestAtTheServer: where the capture was taken does not make pauses of a client that asks again at once.
func TestAtTheServer(t *testing.T) {
	for _, depth := range []int{1, 2, 16} {
		client := sliding("f", 200, depth, 65536, 10700, 0.002)
		server := sliding("f", 200, depth, 65536, 10700, 0.002)
		for i := range server.list.Requests {
			shift(&server.list.Requests[i], -5e6)
		}
		c := compare(t, server.input(connected(100, 10_000)), client.input(connected(10_080, 20)))
		if r := &c.Runs[Slow]; math.Abs(c.Ratio-1) > 1e-3 || r.Depth != depth || !r.Shifted || r.Share(PartPause) > 0.001 {
			t.Errorf("depth %d: ratio %.4f, at the server depth %d, pauses %.3f of the time", depth, c.Ratio, r.Depth, r.Share(PartPause))
		}
		if c.Finding != nil {
			t.Errorf("depth %d: %s", depth, c.Finding.Summary)
		}
	}
}

// TestWhatIf: the rates that are promised are those of runs made that way.
func TestWhatIf(t *testing.T) {
	slow := batches("f", 100, 2, 65536, 2000, megabit100, 40000)
	good := batches("f", 100, 8, 65536, 2000, megabit100, 0)
	c := compare(t, slow.input(nil), good.input(nil))
	made := map[WhatIfKind]*script{
		NoPauses: batches("f", 100, 2, 65536, 2000, megabit100, 0), NoPausesGood: good,
		GoodRequests: batches("f", 100, 8, 65536, 2000, megabit100, 4*40000), // the client is at each byte as long as before
	}
	for _, w := range c.WhatIfs {
		s := made[w.Kind]
		if s == nil {
			continue
		}
		delete(made, w.Kind)
		if got := compare(t, s.input(nil), good.input(nil)).Runs[Slow].Rate(); math.Abs(got/w.Rate-1) > 0.001 {
			t.Errorf("what if %d: %.0f is promised, and %.0f measured", w.Kind, w.Rate, got)
		}
	}
	if len(made) > 0 {
		t.Errorf("no what-if of %v", made)
	}
}

// TestAlign: which work is the same.
func TestAlign(t *testing.T) {
	many := func(names ...string) *Input {
		s := &script{}
		at := 0.0
		for _, name := range names {
			s.name, s.off = name, 0
			for range 4 {
				s.read(at, at+100, at+200, 4096)
				at += 1000
			}
		}
		return s.input(nil)
	}
	for _, tt := range []struct {
		what       string
		slow, good *Input
		want       string
	}{
		{"same path", many(`\\s\a\f`), many(`\\s\a\f`), `\\s\a\f = \\s\a\f common 16384`},
		{"another share, letters, slashes", many(`\\s\a\dir\F`), many(`D:/x/Dir/f`), `\\s\a\dir\F = D:/x/Dir/f common 16384`},
		{"the longest end first", many(`\\s\a\x\f`, `\\s\a\y\f`), many(`\\t\y\f`, `\\t\x\f`), `\\s\a\x\f = \\t\x\f common 16384; \\s\a\y\f = \\t\y\f common 16384`},
		{"one only here", many(`a`, `b`), many(`b`, `c`), `b = b common 16384; only slow a; only good c`},
		{"no name in both", many(`a`), many(`b`), `a = b common 0`},
		{"no name in both, several", many(`a`, `c`), many(`b`), ` = b common 0`},
	} {
		c := compare(t, tt.slow, tt.good)
		var got []string
		for _, w := range c.Work {
			got = append(got, fmt.Sprintf("%s = %s common %d", w.Shares[Slow].Name, w.Shares[Good].Name, w.Common))
		}
		for i, list := range c.Only {
			for _, w := range list {
				got = append(got, "only "+[]string{"slow ", "good "}[i]+w.Shares[i].Name)
			}
		}
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.what, s, tt.want)
		}
	}
}

// TestPasses: a file that is read three times, and one that the cache of the client has half of.
func TestPasses(t *testing.T) {
	slow := &script{name: "f"}
	for pass := range 3 {
		slow.off = 0
		for i := range 10 {
			at := float64(pass*100000 + i*10000)
			slow.read(at, at+1000, at+6000, 65536)
		}
	}
	good := batches("f", 5, 1, 131072, 1000, megabit100, 0)
	good.off = 0
	c := compare(t, slow.input(nil), good.input(nil))
	if s := &c.Work[0].Shares[Slow]; s.Passes() != 3 || s.Distinct != 655360 || c.Work[0].Common != 655360 {
		t.Errorf("%v passes over %d bytes, common %d", s.Passes(), s.Distinct, c.Work[0].Common)
	}
	if !strings.Contains(strings.Join(c.Notes, "\n"), "the slow run moved each byte 3.00 times") {
		t.Errorf("%q", c.Notes)
	}
}

// TestSealed: a session that cannot be read says how much went over it, and no more.
func TestSealed(t *testing.T) {
	in := func(payload int64) *Input {
		s := &script{name: ""}
		for i := range 3 {
			q := s.read(float64(i)*1000, float64(i)*1000+100, float64(i)*1000+100, 0)
			q.Command, q.Offset, q.Moved, q.Wanted, q.Length = "Session Setup", -1, -1, -1, 100
		}
		c := connected(100, 10)
		c.First, c.Last = flow.Moment{Time: start}, flow.Moment{Time: start + 1e9}
		c.Dir[1].Payload = payload
		return s.input(c)
	}
	_, err := Compare(in(300), in(1<<20))
	var sealed *SealedError
	if !errors.As(err, &sealed) || sealed.Payload != 1<<20 || sealed.Rate != 8<<20 {
		t.Errorf("%v", err)
	}
	compare(t, in(300), in(300))
}

func TestErrors(t *testing.T) {
	one := batches("f", 4, 1, 65536, 1000, 1, 0).input(nil)
	untimed := batches("f", 4, 1, 65536, 1000, 1, 0).input(nil)
	untimed.Untimed = true
	other := batches("f", 4, 1, 65536, 1000, 1, 0).input(nil)
	for i := range other.Requests.Requests {
		other.Requests.Requests[i].Command, other.Requests.Requests[i].Protocol = "A", proto.DNS
	}
	same := (&script{name: "f"})
	same.read(5, 5, 5, 10)
	for _, tt := range []struct {
		slow, good *Input
		run        int
		want       error
	}{
		{one, untimed, Good, ErrUntimed}, {(&script{}).input(nil), one, Slow, ErrNothing}, {one, other, -1, ErrNoWork}, {same.input(nil), one, Slow, ErrTooShort},
	} {
		_, err := Compare(tt.slow, tt.good)
		var of *RunError
		if !errors.Is(err, tt.want) || errors.As(err, &of) != (tt.run >= 0) || of != nil && of.Run != tt.run {
			t.Errorf("%v, want %v of run %d", err, tt.want, tt.run)
		}
	}
}

// TestCutAnswers: where packets were cut most headers are missing. What the connection carried, and the questions that were seen, still tell size and depth.
func TestCutAnswers(t *testing.T) {
	const mib = 1 << 20
	full := sliding("f", 12, 12, mib, 10_000, 0.001)
	good := full.input(connected(9900, 20))
	conv := good.Conversations.At(0)
	conv.Dir[1].Payload = 12 * (mib + 84)
	last := full.list.Requests[11].Last
	conv.TCP.Sides[1].LastData = flow.Moment{Pos: trace.Pos{Number: last.Number}, Time: last.Time}
	for i := range full.list.Requests[1:] {
		q := &full.list.Requests[1+i]
		q.First, q.Last, q.Moved, q.Status = request.Mark{}, request.Mark{}, -1, ""
	}
	c := compare(t, sliding("f", 200, 2, 65536, 10_000, 0.001).input(connected(9900, 20)), good)
	r := &c.Runs[Good]
	if !r.Estimated || r.Depth != 12 || r.N != 12 || c.Factors[0].Kind != RequestSize || c.Factors[1].Kind != Depth || c.Finding == nil || c.Finding.Confidence != diag.Likely {
		t.Errorf("depth %d, %d requests, estimated %v: %+v", r.Depth, r.N, r.Estimated, c.Factors)
	}
}

// TestOtherRequests: what the client does with other requests between its reads is no pause.
func TestOtherRequests(t *testing.T) {
	slow, good := &script{name: "f"}, &script{name: "f"}
	for i := range 20 {
		at := float64(i) * 50_000
		slow.read(at, at+1000, at+6000, 65536)
		q := slow.read(at+6100, at+49_000, at+49_900, 0)
		q.Command, q.Offset, q.Moved = "GetInfo", -1, -1
		at = float64(i) * 6100
		good.read(at, at+1000, at+6000, 65536)
	}
	c := compare(t, slow.input(nil), good.input(nil))
	if f := c.Factors[0]; f.Kind != Others || f.Share < 0.9 {
		t.Errorf("%+v", c.Factors)
	}
}

// TestSeveralCaptures: a run that was captured at both ends counts once, at the client.
func TestSeveralCaptures(t *testing.T) {
	client := sliding("f", 50, 2, 65536, 10_000, 0.001)
	both := client.input(nil)
	ends := [2]netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:5000"), netip.MustParseAddrPort("10.0.0.2:445")}
	a, b := connected(9900, 20), connected(100, 9820)
	for i, c := range []*flow.Conversation{a, b} {
		c.ID, c.Source, c.Ends = i, i, ends
		c.First, c.Last = flow.Moment{Time: start}, flow.Moment{Time: start + 1e10}
	}
	both.Conversations = flow.List(a, b)
	for _, q := range client.list.Requests[:50] {
		q.Conv, q.Source = 1, 1
		shift(&q, -4_900_000)
		both.Requests.Requests = append(both.Requests.Requests, q)
	}
	c := compare(t, both, sliding("f", 50, 2, 65536, 10_000, 0.001).input(connected(9900, 20)))
	if s := &c.Work[0].Shares[Slow]; s.N != 50 || math.Abs(c.Ratio-1) > 1e-9 {
		t.Errorf("%d requests, ratio %v", s.N, c.Ratio)
	}
}

// TestPage: the page of the rule is a page like any other.
func TestPage(t *testing.T) {
	r := *Rule
	r.Run = func(*diag.Input) []diag.Finding { return nil }
	if err := diag.Validate([]*diag.Rule{&r}); err != nil {
		t.Error(err)
	}
}

// TestNoise: requests that make no sense together give an error or numbers, and no other.
func TestNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	noise := func() *Input {
		s := &script{name: []string{"f", "g", ""}[r.IntN(3)]}
		for range 1 + r.IntN(12) {
			at := float64(r.IntN(1000))
			first := at + float64(r.IntN(500)) - 20
			q := s.read(at, first, first+float64(r.IntN(300)), int64(r.IntN(3))*4096)
			q.Failed, q.Waits = r.IntN(6) == 0, r.IntN(9) == 0
			switch r.IntN(8) {
			case 0:
				q.First, q.Last, q.Moved = request.Mark{}, request.Mark{}, -1
			case 1:
				q.Command, q.Offset, q.Moved = "Create", -1, -1
			case 2:
				s.list.Unasked = append(s.list.Unasked, *q)
				s.list.Unasked[len(s.list.Unasked)-1].Asked = request.Mark{}
			}
			s.name = []string{"f", "g", `d\f`}[r.IntN(3)]
		}
		in := s.input(connected(r.Int64N(400), r.Int64N(400)))
		for range r.IntN(4) {
			from := start + r.Int64N(1e6)
			in.Stalls = append(in.Stalls, Stall{0, StallKind(r.IntN(2)), from, from + r.Int64N(1e6)})
		}
		in.Conversations.At(0).Dir[r.IntN(2)].Payload = r.Int64N(1 << 18)
		return in
	}
	compared := 0
	for range 3000 {
		c, err := Compare(noise(), noise())
		if err != nil {
			continue
		}
		compared++
		sum := c.Ratio
		for _, f := range c.Factors {
			sum += f.By + f.Share + f.Slow + f.Good
		}
		for _, w := range c.WhatIfs {
			sum += w.Rate + w.Size + w.Depth
		}
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			t.Fatalf("%+v", c)
		}
	}
	if compared < 500 {
		t.Errorf("only %d could be compared", compared)
	}
}
