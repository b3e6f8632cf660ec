package request

import (
	"fmt"
	"testing"

	"github.com/wiretale/wiretale/proto"
)

// A turn of a test: in record n, at n milliseconds.
type turn struct {
	n, conv, dir int
	proto.Turn
}

// play gives turns to Pairs, ends all and returns the requests in the order in which they were done, one line each.
func play(turns []turn) (lines []string) {
	p := NewPairs(0, func(r *Request) {
		lines = append(lines, fmt.Sprintf("%d.%d %s %s %d>%d-%d-%d x%d depth %d moved %d %s",
			r.Conv, r.Dir, r.Command, r.Name, r.Asked.Number, r.Sent.Number, r.First.Number, r.Last.Number, r.Repeats, r.Depth, r.Moved, r.Status))
	})
	for i := range turns {
		t := &turns[i]
		at := Mark{Number: int64(t.n), Time: int64(t.n) * 1e6}
		p.Turn(&Message{Conv: t.conv, Dir: t.dir, Protocol: proto.DNS, First: at, Last: at, Length: 10}, &t.Turn)
	}
	p.Close()
	return lines
}

func ask(n int, key uint64, name string) turn {
	return turn{n, 0, 0, proto.Turn{Kind: proto.Ask, Key: key, Command: "A", Name: name, Offset: -1, Size: -1}}
}

func answer(n int, key uint64, status string) turn {
	return turn{n, 0, 1, proto.Turn{Kind: proto.Answer, Key: key, Size: 5, Status: status}}
}

func TestPairs(t *testing.T) {
	more := func(t turn) turn { t.More = true; return t }
	for _, tt := range []struct {
		what  string
		turns []turn
		want  []string
	}{
		{"keys", []turn{ask(1, 7, "a"), ask(2, 8, "b"), answer(3, 8, "OK"), answer(5, 7, "NO")}, []string{
			"0.0 A b 2>2-3-3 x0 depth 2 moved 5 OK", "0.0 A a 1>1-5-5 x0 depth 1 moved 5 NO",
		}},
		{"in order", []turn{ask(1, 0, "a"), ask(2, 0, "b"), answer(3, 0, "1"), answer(4, 0, "2")}, []string{
			"0.0 A a 1>1-3-3 x0 depth 1 moved 5 1", "0.0 A b 2>2-4-4 x0 depth 2 moved 5 2",
		}},
		{"asked again", []turn{ask(1, 7, "a"), ask(2, 7, "a"), answer(3, 7, "OK"), answer(4, 7, "late")}, []string{
			"0.0 A a 1>1-3-3 x1 depth 1 moved 5 OK", "0.0   0>0-4-4 x0 depth 0 moved 5 late",
		}},
		{"in pieces", []turn{more(ask(1, 7, "a")), ask(2, 7, ""), more(answer(3, 7, "")), more(answer(4, 7, "")), answer(5, 7, "OK")}, []string{
			"0.0 A a 1>2-3-5 x0 depth 1 moved 15 OK",
		}},
		{"in pieces, in order", []turn{more(ask(1, 0, "a")), ask(2, 0, ""), ask(3, 0, "b"), answer(4, 0, "OK")}, []string{
			"0.0 A a 1>2-4-4 x0 depth 1 moved 5 OK", "0.0 A b 3>3-0-0 x0 depth 2 moved -1 ",
		}},
		{"no question", []turn{answer(1, 7, "OK")}, []string{"0.0   0>0-1-1 x0 depth 0 moved 5 OK"}},
		{"no answer", []turn{ask(1, 7, "a")}, []string{"0.0 A a 1>1-0-0 x0 depth 1 moved -1 "}},
		{"the answer of another side", []turn{ask(1, 7, "a"), {2, 0, 0, proto.Turn{Kind: proto.Answer, Key: 7}}}, []string{
			"0.1   0>0-2-2 x0 depth 0 moved 0 ", "0.0 A a 1>1-0-0 x0 depth 1 moved -1 ",
		}},
		{"of another conversation", []turn{ask(1, 7, "a"), {2, 1, 1, proto.Turn{Kind: proto.Answer, Key: 7}}}, []string{
			"1.0   0>0-2-2 x0 depth 0 moved 0 ", "0.0 A a 1>1-0-0 x0 depth 1 moved -1 ",
		}},
		{"later", []turn{ask(1, 7, "a"), {2, 0, 1, proto.Turn{Kind: proto.Interim, Key: 7}}, ask(3, 8, "b"), answer(4, 8, "OK"), answer(9, 7, "OK")}, []string{
			"0.0 A b 3>3-4-4 x0 depth 1 moved 5 OK", "0.0 A a 1>1-9-9 x0 depth 1 moved 5 OK",
		}},
		{"a notification", []turn{ask(1, 7, "a"), {2, 0, 1, proto.Turn{Kind: proto.Tell, Key: 7}}}, []string{"0.0 A a 1>1-0-0 x0 depth 1 moved -1 "}},
	} {
		if got := play(tt.turns); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.what, got, tt.want)
		}
	}
}

// TestPairsAreBounded: questions that nobody answers, in one conversation and in many, are given up in order, each once.
func TestPairsAreBounded(t *testing.T) {
	for _, conv := range []func(i int) int{func(int) int { return 0 }, func(i int) int { return i }} {
		var done []int64
		p := NewPairs(0, func(r *Request) { done = append(done, r.Asked.Number) })
		const n = 3 * 2 * maxTalks
		for i := range n {
			at := Mark{Number: int64(i + 1)}
			p.Turn(&Message{Conv: conv(i), First: at, Last: at}, &proto.Turn{Kind: proto.Ask, Key: uint64(i + 1)})
			if open := i + 1 - len(done); open > 2*maxTalks && open > maxOpen {
				t.Fatalf("%d open questions", open)
			}
		}
		p.Close()
		if len(done) != n {
			t.Fatalf("%d of %d are done", len(done), n)
		}
		for i, number := range done {
			if number != int64(i+1) {
				t.Fatalf("request %d is done at place %d", number, i)
			}
		}
	}
}

func TestPairingDoesNotAllocate(t *testing.T) {
	p := NewPairs(0, func(*Request) {})
	m, a := Message{First: Mark{1, 1}, Last: Mark{1, 1}}, Message{Dir: 1, First: Mark{2, 2}, Last: Mark{2, 2}}
	q, r := proto.Turn{Kind: proto.Ask, Key: 1}, proto.Turn{Kind: proto.Answer, Key: 1}
	if n := testing.AllocsPerRun(1000, func() {
		m.Conv++
		a.Conv++
		p.Turn(&m, &q)
		p.Turn(&a, &r)
	}); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}
