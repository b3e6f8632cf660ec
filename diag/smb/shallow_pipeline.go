package smb

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/request"
)

//go:embed shallow_pipeline.md
var shallowPipelinePage string

// ShallowPipeline: a file moves slowly because too little is asked for at once, or nothing for long (B1).
var ShallowPipeline = &diag.Rule{
	ID: "smb.shallow_pipeline", Title: "too little of a file is asked for at once", Page: shallowPipelinePage, Requests: true, Run: shallowPipeline,
}

const (
	// leastTransfer are the requests and the bytes that make a transfer: what is read ahead of a user's needs is less.
	leastTransfer = 10
	leastMoved    = 256 << 10
	// most is the part of the time that names the cause.
	most = 0.5
	// leastLost is the least time that is worth a word.
	leastLost = 200 * time.Millisecond
	// enough is how many bytes are asked for at once by a program that knows about distance: xcopy and Explorer ask for 1 MiB.
	enough = 1 << 20
	// leastPauses make a pattern.
	leastPauses = 3
	// ownPauses is the part of the pauses in which the client may have been busy elsewhere.
	ownPauses = 0.8
)

// A pull is what moves in one direction between a client and a server, and why it is slow.
type pull struct {
	talk    *diag.Talk
	command string
	spells  []diag.Spell // each of one file
	parts   diag.Parts
	paused  bool // by the client; else it asks for too little at once
	moved   int64
	depth   request.Depth
	wanted  []int64
}

type pullKey struct {
	command string
	paused  bool
}

// shallowPipeline makes one finding of each client, server, direction and cause.
func shallowPipeline(in *diag.Input) (out []diag.Finding) {
	for _, t := range talks(in) {
		hungry := starved(in, t)
		index := map[pullKey]*pull{}
		var pulls []*pull
		for _, s := range transfers(t) {
			p := s.Parts()
			paused := float64(p.Client) >= most*float64(p.Total)
			shallow := float64(p.Network) >= most*float64(p.Total) && p.RoundTrip > 0 && t.Measurable(in, p.RoundTrip) && hungry == nil &&
				int64(s.Depth.Max)*request.SpreadOf(wanted(s.Requests)).Median < enough
			if !s.Timed(in) || !paused && !shallow {
				continue
			}
			k := pullKey{s.Requests[0].Command, paused}
			g := index[k]
			if g == nil {
				g = &pull{talk: t, command: k.command, paused: paused}
				index[k] = g
				pulls = append(pulls, g)
			}
			g.add(s, &p)
		}
		for _, g := range pulls {
			if f, ok := g.finding(in); ok {
				out = append(out, f)
			}
		}
	}
	return out
}

// transfers are the spells in which a file was read or written.
func transfers(t *diag.Talk) (out []diag.Spell) {
	type file struct {
		command, name string
		conv          int
	}
	index := map[file]int{}
	var files []file
	for _, r := range t.Requests {
		if bulk(r) {
			k := file{r.Command, r.Name, r.Conv}
			if index[k]++; index[k] == leastTransfer {
				files = append(files, k)
			}
		}
	}
	for _, k := range files {
		for _, s := range t.SpellsOf(func(r *request.Request) bool { return bulk(r) && k == file{r.Command, r.Name, r.Conv} }) {
			if len(s.Requests) >= leastTransfer && s.Moved >= leastMoved {
				out = append(out, s)
			}
		}
	}
	return out
}

// bulk reports whether a request reads or writes a file.
func bulk(r *request.Request) bool {
	return (r.Command == readCommand || r.Command == writeCommand) && !r.Waits && !r.Failed && !pipes(r.Name)
}

func wanted(list []*request.Request) (out []int64) {
	for _, r := range list {
		out = append(out, max(r.Wanted, 0))
	}
	return out
}

func (g *pull) add(s diag.Spell, p *diag.Parts) {
	busy, more := float64(g.parts.Total-g.parts.Client), float64(p.Total-p.Client)
	if busy+more > 0 {
		g.depth.Mean = (g.depth.Mean*busy + s.Depth.Mean*more) / (busy + more)
	}
	g.depth.Max = max(g.depth.Max, s.Depth.Max)
	g.spells = append(g.spells, s)
	g.parts.Add(*p)
	g.moved += s.Moved
	g.wanted = append(g.wanted, wanted(s.Requests)...)
}

func (g *pull) finding(in *diag.Input) (f diag.Finding, ok bool) {
	p, t := &g.parts, g.talk
	lost := p.Network - time.Duration(len(g.spells))*p.RoundTrip
	if g.paused {
		lost = p.Client
		if len(p.Pauses) < leastPauses || float64(in.Idle(t, p.Pauses)) < ownPauses*float64(p.Client) || !t.Measurable(in, p.Client/time.Duration(len(p.Pauses))) {
			return f, false
		}
	}
	if lost = in.Within(lost, g.spells); lost < leastLost {
		return f, false
	}
	f = diag.Finding{
		Severity: diag.Warning, Confidence: diag.Likely, Cost: lost, Count: len(g.wanted), Source: t.Source, Host: t.Client.String(), Conversations: t.Conversations,
		Filter: t.Filter(), Facts: append(p.Facts(), g.figures()...),
	}
	if e := in.Session.Endpoints[t.Conversations[0].ID]; e != nil {
		f.Process = e.Process
	}
	if g.paused {
		f.Lost = diag.TimesOf(g.spells, budget.Client)
		g.pauses(&f)
	} else {
		f.Lost = diag.TimesOf(g.spells, budget.Network)
		g.depths(&f)
	}
	return f, true
}

