package diag

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
)

// A Recipe is how to record what would settle a finding: the same traffic at both ends, at the same time.
type Recipe struct {
	Hosts []RecipeHost
	// Whole says that what applications say matters: packets are not cut.
	Whole bool
	hosts []netip.Addr // that the traffic is with
	ports []uint16     // of the servers; nil for any
	asks  []uint16     // of others that the hosts ask, whoever they are
	proto proto.ID
	mixed bool // conversations of several protocols: no one is named
}

// A RecipeHost is a machine to record on.
type RecipeHost struct {
	Role string // "client", "server"
	Addr netip.Addr
	Here bool // this capture was taken there
	of   *Recipe
}

// A Command is one tool's way to record: how to start and stop it, and which files to send then.
type Command struct{ Tool, Start, Stop, Send string }

// Clocks is how to note how far the clocks of the hosts are apart.
func (r *Recipe) Clocks() []string {
	return []string{
		"on Linux: chronyc tracking, or timedatectl timesync-status, before and after",
		fmt.Sprintf("on Windows: w32tm /stripchart /computer:%v /samples:5 /dataonly", r.Hosts[1].Addr),
		"send it with the files: packets that both have show the offset as well, but only to half of the time that they are on the way",
	}
}

const (
	// headers is how many bytes of a packet tell all of TCP: link, IPv6 and TCP with options.
	headers = 128
	// ringFiles and ringSize, in MB, bound what a recording takes.
	ringFiles = 10
	ringSize  = 100
	// maxRecipePorts is how many ports a capture filter names.
	maxRecipePorts = 5
)

// Recipe is that of a finding; nil when it is about no conversation.
func (in *Input) Recipe(f *Finding) *Recipe {
	if len(f.Conversations) == 0 {
		return nil
	}
	c := f.Conversations[0]
	r := &Recipe{proto: c.Proto, Whole: f.Rule.Requests || c.Proto == proto.UDP}
	clients, servers := distinctEnds(f.Conversations, false), distinctEnds(f.Conversations, true)
	switch udp := c.Proto == proto.UDP; {
	case len(servers) == 1 && !udp: // an answer by UDP may come from another address
		r.hosts = servers
	case len(clients) == 1:
		r.hosts = clients
	}
	for _, c := range f.Conversations {
		if c.Proto != r.proto {
			r.mixed = true
		}
		if p := c.Ends[serverOf(c)].Port(); p != 0 && !slices.Contains(r.ports, p) {
			r.ports = append(r.ports, p)
		}
		if len(r.ports) > maxRecipePorts {
			r.ports = nil
			break
		}
	}
	for _, at := range f.Record {
		for _, p := range at.Asks {
			if !slices.Contains(r.asks, p) {
				r.asks = append(r.asks, p)
			}
		}
	}
	for i, role := range []string{"client", "server"} {
		a := c.Ends[serverOf(c)^1^i].Addr()
		r.Hosts = append(r.Hosts, RecipeHost{Role: role, Addr: a, Here: in.Vantage(c.Source).At(a), of: r})
	}
	return r
}

// serverOf is the end that is served from: that which was connected to, else that with the lower port.
func serverOf(c *flow.Conversation) int {
	if a, b := c.Ends[0].Port(), c.Ends[1].Port(); !c.Opened && a != 0 && a < b {
		return 0
	}
	return 1
}

