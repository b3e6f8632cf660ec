package jsonl

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/contrast"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fileio"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/object"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/internal/stats"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tds"
	"github.com/wiretale/wiretale/trace"
)

var update = flag.Bool("update", false, "write the documentation anew")

const page = "../../docs/jsonl.md"

// TestSchemaIsCurrent: the published schema is that of the declarations.
func TestSchemaIsCurrent(t *testing.T) {
	const published = "../../docs/jsonl.schema.json"
	want, err := JSONSchema(false)
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(published, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/jsonl.schema.json is not what the program emits, run make update (-want +got):\n%s", diff)
	}
}

func TestPageIsCurrent(t *testing.T) {
	if *update {
		if err := os.WriteFile(page, []byte(Document()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Document(), string(got)); diff != "" {
		t.Errorf("docs/jsonl.md is not what the program emits, run make update (-want +got):\n%s", diff)
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var check func(typ reflect.Type)
	check = func(typ reflect.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			if !f.Anonymous && (f.Tag.Get("doc") == "" || f.Tag.Get("json") == "") {
				t.Errorf("%s.%s has no doc or json tag", typ.Name(), f.Name)
			}
			if _, inner := typeName(f.Type); inner != nil && !f.Anonymous {
				check(inner)
			}
		}
	}
	for _, s := range shapes {
		check(reflect.TypeOf(s.of))
	}
}

// full is a case in which everything that can be emitted is there.
func full() *engine.Case {
	at := func(n int64) flow.Moment {
		return flow.Moment{Pos: trace.Pos{Number: n, Offset: 100 * n}, Time: n * 1e9}
	}
	conv := &flow.Conversation{ID: 0, Proto: proto.TCP, Stream: 0, Opened: true, First: at(1), Last: at(9), TCP: &flow.TCP{
		SYN: at(1), SYNACK: at(2), HandshakeACK: at(3), SYNs: 1, Established: true, RST: at(9), RSTs: 1, FirstFIN: 0,
		Sides: [2]flow.Side{{ISNKnown: true, ScaleKnown: true, MSS: 1460, LastData: at(4), FIN: at(5)}, {ISNKnown: true, ScaleKnown: true, MSS: 1460, LastData: at(4), FIN: at(5)}},
	}}
	conv.Dir[0].Packets, conv.Dir[1].Packets = 1, 1
	p := &session.Process{PID: 7, Parent: 1, Name: "a.exe", CommandLine: "a", Key: 9, From: "rundown"}
	tcb := &session.TCB{Address: 5, Process: p, Conv: conv, ShutdownAt: at(8), AbortReason: "x", States: []session.Transition{{From: "A", To: "B", At: at(2)}}}
	listener := &session.Socket{ID: 1, Process: p}
	socket := &session.Socket{Endpoint: 4, Process: p, Listener: listener, TCB: tcb, Conv: conv, Opened: at(1), Closed: at(9)}
	socket.Local, socket.Remote = conv.Ends[0], conv.Ends[1]
	call := &session.Call{Socket: socket, Name: "recv", Enter: at(1), Exit: at(2), Requested: 1, Returned: 1, TID: 3}
	rule := &diag.Rule{ID: "a.b", Title: "t"}
	info := &trace.Info{
		Name: "x", Format: "etl", FormatNote: "n", Compression: "gzip", Bytes: 1, Hardware: "h", OS: "o", Application: "a", Comments: []string{"c"}, Filters: []string{"f"},
		Interfaces: []trace.Interface{{Name: "n", Description: "d", SnapLen: 1, MTU: 1, MAC: make([]byte, 6), Addresses: []string{"a"}, HasStatistics: true}},
		Session:    &trace.Session{LoggerName: "l", Build: "b", Start: 1, End: 2, Boot: 3},
		Components: []trace.Component{{Name: "n", Description: "d", Kind: "k", Interface: 0, Addresses: []string{"a"}, Switch: "s", VLAN: 1, HasDrops: true, Edges: []trace.Edge{{Name: "n"}}}},
		Damage:     trace.Damage{Records: 1, First: []*trace.Error{{}}},
		Processes:  []trace.Process{{PID: 1, HasUID: true, Start: 1}},
		Names:      []trace.Name{{Address: "a", Names: []string{"n"}}},
		Secrets:    []trace.Secret{{Type: "t"}},
		Blocks:     []trace.BlockCount{{What: "w", Count: 1}},
	}
	return &engine.Case{
		Sources: []*engine.Source{{Info: info, First: 1, Last: 2, Sightings: 1, Dropped: 1, Providers: []engine.ProviderCount{{GUID: trace.GUID{1}, Name: "p"}}, Locks: []stream.Locked{{Lock: proto.Lock{Why: "w"}, Count: 1, First: 1}},
			Accounts: []stream.Account{{Account: proto.Account{Name: "n", Version: "v", Suite: "s", Resumed: "r", Source: "f", Why: "w", Failed: 1, Steps: []string{"s"}}}}, MoreAccounts: 1, Err: trace.ErrTruncated}},
		Conversations: flow.List(conv),
		Session: &session.Session{
			Processes: []*session.Process{p}, Sockets: []*session.Socket{socket}, TCBs: []*session.TCB{tcb}, Calls: []*session.Call{call},
			Joins:     []session.Join{{What: "w", Where: []flow.Moment{at(1)}, Evidence: "e"}},
			Drops:     []*session.Drop{{First: at(1), Last: at(2), Component: "c", Conv: conv, Locations: []uint32{1}, Where: []flow.Moment{at(1)}}},
			Endpoints: map[int]*session.Endpoint{0: {Process: p, Kind: session.ByKey}},
		},
		Findings: []diag.Finding{{
			Rule: rule, Where: []trace.Pos{{Number: 1}}, Elsewhere: []diag.Elsewhere{{Source: 1}}, Conversations: []*flow.Conversation{conv}, Host: "h", Process: p, Facts: []diag.Fact{{Name: "n", Value: "v"}},
			RuledOut: []string{"r"}, Fix: []string{"f"}, NextCapture: []string{"n"}, Filter: "f", NetMonFilter: "f", Silences: []string{"s"},
			Between: "a and b", Parts: []diag.Finding{{Rule: rule}},
		}},
		Spendings: []diag.Spending{{Conv: conv, Lost: 1, Budget: budget.Of(1, 2, nil)}},
		Points:    points(conv),
		Withheld:  []diag.Withheld{{Rule: "a.b", Because: "c.d", Why: "w", Conversations: 1, First: conv}},
		FileIO: []*fileio.Map{{Files: []*fileio.File{{
			Process: p, Paging: 1, Calls: []fileio.Call{{Operation: &session.Operation{At: at(1)}, Requests: 1}}, Requests: []fileio.Request{{Request: &request.Request{Asked: request.Mark{Number: 3}}}},
			Pauses: []fileio.Pause{{Activities: []fileio.Activity{{Name: "n", Path: "p"}}}},
		}}}},
		Requests: request.List{Requests: []request.Request{{
			Command: "c", Name: "n", Wanted: 1, Moved: 1, Length: 1, Depth: 1, Repeats: 1, Waits: true, Failed: true, Status: "s",
			Asked: request.Mark{Number: 1, Time: 1}, Sent: request.Mark{Number: 1, Time: 1}, Pending: request.Mark{Number: 1, Time: 1}, First: request.Mark{Number: 2, Time: 2}, Last: request.Mark{Number: 2, Time: 2},
		}, {
			Protocol: proto.TDS, Command: tds.LoginCommand, Name: "d", Failed: true, Status: "error 1", Code: 1, Text: "t", Terms: []proto.Term{{Name: tds.StateTerm, Value: 1}, {Name: tds.ClassTerm, Value: 1}},
			Asked: request.Mark{Number: 1, Time: 1}, First: request.Mark{Number: 2, Time: 1 << 62}, Last: request.Mark{Number: 2, Time: 1 << 62},
		}}},
	}
}

// points are two that saw the conversation, with everything that can be said of them.
func points(conv *flow.Conversation) *point.Result {
	way := point.Way{From: point.AtoB, Matched: 1, Altered: 1, Alike: [2]int64{2, 1}, TTL: 1, Delay: point.Delay{N: 1, Min: 1, P50: 1, P95: 1}}
	return &point.Result{Sampled: 1, Contradictions: []point.Contradiction{{By: 1}}, Inside: []point.Inside{{Relays: []point.Relay{{A: conv, B: conv}}}}, Timebases: make([]point.Timebase, 2), Points: []point.Point{{Name: "a", Tick: 1, More: []int{2}}, {Name: "b", Source: 1}}, Pairs: []point.Pair{{
		A: 0, B: 1, Contradicted: 1, Ambiguous: 1, Twice: true, Relays: []point.Relay{{A: conv, B: conv}}, Possible: []point.Possible{{A: conv, B: conv}}, Rewrites: []point.Rewrite{{Field: "f", A: "a", B: "b", Conversations: 1}},
		Meetings: []point.Meeting{{How: point.SameContent, Sent: [2][2]bool{{true, true}, {true, true}}, Ways: [2]point.Way{way, way}}},
		Clock:    point.Clock{Unit: 1, Segments: []point.Segment{{Slowest: 1, Fastest: 2}, {Bound: point.AtMost}}},
		Over:     [2]point.Profile{{Periods: make([]point.Period, 1)}},
	}}}
}

// counted are statistics that have everything.
func counted(conv *flow.Conversation) []stats.Collector {
	pairs := stats.NewPairs(stats.TCP)
	pairs.Add(&stats.Row{Record: &trace.Record{Time: 1e9}}, true)
	pairs.List = []*stats.Pair{{Time: stats.Stretch{First: 2e9, Last: 3e9}}}
	endpoints := stats.NewEndpoints(stats.IP)
	endpoints.List = []*stats.Endpoint{{}}
	tree := stats.NewHierarchy()
	tree.Root.Inner = []*stats.Protocol{{ID: proto.Ethernet}}
	trips, experts := stats.NewRoundTrips(), stats.NewExperts(stats.Chat)
	acks := stats.Samples{Count: 1, Min: 1, Max: 1, Sum: 1}
	trips.List = []*stats.RoundTrip{{Conv: conv, Split: true, Acks: [2]stats.Samples{acks, acks}}}
	experts.List = []*stats.Remark{{Group: "Sequence"}}
	return []stats.Collector{pairs, endpoints, tree, stats.NewIntervals(1, &stats.Part{Name: "tcp"}), trips, experts}
}

// contrasted is a comparison that has everything.
func contrasted() *contrast.Contrast {
	share := contrast.Share{Name: "f", N: 1, Moved: 1, Distinct: 1}
	run := contrast.Run{
		N: 1, Time: 1, Depth: 1, RoundTrip: 1, Unasked: 1, First: request.Spread{N: 1}, Parts: [6]int64{contrast.PartPause: 1},
		Pauses: []request.Pause{{From: request.Mark{Number: 1, Time: 1}, To: request.Mark{Number: 2, Time: 2}}},
	}
	return &contrast.Contrast{
		Work: []*contrast.Work{{Command: "Read", Shares: [2]contrast.Share{share, share}}}, Runs: [2]contrast.Run{run, run}, Notes: []string{"n"},
		Factors: []contrast.Factor{{}}, WhatIfs: []contrast.WhatIf{{Depth: 1}},
	}
}

// TestDocumentedIsEmitted: each kind of a full case has exactly the documented
// fields, but for those that a full case must leave out.
func TestDocumentedIsEmitted(t *testing.T) {
	var out bytes.Buffer
	if err := Case(&out, full()); err != nil {
		t.Fatal(err)
	}
	if err := Story(&out, full(), full().Conversations.At(0)); err != nil {
		t.Fatal(err)
	}
	for _, of := range counted(full().Conversations.At(0)) {
		if err := Stats(&out, of); err != nil {
			t.Fatal(err)
		}
	}
	if err := Requests(&out, full()); err != nil {
		t.Fatal(err)
	}
	if err := Contrast(&out, [2]*engine.Case{full(), full()}, contrasted()); err != nil {
		t.Fatal(err)
	}
	if err := Live(&out, &engine.Told{Finding: &full().Findings[0], Again: true, At: 1, Case: full()}); err != nil {
		t.Fatal(err)
	}
	NewObjects(&out).Put(&object.Object{Protocol: "http", Source: 1, Conv: 1, Number: 1, Host: "h", Type: "t", Name: "n", Size: 1, Lost: 1, Why: "w", SHA256: "s"})
	emitted := map[string]map[string]bool{}
	dec := json.NewDecoder(&out)
	for dec.More() {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line["schema"] != Schema {
			t.Errorf("schema = %v", line["schema"])
		}
		k := line["kind"].(string)
		if emitted[k] == nil {
			emitted[k] = map[string]bool{}
		}
		for name := range line {
			emitted[k][name] = true
		}
	}
	absent := map[string]string{"socket.local": "the zero address", "socket.remote": "the zero address", "tcb.local": "the zero address", "tcb.remote": "the zero address", "afd_call.address": "the zero address", "api_call.arguments": "none in this call", "login.encrypted": "an error can be read", "login.routed_to": "the login was refused"}
	for _, s := range shapes {
		if s.kind == "row" || s.kind == "rule" || s.kind == "recipe" || s.kind == "tally" { // not of a case
			continue
		}
		typ := reflect.TypeOf(s.of)
		want := map[string]bool{"schema": true, "kind": true}
		for i := range typ.NumField() {
			if name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ","); name != "" {
				want[name] = true
			}
		}
		for name := range want {
			if _, ok := absent[s.kind+"."+name]; !emitted[s.kind][name] && !ok {
				t.Errorf("%s.%s is documented and not emitted", s.kind, name)
			}
		}
		for name := range emitted[s.kind] {
			if !want[name] {
				t.Errorf("%s.%s is emitted and not documented", s.kind, name)
			}
		}
		delete(emitted, s.kind)
	}
	for k := range emitted {
		t.Errorf("kind %s is emitted and not documented", k)
	}
}
