package filter_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/filter"
)

func TestMatch(t *testing.T) {
	c := sample(t)
	tests := []struct{ filter, want string }{
		{"", "1 2 3 4 5 6 7 8 9 10 11 12"},
		{"tcp", "1 2 3 4 5 6 7 11 12"},
		{"not tcp", "8 9 10"},
		{"udp.port == 53", "8 9 10"},
		{"udp.port != 53", ""},
		{"!(udp.port == 53)", "1 2 3 4 5 6 7 11 12"},
		{"udp.port any_ne 53", "8 9 10"},
		{"all udp.port >= 53", "8 9 10"},
		{"all udp.port > 53", ""},
		{"ip.addr == 192.168.0.0/16", "8 9 10"},
		{"ip.addr#2 == 192.168.0.0/16", "10"},
		{"ip.src#2 == 10.0.0.7 && ip.src#1 == 192.168.1.1", "10"},
		{"ip.src#[-1] == 10.0.0.7 && icmp", "10"},
		{"ip.src#[1-2] === 10.0.0.7 && icmp", ""},
		{"ip#3", ""},
		{"ip.addr === 10.0.0.0/24", "1 2 3 4 5 6 7"},
		{"ipv6.addr == 2001:db8::/32 and tcp.flags.syn == 1", "11"},
		{"ipv6.src in {2001:db8::1..2001:db8::1}", "11"},
		{"tcp.flags.syn == 1 and tcp.flags.ack == 0 or udp xor icmp", "1 8 9 11"},
		{"tcp.flags & 0x04", "7 12"},
		{"tcp.flags & 0x14 == 0x14", "7 12"},
		{"tcp.flags in {0x02, 0x12}", "1 2 11"},
		{"tcp.flags.str matches \"A.*F$\"", "6"},
		{"tcp.payload[0:4] == \"HTTP\"", "5"},
		{"tcp.payload[0:3] == 47:45:54", "4"},
		{"tcp.payload[-4:] == \"/1.1\"", "4"},
		{"tcp.payload[0,2-3] == \"HTP\"", "5"},
		{"tcp.payload[100] != 00", "4 5"},
		{"tcp.payload[100]", ""},
		{"tcp contains \"404\"", "5"},
		{"frame contains 34:30:34", "5"},
		{"frame matches \"http/1\"", "4 5"},
		{"frame matches \"(?-i)http/1\"", ""},
		{"frame matches \"not f.*d$\"", "5"},
		{"tcp.payload matches r\"\\d{3}\\s\"", "5"},
		{"tcp.len == 24", "4"},
		{"tcp.len + 1 == 25", "4"},
		{"tcp.len * 2 > 40", "4 5"},
		{"100 / tcp.len == 4", "4 5"},
		{"{tcp.len - 2} % 10 == 2", "4"},
		{"-tcp.len < -22", "4"},
		{"20 < tcp.len <= 22", "5"},
		{"tcp.srcport > tcp.dstport", "1 3 4 6 11"},
		{"tcp.stream == 1", "11 12"},
		{"tcp.seq == 1 && tcp.len > 0", "4 5"},
		{"tcp.options.mss_val < 1460", "2"},
		{"count(ip.addr) == 4", "10"},
		{"len(tcp.payload) > 23", "4"},
		{"len(ip) == 20 and len(udp) == 8", "8 9 10"},
		{"lower(tcp.flags.str) contains \"s\"", "1 2 11"},
		{"string(frame.number) matches \"^1.\"", "10 11 12"},
		{"max(tcp.port) == 443", ""},
		{"min(tcp.port) == 443", "11 12"},
		{"abs(tcp.len - 23) == 1", "4 5"},
		{"vlan.id == 42", "8 9"},
		{"icmp.type == \"Destination unreachable\"", "10"},
		{"eth.src[0:2] == 02:00 and ip.ttl == 1", "9"},
		{"eth.dst == 02:00:0a:00:00:09 and tcp.flags.push == True", "4"},
		{"frame.time_delta > 0.05 and frame.time_delta < 500ms", "5"},
		{"frame.time_relative >= 2", "11 12"},
		{"frame.len in {60..70}", "1 2 10"},
		{"frame.protocols == \"eth:ethertype:ip:icmp:ip:udp\"", "10"},
		{"ip.src & 255.0.0.0 == 192.0.0.0", "9 10"},
		{"10.0.0.7 == ip.src && 80 != tcp.port", ""},
		{"not not icmp", "10"},
		{"tcp.port == 80 && tcp.port == 50001 && frame.number > 6", "7"},
	}
	for _, tt := range tests {
		got := c.ask(tt.filter)
		if s := strings.Trim(fmt.Sprint(got.frames), "[]"); s != tt.want || got.err != "" {
			t.Errorf("%s: %s %s, want %s", tt.filter, s, got.err, tt.want)
		}
	}
}

