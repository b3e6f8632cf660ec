package flow

import (
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/packet"
)

// traces writes the traces of testdata/analysis.txtar as files.
func traces(t *testing.T, visit func(tr *fixture.Trace, path string)) {
	t.Helper()
	list, err := fixture.Load("testdata/analysis.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range list {
		path, err := tr.Write(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		visit(tr, path)
	}
}

// TestTraces wants the verdicts that the traces name, and no others.
func TestTraces(t *testing.T) {
	traces(t, func(tr *fixture.Trace, path string) {
		t.Run(tr.Name, func(t *testing.T) {
			walk(t, path, func(p *packet.Packet, s *Sighting) {
				r := tr.Records[p.Record.Pos.Number-1]
				want := Analysis(0)
				for _, w := range r.Want {
					want |= verdictNamed(t, w.Rule)
				}
				if got := s.Analysis & Flagged; got != want {
					t.Errorf("line %d: %q, want %q", r.Line, got, want)
				}
			})
		})
	})
}

func TestTracesEqualTshark(t *testing.T) {
	requireTshark(t)
	traces(t, func(tr *fixture.Trace, path string) {
		t.Run(tr.Name, func(t *testing.T) { wantEqual(t, path) })
	})
}

func verdictNamed(t *testing.T, name string) Analysis {
	for i, n := range verdictNames {
		if n == name {
			return 1 << i
		}
	}
	t.Fatalf("no verdict %q in %s", name, strings.Join(verdictNames[:], " "))
	return 0
}

// TestSummaries holds what the conversations say at the end to the traces.
func TestSummaries(t *testing.T) {
	check := map[string]func(c *Conversation) bool{
		"wrap.pcap": func(c *Conversation) bool {
			tr := c.Dir[0].Trouble
			return tr.Timeouts == 1 && tr.ResentBytes == 1000 && tr.Verdict(LostSegment).Size == 1000 && tr.Verdict(Retransmission).Size == 266*ms && c.Dir[0].MaxInFlight == 1000 // not while the hole is open
		},
		"sack.pcap": func(c *Conversation) bool {
			tr := c.Dir[0].Trouble
			return c.Dir[0].Retransmissions == 2 && tr.ResentBytes == 200 && tr.Timeouts == 0 &&
				c.Dir[1].Trouble.DuplicateSACKs == 1 && c.Dir[1].Trouble.Verdict(DuplicateAck).Size == 2
		},
		"keepalive.pcap": func(c *Conversation) bool {
			return c.Dir[0].Trouble.Verdict(KeepAlive).Count == 4 && c.Dir[1].Trouble.Verdict(KeepAliveAck).Count == 2 && c.TCP.RSTClass == ResetIdle
		},
		"zerowindow.pcap": func(c *Conversation) bool {
			tr := c.Dir[1].Trouble
			return tr.Stalled == 1979*ms && tr.Verdict(ZeroWindow).Size == 1979*ms && tr.Verdict(ZeroWindow).Worst.Time == tr.Verdict(WindowUpdate).First.Time && c.Dir[1].ZeroWindows == 3
		},
		"simultaneous.pcap": func(c *Conversation) bool { return c.TCP.SimultaneousOpen },
		"halfclose.pcap": func(c *Conversation) bool {
			return c.TCP.HalfClosed && c.TCP.FirstFIN == 0 && c.TCP.Sides[0].FINAcked && c.TCP.Completeness == SawSYN|SawSYNACK|SawACK|SawData|SawFIN
		},
		"fastopen.pcap": func(c *Conversation) bool { return c.TCP.FastOpen && !c.TCP.Multipath },
		"multipath.pcap": func(c *Conversation) bool {
			return c.TCP.Multipath && c.Dir[0].AckRTT.N == 2 && c.Dir[0].AckRTT.Mean() == 10*ms && c.Dir[1].AckRTT.Max == ms/10
		},
	}
	traces(t, func(tr *fixture.Trace, path string) {
		if holds := check[tr.Name]; holds != nil {
			c := walk(t, path, func(*packet.Packet, *Sighting) {}).Conversations()[0]
			if !holds(c) {
				t.Errorf("%s: %+v\n%+v\n%+v\n%+v\n%+v", tr.Name, c, c.TCP, c.Dir[0].Trouble, c.Dir[1].Trouble, c.Dir[0].AckRTT)
			}
			delete(check, tr.Name)
		}
	})
	if len(check) > 0 {
		t.Errorf("no trace for %d checks", len(check))
	}
}
