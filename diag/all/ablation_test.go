package all_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/diag/diagtest"
	formats "github.com/wiretale/wiretale/format/all"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/trace"
	view "github.com/wiretale/wiretale/view/capture"
)

// A cut is a way to record less than there was. keep reports whether a packet is recorded; what it leaves of its bytes is recorded.
type cut struct {
	name string
	make func(records int) (keep func(rec *trace.Record) bool)
}

// snapped is how many bytes of each packet a recorder with a short snap length keeps.
const snapped = 96

var cuts = []cut{
	{"1 % lost", lossOf(0.01, 1)}, {"1 % lost, others", lossOf(0.01, 2)}, {"10 % lost", lossOf(0.1, 3)}, {"10 % lost, others", lossOf(0.1, 4)},
	{"one direction", oneWay(false)}, {"the other direction", oneWay(true)}, {"without the start", late}, {"96 bytes of each", short},
}

// lossOf is a recorder that misses a share of the packets.
func lossOf(share float64, seed uint64) func(int) func(*trace.Record) bool {
	return func(int) func(*trace.Record) bool {
		r := rand.New(rand.NewPCG(seed, seed))
		return func(*trace.Record) bool { return r.Float64() >= share }
	}
}

// oneWay is a recorder at a line that has only what goes from lower endpoints to higher ones, or only the reverse.
func oneWay(reverse bool) func(int) func(*trace.Record) bool {
	return func(int) func(*trace.Record) bool {
		var d packet.Decoder
		var p packet.Packet
		return func(rec *trace.Record) bool {
			d.Decode(rec, &p)
			switch from, to := netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort); {
			case !p.Src.IsValid() || p.Dst.IsMulticast():
				return true
			default:
				return from.Compare(to) < 0 != reverse
			}
		}
	}
}

// late is a recorder that is started when a third of the packets have gone by.
func late(records int) func(*trace.Record) bool {
	n := 0
	return func(*trace.Record) bool { n++; return n > records/3 }
}

func short(int) func(*trace.Record) bool {
	return func(rec *trace.Record) bool {
		rec.Data = rec.Data[:min(len(rec.Data), snapped)]
		return true
	}
}

// TestAblation records less of each fixture and of the captures that are there for verification: packets at random, one direction, without the start, with
// a short snap length. What is found may be less or less sure. A finding is wrong when it is proven, is about the network or a host and not about the
// recording, and the whole capture has none like it: of the same rule, or of one that tells of the same thing, as sure, about a conversation of the same endpoints; nor was the rule withheld from it.
func TestAblation(t *testing.T) {
	var s ablation
	t.Run("fixtures", func(t *testing.T) { s.fixtures(t) })
	t.Run("captures", func(t *testing.T) { s.captures(t) })
	t.Log(s.String())
	for _, c := range cuts {
		if n := s.of(c.name); n.whole == 0 || n.gone == 0 {
			t.Errorf("%s: %d findings of whole captures, %d of them gone: nothing was tried", c.name, n.whole, n.gone)
		}
	}
}

func (s *ablation) fixtures(t *testing.T) {
	files, _ := filepath.Glob("../*/*.txtar")
	if len(files) == 0 {
		t.Fatal("no fixtures")
	}
	for _, file := range files {
		t.Run(filepath.ToSlash(file), func(t *testing.T) {
			t.Parallel()
			traces, err := fixture.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, group := range diagtest.Together(traces) {
				if slices.ContainsFunc(group, func(tr *fixture.Trace) bool { return !strings.HasPrefix(filepath.Ext(tr.Name), ".pcap") }) {
					continue // events are not packets
				}
				paths, opt := diagtest.Write(t, group)
				s.try(t, group[0].Name, paths, opt)
			}
		})
	}
}

// largest is the size in bytes of the captures beyond which time is saved: what rules say of them, smaller ones have as well.
const largest = 700_000

func (s *ablation) captures(t *testing.T) {
	for _, c := range corpus(t) {
		size := int64(0)
		for _, f := range c.files {
			if st, err := os.Stat(f); err == nil {
				size += st.Size()
			}
		}
		if ext := filepath.Ext(c.name); size > largest || ext == ".etl" || ext == ".pml" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s.try(t, c.name, c.files, c.options(t))
		})
	}
}

// An ablation counts by cut.
type ablation struct {
	sync.Mutex
	byCut map[string]*outcome
}

// An outcome counts the findings of whole captures that are not about the recording, what became of them, and the wrong ones.
type outcome struct{ analyses, whole, kept, weaker, gone, wrong int }

func (s *ablation) of(cut string) *outcome {
	if s.byCut == nil {
		s.byCut = map[string]*outcome{}
	}
	if s.byCut[cut] == nil {
		s.byCut[cut] = &outcome{}
	}
	return s.byCut[cut]
}

func (s *ablation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-20s %8s %8s %8s %8s %8s %8s\n", "cut", "analyses", "findings", "kept", "weaker", "gone", "wrong")
	for _, name := range slices.Sorted(maps.Keys(s.byCut)) {
		o := s.byCut[name]
		fmt.Fprintf(&b, "%-20s %8d %8d %8d %8d %8d %8d\n", name, o.analyses, o.whole, o.kept, o.weaker, o.gone, o.wrong)
	}
	return b.String()
}

