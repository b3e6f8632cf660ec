package diag

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// StreamFilter is Wireshark's filter for the conversations, which are of one
// source: tcp.stream == 3, or a set of numbers with ranges. It is empty when one of them has no number.
func StreamFilter(cs []*flow.Conversation) string {
	numbers := map[string][]int{}
	for _, c := range cs {
		if c.Stream < 0 {
			return ""
		}
		name := "tcp.stream"
		if c.Proto == proto.UDP {
			name = "udp.stream"
		}
		numbers[name] = append(numbers[name], c.Stream)
	}
	var parts []string
	for _, name := range []string{"tcp.stream", "udp.stream"} {
		if list := numbers[name]; len(list) > 0 {
			parts = append(parts, inSet(name, list))
		}
	}
	return AnyOf(parts...)
}

// maxStreams is how many conversations a filter names.
const maxStreams = 40

// Streams is the filter for the conversations, or what the fallback says when they are many.
func Streams(cs []*flow.Conversation, fallback string) string {
	if len(cs) <= maxStreams {
		if f := StreamFilter(cs); f != "" {
			return f
		}
	}
	return fallback
}

// EndpointFilter is Wireshark's filter for what passes between anybody and an endpoint of a conversation, in its transport.
func EndpointFilter(e netip.AddrPort, c *flow.Conversation) string {
	port := "tcp.port"
	if c.Proto == proto.UDP {
		port = "udp.port"
	}
	return AllOf(anyAddress(e.Addr()), fmt.Sprintf("%s == %d", port, e.Port()))
}

func anyAddress(a netip.Addr) string {
	if a.Is4() {
		return fmt.Sprintf("ip.addr == %v", a)
	}
	return fmt.Sprintf("ipv6.addr == %v", a.WithZone(""))
}

// FrameFilter is Wireshark's filter for the records, which are of one source.
func FrameFilter(at []trace.Pos) string {
	numbers := make([]int, 0, len(at))
	for _, p := range at {
		numbers = append(numbers, int(p.Number))
	}
	return inSet("frame.number", numbers)
}

// inSet is the filter for a field with one of the values.
func inSet(name string, values []int) string {
	slices.Sort(values)
	values = slices.Compact(values)
	if len(values) == 1 {
		return fmt.Sprintf("%s == %d", name, values[0])
	}
	var set []string
	for i := 0; i < len(values); {
		j := i
		for j+1 < len(values) && values[j+1] == values[j]+1 {
			j++
		}
		switch {
		case j > i+1:
			set = append(set, fmt.Sprintf("%d..%d", values[i], values[j]))
		case j == i+1:
			set = append(set, fmt.Sprint(values[i]), fmt.Sprint(values[j]))
		default:
			set = append(set, fmt.Sprint(values[i]))
		}
		i = j + 1
	}
	return InSet(name, set)
}

// InSet is the filter for a field with one of the values; a value may be a range, "3..5".
func InSet(name string, values []string) string {
	if len(values) == 1 && !strings.Contains(values[0], "..") {
		return fmt.Sprintf("%s == %s", name, values[0])
	}
	return fmt.Sprintf("%s in {%s}", name, strings.Join(values, ", "))
}

// FromHost is Wireshark's filter for what an address sent.
func FromHost(a netip.Addr) string { return address("src", a) }

// ToHost is Wireshark's filter for what was sent to an address.
func ToHost(a netip.Addr) string { return address("dst", a) }

func address(end string, a netip.Addr) string {
	if a.Is4() {
		return fmt.Sprintf("ip.%s == %v", end, a)
	}
	return fmt.Sprintf("ipv6.%s == %v", end, a.WithZone(""))
}

// AllOf joins filters; empty ones are nothing.
func AllOf(parts ...string) string { return join(" && ", parts) }

// AnyOf joins alternatives; empty ones are nothing.
func AnyOf(parts ...string) string { return join(" || ", parts) }

func join(by string, parts []string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	if len(kept) == 1 {
		return kept[0]
	}
	for i, p := range kept {
		if strings.Contains(p, " && ") || strings.Contains(p, " || ") {
			kept[i] = "(" + p + ")"
		}
	}
	return strings.Join(kept, by)
}

func portOf(e netip.AddrPort) string { return fmt.Sprint(e.Port()) }
