package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/spell"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

type timelineFlags struct {
	format  string
	columns string
	time    string
	conv    int
	process string
	count   int
	filter  string
	points  []string
}

func newTimeline(a *app) *cobra.Command {
	var f timelineFlags
	cmd := &cobra.Command{
		Use:   "timeline FILE...",
		Short: "One process or conversation: application calls, stack events and packets in one list",
		Example: `  wiretale timeline server.etl
  wiretale timeline --process tcpserver.exe server.etl
  wiretale timeline --conv 3 -t dd x.pcapng
  wiretale timeline client.pcapng server.pcapng    one conversation at both points, on one clock, a lane a point
  wiretale timeline --columns netmon server.etl`,
		RunE: func(cmd *cobra.Command, args []string) error { return runTimeline(cmd.Context(), a, &f, args) },
	}
	flags := cmd.Flags()
	formatFlag(flags, &f.format, "text", "jsonl")
	flags.IntVar(&f.conv, "conv", -1, "the conversation with the number `N`, as convs lists it")
	flags.StringVar(&f.process, "process", "", "the process with this `NAME` or id")
	flags.StringVar(&f.columns, "columns", "lanes", "`COLUMNS` of the text: lanes, netmon")
	timeFlag(cmd, &f.time)
	flags.IntVarP(&f.count, "count", "c", 0, "stop after `N` rows")
	filterFlag(cmd, &f.filter, "only rows")
	flags.StringArrayVar(&f.points, "point", nil, "read a file as the capture point of this name: `NAME=FILE`; others are named after their files")
	cmd.MarkFlagsMutuallyExclusive("conv", "process")
	return cmd
}

func runTimeline(ctx context.Context, a *app, f *timelineFlags, args []string) (err error) {
	clock, err := a.clock(f.time)
	if err != nil {
		return err
	}
	if err := checkFormat(f.format, "text", "jsonl"); err != nil {
		return err
	}
	if f.columns != "lanes" && f.columns != "netmon" {
		return usage(oneOf(f.columns, "lanes", "netmon"), "--columns %q is none of lanes, netmon", f.columns)
	}
	want, err := a.filter(f.filter)
	if err != nil {
		return err
	}
	named, err := a.pointed(args, f.points)
	if err != nil {
		return err
	}
	a.matches = true
	a.applications = a.choice()
	paths, c, done, err := a.firstPass(ctx, named)
	if err != nil {
		return err
	}
	defer done()
	sel, err := a.choose(c, f)
	if err != nil {
		return err
	}
	var printer rowPrinter
	lanes := view.NewLanes(c, sel)
	switch {
	case f.format == "jsonl":
		rows := jsonl.NewRows(a.out)
		rows.Lanes = lanes
		printer = rows
	case f.columns == "netmon":
		printer = text.NewRows(a.out, view.NewNames(named), clock, text.NetMon, a.style)
	case lanes != nil:
		side := text.NewLanes(a.out, sel.Title(), lanes, clock, a.style)
		defer func() { err = errors.Join(err, side.End()) }()
		printer, f.count = &lines{side, f.count}, 0
	default:
		printer = text.NewTimeline(a.out, sel.Title(), view.NewNames(named), clock, a.style)
	}
	return a.rows(ctx, paths, c, clock, f.count, printer, choice{lanes: lanes, match: func() func(*engine.Row) bool {
		m := want.Matcher()
		return func(row *engine.Row) bool {
			passes := m.Match(row) // it wants to see every row
			return passes && sel.Has(row)
		}
	}})
}

// lines stops after so many lines, of one packet at several points each; 0 does not stop.
type lines struct {
	*text.Lanes
	most int
}

func (l *lines) Print(row *engine.Row, timed bool) error {
	if l.most > 0 && l.Lines >= l.most && !l.More(row) {
		if l.Waiting() { // for the other sightings of a packet
			return nil
		}
		return errEnough
	}
	return l.Lanes.Print(row, timed)
}

