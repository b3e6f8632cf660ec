package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/lab/scenario"
)

const (
	summary = `{"kind":"summary"}` + "\n"
	loss    = `{"kind":"finding","rule":"tcp.loss.fast","severity":"warning","between":"rtr_out and server","parts":[{"rule":"path.loss.location"}]}` + "\n"
	ends    = `{"kind":"finding","rule":"tcp.loss.fast","severity":"warning","between":"client and server","parts":[{"rule":"path.loss.location"}]}` + "\n"
	alone   = `{"kind":"finding","rule":"tcp.loss.fast","severity":"warning"}` + "\n"
	note    = `{"kind":"finding","rule":"cap.snaplen","severity":"note"}` + "\n"
	other   = `{"kind":"finding","rule":"tcp.syn.refused","severity":"error"}` + "\n"
	rewrite = `{"kind":"finding","rule":"path.rewrite","severity":"note"}` + "\n"
)

func TestJudge(t *testing.T) {
	all := []string{"client", "rtr_in", "rtr_out", "server"}
	lossy := scenario.Label{Rule: "tcp.loss.fast (T7), tcp.loss.rto + path.loss.location", Healthy: "no", Between: []string{"rtr_out", "server"},
		Blind: map[string]string{"rtr_in": "it is asleep"}}
	nat := scenario.Label{Rule: "path.rewrite", Healthy: "yes"}
	free := scenario.Label{Rule: "-", Healthy: "-"}
	for _, c := range []struct {
		label  scenario.Label
		points []string
		report string
		wrong  bool
		text   string
	}{
		{lossy, all[:1], alone, false, "first: tcp.loss.fast"},
		{lossy, all[:1], note + alone, true, "rank 2; first is cap.snaplen"},
		{lossy, all[:1], "", true, "rank 0; first is nothing"},
		{lossy, all[1:2], note, false, "cannot show it: it is asleep"},
		{lossy, all[1:2], alone, true, "though the label says: it is asleep"},
		{lossy, all, loss, false, "between rtr_out and server"},
		{lossy, all, ends, true, `lies between "client and server", want rtr_out and server`},
		{lossy, []string{"client", "server"}, ends, false, "between client and server"},
		{lossy, all, alone, true, "path.loss.location has rank 0"},
		{lossy, all, other + loss, true, "rank 2; first is tcp.syn.refused"},
		{nat, all, note + rewrite, false, "nothing wrong"},
		{nat, all, note, true, "nothing is said of path.rewrite"},
		{nat, all[:1], note, false, "nothing wrong"},
		{nat, all[:1], other, true, "it is healthy, and has tcp.syn.refused"},
		{free, all, other, false, "no label; it says tcp.syn.refused"},
		{free, all, note, false, "nothing wrong"},
	} {
		report, err := Parse([]byte(c.report + summary))
		if err != nil {
			t.Fatal(err)
		}
		v := judge(&scenario.Run{Label: c.label}, c.points, report)
		if v.Wrong != c.wrong || !strings.Contains(v.Text, c.text) || v.Points != strings.Join(c.points, " ") {
			t.Errorf("%v of %s: %+v, want %v %q", c.points, c.report, v, c.wrong, c.text)
		}
	}
}

func TestOpened(t *testing.T) {
	const good = `{"version":"TLS 1.2","suite":"A","opened":3,"not_opened":0,"bytes":10}`
	for _, c := range []struct {
		sessions string
		want     int
		bytes    int
		wrong    bool
		text     string
	}{
		{good, 0, noPlain, false, "1 sessions opened, 10 bytes: TLS 1.2 A"},
		{good + "," + good, 2, 20, false, "2 sessions opened, 20 bytes: TLS 1.2 A"},
		{good, 1, 11, true, "10 bytes of applications, the client and the server had 11"},
		{good, 2, noPlain, true, "1 sessions of TLS, want 2"},
		{"", 0, noPlain, true, "0 sessions of TLS, want 1"},
		{`{"first":4,"opened":3,"not_opened":1,"closed":"a byte is missing"}`, 1, noPlain, true, "frame 4: 3 records opened, 1 not: a byte is missing"},
		{`{"opened":0,"not_opened":0}`, 1, noPlain, true, "0 records opened"},
	} {
		report, err := Parse([]byte(`{"kind":"source","tls":[` + c.sessions + "]}\n" + summary))
		if err != nil {
			t.Fatal(err)
		}
		v := opened(&scenario.Run{Opened: scenario.Opened{Sessions: c.want}}, report, c.bytes)
		if v.Wrong != c.wrong || !strings.Contains(v.Text, c.text) {
			t.Errorf("%s: %+v, want %v %q", c.sessions, v, c.wrong, c.text)
		}
	}
}

func TestParseWantsTheWholeReport(t *testing.T) {
	for _, text := range []string{"", loss, "{", "{}\n[]\n" + summary, `{"kind":"finding","rule":1}` + "\n" + summary} {
		if r, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

// TestRun lets a program that prints a report of every point stand in for wiretale.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "wiretale")
	script := "#!/bin/sh\ncase \"$*\" in\n*packets*good*) echo 7;;\n*packets*) ;;\n*) echo '" +
		`{"kind":"source","tls":[{"opened":1,"bytes":3}]}` + "'; echo '" + strings.TrimSpace(summary) + "';;\nesac\n"
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sent"), []byte("3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := &scenario.Run{Name: "x", Label: scenario.Label{Rule: "-", Healthy: "yes"}, Opened: scenario.Opened{Keys: []string{"k"}, Sessions: 1, Plain: "sent", Shows: []scenario.Show{{Rows: 1, Filter: "good"}, {Filter: "good"}}}}
	file := func(_ *scenario.Run, point string) string { return point }
	tool := &Tool{program}
	verdicts, err := tool.Run(t.Context(), &scenario.Scenario{Router: true}, r, dir, file)
	if err != nil || len(verdicts) != 6+4 {
		t.Fatalf("%d verdicts, %v", len(verdicts), err)
	}
	for _, v := range verdicts {
		if v.Wrong {
			t.Errorf("%+v", v)
		}
	}
	r.Shows = []scenario.Show{{Filter: "bad"}}
	verdicts, err = tool.Run(t.Context(), &scenario.Scenario{}, r, dir, file)
	if err != nil || len(verdicts) != 3+2 || !verdicts[4].Wrong || !strings.Contains(verdicts[4].Text, "0 rows pass bad, want 1") {
		t.Errorf("%+v, %v", verdicts, err)
	}
	r.Plain = "none"
	if _, err := tool.Run(t.Context(), &scenario.Scenario{}, r, dir, file); err == nil {
		t.Error("no count, and no error")
	}
	if _, err := (&Tool{filepath.Join(dir, "none")}).Run(t.Context(), &scenario.Scenario{}, r, dir, file); err == nil {
		t.Error("no program, and no error")
	}
}
