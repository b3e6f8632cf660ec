package fileio

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

const start = int64(1_700_000_000_000_000_000)

// A scene is a log and a capture, whose clock is ahead of the log's.
type scene struct {
	ops   []session.Operation
	reqs  []request.Request
	ahead int64
}

var app, system = &session.Process{PID: 100, Name: "copy.exe"}, &session.Process{PID: 4, Name: "System"}

// op is an operation; times are microseconds.
func (s *scene) op(p *session.Process, name, path string, at, dur, offset, length int64) *session.Operation {
	s.ops = append(s.ops, session.Operation{
		At: flow.Moment{Pos: trace.Pos{Number: int64(len(s.ops) + 1)}, Time: start + at*1000}, Duration: dur * 1000, Process: p, Name: name, Path: path, Offset: offset, Requested: length,
	})
	return &s.ops[len(s.ops)-1]
}

func (s *scene) request(command, name string, asked, last, offset, length int64) {
	n := int64(2*len(s.reqs) + 1)
	at := func(n, us int64) request.Mark { return request.Mark{Number: n, Time: start + s.ahead + us*1000} }
	s.reqs = append(s.reqs, request.Request{
		Command: command, Name: name, Offset: offset, Wanted: length, Moved: length, Length: length,
		Asked: at(n, asked), Sent: at(n, asked), First: at(n+1, last-10), Last: at(n+1, last), Source: 1,
	})
}

const (
	remote = `\\srv\share\dir\big.bin`
	wire   = `\\10.0.0.9\share\DIR\big.bin`
)

// copies is a copy in calls of a size that make requests of another, with a pause after each call in which the process writes what it has to a local file.
func copies(calls int, size, piece, ahead int64) *scene {
	s := &scene{ahead: ahead}
	at := int64(0)
	for i := range int64(calls) {
		begin, n := at, int64(0)
		for off := int64(0); off < size; off += piece {
			s.request("Read", wire, begin+100+n, begin+1100+500*n, i*size+off, piece)
			n++
		}
		dur := 1200 + 500*n
		s.op(app, "ReadFile", remote, begin, dur, i*size, size)
		s.op(app, "WriteFile", `C:\x\big.bin`, begin+dur+50, 3000, i*size, size)
		at += dur + 5000
	}
	return s
}

func one(t *testing.T, s *scene) (*Map, *File) {
	t.Helper()
	maps := Join(s.ops, s.reqs)
	if len(maps) != 1 || len(maps[0].Files) == 0 {
		t.Fatalf("%d maps", len(maps))
	}
	return maps[0], maps[0].Files[0]
}

// TestCalls: one call of 1 MiB is 16 requests of 64 KiB, whatever the clocks say.
func TestCalls(t *testing.T) {
	for _, ahead := range []int64{0, 250e6, -3600e9, 7_200_123_456_789} {
		m, f := one(t, copies(20, 1<<20, 65536, ahead))
		why, fetched, cached := f.Counts()
		if f.PerCall() != 16 || f.CallSize != 1<<20 || f.Size != 65536 || why[ByCall] != 320 || fetched+cached != 0 || f.Process != app || f.Depth != 1 || f.Path != remote || f.Name != wire {
			t.Errorf("ahead %d: %d a call, calls of %d, requests of %d, why %v, %d fetched, %d cached, depth %d", ahead, f.PerCall(), f.CallSize, f.Size, why, fetched, cached, f.Depth)
		}
		if c := m.Clock; c.Ahead-ahead > c.Bound || ahead-c.Ahead > c.Bound || c.Bound > 350e3 || c.Votes != 320 || c.Of != 320 {
			t.Errorf("ahead %d: %+v", ahead, c)
		}
	}
}

// TestPauses: what the process did between its requests, and what nothing explains.
func TestPauses(t *testing.T) {
	s := copies(20, 65536, 65536, 40e6)
	_, f := one(t, s)
	if len(f.Pauses) != 19 {
		t.Fatalf("%d pauses", len(f.Pauses))
	}
	sum, total := f.Idle()
	// A cycle is 6700 us, of which a request has 1000; the write has 3000 of the rest, and the call 700 before and after the request.
	if total != 19*5700e3 || len(sum.Activities) != 2 || sum.Activities[0].Name != "WriteFile" || sum.Activities[0].Count != 19 || sum.Activities[0].Time != 19*3000e3 || sum.Activities[0].Path != `C:\x\big.bin` {
		t.Errorf("%d ns: %+v", total, sum)
	}
	if rest := sum.Rest / 19; rest < 1900e3 || rest > 2100e3 {
		t.Errorf("%d ns of a pause are not explained", rest)
	}
}

