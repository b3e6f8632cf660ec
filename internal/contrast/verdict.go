package contrast

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/trace"
)

//go:embed slow_vs_good.md
var page string

// Rule is what a comparison finds: why the one run is slower than the other (B18). It is of two runs: analyses of one do not apply it.
var Rule = &diag.Rule{ID: "smb.slow_vs_good", Title: "why the one run is slower than the other", Page: page}

var runNames = [2]string{"the slow run", "the good run"}

const (
	alike = 0.05 // a difference of the logarithm that is none
	major = 0.25 // share of the ratio from which a factor is no minor one
	minor = 0.02 // share of the ratio below which a factor is not named as one that adds to it
)

// conclude says in a finding what makes the difference.
func (c *Contrast) conclude() {
	if c.Ratio < 1+alike || len(c.Factors) == 0 {
		return
	}
	slow := &c.Runs[Slow]
	f := &diag.Finding{Rule: Rule, Severity: diag.Warning, Confidence: diag.Proven, Count: 1, Source: -1}
	main := c.Factors[0]
	f.Summary = fmt.Sprintf("the good run is %.3f times as fast, %s against %s: the main cause is %s", c.Ratio, c.RateText(c.Runs[Good].Rate()), c.RateText(slow.Rate()), c.cause(&main))
	var also, less []string
	for i := range c.Factors[1:] {
		switch k := &c.Factors[1+i]; {
		case k.Share >= major:
			also = append(also, c.aside(k))
		case k.Share >= minor:
			less = append(less, c.aside(k))
		}
	}
	if len(also) > 0 {
		f.Summary += "; also " + strings.Join(also, ", ")
	}
	if len(less) > 0 {
		f.Summary += "; minor: " + strings.Join(less, ", ")
	}
	for i := range c.Factors {
		k := &c.Factors[i]
		f.Facts = append(f.Facts, diag.Fact{Name: k.Kind.String(), Value: fmt.Sprintf("%.3f", k.By)})
		if k.Kind != main.Kind && math.Abs(k.Share) < minor {
			f.RuledOut = append(f.RuledOut, fmt.Sprintf("%s: a factor of %.3f", k.Kind, k.By))
		}
	}
	if main.Share < 0.5 || slow.doubtful() || c.Runs[Good].doubtful() || c.ByCommand {
		f.Confidence = diag.Likely
	}
	f.Cost = time.Duration(float64(slow.Time) * (1 - 1/c.Ratio))
	f.Fix = fixes[main.Kind]
	c.prove(f, main.Kind)
	c.Finding = f
}

// doubtful reports whether enough of the run is missing to change what it says.
func (r *Run) doubtful() bool { return r.Estimated || 20*r.Unasked > r.N }

// fixes say what to do about a factor.
var fixes = [kinds][]string{
	RequestSize: {"let the application read and write in larger pieces, and look at what limits them: the dialect, and the largest size that the server offers"},
	Depth:       {"let the application keep more requests open: larger calls, or several at once; look at credits when the client would ask for more"},
	Pause:       {"look at what the process does in its pauses: its calls between two reads (Process Monitor), what it does with the data, its other files, its processor time"},
	Others:      {"look at the requests between: opening, closing, asking for attributes, listing folders"},
	FirstByte:   {"look at the server: its disks, its load, and what filters its files; when the good run came second, its cache was warm: repeat the runs in the other order"},
	RoundTrip:   {"look at the way between client and server, or keep more requests open"},
	Transfer:    {"look at the slowest part of the way, at limits of rate and at the window of congestion of the sender"},
	Loss:        {"look for where packets are lost"},
	Window:      {"look at why the receiver does not take the data off its connection, and at the size of its window"},
}

// proofs is how many records a finding lists at most.
const proofs = 20

// prove lists the records of the slow run that show the cause: the ends of the longest pauses, else the questions.
func (c *Contrast) prove(f *diag.Finding, k Kind) {
	slow := &c.Runs[Slow]
	source := 0
	if w := c.Work[0].Shares[Slow].list; len(w) > 0 {
		source = w[0].Source
	}
	var numbers []int64
	if k == Pause {
		for _, p := range slow.Longest() {
			numbers = append(numbers, p.From.Number, p.To.Number)
		}
	} else {
		for _, q := range c.Work[0].Shares[Slow].list {
			if q.Asked.Time >= slow.From.Time && len(numbers) < proofs {
				numbers = append(numbers, q.Asked.Number)
			}
		}
	}
	numbers = numbers[:min(len(numbers), proofs)]
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	var texts []string
	for _, n := range numbers {
		f.Where = append(f.Where, trace.Pos{Source: source, Number: n})
		texts = append(texts, fmt.Sprint(n))
	}
	if len(texts) > 0 {
		f.Filter = "frame.number in {" + strings.Join(texts, ", ") + "}"
	}
}

