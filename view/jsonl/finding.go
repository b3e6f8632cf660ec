package jsonl

import (
	"io"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/view"
)

// A Finding is one cause, proven by records.
type Finding struct {
	head
	Rank          int         `json:"rank" doc:"1 for the first; 0 of live, which tells findings as they come"`
	ID            string      `json:"id" doc:"to address it by, whatever its rank: the diagnosis and the first record that proves it, or whom it concerns: 'tcp.rto@0:17'"`
	Rule          string      `json:"rule" doc:"id of the diagnosis; 'wiretale explain ID' has its page"`
	Title         string      `json:"title" doc:"of the diagnosis"`
	Severity      string      `json:"severity" doc:"'note', 'warning', 'error'"`
	Confidence    string      `json:"confidence" doc:"'possible', 'likely', 'proven'"`
	Summary       string      `json:"summary" doc:"one sentence with the numbers in it"`
	CostNS        int64       `json:"cost_ns" doc:"time that the user's operation lost, 0 when none or unknown"`
	Count         int         `json:"count" doc:"how often it happened"`
	Where         []Place     `json:"where,omitempty" doc:"records that prove it, 20 at most"`
	Elsewhere     []Elsewhere `json:"elsewhere,omitempty" doc:"the same cause as other capture points have it"`
	Between       string      `json:"between,omitempty" doc:"the two capture points that the cause lies between"`
	Parts         []Part      `json:"parts,omitempty" doc:"findings that other diagnoses have of the same cause"`
	Conversations []int       `json:"conversations,omitempty" doc:"conversations that it concerns"`
	Host          string      `json:"host,omitempty" doc:"address or name that it concerns"`
	Process       *Process    `json:"process,omitempty" doc:"process that it concerns"`
	Facts         []Fact      `json:"facts,omitempty" doc:"the numbers that it rests on"`
	RuledOut      []string    `json:"ruled_out,omitempty" doc:"what was looked at and was not the cause"`
	Fix           []string    `json:"fix,omitempty" doc:"what to do"`
	NextCapture   []string    `json:"next_capture,omitempty" doc:"what to record next"`
	Filter        string      `json:"filter,omitempty" doc:"Wireshark display filter that shows the proof"`
	NetMonFilter  string      `json:"netmon_filter,omitempty" doc:"Network Monitor filter that shows the proof"`
	Silences      []string    `json:"silences,omitempty" doc:"diagnoses that this finding withholds"`
	At            string      `json:"at,omitempty" doc:"of live: time of the trace at which it was told"`
	Again         bool        `json:"again,omitempty" doc:"of live: it was told before, and has grown much since or goes on"`
}

// A Fact is a number or value that a finding rests on.
type Fact struct {
	Name  string `json:"name" doc:"of the number"`
	Value string `json:"value" doc:"with its unit"`
}

// Part is a finding that another diagnosis has of the same cause: it has no rank of its own.
type Part struct {
	Rule          string      `json:"rule" doc:"id of the diagnosis"`
	Severity      string      `json:"severity" doc:"by itself"`
	Confidence    string      `json:"confidence" doc:"by itself"`
	Summary       string      `json:"summary" doc:"one sentence with the numbers in it"`
	CostNS        int64       `json:"cost_ns" doc:"time that the user's operation lost by it, 0 when none or unknown"`
	Count         int         `json:"count" doc:"how often it happened"`
	Where         []Place     `json:"where,omitempty" doc:"records that prove it, 20 at most"`
	Elsewhere     []Elsewhere `json:"elsewhere,omitempty" doc:"the same as other capture points have it"`
	Conversations []int       `json:"conversations,omitempty" doc:"conversations that it concerns"`
	Host          string      `json:"host,omitempty" doc:"address or name that it concerns"`
	Facts         []Fact      `json:"facts,omitempty" doc:"the numbers that it rests on"`
	RuledOut      []string    `json:"ruled_out,omitempty" doc:"what was looked at and was not the cause"`
	Fix           []string    `json:"fix,omitempty" doc:"what to do"`
	NextCapture   []string    `json:"next_capture,omitempty" doc:"what to record next"`
	Filter        string      `json:"filter,omitempty" doc:"Wireshark display filter that shows the proof"`
}

// Elsewhere is a finding as another capture point has it.
type Elsewhere struct {
	Source  int     `json:"source" doc:"number of the source"`
	Summary string  `json:"summary" doc:"as there"`
	CostNS  int64   `json:"cost_ns" doc:"as there"`
	Count   int     `json:"count" doc:"as there"`
	Where   []Place `json:"where,omitempty" doc:"records that prove it there, 20 at most"`
}

// Withheld says that a rule was not applied, and why.
type Withheld struct {
	head
	Rule          string `json:"rule" doc:"diagnosis that was not applied"`
	Because       string `json:"because" doc:"quality finding that forbids it"`
	Why           string `json:"why,omitempty" doc:"its reason in half a sentence"`
	Conversations int    `json:"conversations" doc:"how many it would have looked at"`
	First         *int   `json:"first,omitempty" doc:"the first of these conversations"`
}

// A Rule is one diagnosis of the catalogue.
type Rule struct {
	head
	ID         string   `json:"id" doc:"of the diagnosis"`
	Title      string   `json:"title" doc:"what it finds"`
	Quality    bool     `json:"quality" doc:"true for a rule on the quality of the capture"`
	WithheldBy []string `json:"withheld_by,omitempty" doc:"quality rules that can silence it"`
}

