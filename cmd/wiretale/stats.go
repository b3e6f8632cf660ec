package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/stats"
	"github.com/wiretale/wiretale/view"
	"github.com/wiretale/wiretale/view/jsonl"
	"github.com/wiretale/wiretale/view/text"
)

// statKinds are the kinds of wiretale stats.
var statKinds = []struct{ name, about string }{
	{"io", "packets and bytes in each interval, for each --filter (tshark -z io,stat)"},
	{"hierarchy", "packets and bytes of each protocol, inside which others it was (-z io,phs)"},
	{"endpoints", "what each address sent and received; --type: tcp, udp, ip, ipv6, eth (-z endpoints)"},
	{"rtt", "round-trip times of TCP conversations: of the handshake on both sides, of acknowledged data"},
	{"expert", "what the analysis remarks on packets, and on how many (-z expert)"},
}

func statNames() []string {
	var names []string
	for _, k := range statKinds {
		names = append(names, k.name)
	}
	return names
}

type statsFlags struct {
	format   string
	filter   string
	filters  []string
	interval string
	level    string
}

func newStats(a *app) *cobra.Command {
	var f statsFlags
	var kinds strings.Builder
	for _, k := range statKinds {
		fmt.Fprintf(&kinds, "  %-10s %s\n", k.name, k.about)
	}
	cmd := &cobra.Command{
		Use:   "stats KIND FILE...",
		Short: "Counts: " + strings.Join(statNames(), ", "),
		Example: `  wiretale stats io -i 0.5 --filter tcp --filter 'dns or udp.port == 53' x.pcapng
  wiretale stats hierarchy x.pcapng
  wiretale stats endpoints --type ip -Y 'tcp.flags.reset == 1' x.pcapng
  wiretale -q -z conv,tcp -r x.pcapng     as tshark takes it

` + strings.TrimRight(kinds.String(), "\n"),
		RunE: func(cmd *cobra.Command, args []string) error { return runStats(cmd.Context(), a, &f, args) },
	}
	flags := cmd.Flags()
	formatFlag(flags, &f.format, "text", "jsonl")
	flags.StringVarP(&f.interval, "interval", "i", "1", "`SECONDS` of an interval of io, or 100ms; 0 takes all of the time as one")
	flags.StringArrayVar(&f.filters, "filter", nil, "a column of io: what passes this display `FILTER`; may be given several times")
	flags.StringVar(&f.level, "type", "", "endpoints of this `TYPE`: tcp, udp, ip, ipv6, eth; all if not given")
	filterFlag(cmd, &f.filter, "count only records")
	return cmd
}

func runStats(ctx context.Context, a *app, f *statsFlags, args []string) error {
	if len(args) == 0 {
		return usage("wiretale stats KIND FILE..., where KIND is one of "+strings.Join(statNames(), ", "), "no kind of statistics is named")
	}
	if err := checkFormat(f.format, "text", "jsonl"); err != nil {
		return err
	}
	list, err := a.statistics(f, args[0])
	if err != nil {
		return err
	}
	return a.count(ctx, args[1:], list, f.format)
}

// A statistic is a collector with what it is called and which rows it gets.
type statistic struct {
	title string
	of    stats.Collector
	only  *filter.Filter   // nil takes all
	parts []*filter.Filter // of stats.Intervals; nil for all packets
}

// statistics are those of a kind.
func (a *app) statistics(f *statsFlags, kind string) ([]statistic, error) {
	if !slices.Contains(statNames(), kind) {
		return nil, usage(oneOf(kind, statNames()...), "%q is none of %s", kind, strings.Join(statNames(), ", "))
	}
	if kind != "io" && len(f.filters) > 0 {
		return nil, usage("-Y takes the filter of the others", "--filter is of stats io")
	}
	if kind != "endpoints" && f.level != "" {
		return nil, usage("", "--type is of stats endpoints")
	}
	only, err := a.filter(f.filter)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "io":
		s, err := a.intervals("--filter", f.interval, f.filters)
		s.only = only
		return []statistic{s}, err
	case "hierarchy":
		return []statistic{a.newHierarchy(only)}, nil
	case "rtt":
		return []statistic{{title: "Round-trip times", of: stats.NewRoundTrips(), only: only}}, nil
	case "expert":
		return []statistic{{title: "Remarks", of: stats.NewExperts(stats.Chat), only: only}}, nil
	}
	levels := stats.Levels
	if f.level != "" {
		level, err := levelNamed(f.level)
		if err != nil {
			return nil, err
		}
		levels = []stats.Level{level}
	}
	var list []statistic
	for _, level := range levels {
		list = append(list, newEndpoints(level, only))
	}
	return list, nil
}

func levelNamed(name string) (stats.Level, error) {
	if !slices.Contains(stats.Levels, stats.Level(name)) {
		return "", usage(oneOf(name, levelNames()...), "--type %q is none of %s", name, strings.Join(levelNames(), ", "))
	}
	return stats.Level(name), nil
}