// pauses describes a client that asks for nothing.
func (g *pull) pauses(f *diag.Finding) {
	p, t := &g.parts, g.talk
	longest := slices.Clone(p.Pauses)
	slices.SortStableFunc(longest, func(a, b request.Pause) int { return cmp.Compare(b.Length(), a.Length()) })
	f.Summary = fmt.Sprintf("%v asked for nothing during %s of the %s in which it %s %s %s %v (%s): %s, the longest %s; %s instead of %s", t.Client, diag.Duration(p.Client), diag.Duration(p.Total),
		g.verb(), g.files(), g.preposition(), t.Server.Addr(), diag.Percent(p.Client, p.Total), diag.Count(len(longest), "pause"), diag.Duration(time.Duration(longest[0].Length())),
		rate(g.moved, p.Total), rate(g.moved, p.Total-p.Client))
	f.RuledOut = []string{
		"the server: " + diag.Duration(p.Server) + " of the time was its own",
		fmt.Sprintf("the network: it moved content for %s, and had nothing to move in the pauses", diag.Duration(p.Transfer)),
		fmt.Sprintf("the number of requests at once, %d at most: without the pauses they move %s", g.depth.Max, rate(g.moved, p.Total-p.Client)),
	}
	f.Fix = []string{
		fmt.Sprintf("look at what the program at %v does between its requests: a checksum, a scanner, a slow disk that it writes to, a limit that it sets itself", t.Client),
		"copy the same file with another program, such as robocopy: it shows what server and network can do",
	}
	f.NextCapture = []string{"Process Monitor on the client, at the same time: it shows the calls of the program in the pauses"}
	var proof []request.Mark
	for _, pause := range longest[:min(len(longest), maxProof)] {
		proof = append(proof, pause.From, pause.To)
	}
	f.Where = t.Marks(proof...)
}

// depths describes a client that asks for little and waits.
func (g *pull) depths(f *diag.Finding) {
	p, t := &g.parts, g.talk
	f.Summary = fmt.Sprintf("%v %s %s %s %v with %s of %s at once and waited %s of %s for round trips of %s (%s): %s", t.Client, g.verb(), g.files(), g.preposition(), t.Server.Addr(),
		diag.Count(int(g.depth.Max), "request"), size(request.SpreadOf(g.wanted).Median), diag.Duration(p.Network), diag.Duration(p.Total), diag.Duration(p.RoundTrip), diag.Percent(p.Network, p.Total), rate(g.moved, p.Total))
	f.RuledOut = []string{
		"the server: " + diag.Duration(p.Server) + " of the time was its own",
		"the bandwidth: content was on its way for " + diag.Duration(p.Transfer),
		"the client: it paused for " + diag.Duration(p.Client),
		"credits: the server left the client some, or they are not known",
	}
	f.Fix = []string{
		"ask for more at once: a program that reads 1 MiB or more at a time, or without waiting (robocopy /MT, Explorer, xcopy /J)",
		"copy several files at the same time",
	}
	f.Where = shown(t.Source, g.spells[0].Requests)
}

// figures are the facts beside the budget.
func (g *pull) figures() []diag.Fact {
	p := &g.parts
	facts := []diag.Fact{
		{Name: "requests", Value: fmt.Sprintf("%d of %s", len(g.wanted), size(request.SpreadOf(g.wanted).Median))},
		{Name: "at once", Value: fmt.Sprintf("%.1f on average, %d at most", g.depth.Mean, g.depth.Max)},
		{Name: "rate", Value: rate(g.moved, p.Total)},
	}
	if p.Client > 0 {
		facts = append(facts,
			diag.Fact{Name: "rate without the pauses", Value: rate(g.moved, p.Total-p.Client)},
			diag.Fact{Name: "what more requests at once would save, at most", Value: diag.Duration(p.Network + p.Server)})
	}
	return facts
}

func (g *pull) files() string {
	var files []string
	for i := range g.spells {
		if n := g.spells[i].Requests[0].Name; n != "" && !slices.Contains(files, n) {
			files = append(files, n)
		}
	}
	if len(files) == 0 {
		return "a file"
	}
	return diag.List(files, named)
}

func (g *pull) verb() string {
	if g.command == writeCommand {
		return "wrote"
	}
	return "read"
}

func (g *pull) preposition() string {
	if g.command == writeCommand {
		return "to"
	}
	return "from"
}

// rate is in bits a second.
func rate(bytes int64, d time.Duration) string {
	bits := float64(bytes) * 8 / max(d.Seconds(), 1e-9)
	switch {
	case bits >= 1e9:
		return fmt.Sprintf("%.3g Gbit/s", bits/1e9)
	case bits >= 1e6:
		return fmt.Sprintf("%.3g Mbit/s", bits/1e6)
	}
	return fmt.Sprintf("%.3g kbit/s", bits/1e3)
}

// size is a number of bytes in the unit that divides it.
func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
