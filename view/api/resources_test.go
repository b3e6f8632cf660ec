package api

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// object is a value that must be one.
func object(v any) map[string]any { return v.(map[string]any) }

// array is a list inside an object.
func array(v any, name string) []any { list, _ := object(v)[name].([]any); return list }

// texts are some values of each object of a list, in one text each.
func texts(list []any, names ...string) (out []string) {
	for _, o := range list {
		var words []string
		for _, name := range names {
			if v := object(o)[name]; v != nil {
				words = append(words, fmt.Sprint(v))
			}
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestRequestsAreSorted(t *testing.T) {
	a := analysed(t, `
-- x.pcapng --
0.000 connect 0 out 10.0.0.1:50000 > 10.0.0.2:80 rtt=0.01
0.020 send 0 request "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
0.520 send 0 response "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
0.600 send 0 request "GET /quick HTTP/1.1\r\nHost: a\r\n\r\n"
0.610 send 0 response "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
0.700 connect 0 out 10.0.0.1:50001 > 10.0.0.2:80 rtt=0.01
0.720 send 0 request "GET /never HTTP/1.1\r\nHost: a\r\n\r\n"
`)
	for query, want := range map[string][]string{
		"":                    {"a/slow", "a/quick", "a/never"},
		"sort=service":        {"a/never", "a/quick", "a/slow"},
		"sort=service&desc=1": {"a/slow", "a/quick", "a/never"},
		"sort=status&limit=1": {"a/never"},
		"conversation=1":      {"a/never"},
		"q=404":               {"a/slow"},
		"desc=1&offset=1":     {"a/quick", "a/slow"},
	} {
		same(t, query, want, texts(rows(get(t, a, "requests", query)), "name"))
	}
	service := array(array(get(t, a, "plot", "kind=service"), "panels")[0], "series")
	same(t, "service", []string{"http GET [0.02 0.6] [5e+08 1e+07] [4 6] points"}, texts(service, "name", "x", "y", "frame", "shape"))
	depth := array(array(get(t, a, "plot", "kind=depth&conversation=0"), "panels")[0], "series")
	same(t, "depth", []string{"[0.02 0.52 0.6 0.61] [1 0 1 0]"}, texts(depth, "x", "y"))
	same(t, "ladder", []string{
		"open SYN 0 1", "open SYN, ACK 1 0", "ack ACK 1 0 1", "request GET a/slow 0 1", "failure 404, answer to GET a/slow 1 0",
		"request GET a/quick 0 1", "answer 200, answer to GET a/quick 1 0",
	}, texts(array(get(t, a, "ladder", "conversation=0"), "messages"), "kind", "label", "from", "to"))
	if err := refused(t, a, "requests", "conversation=7"); err.Status != 404 {
		t.Errorf("%+v", err)
	}
}

func TestPlotsOfAConversation(t *testing.T) {
	a := analysed(t, twoTalks)
	p := get(t, a, "plot", "kind=tcptrace&conversation=0")
	if o := object(p); o["base"] != "1280620800000000000" || o["subtitle"] != "data from 10.0.0.2:80 to 10.0.0.1:50000, x.pcapng" {
		t.Errorf("%v", o)
	}
	var drawn []any
	for _, s := range array(array(p, "panels")[0], "series") {
		if len(array(s, "x")) > 0 {
			drawn = append(drawn, s)
		}
	}
	same(t, "tcptrace", []string{
		"segment bars #000000 [0.05 0.05] [1461 2042] [1 1461] [5 6]",
		"acknowledged steps #009e73 [0.01 0.02 0.06] [1 1 2042] [3 4 7]",
		"window's edge steps #0072b2 [0.01 0.02 0.06] [8193 8193 10234] [3 4 7]",
	}, texts(drawn, "name", "shape", "color", "x", "y", "y2", "frame"))
	part := array(array(get(t, a, "plot", "kind=stevens&conversation=0&direction=a&from=0.015&to=0.03"), "panels")[0], "series")[0]
	same(t, "a part of the other direction", []string{"data [0.02] [1] [4]"}, texts([]any{part}, "name", "x", "y", "frame"))
	if panels := array(get(t, a, "plot", "kind=throughput&conversation=1"), "panels"); len(panels) != 2 || len(array(panels[0], "series")) != 2 {
		t.Errorf("throughput of UDP: %v", panels)
	}
	for query, says := range map[string]string{
		"kind=rtt&conversation=1": "is UDP", "kind=pie": "none of stevens", "kind=rtt&from=2&to=1": "not after", "kind=rtt&from=x": "no time",
	} {
		if err := refused(t, a, "plot", query); !strings.Contains(err.Message, says) {
			t.Errorf("%s: %q", query, err.Message)
		}
	}
}

func TestIOHasALineForEachFilter(t *testing.T) {
	a := analysed(t, twoTalks)
	p := get(t, a, "io", "filter=udp&filter=http&interval=0.1&unit=bytes")
	same(t, "io", []string{
		"udp [0 0.1 0.2 0.3 0.4] [0 43 0 0 0]", "http [0 0.1 0.2 0.3 0.4] [716 0 0 0 0]",
	}, texts(array(array(p, "panels")[0], "series"), "name", "x", "y"))
	if err := refused(t, a, "io", "filter=udp&filter=nothing.here"); err.Column != 1 {
		t.Errorf("%+v", err)
	}
	if err := refused(t, a, "io", "interval=0.0000001"); !strings.Contains(err.Message, "is the most") {
		t.Errorf("%+v", err)
	}
}

func TestFollowedBytesArePaged(t *testing.T) {
	a := analysed(t, twoTalks)
	all := get(t, a, "follow", "conversation=0")
	same(t, "blocks", []string{"a 4 0 27", "b 5 0 1460", "b 6 1460 581"}, texts(array(all, "blocks"), "from", "frame", "offset", "length"))
	if o := object(all); o["layer"] != "TCP" || o["total"] != 3.0 || o["a"] != "10.0.0.1:50000" {
		t.Errorf("%v", o)
	}
	one := get(t, a, "follow", "conversation=0&offset=1&limit=1")
	same(t, "one", []string{"b 5 0 1460"}, texts(array(one, "blocks"), "from", "frame", "offset", "length"))
	http := array(get(t, a, "follow", "conversation=0&form=http"), "blocks")
	same(t, "http", []string{"a head 27", "b head 41", "b body 1419", "b body 581"}, texts(http, "from", "mark", "length"))
}

// TestLargeAnswersAreCut: a block has 64 KiB at most, an answer 1 MiB, and the blocks of all answers are what was sent.
func TestLargeAnswersAreCut(t *testing.T) {
	f := &following{query: FollowQuery{Range: Range{0, 1000}}, conv: first(t, analysed(t, twoTalks))}
	f.here = f.conv
	data := make([]byte, 3<<20+1)
	f.add(Block{Missing: 7}, 0, 0, data)
	if len(f.out.Blocks) != 16 || f.out.Total != 49 || f.out.Blocks[0].Offset != 7 || f.out.Blocks[1].Offset != 7+maxBlock || f.out.Blocks[1].Missing != 0 {
		t.Errorf("%d of %d blocks, %+v", len(f.out.Blocks), f.out.Total, f.out.Blocks[1].Offset)
	}
}

func TestStoryIsALine(t *testing.T) {
	a := analysed(t, twoTalks)
	got := get(t, a, "story", "conversation=0")
	if s := array(got, "sentences"); object(got)["kind"] != "story" || len(s) != 4 || !strings.HasPrefix(s[0].(string), "10.0.0.1:50000 opened") {
		t.Errorf("%v", got)
	}
	if got := object(get(t, a, "story", "")); got["conversation"] != 2.0 { // of the first finding
		t.Errorf("%v", got)
	}
}

// TestTimelineOfCalls: of the trace of post 1, in which no record has a time.
func TestTimelineOfCalls(t *testing.T) {
	text, err := os.ReadFile("../../testdata/post1.txtar")
	if err != nil {
		t.Fatal(err)
	}
	a := analysed(t, string(text))
	for _, query := range []string{"conversation=0&limit=500", "process=2704&limit=500"} {
		v := get(t, a, "timeline", query)
		same(t, query, []string{"application application", "stack stack", "wire packets"}, texts(array(v, "lanes"), "id", "kind"))
		rows := array(v, "rows")
		if total := object(v)["total"]; total != float64(len(rows)) || len(rows) < 60 {
			t.Errorf("%s: %d of %v rows", query, len(rows), total)
		}
		var arrows []string
		for _, x := range array(v, "arrows") {
			from, to := object(rows[int(object(x)["from"].(float64))]), object(rows[int(object(x)["to"].(float64))])
			arrows = append(arrows, fmt.Sprintf("%v %v %v > %v %v", object(x)["why"], from["lane_id"], from["frame"], to["lane_id"], to["frame"]))
		}
		// The segment that recv returns, the one that send makes, and the FIN.
		same(t, query+", arrows", []string{"call wire 213 > application 218", "call application 219 > wire 223", "call stack 236 > wire 239"}, arrows)
	}
	page := get(t, a, "timeline", "conversation=0&offset=10&limit=5")
	if len(array(page, "rows")) != 5 {
		t.Errorf("%d rows of a page of 5", len(array(page, "rows")))
	}
	if err := refused(t, a, "timeline", "process=4711"); err.Status != 404 {
		t.Errorf("%+v", err)
	}
	if err := refused(t, a, "plot", "kind=rtt"); err.Status != 409 { // over no time
		t.Errorf("%+v", err)
	}
	owner := object(rows(get(t, a, "processes", "sort=packets&desc=1&limit=1"))[0])
	if owner["pid"] != 2704.0 || !slices.Equal(owner["conversations"].([]any), []any{0.0}) || owner["packets"] == 0.0 {
		t.Errorf("%v", owner)
	}
}

// twoPoints are a client's and a server's capture of one connection, 10 ms apart; the server's lacks one segment.
const twoPoints = `
-- client.pcap --
0.000 packet 0 out 10.0.0.1:50000 > 10.0.0.2:80 S seq=1000 ack=0 mss=1460 ttl=64 id=1
0.020 packet 0 in 10.0.0.2:80 > 10.0.0.1:50000 AS seq=5000 ack=1001 mss=1460 ttl=60 id=101
0.020 packet 0 out 10.0.0.1:50000 > 10.0.0.2:80 A seq=1001 ack=5001 ttl=64 id=2
0.030 packet 0 out 10.0.0.1:50000 > 10.0.0.2:80 AP seq=1001 ack=5001 ttl=64 id=3 "first piece"
0.031 packet 0 out 10.0.0.1:50000 > 10.0.0.2:80 AP seq=1012 ack=5001 ttl=64 id=4 "second piece"
0.050 packet 0 in 10.0.0.2:80 > 10.0.0.1:50000 A seq=5001 ack=1012 ttl=60 id=102
0.331 packet 0 out 10.0.0.1:50000 > 10.0.0.2:80 AP seq=1012 ack=5001 ttl=64 id=5 "second piece"
0.351 packet 0 in 10.0.0.2:80 > 10.0.0.1:50000 A seq=5001 ack=1024 ttl=60 id=103
-- server.pcap --
0.010 packet 0 in 10.0.0.1:50000 > 10.0.0.2:80 S seq=1000 ack=0 mss=1460 ttl=60 id=1
0.010 packet 0 out 10.0.0.2:80 > 10.0.0.1:50000 AS seq=5000 ack=1001 mss=1460 ttl=64 id=101
0.030 packet 0 in 10.0.0.1:50000 > 10.0.0.2:80 A seq=1001 ack=5001 ttl=60 id=2
0.040 packet 0 in 10.0.0.1:50000 > 10.0.0.2:80 AP seq=1001 ack=5001 ttl=60 id=3 "first piece"
0.040 packet 0 out 10.0.0.2:80 > 10.0.0.1:50000 A seq=5001 ack=1012 ttl=64 id=102
0.341 packet 0 in 10.0.0.1:50000 > 10.0.0.2:80 AP seq=1012 ack=5001 ttl=60 id=5 "second piece"
0.341 packet 0 out 10.0.0.2:80 > 10.0.0.1:50000 A seq=5001 ack=1024 ttl=64 id=103
`

func TestPacketsAtTwoPoints(t *testing.T) {
	a := analysed(t, twoPoints)
	v := get(t, a, "timeline", "conversation=0")
	same(t, "lanes", []string{"wire:0 0", "wire:1 1"}, texts(array(v, "lanes"), "id", "source"))
	rows := array(v, "rows")
	if len(rows) != 15 || object(v)["clock"] == nil {
		t.Fatalf("%d rows, %v", len(rows), object(v)["clock"])
	}
	var arrows []string
	for _, x := range array(v, "arrows") {
		from, to := object(rows[int(object(x)["from"].(float64))]), object(rows[int(object(x)["to"].(float64))])
		arrows = append(arrows, fmt.Sprintf("%v:%v > %v:%v", from["source"], from["frame"], to["source"], to["frame"]))
	}
	slices.Sort(arrows)
	same(t, "arrows", []string{"0:1 > 1:1", "0:3 > 1:3", "0:4 > 1:4", "0:7 > 1:6", "1:2 > 0:2", "1:5 > 0:6", "1:7 > 0:8"}, arrows)

	l := get(t, a, "ladder", "conversation=1") // as the server has it
	same(t, "hosts", []string{"10.0.0.1 client", "10.0.0.2 server"}, texts(array(l, "hosts"), "address", "role"))
	messages := array(l, "messages")
	same(t, "messages", []string{
		"open SYN 0 1 0 1", "open SYN, ACK 1 0 1 2", "ack ACK 1 0 1 0 3", "data 11 bytes 0 1 0 4", "data 12 bytes 0 1 0 5 [1]", "ack ACK 12 1 0 1 5", "data 12 bytes 0 1 0 7", "ack ACK 24 1 0 1 7",
	}, texts(messages, "kind", "label", "from", "to", "source", "frame", "lost_at"))
	if m := object(messages[0]); m["time"] == m["arrived"] || m["arrived"] == nil {
		t.Errorf("the SYN is sent at %v and arrives at %v", m["time"], m["arrived"])
	}
	part := get(t, a, "ladder", "conversation=0&offset=6&limit=1")
	same(t, "a page", []string{"12 bytes 7 retransmission"}, texts(array(part, "messages"), "label", "frame", "analysis"))
}

func TestLadderOfAFilter(t *testing.T) {
	a := analysed(t, twoTalks)
	l := get(t, a, "ladder", "filter="+"udp+or+tcp.flags.reset%3D%3D1")
	same(t, "hosts", []string{"10.0.0.3 client", "10.0.0.9", "10.0.0.2 server"}, texts(array(l, "hosts"), "address", "role"))
	same(t, "messages", []string{"data UDP 1111 → 9999 Len=1 1 2", "reset RST, ACK 0 2"}, texts(array(l, "messages"), "kind", "label", "from", "to"))
	if err := refused(t, a, "ladder", "filter=udp&conversation=1"); err.Status != 400 {
		t.Errorf("%+v", err)
	}
}

// TestManyHosts: those beyond the 40th are counted, with none of their messages.
func TestManyHosts(t *testing.T) {
	var b strings.Builder
	b.WriteString("-- x.pcap --\n")
	for i := range 50 {
		fmt.Fprintf(&b, "%d.0 udp 0 out 10.0.1.%d:1000 > 10.0.0.2:9999 \"x\"\n", i, i+1)
	}
	l := get(t, analysed(t, b.String()), "ladder", "filter=udp")
	if n := len(array(l, "hosts")); n != maxHosts || object(l)["more_hosts"] != 11.0 || object(l)["total"] != 39.0 {
		t.Errorf("%d hosts, %v more, %v messages", n, object(l)["more_hosts"], object(l)["total"])
	}
}

func TestCompareNeedsTwoRuns(t *testing.T) {
	if err := refused(t, analysed(t, twoTalks), "compare", ""); err.Status != 409 || !strings.Contains(err.Message, "two runs") {
		t.Errorf("%+v", err)
	}
	a := analysed(t, twoPoints)
	if err := refused(t, a, "compare", "slow=0&good=0"); err.Status != 400 {
		t.Errorf("%+v", err)
	}
	if err := refused(t, a, "compare", ""); err.Status != 409 { // nothing is asked
		t.Errorf("%+v", err)
	}
}