func distinctEnds(cs []*flow.Conversation, servers bool) (out []netip.Addr) {
	seen := map[netip.Addr]bool{}
	for _, c := range cs {
		side := serverOf(c)
		if !servers {
			side = 1 - side
		}
		if a := c.Ends[side].Addr(); !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}

// transport is the name of the conversations' protocol for capture filters; "" for others than TCP and UDP.
func (r *Recipe) transport() string {
	if r.mixed {
		return ""
	}
	switch r.proto {
	case proto.TCP:
		return "tcp"
	case proto.UDP:
		return "udp"
	}
	return ""
}

// Filter is the capture filter, in the language of libpcap. Reports of routers on the way are in it, and other protocols that matter.
func (r *Recipe) Filter() string {
	var terms []string
	for _, a := range r.hosts {
		terms = append(terms, "host "+a.Unmap().WithZone("").String())
	}
	if name := r.transport(); name != "" || r.mixed {
		var ports []string
		for _, p := range r.ports {
			ports = append(ports, strings.TrimSpace(fmt.Sprintf("%s port %d", name, p)))
		}
		switch {
		case len(ports) == 1:
			terms = append(terms, ports[0])
		case len(ports) > 1:
			terms = append(terms, "("+strings.Join(ports, " or ")+")")
		case len(terms) == 0 && name != "":
			terms = append(terms, name)
		}
	}
	if len(terms) == 0 {
		return ""
	}
	var all []string
	if len(r.ports) == 0 || slices.ContainsFunc(r.ports, func(p uint16) bool { return !slices.Contains(r.asks, p) }) {
		all = append(all, "("+strings.Join(terms, " and ")+")")
	}
	for _, p := range r.asks {
		all = append(all, fmt.Sprintf("port %d", p))
	}
	return strings.Join(append(all, "icmp", "icmp6"), " or ")
}

// Commands are those for the host, Linux first. The first records besides packets which process calls what, and what the stack says, on Linux.
func (h *RecipeHost) Commands() []Command {
	snap := headers
	if h.of.Whole {
		snap = 0
	}
	filter := h.of.Filter()
	return []Command{
		{"record", fmt.Sprintf("wiretale record -i any -s %d -b filesize:%d -b files:%d -w %s.pcapng -f '%s'", snap, ringSize*1000, ringFiles, h.Role, filter), "Ctrl+C", h.Role + "*.pcapng"},
		{"tcpdump", fmt.Sprintf("tcpdump -i any -s %d -B 65536 -C %d -W %d -w %s.pcap '%s'", snap, ringSize, ringFiles, h.Role, filter), "Ctrl+C", h.Role + ".pcap*"},
		{"dumpcap", fmt.Sprintf(`dumpcap -i 1 -s %d -B 64 -b filesize:%d -b files:%d -w %s.pcapng -f "%s"`, snap, ringSize*1000, ringFiles, h.Role, filter), "Ctrl+C", h.Role + "*.pcapng"},
		{"pktmon", h.of.pktmon() + fmt.Sprintf("pktmon start --capture --pkt-size %d --file-size %d --log-mode circular --file-name %s.etl", snap, ringSize*ringFiles, h.Role), "pktmon stop", h.Role + ".etl"},
		{"netsh", h.netsh(snap), "netsh trace stop", h.Role + ".etl"},
	}
}

// pktmon sets its filters: one for each host and port, and what routers report.
func (r *Recipe) pktmon() string {
	all := []string{"pktmon filter remove"}
	add := func(name string, words ...string) {
		all = append(all, "pktmon filter add "+name+" "+strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "))
	}
	host, transport := "", ""
	if len(r.hosts) == 1 {
		host = "-i " + r.hosts[0].Unmap().WithZone("").String()
	}
	if name := r.transport(); name != "" {
		transport = "-t " + strings.ToUpper(name)
	}
	for _, p := range r.ports {
		add(fmt.Sprintf("port%d", p), host, transport, fmt.Sprintf("-p %d", p))
	}
	if len(r.ports) == 0 && host+transport != "" {
		add("all", host, transport)
	}
	for _, p := range r.asks {
		add(fmt.Sprintf("asks%d", p), fmt.Sprintf("-p %d", p))
	}
	add("icmp", "-t ICMP")
	return strings.Join(all, "; ") + "; "
}

// netsh records packets and what the stack and sockets say of them. Its filter knows addresses only: that of the other side, and none where others matter.
func (h *RecipeHost) netsh(snap int) string {
	words := []string{"netsh trace start capture=yes"}
	if len(h.of.hosts) == 1 && len(h.of.asks) == 0 {
		other := h.of.hosts[0]
		if other == h.Addr {
			other = h.of.Hosts[0].Addr
			if h.Role == "client" {
				other = h.of.Hosts[1].Addr
			}
		}
		name := "IPv4.Address"
		if other = other.Unmap().WithZone(""); other.Is6() {
			name = "IPv6.Address"
		}
		words = append(words, fmt.Sprintf("%s=%v", name, other))
	}
	if snap > 0 {
		words = append(words, fmt.Sprintf("PacketTruncateBytes=%d", snap))
	}
	words = append(words, "provider=Microsoft-Windows-TCPIP provider=Microsoft-Windows-Winsock-AFD",
		fmt.Sprintf("maxSize=%d fileMode=circular overwrite=yes traceFile=%s.etl", ringSize*ringFiles, h.Role))
	return strings.Join(words, " ")
}

// Settles says how to record so that a quality finding withholds nothing; "" where that is not in one's hand.
func Settles(rule string) string { return settles[rule] }

var settles = map[string]string{
	"cap.drops.reported":  "a larger buffer, shorter packets, a filter, a faster disk",
	"cap.gaps":            "at the host itself, not at a mirror port, with a larger buffer and shorter packets",
	"cap.oneway":          "at the host itself, where both directions pass",
	"cap.snaplen":         "whole packets: -s 0, --pkt-size 0, or netsh without PacketTruncateBytes",
	"cap.midstream":       "begin to record before the connection is opened",
	"cap.short":           "begin before the fault, and record until it is over",
	"cap.time.coarse":     "with a recorder that has a finer clock: pktmon, dumpcap with Npcap, tcpdump",
	"cap.time.backwards":  "leave the clock alone while it records",
	"cap.filter":          "without a capture filter, or with one that has ICMP, ARP and DNS in it",
	"cap.duplicates":      "on one interface, or one direction of a mirror port",
	"cap.multi_encap":     "inside or outside of the tunnel, not both",
	"cap.wrap":            "with a larger maxSize, so that the beginning stays",
	"cap.pid.unreliable":  "with the events of Microsoft-Windows-TCPIP and Microsoft-Windows-Winsock-AFD",
	"cap.lso_gro":         "with large-send and receive offload off, or on the wire",
	"cap.tx_csum_offload": "on the wire, or with checksum offload off",
}
