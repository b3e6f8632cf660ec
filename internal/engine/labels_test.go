package engine_test

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/diag/all"
	"github.com/wiretale/wiretale/internal/engine"
)

// byCode are the rules by the numbers that labels give causes: those of the catalogue of diagnoses.
var byCode = map[string]string{
	"C1": "tcp.syn.silent", "C2": "tcp.syn.refused", "C6": "tcp.syn.icmp_reject", "T4": "tcp.limit.app_rx", "T5": "tcp.zero_window", "T7": "tcp.loss.fast",
	"T8": "tcp.loss.rto", "T13": "tcp.bufferbloat", "T14": "tcp.nagle_delack", "X1": "path.loss.location", "X3": "reply.other_address", "M2": "ssrp.other_address",
	"B1": "smb.shallow_pipeline", "B8": "smb.status", "I group": "mtu.blackhole",
}

// unseen are the points of scenarios that cannot show the cause although they show something of it, and why.
var unseen = map[string]string{
	"ssrp_cluster client": "the answers are dropped before they come here: only the silence shows",
	"smb3_errors client":  "the recording ends before the answer that is an error",
}

// real are the causes of captures that the lab did not make: rules that must be first, rules that must say nothing, or a cause that no rule has.
var real = map[string]struct {
	want, silent []string
	none         string
}{
	"tcp/ndpi_tls_multiple_synack_different_seq.pcapng": {want: []string{"tcp.synack.other_isn"}},
	"tso/zeek_kerberos_tso.pcapng":                      {silent: []string{"tcp.loss.fast", "tcp.loss.rto", "tcp.retx.spurious", "tcp.reorder", "cap.gaps"}},
	"smb2/zeek_smb3_multichannel.pcap":                  {none: "one read at a time in a local network: a round trip is too short to cost anything"},
	"app/zeek_ldap_invalid_credentials.pcap":            {want: []string{"ldap.bind_error"}},
}

// A label is what an expert concluded from a scenario. Each of causes is a choice of rules: the first one is the cause, the others add to it when points are compared.
type label struct {
	name, rule string
	files      []string
	causes     [][]string
	healthy    bool
}

// TestLabels holds the analysis to the causes of the captures that are there for verification, each point alone, both ends and all points together: the
// labelled cause is first, and nothing is wrong with what is healthy. With -v it prints what is first where, and how often.
func TestLabels(t *testing.T) {
	var s score
	for _, l := range readLabels(t) {
		var whole *engine.Case
		for _, r := range slices.Backward(l.runs()) { // all points first: they tell which conversation is the one
			c := analyseLabelled(t, r.files)
			whole = cmp.Or(whole, c)
			s.judge(t, l, r, c, whole)
		}
	}
	s.real(t)
	t.Log(s.String())
}

// readLabels reads the labels of the lab.
func readLabels(t *testing.T) (out []label) {
	for _, row := range readTable(t, shared+"/lab/LABELS.tsv") {
		l := label{name: row[0], rule: row[4], healthy: row[5] == "yes"}
		for _, pattern := range strings.Fields(strings.NewReplacer("(", "", ")", "").Replace(row[1])) {
			files, _ := filepath.Glob(shared + "/lab/" + pattern)
			for _, f := range files {
				if !slices.Contains(l.files, f) {
					l.files = append(l.files, f)
				}
			}
		}
		if len(l.files) == 0 {
			t.Errorf("%s: no capture %s", l.name, row[1])
		}
		slices.Sort(l.files) // client, router in, router out, server
		for _, part := range strings.Split(row[4], " + ") {
			l.causes = append(l.causes, rulesIn(part))
		}
		out = append(out, l)
	}
	return out
}

