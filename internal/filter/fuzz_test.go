package filter_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

// FuzzCompile: any text is a filter that runs, twice with the same answers, or a mistake whose place lies in it.
func FuzzCompile(f *testing.F) {
	b, err := os.ReadFile("testdata/filters.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f.Add(strings.TrimSuffix(line, "\n"))
	}
	c := sample(f)
	f.Fuzz(func(t *testing.T, text string) {
		compiled, err := filter.Compile(text, filter.Options{})
		var bad *filter.Error
		if errors.As(err, &bad) {
			if bad.From < 0 || bad.To < bad.From || bad.To > len(text) || bad.Message == "" {
				t.Fatalf("%q: %d to %d: %s", text, bad.From, bad.To, bad.Message)
			}
			if lines := strings.Count(bad.Marked(), "\n"); lines != 1 {
				t.Fatalf("%q: marked on %d lines", text, lines+1)
			}
			return
		}
		a, b := compiled.Matcher(), compiled.Matcher()
		for i := range c.rows {
			if a.Match(&c.rows[i]) != b.Match(&c.rows[i]) {
				t.Fatalf("%q: two answers for one record", text)
			}
		}
	})
}

// FuzzMatch runs many filters over any bytes taken for a frame, whole and cut, and as an event without a packet.
func FuzzMatch(f *testing.F) {
	b, err := os.ReadFile("testdata/filters.txt")
	if err != nil {
		f.Fatal(err)
	}
	var matchers []*filter.Matcher
	for line := range strings.Lines(string(b)) {
		if compiled, err := filter.Compile(strings.TrimSuffix(line, "\n"), filter.Options{}); err == nil {
			matchers = append(matchers, compiled.Matcher())
		}
	}
	for _, row := range sample(f).rows {
		f.Add(uint32(row.Record.Link), row.Record.Data)
	}
	f.Fuzz(func(t *testing.T, link uint32, data []byte) {
		var (
			d = packet.Decoder{Applications: true}
			p packet.Packet
			s flow.Sighting
		)
		tracker := flow.NewTracker(0)
		r := trace.Record{Pos: trace.Pos{Number: 1}, Kind: trace.Packet, Link: trace.LinkType(link), Data: data, WireLen: len(data), Interface: -1}
		d.Decode(&r, &p)
		tracker.Add(&p, &s)
		row := session.Row{Record: &r, Packet: &p, Sighting: &s}
		event := session.Row{Record: &trace.Record{Pos: r.Pos, Kind: trace.Event, Data: data, Event: &trace.EventHeader{}, Interface: -1}}
		for _, m := range matchers {
			m.Match(&row)
			m.Match(&event)
		}
	})
}