// A Summary is the last object of a case.
type Summary struct {
	head
	Sources       int   `json:"sources" doc:"number of sources"`
	Records       int64 `json:"records" doc:"records in all"`
	Packets       int64 `json:"packets" doc:"packets in all"`
	Events        int64 `json:"events" doc:"events in all"`
	Conversations int   `json:"conversations" doc:"number of conversations"`
	Processes     int   `json:"processes" doc:"number of processes"`
	Calls         int   `json:"calls" doc:"number of calls"`
	Joins         int   `json:"joins" doc:"number of joins"`
	Findings      int   `json:"findings" doc:"number of findings"`
	Withheld      int   `json:"withheld" doc:"number of diagnoses not applied"`
	Damaged       bool  `json:"damaged" doc:"true when something could not be read"`
}

// Case writes everything that an analysis knows; the summary comes last.
func Case(w io.Writer, c *engine.Case) error {
	e := newEncoder(w, c)
	e.judged()
	e.conversations()
	e.session()
	e.losses()
	e.put(summary(c))
	return e.err
}

// Live writes one finding as it is told.
func Live(w io.Writer, t *engine.Told) error {
	out := finding(0, view.FindingID(t.Finding), t.Finding)
	out.At, out.Again = view.ISO(t.At), t.Again
	e := newEncoder(w, t.Case)
	e.put(out)
	return e.err
}

// Tally is what live has told of one thing.
type Tally struct {
	head
	Rule     string `json:"rule" doc:"id of the diagnosis"`
	Severity string `json:"severity" doc:"'note', 'warning', 'error'"`
	Summary  string `json:"summary" doc:"as it was told last"`
	Times    int    `json:"times" doc:"how often it was told"`
	Count    int    `json:"count" doc:"how often it had happened then, in the time that is remembered"`
	CostNS   int64  `json:"cost_ns" doc:"time that the user's operation had lost by it then, 0 when none or unknown"`
}

// Followed ends what live writes: tallies, what could not be read, and the counts of the whole stream.
func Followed(w io.Writer, f *engine.Follower, c *engine.Case) error {
	e := newEncoder(w, c)
	told := f.Told()
	for _, t := range told {
		e.put(Tally{kind("tally"), t.Rule.ID, t.Severity.String(), t.About, t.Times, t.Count, int64(t.Cost)})
	}
	e.losses()
	out := summary(c)
	out.Records, out.Packets, out.Events, out.Findings = f.Records, f.Packets, f.Events, len(told)
	e.put(out)
	return e.err
}

// judged writes what the sources are and what was found in them.
func (e *encoder) judged() {
	e.sources()
	e.findings(func(*diag.Finding) bool { return true })
	e.spendings()
	for _, wh := range e.c.Withheld {
		w := Withheld{head: kind("withheld"), Rule: wh.Rule, Because: wh.Because, Why: wh.Why, Conversations: wh.Conversations}
		if wh.First != nil {
			w.First = &wh.First.ID
		}
		e.put(w)
	}
	e.points(e.c.Points)
}

// findings writes those that are wanted.
func (e *encoder) findings(want func(*diag.Finding) bool) {
	ids := view.FindingIDs(e.c.Findings)
	for i := range e.c.Findings {
		if f := &e.c.Findings[i]; want(f) {
			e.put(finding(i+1, ids[i], f))
		}
	}
}

// Rules writes the catalogue.
func Rules(w io.Writer, rules []*diag.Rule) error {
	e := newEncoder(w, nil)
	for _, r := range rules {
		e.put(RuleOf(r))
	}
	return e.err
}

func finding(rank int, id string, f *diag.Finding) Finding {
	out := Finding{
		head: kind("finding"), Rank: rank, ID: id, Rule: f.Rule.ID, Title: f.Rule.Title, Severity: f.Severity.String(), Confidence: f.Confidence.String(),
		Summary: f.Summary, CostNS: int64(f.Cost), Count: f.Count, Host: f.Host, Process: process(f.Process), RuledOut: f.RuledOut, Fix: f.Fix,
		NextCapture: f.NextCapture, Filter: f.Filter, NetMonFilter: f.NetMonFilter, Silences: f.Silences, Between: f.Between,
	}
	for _, pos := range f.Where {
		out.Where = append(out.Where, place(pos))
	}
	for _, e := range f.Elsewhere {
		there := Elsewhere{Source: e.Source, Summary: e.Summary, CostNS: int64(e.Cost), Count: e.Count}
		for _, pos := range e.Where {
			there.Where = append(there.Where, place(pos))
		}
		out.Elsewhere = append(out.Elsewhere, there)
	}
	for i := range f.Parts {
		p := finding(0, "", &f.Parts[i])
		out.Parts = append(out.Parts, Part{
			Rule: p.Rule, Severity: p.Severity, Confidence: p.Confidence, Summary: p.Summary, CostNS: p.CostNS, Count: p.Count, Where: p.Where, Elsewhere: p.Elsewhere,
			Conversations: p.Conversations, Host: p.Host, Facts: p.Facts, RuledOut: p.RuledOut, Fix: p.Fix, NextCapture: p.NextCapture, Filter: p.Filter,
		})
	}
	for _, conv := range f.Conversations {
		out.Conversations = append(out.Conversations, conv.ID)
	}
	for _, fact := range f.Facts {
		out.Facts = append(out.Facts, Fact{fact.Name, fact.Value})
	}
	return out
}

func summary(c *engine.Case) Summary {
	out := Summary{
		head: kind("summary"), Sources: len(c.Sources), Conversations: c.Conversations.Len(), Findings: len(c.Findings), Withheld: len(c.Withheld),
	}
	if s := c.Session; s != nil {
		out.Processes, out.Calls, out.Joins = len(s.Processes), len(s.Calls), len(s.Joins)
	}
	for _, src := range c.Sources {
		out.Records, out.Packets, out.Events = out.Records+src.Records, out.Packets+src.Packets, out.Events+src.Events
		out.Damaged = out.Damaged || src.Err != nil || src.Info.Damage.Any()
	}
	return out
}