// TestErrors: what is wrong, the characters that are marked, and the hint.
func TestErrors(t *testing.T) {
	tests := []struct{ filter, marked, message, hint string }{
		{"tcp.prot == 80", "tcp.prot", "neither a field", "did you mean tcp.port"},
		{"ip and tcp.prot", "tcp.prot", "neither a field", "did you mean tcp.port"},
		{"ip.src == tcp.port", "ip.src == tcp.port", "not of compatible types", ""},
		{"ip.src == ip.dts", "ip.dts", "not a valid IPv4 address", "did you mean ip.dst"},
		{"ip.src == www.example.com", "www.example.com", "names are not looked up", ""},
		{"ip.ttl == 256", "256", "maximum 255", ""},
		{"tcp.port in {80, 70000}", "70000", "maximum 65535", ""},
		{"tcp.port == \"80\"", "\"80\"", "cannot be converted from a string", ""},
		{"tcp.port contains 80", "tcp.port", "cannot participate in a contains", "string(tcp.port)"},
		{"tcp.port[0]", "tcp.port[0]", "cannot be sliced", ""},
		{"frame matches \"(\"", "\"(\"", "missing", ""},
		{"frame matches \"a(?=b)\"", "\"a(?=b)\"", "look-around", ""},
		{"frame matches \"\\d\"", "\\d", "escape sequence", "raw string"},
		{"frame contains \"x", "\"x", "final quote", ""},
		{"tcp.port == 80 and", "", "the filter ends", ""},
		{"tcp.port = 80", "=", "no operator", "=="},
		{"tcp.port == 80 AND udp", "AND", "unexpected", "lower case"},
		{"(tcp.len + 1) * 2 == 4", "*", "unexpected", "{ }"},
		{"(tcp", "", "the filter ends", "\")\""},
		{"frame[0:0]", "0:0", "length 0", ""},
		{"frame[1", "[1", "bracket", ""},
		{"ip.addr#x", "#", "number", ""},
		{"lenn(frame) > 5", "lenn", "does not exist", "did you mean len"},
		{"len(frame)", "len(frame)", "function", "compare"},
		{"upper(tcp.port) == \"A\"", "tcp.port", "not a string", ""},
		{"frame.time > \"yesterday\"", "\"yesterday\"", "absolute time", ""},
		{"5 == 6", "5", "a side of", ""},
		{"tcp + 1 == 2", "tcp", "cannot +", ""},
		{"é == 1", "é", "unexpected", ""},
	}
	for _, tt := range tests {
		_, err := filter.Compile(tt.filter, filter.Options{})
		var bad *filter.Error
		if !errors.As(err, &bad) {
			t.Errorf("%s: %v, want an Error", tt.filter, err)
			continue
		}
		if got := tt.filter[bad.From:bad.To]; got != tt.marked || !strings.Contains(bad.Message, tt.message) || !strings.Contains(bad.Hint, tt.hint) {
			t.Errorf("%s: %q is marked: %s (%s); want %q: %s (%s)", tt.filter, got, bad.Message, bad.Hint, tt.marked, tt.message, tt.hint)
		}
	}
}

