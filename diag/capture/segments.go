package capture

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

//go:embed lso_gro.md
var lsoPage string

// LargeSegments: segments larger than on the wire (Q7).
var LargeSegments = &diag.Rule{ID: "cap.lso_gro", Title: "segments are larger than on the wire", Page: lsoPage, Quality: true, Run: largeSegments}

// largeSegments reports one finding a source on what the recording machine sent in large pieces, and one on what it put together when it received.
func largeSegments(in *diag.Input) []diag.Finding {
	large := sentBy(in, flow.Oversized, func(d *flow.Direction) bool { return d.Oversized > 0 })
	describe := func(f *diag.Finding, hosts []*flow.Host) { largeOf(f, hosts, large) }
	return slices.Concat(
		bySource(in, func(h *flow.Host) bool { return h.Sent.Oversized > 0 && offloads(h) }, describe),
		bySource(in, func(h *flow.Host) bool { return h.Sent.Oversized > 0 && !offloads(h) }, describe))
}

// offloads reports whether the host leaves checksums to its card: then it leaves
// segmentation as well; or it left the sum without the length, which only segmentation offload does.
// Partial sums with the length on large packets alone are no proof: Linux writes them when it puts received segments together.
func offloads(h *flow.Host) bool {
	return leavesChecksums(h) || h.Sent.Checksums[packet.ChecksumPartialLSO] > 0
}

// receivesPartial reports whether what came in was not final either: then both ends are on one machine or virtual network.
func receivesPartial(hosts []*flow.Host) bool {
	return slices.ContainsFunc(hosts, func(h *flow.Host) bool {
		partial, _ := h.Received.Partial()
		return partial > 0
	})
}

type hostKey struct {
	source int
	addr   netip.Addr
}

// sent is what one end of a conversation sent.
type sent struct {
	conv *flow.Conversation
	side int
}

// sentBy is what each host sent in the conversations with a trait in which its direction shows it.
func sentBy(in *diag.Input, trait flow.Trait, shows func(*flow.Direction) bool) map[hostKey][]sent {
	out := map[hostKey][]sent{}
	for c := range in.Conversations.With(trait) {
		for i := range c.Dir {
			if shows(&c.Dir[i]) {
				k := hostKey{c.Source, c.Ends[i].Addr()}
				out[k] = append(out[k], sent{c, i})
			}
		}
	}
	return out
}

// maxSegment is the largest payload that the receiver takes in a segment, 0 when it is not known.
func (s sent) maxSegment() int {
	if s.conv.TCP == nil {
		return 0
	}
	return s.conv.TCP.Sides[1-s.side].MSS
}

func largeOf(f *diag.Finding, hosts []*flow.Host, large map[hostKey][]sent) {
	var n, payload, pieces, lso int64
	largest := 0
	known := false
	var filters, taken []string
	for _, h := range hosts {
		from := large[hostKey{h.Source, h.Addr}]
		n, largest = n+h.Sent.Oversized, max(largest, h.Sent.MaxFrame)
		payload, pieces, lso = payload+h.Sent.Large, pieces+h.Sent.Pieces, lso+h.Sent.Checksums[packet.ChecksumPartialLSO]
		f.Where = append(f.Where, positions(h.OversizedExamples)...)
		taken = append(taken, named(h, role(h)))
		if len(filters) < maxStreams {
			filters = append(filters, largeFilter(h, from))
		}
		known = known || slices.ContainsFunc(from, func(s sent) bool { return s.maxSegment() > 0 })
	}
	f.Count, f.Filter = int(n), diag.AnyOf(filters...)
	f.Fix = []string{"nothing; for the packets of the wire capture on another machine, or turn the offload off for a test"}
	f.Facts = []diag.Fact{
		{Name: "payload of these packets", Value: diag.Count(payload, "byte")},
		{Name: "segments on the wire", Value: fmt.Sprint(pieces) + sizes(n, payload, pieces, large[hostKey{hosts[0].Source, hosts[0].Addr}])},
	}
	if lso > 0 {
		f.Facts = append(f.Facts, diag.Fact{Name: "packets whose checksum leaves out the length, as only segmentation offload does", Value: fmt.Sprint(lso)})
	}
	if offloads(hosts[0]) && !receivesPartial(hosts) {
		f.Facts = append(f.Facts, diag.Fact{Name: "the capture was taken at", Value: diag.List(taken, 3)})
	}
	than, what := "one segment on the wire", "the recording machine put received segments together, or the capture was taken above a sender's card"
	switch {
	case offloads(hosts[0]):
		what = "segmentation offload at the host where the capture was taken"
	case !known:
		// Without the handshake a large frame may be what the link carries.
		f.Confidence = diag.Likely
		than, what = "an Ethernet frame", "segmentation or receive offload, or a link with jumbo frames: the handshake that would tell is not in the capture"
	}
	f.Summary = fmt.Sprintf("%s of %s larger than %s (largest frame %d bytes): %s; count bytes, not packets", diag.Count(n, "packet"), names(hosts), than, largest, what)
}

