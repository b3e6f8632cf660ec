package main

import (
	"context"
	"strings"

	"github.com/wiretale/wiretale/internal/spell"
	"github.com/wiretale/wiretale/internal/stats"
)

// tapForms are the statistics of tshark's -z that there are, for messages.
const tapForms = `conv,TYPE[,FILTER] and endpoints,TYPE[,FILTER] (TYPE: tcp, udp, ip, ipv6, eth), io,stat,INTERVAL[,FILTER]..., io,phs[,FILTER], expert[,SEVERITY][,FILTER], follow,PROTOCOL,FORM,STREAM[,SUBSTREAM][,RANGE] (PROTOCOL: tcp, udp, tls, http, http2; FORM: ascii, utf-8, hex, raw, yaml)`

// tapNames are their beginnings, for hints.
var tapNames = []string{"conv", "endpoints", "io,stat", "io,phs", "expert", "follow"}

// tap is the statistic that tshark's -z names.
func (a *app) tap(text string) (statistic, error) {
	words := strings.Split(text, ",")
	switch words[0] {
	case "conv", "endpoints":
		return a.tapOfLevel(text, words)
	case "expert":
		return a.tapExpert(words[1:])
	}
	if words[0] != "io" || len(words) < 2 {
		return statistic{}, unknownTap(text)
	}
	switch words[1] {
	case "phs":
		only, err := a.compile("-z", after(text, 2))
		return a.newHierarchy(only), err
	case "stat":
		if len(words) < 3 {
			return statistic{}, usage("-z io,stat,1", "-z %s has no interval", text)
		}
		for _, w := range words[3:] {
			if f, ok := calculation(w); ok {
				return statistic{}, usage("filters alone count packets and bytes", "-z %s: %s is not yet available", text, f)
			}
		}
		return a.intervals("-z", words[2], words[3:])
	}
	return statistic{}, unknownTap(text)
}

func unknownTap(text string) error {
	hint := ""
	words := strings.SplitN(text, ",", 3)
	if n := spell.Nearest(strings.Join(words[:min(2, len(words))], ","), tapNames); n != "" {
		hint = "did you mean " + n
	} else if n := spell.Nearest(words[0], tapNames); n != "" {
		hint = "did you mean " + n
	}
	return usage(hint, "-z %s is none of the statistics that there are:\n  %s", text, strings.ReplaceAll(tapForms, "), ", "),\n  "))
}

// after is what follows the first n commas: a filter may hold some.
func after(text string, n int) string {
	if parts := strings.SplitN(text, ",", n+1); len(parts) > n {
		return parts[n]
	}
	return ""
}

func (a *app) tapOfLevel(text string, words []string) (statistic, error) {
	if len(words) < 2 {
		return statistic{}, unknownTap(text)
	}
	level := stats.Level(words[1])
	if levelTitles[level] == "" {
		return statistic{}, unknownTap(text)
	}
	only, err := a.compile("-z", after(text, 2))
	if words[0] == "conv" {
		return newPairs(level, only), err
	}
	return newEndpoints(level, only), err
}

// tapExpert takes a severity, a filter, or both.
func (a *app) tapExpert(words []string) (statistic, error) {
	least := stats.Chat
	if len(words) > 0 {
		if s, ok := stats.Severities[strings.ToLower(words[0])]; ok {
			least, words = s, words[1:]
		}
	}
	only, err := a.compile("-z", strings.Join(words, ","))
	return statistic{title: "Remarks", of: stats.NewExperts(least), only: only}, err
}

// calculations are the functions of io,stat in front of a filter.
var calculations = []string{"SUM(", "COUNT(", "FRAMES(", "BYTES(", "MIN(", "MAX(", "AVG(", "LOAD("}

func calculation(filter string) (name string, ok bool) {
	for _, c := range calculations {
		if strings.HasPrefix(filter, c) {
			return c + ")", true
		}
	}
	return "", false
}

// runTaps prints the statistics of -z, and nothing else.
func runTaps(ctx context.Context, a *app, taps []string, format string, args []string) error {
	var list []statistic
	var follows []*followTap
	for _, text := range taps {
		if strings.HasPrefix(text, "follow") {
			t, err := followTapOf(text)
			if err != nil {
				return err
			}
			follows = append(follows, t)
			continue
		}
		s, err := a.tap(text)
		if err != nil {
			return err
		}
		list = append(list, s)
	}
	if len(list) > 0 {
		if err := a.count(ctx, args, list, format); err != nil || len(follows) == 0 {
			return err
		}
	}
	return runFollowTaps(ctx, a, follows, args)
}
