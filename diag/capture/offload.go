package capture

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
)

//go:embed tx_csum_offload.md
var txChecksumPage string

// TxChecksumOffload: outgoing checksums are not final (Q6).
var TxChecksumOffload = &diag.Rule{ID: "cap.tx_csum_offload", Title: "outgoing checksums are left to the network card", Page: txChecksumPage, Quality: true, Run: txChecksum}

func txChecksum(in *diag.Input) []diag.Finding {
	var out []diag.Finding
	for _, h := range in.Hosts {
		partial, verified := partialOf(h.Sent)
		// Nine of ten, and none of what the host received: a broken card or path damages both ways.
		if partial == 0 || partial*10 < verified*9 || h.Received.Checksums[packet.ChecksumBad] > 0 {
			continue
		}
		received, good := partialOf(h.Received)
		f := diag.Finding{
			Severity: diag.Note, Confidence: diag.Proven, Source: h.Source, Host: h.Addr.String(), Count: int(partial), Where: positions(h.PartialExamples),
			Summary: fmt.Sprintf("%d of %d packets sent by %v carry only the pseudo-header sum: checksum offload on the host where the capture was taken, not damage", partial, verified, h.Addr),
			Facts:   []diag.Fact{{Name: "packets sent with a partial checksum", Value: fmt.Sprint(partial)}, {Name: "of them without the length (segmentation offload)", Value: fmt.Sprint(h.Sent.Checksums[packet.ChecksumPartialLSO])}},
			Filter:  ipFilter(h.Addr), Fix: []string{"nothing: the packets on the wire are right"},
		}
		if received == 0 && good > 0 {
			f.RuledOut = append(f.RuledOut, fmt.Sprintf("damage on the way: all %d packets that %v received and that can be verified are good", good, h.Addr))
		}
		out = append(out, f)
	}
	return out
}

// partialOf counts the partial checksums and all that could be verified.
func partialOf(q flow.Quality) (partial, verified int64) {
	partial = q.Checksums[packet.ChecksumPartial] + q.Checksums[packet.ChecksumPartialLSO]
	return partial, partial + q.Checksums[packet.ChecksumGood] + q.Checksums[packet.ChecksumBad]
}

//go:embed len_zero.md
var lenZeroPage string

// LengthZero: the IP or UDP length field is 0 (Q8).
var LengthZero = &diag.Rule{ID: "cap.len_zero", Title: "the IP or UDP length field is 0", Page: lenZeroPage, Quality: true, Run: lengthZero}

func lengthZero(in *diag.Input) []diag.Finding {
	var out []diag.Finding
	for _, h := range in.Hosts {
		n := h.Sent.LengthZero
		if n == 0 {
			continue
		}
		f := diag.Finding{
			Severity: diag.Note, Confidence: diag.Likely, Source: h.Source, Host: h.Addr.String(), Count: int(n), Where: positions(h.LengthZeroExamples),
			Summary: fmt.Sprintf("%d packets sent by %v have a length field of 0: large-send offload; their length was taken from the frame, nothing is lost", n, h.Addr),
			Filter:  ipFilter(h.Addr) + " and (ip.len == 0 or ipv6.plen == 0 or udp.length == 0)",
			Fix:     []string{"nothing: the network card writes the length", "in Wireshark, turn on the preference ip.tso_support"},
		}
		if lso := h.Sent.Checksums[packet.ChecksumPartialLSO]; lso > 0 {
			f.Confidence = diag.Proven
			f.RuledOut = append(f.RuledOut, fmt.Sprintf("a damaged header: %d packets carry the checksum form of segmentation offload", lso))
		}
		out = append(out, f)
	}
	return out
}

//go:embed lso_gro.md
var lsoPage string

// LargeSegments: segments larger than on the wire (Q7).
var LargeSegments = &diag.Rule{ID: "cap.lso_gro", Title: "segments are larger than on the wire", Page: lsoPage, Quality: true, Run: largeSegments}

func largeSegments(in *diag.Input) []diag.Finding {
	var out []diag.Finding
	for _, h := range in.Hosts {
		n := h.Sent.Oversized
		if n == 0 {
			continue
		}
		out = append(out, diag.Finding{
			Severity: diag.Note, Confidence: diag.Proven, Source: h.Source, Host: h.Addr.String(), Count: int(n), Where: positions(h.OversizedExamples),
			Summary: fmt.Sprintf("%d packets sent by %v are larger than one segment on the wire (largest frame %d bytes): segmentation or receive offload; count bytes, not packets", n, h.Addr, h.Sent.MaxFrame),
			Filter:  ipFilter(h.Addr) + " and frame.len > 1514",
			Fix:     []string{"nothing; for the packets of the wire capture on another machine, or turn the offload off for a test"},
		})
	}
	return out
}