// TestWithoutCalls: read-ahead, pages that the system writes, calls that the cache answers, and a file that only one side has.
func TestWithoutCalls(t *testing.T) {
	s := &scene{}
	for i := range int64(8) { // the system reads 256 KiB, the calls are of 64 KiB: one in four makes a request, and the next one is made ahead of its call
		at := i * 10_000
		if i%4 == 0 {
			s.request("Read", wire, at+100, at+1000, i*65536, 4*65536)
		}
		s.op(app, "ReadFile", remote, at, 1500, i*65536, 65536)
	}
	s.request("Read", wire, 75_000, 76_000, 8*65536, 65536) // before the call asks
	s.op(app, "ReadFile", remote, 80_000, 20, 8*65536, 65536)
	s.op(app, "ReadFile", remote, 90_000, 20, 100*65536, 65536) // nothing was fetched in this capture
	s.request("Read", wire, 95_000, 96_000, 200*65536, 65536)   // nobody asks for it
	s.op(system, "ReadFile", remote, 99_000, 1500, 300*65536, 65536).Paging = true
	s.request("Read", wire, 99_100, 99_900, 300*65536, 65536)
	s.op(app, "ReadFile", `C:\only\here`, 99_000, 10, 0, 10)
	s.request("Read", `\\10.0.0.9\share\only.there`, 99_000, 99_100, 0, 10)
	m, f := one(t, s)
	why, fetched, cached := f.Counts()
	if fmt.Sprint(why) != "[2 1 1 1]" || fetched != 7 || cached != 1 || f.Paging != 1 || len(m.Files) != 1 {
		t.Errorf("why %v, %d fetched before, %d cached, %d of the system, %d files", why, fetched, cached, f.Paging, len(m.Files))
	}
}

// TestPasses: a file that is read again and again votes for the right clock, and each pass has its own calls.
func TestPasses(t *testing.T) {
	s := &scene{ahead: 5e9}
	for pass := range int64(3) {
		for i := range int64(50) {
			at := pass*1_000_000 + i*9_973 + i*i*7
			s.op(app, "ReadFile", remote, at, 1500, i*65536, 65536)
			s.request("Read", wire, at+200, at+1200, i*65536, 65536)
		}
	}
	m, f := one(t, s)
	if why, _, _ := f.Counts(); why[ByCall] != 150 || m.Clock.Ahead-5e9 > m.Clock.Bound || 5e9-m.Clock.Ahead > m.Clock.Bound {
		t.Errorf("%v %+v", why, m.Clock)
	}
	for i := range f.Requests {
		if f.Requests[i].Call != i {
			t.Fatalf("request %d is of call %d", i, f.Requests[i].Call)
		}
	}
}

// TestReadThrice: the log of the slow copy in the second post has 4,900 calls of 64 KiB for a file of 100 MiB.
func TestReadThrice(t *testing.T) {
	s := &scene{}
	for i := range int64(4900) {
		at := i * 10_000
		s.op(app, "ReadFile", remote, at, 1500, i%1600*65536, 65536)
		if i < 1600 { // then the cache has it
			s.request("Read", wire, at+200, at+1200, i*65536, 65536)
		}
	}
	_, f := one(t, s)
	if why, fetched, cached := f.Counts(); f.Passes() != 3.0625 || why[ByCall] != 1600 || fetched != 3300 || cached != 0 {
		t.Errorf("%v passes, %v, %d fetched, %d cached", f.Passes(), why, fetched, cached)
	}
}

// TestWrites: the other direction is another file.
func TestWrites(t *testing.T) {
	s := &scene{}
	for i := range int64(5) {
		s.op(app, "WriteFile", `Z:\dir\big.bin`, i*1000, 500, i*4096, 4096)
		s.request("Write", wire, i*1000+100, i*1000+400, i*4096, 4096)
		s.op(app, "ReadFile", remote, i*1000+600, 300, i*4096, 4096)
		s.request("Read", wire, i*1000+700, i*1000+800, i*4096, 4096)
	}
	m, _ := one(t, s)
	if len(m.Files) != 2 || m.Files[0].Writes == m.Files[1].Writes {
		t.Fatalf("%d files", len(m.Files))
	}
	for _, f := range m.Files {
		if why, _, _ := f.Counts(); why[ByCall] != 5 || f.Writes != strings.HasPrefix(f.Path, "Z:") {
			t.Errorf("%s: %v", f.Path, why)
		}
	}
}

// TestBounded: lists made to be slow are not, and lists made of noise do no harm.
func TestBounded(t *testing.T) {
	s := &scene{}
	const n = 20_000
	for i := range int64(n) { // one place again and again, with calls that are all open at once
		s.op(app, "ReadFile", remote, i, 2_000_000, 0, 65536)
		s.request("Read", wire, i+1, i+2, 0, 65536)
	}
	one(t, s)
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		s := &scene{ahead: r.Int64N(1e12) - 5e11}
		for range r.IntN(40) {
			o := s.op(app, []string{"ReadFile", "WriteFile", "CloseFile"}[r.IntN(3)], []string{remote, `a`, ``, `\`}[r.IntN(4)], r.Int64N(1e6), r.Int64N(1e6), r.Int64N(1<<20), 1+r.Int64N(1<<18))
			o.Paging = r.IntN(2) == 0
			if r.IntN(9) == 0 {
				o.Offset, o.Requested = 1<<63-1, 1<<63-1
			}
		}
		for range r.IntN(40) {
			s.request([]string{"Read", "Write", "Create"}[r.IntN(3)], []string{wire, `a`, ``}[r.IntN(3)], r.Int64N(1e6), r.Int64N(1e6), r.Int64N(1<<20), r.Int64N(1<<18))
		}
		for _, m := range Join(s.ops, s.reqs) {
			for _, f := range m.Files {
				f.Counts()
				f.Idle()
			}
		}
	}
}
