package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/checksum"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/trace"
)

// A feeder makes records of Ethernet frames for a follower.
type feeder struct {
	t    *testing.T
	f    *Follower
	rec  trace.Record
	now  int64
	most int // conversations of a window
}

func newFeeder(t *testing.T, opt FollowOptions) *feeder {
	info := &trace.Info{Name: "-", Format: "pcap", Interfaces: []trace.Interface{{Link: trace.LinkRaw}}}
	d := &feeder{t: t, f: NewFollower("-", info, opt), now: 1_700_000_000e9}
	d.f.clock = func() time.Time { return time.Unix(0, d.now) }
	d.f.lookedAt = d.f.clock()
	return d
}

func (d *feeder) put(b []byte) {
	d.rec = trace.Record{
		Pos: trace.Pos{Number: d.rec.Pos.Number + 1}, Time: d.now, Kind: trace.Packet, Link: trace.LinkRaw, Data: b, WireLen: len(b), Numbered: true,
	}
	if err := d.f.Add(&d.rec); err != nil {
		d.t.Fatal(err)
	}
	d.now += 1_000_137
	d.most = max(d.most, d.f.Conversations())
}

// talk is a whole connection of a client.
func (d *feeder) talk(client, server netip.AddrPort) {
	d.segment(client, server, 2, 1000, 0, "")
	d.segment(server, client, 0x12, 9000, 1001, "")
	d.segment(client, server, 0x10, 1001, 9001, "")
	d.segment(client, server, 0x18, 1001, 9001, "hello there")
	d.segment(server, client, 0x18, 9001, 1012, "general")
	d.segment(client, server, 0x11, 1012, 9008, "")
	d.segment(server, client, 0x11, 9008, 1013, "")
	d.segment(client, server, 0x10, 1013, 9009, "")
}

// segment puts one of TCP over IPv4.
func (d *feeder) segment(from, to netip.AddrPort, flags byte, seq, ack uint32, payload string) {
	b := make([]byte, 40, 64)
	src, dst := from.Addr().As4(), to.Addr().As4()
	b[0], b[3], b[8], b[9] = 0x45, byte(40+len(payload)), 64, 6
	copy(b[12:], src[:])
	copy(b[16:], dst[:])
	binary.BigEndian.PutUint16(b[10:], sum(b[:20]))
	t := b[20:]
	binary.BigEndian.PutUint16(t[0:], from.Port())
	binary.BigEndian.PutUint16(t[2:], to.Port())
	binary.BigEndian.PutUint32(t[4:], seq)
	binary.BigEndian.PutUint32(t[8:], ack)
	t[12], t[13], t[14] = 0x50, flags, 0x20
	b = append(b, payload...)
	pseudo := append(append([]byte{}, b[12:20]...), 0, 6, 0, byte(20+len(payload)))
	binary.BigEndian.PutUint16(b[36:], sum(append(pseudo, b[20:]...)))
	d.put(b)
}

// syn is a SYN from this port to a server that is silent.
func (d *feeder) syn(port uint16) {
	d.segment(netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port), netip.MustParseAddrPort("10.0.0.9:443"), 2, 77, 0, "")
}

var web = netip.MustParseAddrPort("10.0.0.8:80")

// TestFollowForgets follows a stream of hours: windows have a bound, and memory does not grow.
func TestFollowForgets(t *testing.T) {
	d := newFeeder(t, FollowOptions{Window: time.Minute, Most: 500})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const conns = 12000
	var third uint64
	for i := range conns {
		d.talk(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), uint16(20000+i%40000)), web)
		d.now += int64(time.Second)
		if i == conns/3 {
			third = heap()
		}
	}
	if d.f.Windows < conns/60/2 {
		t.Errorf("%d windows ended in %v of the trace", d.f.Windows, time.Duration(d.f.Spent()))
	}
	if d.most > 100 {
		t.Errorf("a window of a minute has %d conversations, one begins each second", d.most)
	}
	if end := heap(); end > third+third/4+1<<20 {
		t.Errorf("%d bytes at the end, %d after a third", end, third)
	}
	for _, n := range d.f.Told() {
		if n.Severity > diag.Note {
			t.Errorf("told of %s: %s", n.Rule.ID, n.About)
		}
	}
}

// TestFollowBounds opens more conversations than a window may have.
func TestFollowBounds(t *testing.T) {
	d := newFeeder(t, FollowOptions{Most: 200})
	for i := range 2000 {
		d.talk(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 20000), web)
	}
	if d.most > 200+200/overlap+checkWindow || d.f.Windows == 0 {
		t.Errorf("%d conversations at most, %d windows ended", d.most, d.f.Windows)
	}
}

