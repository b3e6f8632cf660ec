package diag

import (
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

func between(id proto.ID, a, b string) *flow.Conversation {
	return &flow.Conversation{Proto: id, Ends: [2]netip.AddrPort{netip.MustParseAddrPort(a), netip.MustParseAddrPort(b)}}
}

func TestRecipe(t *testing.T) {
	for _, c := range []struct {
		name   string
		convs  []*flow.Conversation
		filter string
		pktmon string // what its filters are
		netsh  [2]string
		snap   string
	}{
		{"one server", []*flow.Conversation{between(proto.TCP, "10.0.0.7:50000", "10.0.0.9:445"), between(proto.TCP, "10.0.0.8:50000", "10.0.0.9:139")},
			"(host 10.0.0.9 and (tcp port 445 or tcp port 139)) or icmp or icmp6", "add port445 -i 10.0.0.9 -t TCP -p 445;", [2]string{"IPv4.Address=10.0.0.9 ", "IPv4.Address=10.0.0.7 "}, "-s 128 "},
		{"one client of many", []*flow.Conversation{between(proto.TCP, "10.0.0.7:50000", "10.0.0.9:80"), between(proto.TCP, "10.0.0.7:50001", "10.0.0.8:80")},
			"(host 10.0.0.7 and tcp port 80) or icmp or icmp6", "add port80 -i 10.0.0.7 -t TCP -p 80;", [2]string{"IPv4.Address=10.0.0.9 ", "IPv4.Address=10.0.0.7 "}, "-s 128 "},
		{"any to any", []*flow.Conversation{between(proto.TCP, "10.0.0.7:50000", "10.0.0.9:80"), between(proto.TCP, "10.0.0.6:50001", "10.0.0.8:80")},
			"(tcp port 80) or icmp or icmp6", "add port80 -t TCP -p 80;", [2]string{}, "-s 128 "},
		{"datagrams, which another address may answer", []*flow.Conversation{between(proto.UDP, "[2001:db8::1]:50000", "[2001:db8::2]:53")},
			"(host 2001:db8::1 and udp port 53) or icmp or icmp6", "add port53 -i 2001:db8::1 -t UDP -p 53;", [2]string{"IPv6.Address=2001:db8::2 ", "IPv6.Address=2001:db8::1 "}, "-s 0 "},
		{"begun before the capture", []*flow.Conversation{between(proto.TCP, "10.0.0.9:445", "10.0.0.7:50000")},
			"(host 10.0.0.9 and tcp port 445) or icmp or icmp6", "add port445 -i 10.0.0.9 -t TCP -p 445;", [2]string{"IPv4.Address=10.0.0.9 ", "IPv4.Address=10.0.0.7 "}, "-s 128 "},
		{"no ports", []*flow.Conversation{between(proto.ICMP, "10.0.0.7:0", "10.0.0.9:0")},
			"(host 10.0.0.9) or icmp or icmp6", "add all -i 10.0.0.9;", [2]string{"IPv4.Address=10.0.0.9 ", "IPv4.Address=10.0.0.7 "}, "-s 128 "},
	} {
		in := &Input{Sources: []*trace.Info{{}}}
		r := in.Recipe(&Finding{Rule: &Rule{}, Conversations: c.convs})
		if got := r.Filter(); got != c.filter {
			t.Errorf("%s: filter %q, want %q", c.name, got, c.filter)
		}
		for i := range r.Hosts {
			for _, cmd := range r.Hosts[i].Commands() {
				switch cmd.Tool {
				case "record", "tcpdump", "dumpcap":
					if !strings.Contains(cmd.Start, c.snap) || !strings.Contains(cmd.Start, c.filter) {
						t.Errorf("%s: %s", c.name, cmd.Start)
					}
				case "pktmon":
					if !strings.Contains(cmd.Start, c.pktmon) {
						t.Errorf("%s: %s", c.name, cmd.Start)
					}
				case "netsh":
					if want := c.netsh[i]; !strings.Contains(cmd.Start, want) || want == "" && strings.Contains(cmd.Start, "Address=") {
						t.Errorf("%s: %s", c.name, cmd.Start)
					}
				}
			}
		}
		if tool, err := exec.LookPath("tcpdump"); err == nil {
			if out, err := exec.Command(tool, "-y", "EN10MB", "-d", r.Filter()).CombinedOutput(); err != nil {
				t.Errorf("%s: tcpdump takes no %q: %s", c.name, r.Filter(), out)
			}
		}
	}
	if (&Input{}).Recipe(&Finding{Rule: &Rule{}}) != nil {
		t.Error("a recipe without a conversation")
	}
}

// What the hosts ask others is recorded whoever they ask, and named once.
func TestRecipeAsks(t *testing.T) {
	for _, c := range []struct {
		conv *flow.Conversation
		asks []uint16
		want string
	}{
		{between(proto.UDP, "10.0.0.7:50000", "10.0.0.9:53"), []uint16{53}, "port 53 or icmp or icmp6"},
		{between(proto.TCP, "10.0.0.7:50000", "10.0.0.9:1433"), []uint16{88, 53}, "(host 10.0.0.9 and tcp port 1433) or port 88 or port 53 or icmp or icmp6"},
	} {
		in := &Input{Sources: []*trace.Info{{}}}
		f := &Finding{Rule: &Rule{}, Conversations: []*flow.Conversation{c.conv}, Record: []RecordAt{{Addr: c.conv.Ends[1].Addr(), Asks: c.asks}}}
		r := in.Recipe(f)
		if got := r.Filter(); got != c.want {
			t.Errorf("filter %q, want %q", got, c.want)
		}
		if got := r.pktmon(); !strings.Contains(got, fmt.Sprintf("add asks%d -p %[1]d;", c.asks[0])) {
			t.Errorf("pktmon: %s", got)
		}
		if got := r.Hosts[1].netsh(0); strings.Contains(got, "Address=") {
			t.Errorf("netsh: %s", got)
		}
		if tool, err := exec.LookPath("tcpdump"); err == nil {
			if out, err := exec.Command(tool, "-y", "EN10MB", "-d", c.want).CombinedOutput(); err != nil {
				t.Errorf("tcpdump takes no %q: %s", c.want, out)
			}
		}
	}
}

func TestNetMon(t *testing.T) {
	many := func(n int, server bool) (out []*flow.Conversation) {
		for i := range n {
			c := between(proto.TCP, "10.0.0.7:50000", "10.0.0.9:445")
			c.Ends[0] = netip.AddrPortFrom(c.Ends[0].Addr(), uint16(50000+i))
			if server {
				c.Ends[1] = netip.AddrPortFrom(c.Ends[1].Addr(), uint16(i))
			}
			out = append(out, c)
		}
		return out
	}
	for _, c := range []struct {
		name string
		f    Finding
		want string
	}{
		{"one", Finding{Conversations: many(1, false)}, "(IPv4.Address == 10.0.0.7 AND IPv4.Address == 10.0.0.9 AND TCP.Port == 50000 AND TCP.Port == 445)"},
		{"many with one server", Finding{Conversations: many(20, false)}, "(IPv4.Address == 10.0.0.9 AND TCP.Port == 445)"},
		{"many with many", Finding{Conversations: many(20, true)}, "IPv4.Address == 10.0.0.7"},
		{"a host", Finding{Host: "2001:db8::1"}, "IPv6.Address == 2001:db8::1"},
		{"a capture", Finding{Host: "a name"}, ""},
	} {
		if got := netMon(&c.f); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