// nearly is the share of the pauses that the longest of them make up.
const nearly = 0.95

// Longest are the fewest pauses that make up nearly all of the time of all, in order.
func (r *Run) Longest() []request.Pause {
	list := slices.Clone(r.Pauses)
	slices.SortStableFunc(list, func(a, b request.Pause) int { return int(max(min(b.Length()-a.Length(), 1), -1)) })
	sum, n := int64(0), 0
	for ; n < len(list) && float64(sum) < nearly*float64(r.Parts[PartPause]); n++ {
		sum += list[n].Length()
	}
	list = list[:n]
	slices.SortFunc(list, func(a, b request.Pause) int { return int(max(min(a.From.Time-b.From.Time, 1), -1)) })
	return list
}

// cause is the factor in the words of a sentence.
func (c *Contrast) cause(f *Factor) string {
	by := fmt.Sprintf("a factor of %.3f, %.0f %% of the difference", f.By, 100*f.Share)
	slow := &c.Runs[Slow]
	switch f.Kind {
	case Pause:
		return fmt.Sprintf("the client, which asks for nothing in %.1f %% of the time (%.1f %% in the good run): %s; that is %s", 100*f.Slow, 100*f.Good, slow.pauses(), by)
	case RequestSize:
		return fmt.Sprintf("the size of the requests, %s against %s: %s", diag.Size(f.Slow), diag.Size(f.Good), by)
	case Depth:
		return fmt.Sprintf("how many requests are open at once, %.0f against %.0f: %s", f.Slow, f.Good, by)
	case Others:
		return fmt.Sprintf("other requests between those that move content, in %.1f %% of the time (%.1f %% in the good run): %s", 100*f.Slow, 100*f.Good, by)
	case FirstByte:
		return fmt.Sprintf("the time to the first byte of an answer, %s: %s", against(f), by)
	case RoundTrip:
		return fmt.Sprintf("the round trip, %s: %s", against(f), by)
	case Transfer:
		return fmt.Sprintf("the pace of what is on its way, %s against %s: %s", c.RateText(f.Slow), c.RateText(f.Good), by)
	case Loss:
		return fmt.Sprintf("the recovery of lost segments, in %.1f %% of the time (%.1f %% in the good run): %s", 100*f.Slow, 100*f.Good, by)
	}
	return fmt.Sprintf("the window of the receiver, which has no room in %.1f %% of the time (%.1f %% in the good run): %s", 100*f.Slow, 100*f.Good, by)
}

// against are two times, of which transfers may hide one.
func against(f *Factor) string {
	return hiddenOr(f.Slow) + " against " + hiddenOr(f.Good)
}

func hiddenOr(ns float64) string {
	if ns == 0 {
		return "hidden by transfers"
	}
	return diag.Duration(time.Duration(ns))
}

// aside is the factor in few words.
func (c *Contrast) aside(f *Factor) string {
	switch f.Kind {
	case RequestSize:
		return fmt.Sprintf("size of requests (%s against %s, %.3f)", diag.Size(f.Slow), diag.Size(f.Good), f.By)
	case Depth:
		return fmt.Sprintf("depth (%.0f against %.0f, %.3f)", f.Slow, f.Good, f.By)
	}
	return fmt.Sprintf("%s (%.3f)", f.Kind, f.By)
}

// pauses are the longest ones in words.
func (r *Run) pauses() string {
	list := r.Longest()
	if len(list) == 0 {
		return "no pause"
	}
	least, most, sum := list[0].Length(), int64(0), int64(0)
	for _, p := range list {
		least, most, sum = min(least, p.Length()), max(most, p.Length()), sum+p.Length()
	}
	text := diag.Count(len(list), "pause")
	if len(list) == 1 {
		return fmt.Sprintf("%s of %s", text, diag.Duration(time.Duration(most)))
	}
	return fmt.Sprintf("%s of %s to %s, %s of it", text, diag.Duration(time.Duration(least)), diag.Duration(time.Duration(most)), diag.Duration(time.Duration(sum)))
}

// RateText is a rate with its unit.
func (c *Contrast) RateText(rate float64) string {
	if !c.Bytes {
		return fmt.Sprintf("%.4g requests/s", rate)
	}
	switch {
	case rate >= 1e9:
		return fmt.Sprintf("%.3f Gbit/s", rate/1e9)
	case rate >= 1e6:
		return fmt.Sprintf("%.3f Mbit/s", rate/1e6)
	}
	return fmt.Sprintf("%.3f kbit/s", rate/1e3)
}
