package contrast

import (
	"fmt"
	"strings"
	"time"

	"github.com/wiretale/wiretale/diag"
)

// remark notes what limits the comparison.
func (c *Contrast) remark(inputs [2]*Input) {
	note := func(format string, args ...any) { c.Notes = append(c.Notes, fmt.Sprintf(format, args...)) }
	if c.ByCommand {
		note("no name is in both runs: all requests of a command are compared, whatever they are about")
	} else if places := min(c.distinct(Slow), c.distinct(Good)); c.Bytes && 10*c.Overlap < 9*places {
		note("the runs moved different parts of the files: %s are in both; the rates are compared, not the times", diag.Count(c.Overlap, "byte"))
	}
	for i := range c.Runs {
		r := &c.Runs[i]
		if n := r.Unasked; n > 0 {
			note("%s is ambiguous: %s in the capture came to no question in it; the depth is a lower bound", runNames[i], diag.Count(n, "answer"))
		}
		if r.Early > 0 {
			note("%s: %s were open when its capture began, at least", runNames[i], diag.Count(r.Early, "request"))
		}
		if r.Estimated {
			note("%s is estimated: most answers are cut or missing in its capture; its content is what its connections carried, from the first question that was seen to the last segment with data", runNames[i])
		}
		if r.Shifted {
			note("%s was captured nearer to the server: the times are those at the client, half of the round trip to it away", runNames[i])
		}
		if r.hidden {
			note("%s: transfers cover the time to the first byte, so nothing can be said of the server there", runNames[i])
		}
		if n := inputs[i].Requests.Beyond; n > 0 {
			note("%s: %s more were not kept, and are not compared", runNames[i], diag.Count(n, "request"))
		}
		if p := c.passes(i); p > 1.05 {
			note("%s moved each byte %.2f times: beside the rate, that makes it %.2f times as long", runNames[i], p, p)
		}
	}
	for i, in := range inputs {
		if text := c.busyWith(in, i); text != "" {
			note("%s: %s", runNames[i], text)
		}
	}
	if !c.Runs[Slow].Steady {
		note("a run has too few batches of questions to measure between: the rates are over everything, from the first question to the last answer")
	}
	if !c.hasTrip {
		note("the round trip is not known in both runs: it is part of the first byte")
	}
}

// busiest is how many activities of a process are named.
const busiest = 3

// busyWith says what the process whose work it is did in the pauses of a run, "" when no log tells.
func (c *Contrast) busyWith(in *Input, run int) string {
	for _, m := range in.FileIO {
		for _, f := range m.Files {
			w := c.Work[0]
			if f.Name != w.Shares[run].Name || f.Writes != (w.Command == "Write") || f.Process == nil || len(f.Pauses) == 0 {
				continue
			}
			idle, total := f.Idle()
			var did []string
			for _, a := range idle.Activities[:min(busiest, len(idle.Activities))] {
				did = append(did, strings.TrimSpace(a.Name+" "+a.Path)+fmt.Sprintf(" (%s, %s)", diag.Count(a.Count, "time"), diag.Duration(time.Duration(a.Time))))
			}
			did = append(did, "nothing that its log has for "+diag.Duration(time.Duration(idle.Rest)))
			return fmt.Sprintf("%s (%d) makes %s of %s for the file, most of them with %s each; in its %s without one, %s in all, it was at %s",
				f.Process.Name, f.Process.PID, diag.Count(len(f.Calls), "call"), diag.Size(f.CallSize), diag.Count(f.PerCall(), "request"),
				diag.Count(len(f.Pauses), "pause"), diag.Duration(time.Duration(total)), strings.Join(did, ", "))
		}
	}
	return ""
}

// distinct is the content of a run in different places.
func (c *Contrast) distinct(run int) (n int64) {
	for _, w := range c.Work {
		n += w.Shares[run].Distinct
	}
	return n
}

// passes is how often a run moved each byte, 0 when that is not known.
func (c *Contrast) passes(run int) float64 {
	var moved int64
	for _, w := range c.Work {
		moved += w.Shares[run].Moved
	}
	distinct := c.distinct(run)
	if distinct == 0 {
		return 0
	}
	return float64(moved) / float64(distinct)
}