func levelNames() []string {
	var names []string
	for _, l := range stats.Levels {
		names = append(names, string(l))
	}
	return names
}

// levelTitles are tshark's.
var levelTitles = map[stats.Level]string{stats.TCP: "TCP", stats.UDP: "UDP", stats.IP: "IPv4", stats.IPv6: "IPv6", stats.Eth: "Ethernet"}

func newPairs(level stats.Level, only *filter.Filter) statistic {
	return statistic{title: levelTitles[level] + " conversations", of: stats.NewPairs(level), only: only}
}

func newEndpoints(level stats.Level, only *filter.Filter) statistic {
	return statistic{title: levelTitles[level] + " endpoints", of: stats.NewEndpoints(level), only: only}
}

func (a *app) newHierarchy(only *filter.Filter) statistic {
	a.applications = a.choice()
	return statistic{title: "Protocol hierarchy", of: stats.NewHierarchy(), only: only}
}

// intervals are the statistics by intervals. An empty filter, or none at all, takes all packets.
func (a *app) intervals(flag, interval string, filters []string) (statistic, error) {
	every, err := secondsOf(interval)
	if err != nil {
		return statistic{}, err
	}
	if len(filters) == 0 {
		filters = []string{""}
	}
	var parts []*stats.Part
	s := statistic{title: "Intervals"}
	for _, text := range filters {
		f, err := a.compile(flag, text)
		if err != nil {
			return statistic{}, err
		}
		part := &stats.Part{Name: text}
		if text == "" {
			f = nil
		} else {
			part.Match = f.Matcher().Match
		}
		parts, s.parts = append(parts, part), append(s.parts, f)
	}
	s.of = stats.NewIntervals(every, parts...)
	return s, nil
}

// secondsOf reads seconds as tshark has them, "0.5", or a duration with its unit.
func secondsOf(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < 1e9 {
		if every := time.Duration(seconds * 1e9); every > 0 || seconds == 0 {
			return every, nil
		}
	} else if every, err := time.ParseDuration(text); err == nil && every > 0 {
		return every, nil
	}
	return 0, usage("seconds such as 0.5, or 100ms", "%q is no interval", text)
}

// final reports whether a filter of the statistic needs what only the whole of the input tells.
func (s *statistic) final() bool {
	return s.only != nil && s.only.Final() || slices.ContainsFunc(s.parts, func(f *filter.Filter) bool { return f != nil && f.Final() })
}

// count makes one pass over the files for all of the statistics, and prints them.
func (a *app) count(ctx context.Context, args []string, list []statistic, format string) error {
	named, err := a.inputs(args)
	if err != nil {
		return err
	}
	paths, first := named, (*engine.Case)(nil)
	if slices.ContainsFunc(list, func(s statistic) bool { return s.final() }) {
		again, c, done, err := a.firstPass(ctx, named)
		if err != nil {
			return err
		}
		defer done()
		paths, first = again, c
	}
	c, err := a.collectStats(ctx, paths, first, list)
	if err != nil {
		return err
	}
	for i := range list {
		if err := a.printStatistic(&list[i], i, format, view.NewNames(named)); err != nil {
			return err
		}
	}
	if first != nil { // it has the names that the user gave
		c = first
	}
	return a.damage(c)
}

func (a *app) collectStats(ctx context.Context, paths []string, first *engine.Case, list []statistic) (*engine.Case, error) {
	match := make([]func(*engine.Row) bool, len(list))
	for i := range list {
		match[i] = func(*engine.Row) bool { return true }
		if f := list[i].only; f != nil && f.String() != "" {
			match[i] = f.Matcher().Match
		}
	}
	c, err := a.each(ctx, paths, first, func(run *engine.Run, row *engine.Row) error {
		timed := !run.Info(row.Source).Untimed
		for i := range list {
			if match[i](row) {
				list[i].of.Add(row, timed)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if f, ok := s.of.(stats.Finisher); ok {
			f.Finish(c.Conversations)
		}
	}
	return c, nil
}

func (a *app) printStatistic(s *statistic, i int, format string, names view.Names) error {
	if in, ok := s.of.(*stats.Intervals); ok && errors.Is(in.Err, stats.ErrIntervals) {
		return usage("-i 60, for example", "the files have more than %d intervals of %v", stats.MaxIntervals, in.Interval)
	}
	if format == "jsonl" {
		return jsonl.Stats(a.out, s.of)
	}
	if i > 0 {
		if _, err := io.WriteString(a.out, "\n"); err != nil {
			return err
		}
	}
	title := s.title
	if s.only != nil && s.only.String() != "" {
		title += ", " + view.Printable(s.only.String())
	}
	return text.Stats(a.out, title, s.of, names, a.style)
}
