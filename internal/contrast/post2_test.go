package contrast_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/contrast"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/stream"
)

// run writes the only trace of a fixture and reads its requests.
func run(t *testing.T, tr *fixture.Trace) *contrast.Input {
	t.Helper()
	path, err := tr.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c, err := engine.Analyse(context.Background(), []string{path}, engine.Options{Applications: stream.NewChoice(stream.Rules{}), Requests: true})
	if err != nil {
		t.Fatal(err)
	}
	return &contrast.Input{Requests: &c.Requests, Conversations: c.Conversations}
}

func post2(t *testing.T, name string) *contrast.Input {
	t.Helper()
	traces, err := fixture.Load("../../testdata/post2_" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	return run(t, traces[0])
}

// reads are the times from the question to the first byte of the answer of all that is read, and between first bytes of answers, in microseconds.
func reads(in *contrast.Input) (service, spacing []float64, list []*request.Request) {
	for i := range in.Requests.Requests {
		if r := &in.Requests.Requests[i]; r.Command == "Read" {
			list = append(list, r)
		}
	}
	for i, r := range list {
		ns, _ := r.Service()
		service = append(service, float64(ns)/1000)
		if i > 0 {
			spacing = append(spacing, float64(r.First.Time-list[i-1].First.Time)/1000)
		}
	}
	return service, spacing, list
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}

// every is each n-th value from the first one on.
func every(list []float64, first, n int) (out []float64) {
	for i := first; i < len(list); i += n {
		out = append(out, list[i])
	}
	return out
}

// TestPost2A holds the copy by ccmexec to the figures that follow from the post's listing.
func TestPost2A(t *testing.T) {
	in := post2(t, "A")
	service, spacing, list := reads(in)
	if want := "[1885 7185 1242 6541 1206 6836 1050 6350 1057 6355 2080 7372 2257 7553]"; fmt.Sprint(service) != want {
		t.Errorf("times to the first byte %v, want %s", service, want)
	}
	sorted := slices.Sorted(slices.Values(service))
	for _, f := range []struct {
		what      string
		got, want float64
	}{
		{"shortest", sorted[0], 1050}, {"longest", sorted[13], 7553}, {"mean", mean(service), 4212.071}, {"median", (sorted[6] + sorted[7]) / 2, 4303.5},
		{"mean of the first of a pair", mean(every(service, 0, 2)), 1539.571}, {"mean from the first to the second of a pair", mean(every(spacing, 0, 2)), 5359.286},
	} {
		if math.Abs(f.got-f.want) > 0.0005 {
			t.Errorf("%s: %.3f µs, want %.3f", f.what, f.got, f.want)
		}
	}
	for i, r := range list {
		if r.Wanted != 65536 || r.Offset != 16121856+65536*int64(i) || r.Depth != int32(1+i%2) {
			t.Errorf("request %d: %d bytes at %d, depth %d", i, r.Wanted, r.Offset, r.Depth)
		}
	}
}

// TestPost2B does the same for the copy by xcopy. The listing has no message ids: only with them the 45 answers find their questions.
func TestPost2B(t *testing.T) {
	_, spacing, list := reads(post2(t, "B"))
	if len(list) != 48 {
		t.Fatalf("%d reads, want 48", len(list))
	}
	listed := spacing[1:45] // of the 45 rows of the listing: one answer is before them, and two are after
	if got := fmt.Sprintf("%d %.1f %v %v", len(listed), mean(listed), slices.Min(listed), slices.Max(listed)); got != "44 5528.5 5317 5662" {
		t.Errorf("between answers: %s", got)
	}
	if got := (list[32].Asked.Time - list[16].Asked.Time) / 1000; got != 88447 {
		t.Errorf("from batch to batch %d µs, want 88447", got)
	}
	if n := list[16+15].Depth; n != 32 {
		t.Errorf("%d open, want 32", n)
	}
}

// TestPost2 is the question of the post: why the one is slower.
func TestPost2(t *testing.T) {
	c, err := contrast.Compare(post2(t, "A"), post2(t, "B"))
	if err != nil {
		t.Fatal(err)
	}
	slow, good := &c.Runs[contrast.Slow], &c.Runs[contrast.Good]
	micro := func(ns int64) float64 { return float64(ns) / 1000 }
	for _, f := range []struct {
		what      string
		got, want float64
	}{
		{"full cycles", micro(slow.Time), 307526}, {"first byte", micro(slow.Parts[contrast.PartFirstByte]), 8520}, {"transfer", micro(slow.Parts[contrast.PartTransfer]), 64408},
		{"pauses", micro(slow.Parts[contrast.PartPause]), 234598}, {"content", float64(slow.Moved), 786432}, {"batches", float64(slow.Batches), 6}, {"depth", float64(slow.Depth), 2},
		{"rate", slow.Rate() / 1e6, 20.458}, {"batch to batch", micro(good.Time), 88447}, {"transfer of the good run", micro(good.Parts[contrast.PartTransfer]), 88447},
		{"rate of the good run", good.Rate() / 1e6, 94.843}, {"depth of the good run", float64(good.Depth), 32}, {"ratio", c.Ratio, 4.636},
		{"pauses that matter", float64(len(slow.Longest())), 4},
	} {
		if math.Abs(f.got-f.want) > 0.0005 {
			t.Errorf("%s: %.3f, want %.3f", f.what, f.got, f.want)
		}
	}
	var pauses []float64
	for _, p := range slow.Pauses {
		pauses = append(pauses, micro(p.Length()))
	}
	if want := "[75130 515 64721 476 43109 50647]"; fmt.Sprint(pauses) != want {
		t.Errorf("pauses %v, want %s", pauses, want)
	}
	byKind := map[contrast.Kind]contrast.Factor{}
	for _, f := range c.Factors {
		byKind[f.Kind] = f
	}
	if f := c.Factors[0]; f.Kind != contrast.Pause || f.Share < 0.9 {
		t.Errorf("%+v is the main cause", f)
	}
	if f := byKind[contrast.Depth]; f.Share < 0.02 || f.Share > 0.1 {
		t.Errorf("depth: %+v", f)
	}
	for _, k := range []contrast.Kind{contrast.FirstByte, contrast.Transfer} {
		if f := byKind[k]; math.Abs(f.By-1) > 0.03 {
			t.Errorf("%s: %+v, want no difference", k, f)
		}
	}
	if f := c.Finding; f == nil || f.Confidence.String() != "proven" || !strings.Contains(f.Summary, "4.636 times as fast, 94.843 Mbit/s against 20.458 Mbit/s: the main cause is the client, which asks for nothing in 76.3 % of the time") {
		t.Errorf("finding %+v", f)
	}
	for _, w := range c.WhatIfs { // the two cycles without a pause ran at 84.692 and 86.288
		if w.Kind == contrast.NoPauses && (w.Rate < 84e6 || w.Rate > 87e6) {
			t.Errorf("without pauses %.3f Mbit/s", w.Rate/1e6)
		}
	}
}

// TestPost2Excerpt is the second listing as the post has it: 45 answers and 32 questions. Whose
// question is not there is known by the message ids alone: the first 15 answers, and the run says so.
func TestPost2Excerpt(t *testing.T) {
	b := post2(t, "B")
	var part request.List
	for _, r := range b.Requests.Requests {
		switch {
		case r.Command != "Read" || r.First.Number < 5509 || r.First.Number > 8243:
		case r.Asked.Number < 5445:
			r.Asked, r.Sent = request.Mark{}, request.Mark{}
			part.Unasked = append(part.Unasked, r)
		default:
			part.Requests = append(part.Requests, r)
		}
	}
	b.Requests = &part
	c, err := contrast.Compare(post2(t, "A"), b)
	if err != nil {
		t.Fatal(err)
	}
	r := &c.Runs[contrast.Good]
	if len(part.Requests) != 30 || r.Unasked != 15 || r.Early != 15 || r.Depth < 29 || math.Abs(r.Rate()/1e6-94.843) > 0.001 {
		t.Errorf("%d questions, %d answers without, %d early, depth %d, %.3f Mbit/s", len(part.Requests), r.Unasked, r.Early, r.Depth, r.Rate()/1e6)
	}
	if c.Factors[0].Kind != contrast.Pause || !strings.Contains(strings.Join(c.Notes, "\n"), "the good run is ambiguous: 15 answers in the capture came to no question in it") {
		t.Errorf("%+v %q", c.Factors[0], c.Notes)
	}
	if c.Finding == nil || c.Finding.Confidence.String() != "likely" {
		t.Errorf("%+v", c.Finding)
	}
}
