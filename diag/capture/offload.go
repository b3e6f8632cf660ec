package capture

import (
	_ "embed"
	"fmt"
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
)

//go:embed tx_csum_offload.md
var txChecksumPage string

// TxChecksumOffload: outgoing checksums are not final (Q6).
var TxChecksumOffload = &diag.Rule{ID: "cap.tx_csum_offload", Title: "outgoing checksums are left to the network card", Page: txChecksumPage, Quality: true, Run: txChecksum}

// txChecksum reports one finding a source: the addresses that offload are those of the machine that recorded.
func txChecksum(in *diag.Input) []diag.Finding {
	return bySource(in, leavesChecksums, func(f *diag.Finding, hosts []*flow.Host) {
		var partial, verified, lso, received, good int64
		for _, h := range hosts {
			p, v := h.Sent.Partial()
			partial, verified, lso = partial+p, verified+v, lso+h.Sent.Checksums[packet.ChecksumPartialLSO]
			p, v = h.Received.Partial()
			received, good = received+p, good+v
			f.Where = append(f.Where, positions(h.PartialExamples)...)
			if h.FirstPartialLSO.Seen() {
				f.Where = append(f.Where, h.FirstPartialLSO.Pos)
			}
		}
		f.Count = int(partial)
		f.Summary = fmt.Sprintf("%d of %s sent by %s carry only the pseudo-header sum: checksum offload on the host where the capture was taken, not damage",
			partial, diag.Count(verified, "packet"), names(hosts))
		f.Facts = []diag.Fact{{Name: "packets sent with a partial checksum", Value: fmt.Sprint(partial)}, {Name: "of them without the length (segmentation offload)", Value: fmt.Sprint(lso)}}
		f.Filter, f.Fix = fromAny(hosts), []string{"nothing: the packets on the wire are right"}
		switch {
		case received > 0:
			f.Facts = append(f.Facts, diag.Fact{Name: "packets received with a partial checksum", Value: fmt.Sprint(received) + ": both ends are on one machine, or on one virtual network"})
		case good > 0:
			f.RuledOut = []string{fmt.Sprintf("damage on the way: of the packets received, %d can be verified, and every one is good", good)}
		}
	})
}

// leavesChecksums: nine of ten packets that it sent, and no damage in what it received: a broken card or path damages both ways.
func leavesChecksums(h *flow.Host) bool {
	partial, verified := h.Sent.Partial()
	return partial > 0 && partial*10 >= verified*9 && h.Received.Checksums[packet.ChecksumBad] == 0
}

//go:embed len_zero.md
var lenZeroPage string

// LengthZero: the IP or UDP length field is 0 (Q8).
var LengthZero = &diag.Rule{ID: "cap.len_zero", Title: "the IP or UDP length field is 0", Page: lenZeroPage, Quality: true, Run: lengthZero}

func lengthZero(in *diag.Input) []diag.Finding {
	empty := sentBy(in, flow.Unlengthy, func(d *flow.Direction) bool { return d.LengthZero > 0 })
	return bySource(in, func(h *flow.Host) bool { return h.Sent.LengthZero > 0 }, func(f *diag.Finding, hosts []*flow.Host) {
		var n, lso int64
		var filters []string
		fit := true
		for _, h := range hosts {
			fit = fit && fits(empty[hostKey{h.Source, h.Addr}])
			n, lso = n+h.Sent.LengthZero, lso+h.Sent.Checksums[packet.ChecksumPartialLSO]
			f.Where = append(f.Where, positions(h.LengthZeroExamples)...)
			if len(filters) < maxStreams {
				filters = append(filters, diag.AllOf(diag.FromHost(h.Addr), zeroLength(h.Addr)))
			}
		}
		f.Count, f.Confidence, f.Filter = int(n), diag.Likely, diag.AnyOf(filters...)
		f.Summary = fmt.Sprintf("%s sent by %s with a length field of 0: large-send offload; the length was taken from the frame, nothing is lost", diag.Count(n, "packet"), names(hosts))
		f.Fix = []string{"nothing: the network card writes the length", "in Wireshark, turn on the preference ip.tso_support"}
		if lso > 0 {
			f.Confidence = diag.Proven
			f.RuledOut = []string{"a damaged header: " + diag.Count(lso, "packet") + " with the checksum form of segmentation offload"}
		}
		if fit {
			f.Confidence = diag.Proven
			f.RuledOut = append(f.RuledOut, "a lost segment: with the lengths of the frames all numbers follow on each other, and the other side acknowledged every byte")
		}
	})
}

// fits reports whether the lengths that were taken from the frames are those that both sides count with: nothing is
// missing in the numbers of the sender, and the other side acknowledged all of it and nothing else.
func fits(all []sent) bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(s sent) bool {
		own, other := &s.conv.Dir[s.side], &s.conv.Dir[1-s.side]
		t := s.conv.TCP
		return t == nil || own.Gaps > 0 || other.Trouble.Verdict(flow.AckLostSegment) != nil || t.Sides[1-s.side].AckSent == 0 || t.Undelivered(s.side) > 0
	})
}

// zeroLength is the filter for packets whose length field is 0. It reads the
// bytes of IPv4: Wireshark's ip.len is the length that it took instead.
func zeroLength(a netip.Addr) string {
	if a.Is4() {
		return diag.AnyOf("ip[2:2] == 00:00", "udp.length == 0")
	}
	return diag.AnyOf("ipv6.plen == 0", "udp.length == 0")
}

// bySource makes one note a source of the hosts that show an effect: it has one cause, the machine that recorded.
func bySource(in *diag.Input, shows func(*flow.Host) bool, describe func(*diag.Finding, []*flow.Host)) []diag.Finding {
	hosts := map[int][]*flow.Host{}
	for _, h := range in.Hosts {
		if shows(h) {
			hosts[h.Source] = append(hosts[h.Source], h)
		}
	}
	var out []diag.Finding
	for i := range in.Sources {
		if len(hosts[i]) == 0 {
			continue
		}
		f := diag.Finding{Severity: diag.Note, Confidence: diag.Proven, Source: i}
		if len(hosts[i]) == 1 {
			f.Host = hosts[i][0].Addr.String()
		}
		describe(&f, hosts[i])
		sortByNumber(f.Where)
		out = append(out, f)
	}
	return out
}

func names(hosts []*flow.Host) string {
	var list []string
	for _, h := range hosts {
		list = append(list, h.Addr.String())
	}
	return diag.List(list, 3)
}

// fromAny is the filter for what the hosts sent.
func fromAny(hosts []*flow.Host) string {
	var list []string
	for _, h := range hosts[:min(len(hosts), maxStreams)] {
		list = append(list, diag.FromHost(h.Addr))
	}
	return diag.AnyOf(list...)
}
