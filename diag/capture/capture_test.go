package capture_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/diag/capture"
	"github.com/wiretale/wiretale/diag/diagtest"
	"github.com/wiretale/wiretale/internal/fixture"
)

// The report says what was withheld, of which connection, and why.
func TestWithheldSaysWhy(t *testing.T) {
	for _, c := range []struct{ file, trace, rule, because, why string }{
		{"drops_reported.txtar", "statistics.pcapng", "tcp.syn.silent", "cap.drops.reported", "lost 7 packets on eth0"},
		{"oneway.txtar", "one-route.pcap", "tcp.syn.silent", "cap.oneway", "no packet from 10.0.0.2 to 10.0.0.1"},
	} {
		tr := load(t, c.file, c.trace)
		_, got := diagtest.Analyse(t, tr)
		if len(got.Withheld) != 1 {
			t.Errorf("%s: withheld %+v, want one", c.trace, got.Withheld)
			continue
		}
		w := got.Withheld[0]
		if w.Rule != c.rule || w.Because != c.because || !strings.Contains(w.Why, c.why) || w.Conversations != 1 || w.First == nil {
			t.Errorf("%s: withheld %+v", c.trace, w)
		}
	}
}

// A loss elsewhere withholds nothing.
func TestLossElsewhereWithholdsNothing(t *testing.T) {
	for _, name := range []string{"with-packets.pcapng", "other-interface.pcapng", "before.pcapng", "silent.pcap"} {
		if _, c := diagtest.Analyse(t, load(t, "drops_reported.txtar", name)); len(c.Withheld) != 0 {
			t.Errorf("%s: withheld %+v", name, c.Withheld)
		}
	}
}

// The filter of an offload finding shows the packets that prove it and no others.
func TestOffloadFiltersAreExact(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed: the filters were not tried")
	}
	tried := 0
	for _, file := range []string{"lso_gro.txtar", "len_zero.txtar"} {
		traces, err := fixture.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range traces {
			path, c := diagtest.Analyse(t, tr)
			for _, f := range c.Findings {
				if f.Rule.ID != "cap.lso_gro" && f.Rule.ID != "cap.len_zero" {
					continue
				}
				tried++
				var want []int64
				for _, pos := range f.Where {
					want = append(want, pos.Number)
				}
				if shown := diagtest.Select(t, path, f.Filter); !slices.Equal(shown, want) {
					t.Errorf("%s: %s: the filter %s shows %v, the proof is %v", tr.Name, f.Rule.ID, f.Filter, shown, want)
				}
			}
		}
	}
	if tried < 6 {
		t.Errorf("only %d filters tried", tried)
	}
}

// A busy minute of Ethernet without ARP, ICMP, DNS and broadcast may have been filtered; one ARP request shows that it was not.
func TestBusyWithoutHelpers(t *testing.T) {
	const arp = "30.000001 frame 0 in ffffffffffff0200000000010806 0001080006040001 0200000000010a000001 0000000000000a000002\n"
	for _, c := range []struct {
		name    string
		seconds int // with eleven packets each
		setting string
		extra   string
		healthy bool
		want    bool
	}{
		{"busy", 61, "", "", false, true},
		{"short", 50, "", "", false, false},
		{"with ARP", 61, "", arp, false, false},
		{"no Ethernet", 61, "trace link=raw\n", "", false, false},
		{"nothing wrong", 61, "", "", true, false},
	} {
		var text strings.Builder
		text.WriteString("-- busy.pcap --\n" + c.setting)
		if !c.healthy {
			text.WriteString("0.000 packet 0 out 10.0.0.1:50000 > 10.0.0.2:80 S seq=100\n0.000 packet 0 in 10.0.0.2:80 > 10.0.0.1:50000 RA ack=101\n")
		}
		for i := range c.seconds * 11 {
			fmt.Fprintf(&text, "%d.%06d udp 0 out 10.0.0.1:5000 > 10.0.0.2:6000 \"?\"\n", i/11, i%11*90909+i*i%13)
			fmt.Fprintf(&text, "%d.%06d udp 0 in 10.0.0.2:6000 > 10.0.0.1:5000 \"!\"\n", i/11, i%11*90909+i*i%13+100)
			if i == c.seconds*11/2 {
				text.WriteString(c.extra)
			}
		}
		traces, err := fixture.Parse([]byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		_, got := diagtest.Analyse(t, traces[0])
		found := slices.ContainsFunc(got.Findings, func(f diag.Finding) bool { return f.Rule == capture.Filter && f.Confidence == diag.Possible })
		if found != c.want {
			t.Errorf("%s: found %v, want %v: %v", c.name, found, c.want, got.Findings)
		}
	}
}

// A jumbogram (RFC 2675) has a payload length of 0 by design.
func TestJumbogramHasNoZeroLength(t *testing.T) {
	const payload = 66000
	be := binary.BigEndian
	frame := append(make([]byte, 12), 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 0, 64)
	frame = append(frame, netip.MustParseAddr("fd00::1").AsSlice()...)
	frame = append(frame, netip.MustParseAddr("fd00::2").AsSlice()...)
	frame = append(frame, 6, 0, 0xc2, 4) // hop-by-hop options: jumbo payload
	frame = be.AppendUint32(frame, 8+20+payload)
	frame = be.AppendUint16(be.AppendUint16(frame, 50000), 80)
	frame = append(frame, 0, 0, 0, 101, 0, 0, 3, 133, 0x50, 0x18, 0x20, 0, 0, 0, 0, 0)
	frame = append(frame, make([]byte, payload)...)
	traces, err := fixture.Parse([]byte("-- jumbo.pcap --\n0.000 frame 0 out " + hex.EncodeToString(frame) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, got := diagtest.Analyse(t, traces[0])
	if n := got.Conversations.Len(); n != 1 || got.Conversations.At(0).Dir[0].Payload != payload {
		t.Fatalf("%d conversations, not one of %d bytes", n, payload)
	}
	for _, f := range got.Findings {
		if f.Rule == capture.LengthZero {
			t.Errorf("finding on a jumbogram: %s", f.Summary)
		}
	}
}

func load(t *testing.T, file, name string) *fixture.Trace {
	t.Helper()
	traces, err := fixture.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(traces, func(tr *fixture.Trace) bool { return tr.Name == name })
	if i < 0 {
		t.Fatalf("%s has no trace %s", file, name)
	}
	return traces[i]
}