func TestMarked(t *testing.T) {
	_, err := filter.Compile("ip.src == 10.0.0.1 and frame contains \"ä\" and\ttcp.prot", filter.Options{})
	want := "ip.src == 10.0.0.1 and frame contains \"ä\" and?tcp.prot\n" + strings.Repeat(" ", 46) + "^~~~~~~~"
	var bad *filter.Error
	if !errors.As(err, &bad) || bad.Marked() != want || bad.Column() != 47 {
		t.Errorf("got\n%s\nat %d, want\n%s", bad.Marked(), bad.Column(), want)
	}
}

// TestTimes: local and absolute times, with and without a zone.
func TestTimes(t *testing.T) {
	c := sample(t)
	first := time.Unix(0, c.rows[0].Record.Time).UTC()
	zone := time.FixedZone("", 2*3600)
	day := first.Format("2006-01-02 15:04:05")
	tests := []struct {
		text string
		want int
	}{
		{first.Format(`frame.time == "2006-01-02 15:04:05"`), 1},
		{first.Format(`frame.time == "2006-01-02T15:04:05Z"`), 1},
		{first.Format(`frame.time == "Jan _2, 2006 15:04:05 UTC"`), 1},
		{first.In(zone).Format(`frame.time == "2006-01-02 15:04:05Z07:00"`), 1},
		{first.Format(`frame.time >= 2006-01-02T15:04:05`), 12},
		{"frame.time < \"" + day + ".010050\"", 2},
		{"frame.time in {\"" + day + ".01\" .. \"" + day + ".12\"}", 4},
		{fmt.Sprintf("frame.time_epoch == %d", first.Unix()), 1},
		{fmt.Sprintf("frame.time_epoch > %d.5", first.Unix()), 5},
	}
	for _, tt := range tests {
		if got := c.ask(tt.text); len(got.frames) != tt.want || got.err != "" {
			t.Errorf("%s: %d frames %s, want %d", tt.text, len(got.frames), got.err, tt.want)
		}
	}
	f, err := filter.Compile(first.In(zone).Format(`frame.time == "2006-01-02 15:04:05"`), filter.Options{Location: zone})
	if err != nil || !f.Matcher().Match(&c.rows[0]) {
		t.Errorf("a time without a zone is not of the given location: %v", err)
	}
}

// TestNesting: what nests deeper than a filter needs is refused, and long filters without nesting are not.
func TestNesting(t *testing.T) {
	deep := []string{
		strings.Repeat("(", 300) + "tcp" + strings.Repeat(")", 300), strings.Repeat("!", 300) + "tcp", "frame.len == " + strings.Repeat("-", 300) + "1",
		"frame" + strings.Repeat("[0:4]", 300) + " == 0", strings.Repeat("{", 300) + "frame.len" + strings.Repeat("}", 300) + " == 1",
		strings.Repeat("abs(", 300) + "tcp.len" + strings.Repeat(")", 300) + " == 1", strings.Repeat("a", 1<<20),
	}
	for _, text := range deep {
		if _, err := filter.Compile(text, filter.Options{}); err == nil {
			t.Errorf("%.20s... is taken", text)
		}
	}
	c := sample(t)
	long := "tcp.port == 1" + strings.Repeat(" or tcp.port == 443", 3000)
	if got := c.ask(long); len(got.frames) != 2 {
		t.Errorf("a long filter: %v %s", got.frames, got.err)
	}
	sum := "tcp.port == 441" + strings.Repeat(" + 0", 10_000) + " + 2"
	if got := c.ask(sum); len(got.frames) != 2 {
		t.Errorf("a long sum: %v %s", got.frames, got.err)
	}
}