func readTable(t *testing.T, path string) [][]string {
	f, err := os.Open(path)
	if err != nil {
		t.Skip("no captures to verify with: ", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatal(path, err)
	}
	return rows[1:]
}

var (
	codes = regexp.MustCompile(`\b[A-Z][0-9]+\b|\bI group\b`)
	ids   = regexp.MustCompile(`\b[a-z]+\.[a-z_.]+[a-z]\b`)
)

// rulesIn are the rules that a label names, by number or by name.
func rulesIn(text string) (out []string) {
	for _, code := range codes.FindAllString(text, -1) {
		if id := byCode[code]; id != "" {
			out = append(out, id)
		}
	}
	for _, id := range ids.FindAllString(text, -1) {
		if slices.ContainsFunc(all.All(), func(r *diag.Rule) bool { return r.ID == id }) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// A labelledRun is files that are analysed together.
type labelledRun struct {
	name  string
	files []string
}

// runs are each file alone, both ends, and all.
func (l *label) runs() (out []labelledRun) {
	for _, f := range l.files {
		out = append(out, labelledRun{pointOf(f), []string{f}})
	}
	if len(l.files) < 2 {
		return out
	}
	var ends []string
	for _, end := range []string{"client", "server"} {
		if i := slices.IndexFunc(l.files, func(f string) bool { return pointOf(f) == end }); i >= 0 {
			ends = append(ends, l.files[i])
		}
	}
	if len(ends) == 2 && len(l.files) > 2 {
		out = append(out, labelledRun{"both ends", ends})
	}
	return append(out, labelledRun{"all", l.files})
}

// pointOf is the name of the point: the last part of the name that is one.
func pointOf(file string) string {
	name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".gz"), ".pcap")
	for _, point := range []string{"client", "server", "rtr_in", "rtr_out", "tx", "rx"} {
		if name == point || strings.HasSuffix(name, "."+point) || strings.HasSuffix(name, "_"+point) {
			return point
		}
	}
	return name
}

func analyseLabelled(t *testing.T, files []string) *engine.Case {
	t.Helper()
	c, err := engine.Analyse(context.Background(), files, engine.Options{Points: len(files) > 1})
	if err != nil {
		t.Fatal(files, err)
	}
	return c
}

// A score counts what was found of what is labelled.
type score struct {
	rows                  []string
	labelled, first, near int
	rules                 map[string]*tally
	healthy, clean        int
}

// A tally is how often a rule was right, spoke of what is not labelled, and missed what is.
type tally struct{ right, wrong, missed int }

func (s *score) of(rule string) *tally {
	if s.rules == nil {
		s.rules = map[string]*tally{}
	}
	if s.rules[rule] == nil {
		s.rules[rule] = &tally{}
	}
	return s.rules[rule]
}

// rankOf is the rank of the first finding of one of the rules, 0 without one. Parts have the rank of their finding.
func rankOf(findings []diag.Finding, rules []string) int {
	for i, f := range findings {
		if slices.Contains(rules, f.Rule.ID) || rankOf(f.Parts, rules) > 0 {
			return i + 1
		}
	}
	return 0
}

// judge holds one analysis to the label. whole is that of all points.
func (s *score) judge(t *testing.T, l label, r labelledRun, c, whole *engine.Case) {
	name := l.name + " " + r.name
	shows := unseen[name] == "" && hasCause(c, whole, l.causes[0])
	grave := 0
	for _, f := range c.Findings {
		if f.Severity > diag.Note {
			grave++
			if l.healthy {
				t.Errorf("%s is healthy, and has %v %s: %s", name, f.Severity, f.Rule.ID, f.Summary)
			}
			if shows && l.rule != "-" && !f.Rule.Quality && !slices.Contains(slices.Concat(l.causes...), f.Rule.ID) {
				s.of(f.Rule.ID).wrong++
			}
		}
	}
	verdict := ""
	switch cause := l.causes[0]; {
	case l.healthy:
		s.healthy++
		if grave == 0 {
			s.clean++
		}
		verdict = fmt.Sprintf("healthy: %d above note", grave)
		if r.name == "all" && len(cause) > 0 && rankOf(c.Findings, cause) == 0 {
			t.Errorf("%s: nothing is said of %v", name, cause)
		}
	case l.rule == "-":
		verdict = "no label"
	case len(cause) == 0:
		verdict = "no rule for it"
	case unseen[name] != "":
		if rank := rankOf(c.Findings, cause); rank > 0 {
			t.Errorf("%s: %v is found, though it is said that %s", name, cause, unseen[name])
		}
		verdict = "cannot show: " + unseen[name]
	case !shows:
		verdict = "nothing of it comes here"
	default:
		verdict = s.rank(t, name, l, c)
	}
	s.rows = append(s.rows, fmt.Sprintf("%s\t%s\t%s\t%s", l.name, r.name, l.rule, verdict))
}

// hasCause reports whether the case has the conversation that the finding of all points is about.
func hasCause(c, whole *engine.Case, cause []string) bool {
	rank := rankOf(whole.Findings, cause)
	if rank == 0 || len(whole.Findings[rank-1].Conversations) == 0 {
		return true
	}
	conv := whole.Findings[rank-1].Conversations[0]
	for o := range c.Conversations.All() {
		if o.Proto == conv.Proto && o.Ends == conv.Ends {
			return true
		}
	}
	return false
}

// rank holds the labelled cause to the first place, and what adds to it to the first three.
func (s *score) rank(t *testing.T, name string, l label, c *engine.Case) string {
	s.labelled++
	rank := rankOf(c.Findings, l.causes[0])
	if rank == 1 {
		s.first++
	} else {
		t.Errorf("%s: rank of %v is %d, want 1", name, l.causes[0], rank)
	}
	if rank > 0 && rank <= 3 {
		s.near++
	}
	verdict := fmt.Sprintf("rank %d", rank)
	for i, cause := range l.causes {
		if i > 0 && (len(c.Sources) < 2 || len(cause) == 0) {
			continue
		}
		at := rankOf(c.Findings, cause)
		if at == 0 || at > 3 {
			t.Errorf("%s: rank of %v is %d, want 3 at most", name, cause, at)
			s.of(cause[0]).missed++
			continue
		}
		for _, id := range cause {
			if rankOf(c.Findings, []string{id}) > 0 {
				s.of(id).right++
			}
		}
		if i > 0 {
			verdict += fmt.Sprintf(", %s %d", cause[0], at)
		}
	}
	return verdict
}

// real judges the captures that the lab did not make.
func (s *score) real(t *testing.T) {
	for _, row := range readTable(t, shared+"/LABELS-real.tsv") {
		l, ok := real[row[0]]
		if !ok {
			t.Errorf("%s has a label, and nobody says which rule that is: %s", row[0], row[1])
			continue
		}
		c := analyseLabelled(t, []string{shared + "/" + row[0]})
		verdict := "no rule for it: " + l.none
		for _, id := range l.silent {
			verdict = "silent: " + strings.Join(l.silent, ", ")
			if rankOf(c.Findings, []string{id}) > 0 {
				t.Errorf("%s: %s is found, and is not there", row[0], id)
				s.of(id).wrong++
			}
		}
		if len(l.want) > 0 {
			verdict = s.rank(t, row[0], label{causes: [][]string{l.want}}, c)
		}
		s.rows = append(s.rows, fmt.Sprintf("%s\talone\t%s\t%s", filepath.Base(row[0]), cmp.Or(strings.Join(l.want, ", "), "-"), verdict))
	}
}

// String is the table and the figures.
func (s *score) String() string {
	var b strings.Builder
	b.WriteString("\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "scenario\tpoints\tlabel\tfound")
	for _, row := range s.rows {
		fmt.Fprintln(w, row)
	}
	fmt.Fprintln(w, "\nrule\tright\twrong\tmissed\tprecision\trecall")
	for _, id := range slices.Sorted(maps.Keys(s.rules)) {
		r := s.rules[id]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t%s\n", id, r.right, r.wrong, r.missed, ratio(r.right, r.right+r.wrong), ratio(r.right, r.right+r.missed))
	}
	_ = w.Flush() // a Builder takes all
	fmt.Fprintf(&b, "\nlabelled causes that can show: %d, first %s, within three %s; healthy: %d, without a finding above note %s\n",
		s.labelled, ratio(s.first, s.labelled), ratio(s.near, s.labelled), s.healthy, ratio(s.clean, s.healthy))
	return b.String()
}

func ratio(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(n)/float64(of))
}