// named is an address with its part in the connections.
func named(h *flow.Host, role string) string {
	if role == "" {
		return h.Addr.String()
	}
	return h.Addr.String() + ", the " + role
}

// sizes are the payloads of the segments that one large packet became, in words; nothing for several packets.
func sizes(n, payload, pieces int64, from []sent) string {
	if n != 1 || len(from) != 1 || pieces > maxSizes {
		return ""
	}
	full := int64(from[0].maxSegment())
	last := payload - (pieces-1)*full
	if full == 0 || last <= 0 || last > full {
		return ""
	}
	return ": " + strings.Repeat(fmt.Sprintf("%d + ", full), int(pieces-1)) + diag.Count(last, "byte")
}

// maxSizes is how many sizes are spelled out.
const maxSizes = 4

// largeFilter shows the large packets and no others: those above the segment
// size of their connection, and above an Ethernet frame where it is not known.
func largeFilter(h *flow.Host, from []sent) string {
	bySize := map[int][]*flow.Conversation{}
	streams := 0
	for _, s := range from {
		size := s.maxSegment()
		bySize[size] = append(bySize[size], s.conv)
		streams++
	}
	if streams > maxStreams || streams == 0 {
		return diag.AllOf(diag.FromHost(h.Addr), largePacket(h))
	}
	var parts []string
	for _, size := range slices.SortedFunc(maps.Keys(bySize), func(a, b int) int { return cmp.Compare(a, b) }) {
		longer := largePacket(h)
		if size > 0 {
			longer = fmt.Sprintf("tcp.len > %d", size)
		}
		numbered := slices.DeleteFunc(bySize[size], func(c *flow.Conversation) bool { return c.Stream < 0 })
		if len(numbered) == 0 {
			parts = append(parts, longer)
			continue
		}
		parts = append(parts, diag.AllOf(diag.StreamFilter(numbered), longer))
	}
	if h.Sent.LengthZero > 0 && !h.Addr.Is4() && len(bySize) > 0 && anyTCP(from) {
		// Wireshark reads no TCP behind an IPv6 payload length of 0, so that neither stream nor tcp.len are there.
		parts = append(parts, "ipv6.plen == 0")
	}
	return diag.AllOf(diag.FromHost(h.Addr), diag.AnyOf(parts...))
}

// largePacket is the filter for IP packets above what Ethernet carries. For a
// length of 0, ip.len is the length that Wireshark takes instead; that of IPv6 stays 0, also in a jumbogram.
func largePacket(h *flow.Host) string {
	if h.Addr.Is4() {
		return "ip.len > 1500"
	}
	return diag.AnyOf("ipv6.plen > 1460", diag.AllOf("ipv6.plen == 0", "frame.len > 1514"))
}

func anyTCP(from []sent) bool {
	return slices.ContainsFunc(from, func(s sent) bool { return s.conv.Proto == proto.TCP })
}