// choose finds the selection that the flags name, or the only one there is.
func (a *app) choose(c *engine.Case, f *timelineFlags) (*view.Selection, error) {
	switch {
	case f.conv >= 0:
		for conv := range c.Conversations.All() {
			if conv.ID == f.conv {
				return view.SelectConversation(c, conv), nil
			}
		}
		return nil, usage("wiretale convs lists them", "there is no conversation %d among %d", f.conv, c.Conversations.Len())
	case f.process != "":
		return chooseProcess(c, f.process)
	}
	choices := distinct(c, view.Choices(c))
	switch len(choices) {
	case 0:
		return nil, usage("wiretale packets shows every record", "there is no process and no conversation to show")
	case 1:
		return choices[0], nil
	}
	if best := view.MostTelling(c, choices); best != nil {
		if !a.quiet {
			fmt.Fprintf(a.stderr, "wiretale: showing %s, the only one with calls and packets; --process or --conv choose another\n", best.Title())
		}
		return best, nil
	}
	if wide, n := widest(c, choices); wide != nil {
		if !a.quiet {
			fmt.Fprintf(a.stderr, "wiretale: showing %s, the only one at %d points; --conv chooses another\n", wide.Title(), n)
		}
		return wide, nil
	}
	return nil, usage(choiceList(choices), "there are %d to choose from: --process NAME or --conv N", len(choices))
}

// widest is the one choice that more points have than have any other, nil when there is none.
func widest(c *engine.Case, choices []*view.Selection) (best *view.Selection, points int) {
	same := point.NewSame(c.Points)
	most := 0
	for _, s := range choices {
		if s.Conv == nil {
			return nil, 0
		}
		switch n := same.Others(s.Conv); {
		case n > most:
			best, most = s, n
		case n == most:
			best = nil
		}
	}
	return best, most + 1
}

// distinct leaves out conversations that another choice is at another point.
func distinct(c *engine.Case, choices []*view.Selection) []*view.Selection {
	seen := map[int]bool{}
	same := point.NewSame(c.Points)
	return slices.DeleteFunc(choices, func(s *view.Selection) bool {
		if s.Conv == nil {
			return false
		}
		known := seen[same.Of(s.Conv)]
		seen[same.Of(s.Conv)] = true
		return known
	})
}

// maxChoices is how many choices a message lists.
const maxChoices = 10

func choiceList(choices []*view.Selection) string {
	var lines []string
	for i, s := range choices {
		if i == maxChoices {
			lines = append(lines, fmt.Sprintf("and %d more, wiretale convs lists them", len(choices)-maxChoices))
			break
		}
		if s.Process != nil {
			lines = append(lines, fmt.Sprintf("--process %d for %s", s.Process.PID, s.Title()))
		} else {
			lines = append(lines, fmt.Sprintf("--conv %d for %s", s.Conv.ID, view.Line(s.Conv)))
		}
	}
	return strings.Join(lines, "\n  ")
}

// chooseProcess finds a process by id or by name, with or without ".exe", in any case.
func chooseProcess(c *engine.Case, word string) (*view.Selection, error) {
	if c.Session == nil {
		return nil, usage("", "the files name no process")
	}
	pid, err := strconv.ParseUint(word, 0, 32)
	byID := err == nil
	var found []*view.Selection
	var known []string
	for _, p := range c.Session.Processes {
		known = append(known, p.Name)
		if byID && uint64(p.PID) == pid || !byID && sameProgram(p.Name, word) {
			found = append(found, view.SelectProcess(c, p))
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		hint := "wiretale convs lists the processes with conversations"
		if n := spell.Nearest(word, known); n != "" {
			hint = "did you mean " + n
		}
		return nil, usage(hint, "no process %q in %s", word, "the files")
	}
	if best := view.MostTelling(c, found); best != nil {
		return best, nil
	}
	return nil, usage(choiceList(found), "%d processes are named %q", len(found), word)
}

func sameProgram(name, word string) bool {
	return strings.EqualFold(name, word) || strings.EqualFold(name, word+".exe")
}
