package filter_test

import (
	"testing"

	"github.com/wiretale/wiretale/internal/filter"
	"github.com/wiretale/wiretale/internal/packet"
)

// What endpoints say of a filter: the same in both directions, and no more than the filter.
func TestPair(t *testing.T) {
	for text, says := range map[string]bool{
		"":                                       false,
		"ip.addr == 10.0.0.7":                    true,
		"ip.addr eq 10.0.0.7":                    true,
		"10.0.0.7 == ip.src":                     true,
		"ip.src == 10.0.0.0/24":                  true,
		"any ip.addr == 10.0.0.7":                true,
		"all ip.addr == 10.0.0.7":                false,
		"ip.addr === 10.0.0.7":                   false,
		"ip.addr != 10.0.0.7":                    false,
		"not ip.addr == 10.0.0.7":                false,
		"tcp.dstport in {80, 90..99}":            true,
		"tcp.port == tcp.srcport":                false,
		"tcp.port > 1023":                        false,
		"tcp.port#1 == 80":                       false,
		"ip.addr[0] == 10":                       false,
		"tcp":                                    true,
		"ip and tcp.len > 0":                     true,
		"ip or tcp.len > 0":                      false,
		"ip == 45:00":                            false,
		"tcp ^^ ip.addr == 10.0.0.7":             false,
		"tcp.len > 0":                            false,
		"ip.addr == 10.0.0.7 and tcp.port == 80": true,
		"ip.src == 10.0.0.7 and ip.dst == 10.0.0.9 and tcp.flags.syn == 1":     true,
		"tcp.port == 80 or udp.port == 53 or ip.addr == 10.0.0.9":              true,
		"(tcp.srcport == 80 or udp.dstport == 53) and !(ip.src == 10.0.0.7)":   true,
		"tcp.srcport == 80 or frame.number == 3":                               false,
		"tcp.srcport == 80 and (udp.port == 53 or frame.len > 60) and not udp": true,
	} {
		f, err := filter.Compile(text, filter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		pair := f.Pair()
		if (pair != nil) != says {
			t.Errorf("%q: endpoints say something: %v, want %v", text, pair != nil, says)
		}
		if pair != nil {
			weaker(t, text, f, pair)
		}
	}
}

// weaker asks both filters for the rows of a capture that are between two endpoints in plain sight.
func weaker(t *testing.T, text string, f, pair *filter.Filter) {
	t.Helper()
	c := sample(t)
	strong, weak := f.Matcher(), pair.Matcher()
	said := map[packet.Pair]bool{}
	for i := range c.rows {
		row := &c.rows[i]
		p, ok := packet.PairOf(row.Record.Link, row.Record.Data, row.Record.WireLen)
		passes, may := strong.Match(row), weak.Match(row)
		if !ok {
			continue
		}
		if passes && !may {
			t.Errorf("%q passes record %d, and its endpoints do not", text, row.Record.Pos.Number)
		}
		if before, known := said[p]; known && before != may {
			t.Errorf("%q: record %d says otherwise than one before of its endpoints", text, row.Record.Pos.Number)
		}
		said[p] = may
	}
	if len(said) < 2 {
		t.Errorf("%d pairs in the sample", len(said))
	}
}
