package capture

import (
	_ "embed"
	"fmt"

	"github.com/wiretale/wiretale/diag"
)

//go:embed snaplen.md
var snaplenPage string

// SnapLen: packets were cut by the recorder (Q5).
var SnapLen = &diag.Rule{ID: "cap.snaplen", Title: "the recorder kept only the beginning of packets", Page: snaplenPage, Quality: true, Run: snapLen}

func snapLen(in *diag.Input) []diag.Finding {
	var out []diag.Finding
	for i := range in.Sources {
		var all diag.Recording
		for _, r := range in.Recordings {
			if r.Source != i {
				continue
			}
			if r.Cut > 0 && (all.Cut == 0 || r.CutMin < all.CutMin) {
				all.CutMin = r.CutMin
			}
			all.Packets, all.Cut, all.CutBytes = all.Packets+r.Packets, all.Cut+r.Cut, all.CutBytes+r.CutBytes
			all.CutMax = max(all.CutMax, r.CutMax)
			all.CutFirst = append(all.CutFirst, r.CutFirst...)
		}
		if all.Cut > 0 {
			out = append(out, cutPackets(i, &all))
		}
	}
	return out
}

func cutPackets(source int, r *diag.Recording) diag.Finding {
	f := diag.Finding{
		Severity: diag.Note, Confidence: diag.Proven, Source: source, Count: int(r.Cut), Filter: "frame.cap_len < frame.len",
		Where: positions(r.CutFirst),
		Facts: []diag.Fact{{Name: "bytes of the wire that are not in the capture", Value: fmt.Sprint(r.CutBytes)}},
		Fix:   []string{"record whole packets when their content matters (tcpdump -s 0, netsh trace packettruncatebytes=65535)"},
	}
	sortByNumber(f.Where)
	length := diag.Count(r.CutMax, "byte")
	if r.CutMin < r.CutMax {
		length = fmt.Sprintf("%d to %d bytes", r.CutMin, r.CutMax)
	}
	f.Summary = fmt.Sprintf("%d of %s cut to %s: %s", r.Cut, diag.Count(r.Packets, "packet"), length, unreadable(r.CutMax))
	f.Why = "packets are cut to " + length
	return f
}

// Lengths of a frame that are told apart: what is missing depends on them.
const (
	wholeTCP    = 14 + 20 + 20      // up to the end of a TCP header without options
	wholeHeader = 14 + 40 + 60      // up to the end of any TCP header over IPv6
	wholeNames  = wholeHeader + 400 // a request line, a DNS answer, most of a ClientHello
)

// unreadable says which findings above the transport are impossible when packets are cut to this length.
func unreadable(length int) string {
	switch {
	case length < wholeTCP:
		return "TCP headers are not whole, so connections cannot be followed, and no checksum can be verified"
	case length < wholeHeader:
		return "nothing of an application is in them (no request, no status, no certificate), and no checksum can be verified"
	case length < wholeNames:
		return "requests and answers are readable at their beginning at best, certificates and bodies are not"
	}
	return "long messages (bodies, certificates, lists) are not whole"
}