// TestFollowTellsOnce: what two looks find is told once, and again when it has grown.
func TestFollowTellsOnce(t *testing.T) {
	var told []string
	d := newFeeder(t, FollowOptions{Tell: func(n *Told) error {
		told = append(told, n.Finding.Rule.ID)
		if n.Again {
			told[len(told)-1] += " again"
		}
		return nil
	}})
	for s := range 400 {
		if s%40 < 8 { // three attempts of a connection, then a pause
			d.syn(uint16(40000 + s/40))
		}
		d.talk(netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), uint16(20000+s)), web)
		d.now += int64(time.Second)
	}
	n := 0
	for _, id := range told {
		if strings.HasPrefix(id, "tcp.syn") {
			n++
		}
	}
	if n == 0 || n > 4 {
		t.Errorf("of a server that is silent it told %v", told)
	}
	c, err := d.f.End()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(summaries(c), told)
}

// TestFollowFilter leaves out findings about others.
func TestFollowFilter(t *testing.T) {
	for text, want := range map[string]bool{"ip.dst == 10.0.0.9": true, "ip.dst == 10.0.0.8": false, "tcp.flags.syn == 1": true} {
		flt, err := filter.Compile(text, filter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		told := 0
		d := newFeeder(t, FollowOptions{Filter: flt, Tell: func(n *Told) error { told++; return nil }})
		for s := range 60 {
			if s < 8 {
				d.syn(40000)
			}
			d.talk(netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), uint16(20000+s)), web)
			d.now += int64(time.Second)
		}
		if (told > 0) != want {
			t.Errorf("-Y %q: %d findings are told", text, told)
		}
	}
}

// TestFollowSaysTheSame: at its end a stream in one window has the findings of the file.
func TestFollowSaysTheSame(t *testing.T) {
	paths, err := filepath.Glob("../../diag/*/*.txtar")
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d fixtures, %v", len(paths), err)
	}
	followed := 0
	for i := 0; i < len(paths); i += 5 {
		traces, err := fixture.Load(paths[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range traces {
			file, err := tr.Write(t.TempDir())
			if err != nil {
				continue
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, got, err := Follow(context.Background(), file, bytes.NewReader(b), FollowOptions{})
			if err != nil {
				continue // a format that is read from its end
			}
			followed++
			want, err := Analyse(context.Background(), []string{file}, Options{Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			if a, b := summaries(want), summaries(got); a != b {
				t.Errorf("%s: %s\nfollowed %s\nanalysed %s", paths[i], tr.Name, b, a)
			}
		}
	}
	if followed < 100 {
		t.Errorf("%d traces were followed", followed)
	}
}

func summaries(c *Case) string {
	var b strings.Builder
	for _, f := range c.Findings {
		b.WriteString("\n" + f.Rule.ID + ": " + f.Summary)
	}
	return b.String()
}

// TestFollowSilence: a stream that says nothing is looked at all the same, and ends with the context.
func TestFollowSilence(t *testing.T) {
	r, w := io.Pipe()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	go w.Write(halfRecord)
	ticks := 0
	enough := errors.New("enough")
	_, _, err := Follow(ctx, "-", r, FollowOptions{Tick: func(f *Follower) error {
		if ticks++; ticks == 2 {
			return enough
		}
		return nil
	}})
	if !errors.Is(err, enough) {
		t.Errorf("%d ticks, %v", ticks, err)
	}
	w.CloseWithError(io.EOF)
}

// halfRecord is a pcap file of raw IP that stops in its first record.
var halfRecord = []byte{
	0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0,
	1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 20, 0, 0, 0, 0x45,
}

// TestFollowStopped: who stops while half a record is on its way has lost nothing.
func TestFollowStopped(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, stop := context.WithCancel(context.Background())
	go w.Write(halfRecord)
	_, c, err := Follow(ctx, "-", r, FollowOptions{Tick: func(*Follower) error { stop(); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Sources[0]; s.Err != nil || s.Info.Damage.Any() {
		t.Errorf("%v, %+v", s.Err, s.Info.Damage)
	}
}

// TestFollowCut reports a writer that stops in a record.
func TestFollowCut(t *testing.T) {
	_, c, err := Follow(context.Background(), "-", bytes.NewReader(halfRecord), FollowOptions{})
	if err != nil || !errors.Is(c.Sources[0].Err, trace.ErrTruncated) {
		t.Errorf("%v, %v", c.Sources[0].Err, err)
	}
}

func sum(b []byte) uint16 { return ^checksum.Fold(checksum.Sum(b)) }
