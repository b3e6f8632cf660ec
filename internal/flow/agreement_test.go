package flow

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// groups are all groups of shared captures that have expected answers.
var groups = []string{"formats", "link", "tso", "tcp", "app", "smb2", "tls", "bad", "twosided"}

// verdictNamesOf are the verdicts on a segment under tshark's field names. A fast or spurious
// retransmission is a retransmission too: tshark sets that field with either.
func verdictNamesOf(a Analysis) []string {
	var list []string
	for i, name := range verdictNames {
		if a.Has(1<<i) || name == "retransmission" && a.Has(Resent) {
			list = append(list, name)
		}
	}
	return list
}

// offloaded are the captures in which tshark 4.0.17 does not see all segments:
// its preference for an IPv6 payload length of 0, as segmentation offload writes
// it, is off. It then calls them lost and their acknowledgements unseen.
// docs/compat-tshark.md names the frames.
var offloaded = map[string]bool{"ms_RMSOD_Example2.cap": true, "ms_WMOD_Example4.cap": true}

// unread reports whether tshark does not read the segment of the packet.
func unread(p *packet.Packet) bool {
	return p.Has(packet.LengthZero) && p.Transport == proto.TCP && p.Src.Is6()
}

// scores are, by flag, the frames that tshark flags, that we flag, and that both do.
type scores map[string]*struct{ theirs, ours, both int }

func newScores() scores {
	sc := scores{}
	for _, name := range verdictNames {
		sc[name] = new(struct{ theirs, ours, both int })
	}
	return sc
}

// print logs the table and returns the share of (frame, flag) pairs that agree: intersection over union.
func (sc scores) print(t *testing.T, title string) float64 {
	t.Logf("%-24s %7s %7s %7s %7s %7s", title, "tshark", "ours", "equal", "missing", "extra")
	theirs, ours, both := 0, 0, 0
	for _, name := range verdictNames {
		c := sc[name]
		t.Logf("%-24s %7d %7d %7d %7d %7d", name, c.theirs, c.ours, c.both, c.theirs-c.both, c.ours-c.both)
		theirs, ours, both = theirs+c.theirs, ours+c.ours, both+c.both
	}
	share := float64(both) / float64(max(1, theirs+ours-both))
	t.Logf("%-24s %7d %7d %7d %7d %7d   agreement %.3f %%", "all", theirs, ours, both, theirs-both, ours-both, 100*share)
	return share
}

// flaggedFrames reads tshark's flags by frame.
func flaggedFrames(t *testing.T, file string) map[int64]map[string]bool {
	want := map[int64]map[string]bool{}
	readTable(t, file, func(row map[string]string) {
		n, err := strconv.ParseInt(firstOf(row, "frame", "frame.number"), 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		want[n] = map[string]bool{}
		for flag := range strings.SplitSeq(row["flags"], ",") {
			want[n][flag] = true
		}
	})
	return want
}

// compare adds a capture to the scores and returns the differences. Every record counts as a packet, as for tshark.
func (sc scores) compare(t *testing.T, path string, want map[int64]map[string]bool, skip func(*packet.Packet) bool) (diffs []string) {
	return sc.with(t, func(visit func(*packet.Packet, *Sighting)) { walkSome(t, path, skip, visit) }, want)
}

func (sc scores) with(t *testing.T, walk func(func(*packet.Packet, *Sighting)), want map[int64]map[string]bool) (diffs []string) {
	got := map[int64]map[string]bool{}
	walk(func(p *packet.Packet, s *Sighting) {
		for _, flag := range verdictNamesOf(s.Analysis) {
			n := p.Record.Pos.Number
			if got[n] == nil {
				got[n] = map[string]bool{}
			}
			got[n][flag] = true
			sc[flag].ours++
			if want[n][flag] {
				sc[flag].both++
			} else {
				diffs = append(diffs, fmt.Sprintf("frame %d %s: only here", n, flag))
			}
		}
	})
	for n, flags := range want {
		for flag := range flags {
			if c := sc[flag]; c != nil {
				c.theirs++
				if !got[n][flag] {
					diffs = append(diffs, fmt.Sprintf("frame %d %s: only tshark", n, flag))
				}
			}
		}
	}
	return diffs
}

// TestVerdictsAgreeWithTshark counts the agreement over every capture of every
// group twice: with all segments, and with those that tshark reads. With the
// same segments no verdict may differ.
func TestVerdictsAgreeWithTshark(t *testing.T) {
	requireCaptures(t)
	all, same := newScores(), newScores()
	for _, group := range groups {
		files, _ := filepath.Glob(filepath.Join(captures, "expected", group, "*", "analysis.tsv.gz"))
		for _, file := range files {
			name := filepath.Base(filepath.Dir(file))
			path, want := filepath.Join(captures, group, name), flaggedFrames(t, file)
			diffs := all.compare(t, path, want, func(*packet.Packet) bool { return false })
			for _, d := range diffs {
				t.Logf("%s/%s %s", group, name, d)
			}
			if len(diffs) > 0 != offloaded[name] {
				t.Errorf("%s/%s: %d differences, one of the known captures: %v", group, name, len(diffs), offloaded[name])
			}
			for _, d := range same.compare(t, path, want, unread) {
				t.Errorf("%s/%s, same segments: %s", group, name, d)
			}
		}
	}
	all.print(t, "all segments")
	if share := same.print(t, "segments tshark reads"); share < 0.995 {
		t.Errorf("%.3f %% of the (frame, flag) pairs agree, want 99.5 %%", 100*share)
	}
}

// besideCopies are the captures in which packets were recorded twice, with the
// verdicts that tshark gives to such records; docs/compat-tshark.md says what they are.
var besideCopies = map[string]int{
	"gopacket_linux_sll_oversized_addr.pcapng": 6, "zeek_nflog-http.pcap": 2, "arkime_wireshark-retrans.pcap": 85, "tcptrace_bad_ack_code.dmp.gz": 10,
	"tcptrace_hardware_dups.dmp.gz": 486, "zeek_ctu-64702-888.pcap": 6, "zeek_ssh-dups.pcap": 314, "ndpi_kerberos-login.pcap": 9,
}

// TestVerdictsBesideCopies counts the agreement where packets that were recorded
// twice are recognised: nothing changes but on conversations that have some, and there no verdict is added.
func TestVerdictsBesideCopies(t *testing.T) {
	requireCaptures(t)
	sc := newScores()
	for _, group := range groups {
		files, _ := filepath.Glob(filepath.Join(captures, "expected", group, "*", "analysis.tsv.gz"))
		for _, file := range files {
			name := filepath.Base(filepath.Dir(file))
			if offloaded[name] {
				continue
			}
			convs := map[string]*Conversation{} // by frame
			diffs := sc.with(t, func(visit func(*packet.Packet, *Sighting)) {
				follow(t, filepath.Join(captures, group, name), NewTracker(0), func(*packet.Packet) bool { return false }, func(p *packet.Packet, s *Sighting) {
					convs[fmt.Sprint(p.Record.Pos.Number)] = s.Conv
					visit(p, s)
				})
			}, flaggedFrames(t, file))
			for _, d := range diffs {
				if c := convs[strings.Fields(d)[1]]; c == nil || c.Copies == nil || strings.HasSuffix(d, "only here") {
					t.Errorf("%s/%s %s, and its conversation has no copies", group, name, d)
				}
			}
			if len(diffs) != besideCopies[name] {
				t.Errorf("%s/%s: %d verdicts differ, want %d", group, name, len(diffs), besideCopies[name])
			}
		}
	}
	sc.print(t, "beside copies")
}