// try records less of the files in each way.
func (s *ablation) try(t *testing.T, name string, paths []string, opt engine.Options) {
	whole, err := engine.Analyse(context.Background(), paths, opt)
	if err != nil {
		return // bad on purpose: nothing to record less of
	}
	dir := t.TempDir()
	for _, c := range cuts {
		var less []string
		changed := false
		for i, path := range paths {
			out, other, err := c.write(path, filepath.Join(dir, fmt.Sprintf("%d-%s", i, filepath.Base(path))))
			if err != nil {
				return // not to be written as a capture: records of an unknown kind
			}
			less, changed = append(less, out), changed || other
		}
		if !changed {
			continue
		}
		got, err := engine.Analyse(context.Background(), less, opt)
		if err != nil {
			t.Errorf("%s, %s: %v", name, c.name, err)
			continue
		}
		s.compare(t, name, c.name, whole, got)
	}
}

// write writes what is recorded of a capture; changed reports whether that is less.
func (c *cut) write(path, to string) (out string, changed bool, err error) {
	records := 0
	if err := each(path, func(*trace.Info, *trace.Record) error { records++; return nil }); err != nil {
		return "", false, err
	}
	var b bytes.Buffer
	w := view.NewPcapNG(&b, view.Options{})
	keep := c.make(records)
	if err := each(path, func(info *trace.Info, rec *trace.Record) error {
		was := len(rec.Data)
		if rec.Kind == trace.Packet && !keep(rec) {
			changed = true
			return nil
		}
		changed = changed || len(rec.Data) < was
		return w.Write(info, rec)
	}); err != nil {
		return "", false, err
	}
	if err := w.Close(); err != nil {
		return "", false, err
	}
	return to, changed, os.WriteFile(to, b.Bytes(), 0o600)
}

// each hands out the records of a file up to what is damaged.
func each(path string, visit func(*trace.Info, *trace.Record) error) error {
	rd, err := formats.Open(path, formats.Options{})
	if err != nil {
		return err
	}
	defer rd.Close()
	for rec, err := range trace.Records(rd) {
		if err != nil {
			return nil
		}
		if err := visit(rd.Info(), rec); err != nil {
			return err
		}
	}
	return nil
}

// kin are the rules that tell of the same thing as others: how much of it there is, or what explains it, decides which one speaks.
var kin = [][]string{
	{"tcp.zero_window", "tcp.limit.app_rx"},
	{"tcp.loss.fast", "tcp.loss.rto", "mtu.blackhole"},
	{"tcp.syn.refused", "tcp.syn.icmp_reject", "tcp.syn.silent", "tcp.syn.rst_by_device", "ssrp.port_blocked", "rpc.dynamic_blocked", "krb.tcp88_blocked", "tds.redirect_blocked", "dns.bad_record"},
	{"tls.cert.rejected", "tls.cert.chain", "tls.cert.expired", "tls.cert.name"},
	{"tcp.rst.app", "fw.rst_injected", "path.injected"},
	{"fw.silent_drop", "ssrp.other_address"},
	{"smb.neg_hang", "tcp.established_silent"},
}

// ofRecording are rules that are no rules of quality, and still about the recording and who reads it.
var ofRecording = []string{"tls.cannot_decrypt"}

// accepted are the findings of less that stay, and why: by capture, cut and rule.
var accepted = map[string]string{
	"equal-questions/inside.pcap, without the start: clock.offset": "what is cut off is what made it ambiguous, and it is right",
	"equal-questions/inside.pcap, without the start: path.rewrite": "the same",
}

// compare counts what became of the findings, and names the wrong ones.
func (s *ablation) compare(t *testing.T, name, cut string, whole, got *engine.Case) {
	s.Lock()
	defer s.Unlock()
	o := s.of(cut)
	o.analyses++
	before, after := claimsOf(whole), claimsOf(got)
	for _, w := range before {
		o.whole++
		switch like := best(after, w); {
		case like >= w.Confidence:
			o.kept++
		case like > 0:
			o.weaker++
		default:
			o.gone++
		}
	}
	for _, f := range after {
		if f.Confidence == diag.Proven && best(before, f) < diag.Proven && !withheld(whole, f.Rule.ID) && accepted[fmt.Sprintf("%s, %s: %s", name, cut, f.Rule.ID)] == "" {
			o.wrong++
			t.Errorf("%s, %s: proven, and the whole capture does not have it: %s: %s", name, cut, f.Rule.ID, f.Summary)
		}
	}
}

// claimsOf are the findings about the network or hosts.
func claimsOf(c *engine.Case) []diag.Finding {
	return slices.DeleteFunc(withParts(c.Findings), func(f diag.Finding) bool { return f.Rule.Quality || slices.Contains(ofRecording, f.Rule.ID) })
}

// best is how sure the surest of the findings is that tells the same as f; 0 when none does.
func best(list []diag.Finding, f diag.Finding) (sure diag.Confidence) {
	for _, w := range list {
		if related(w.Rule.ID, f.Rule.ID) && sameEnds(w.Conversations, f.Conversations) {
			sure = max(sure, w.Confidence)
			if w.Rule != f.Rule {
				sure = max(sure, f.Confidence) // an explanation is less sure than what it explains
			}
		}
	}
	return sure
}

// withheld reports whether the rule was not applied to something in the whole capture: there is no saying what it would have found.
func withheld(whole *engine.Case, rule string) bool {
	return slices.ContainsFunc(whole.Withheld, func(w diag.Withheld) bool { return w.Rule == rule })
}

func related(a, b string) bool {
	return a == b || slices.ContainsFunc(kin, func(k []string) bool { return slices.Contains(k, a) && slices.Contains(k, b) })
}

// sameEnds reports whether two findings share a pair of endpoints, or one has no conversation and so is about a host or all.
func sameEnds(a, b []*flow.Conversation) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	for _, x := range a {
		for _, y := range b {
			if x.Ends == y.Ends || x.Ends[0] == y.Ends[1] && x.Ends[1] == y.Ends[0] {
				return true
			}
		}
	}
	return false
}
