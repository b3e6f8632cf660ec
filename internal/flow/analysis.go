package flow

import (
	"math/bits"
	"strings"
)

// Analysis is the verdicts on one TCP segment: what it is in the light of the
// segments captured before it. Names and definitions are Wireshark's
// tcp.analysis.* (4.0). A verdict never depends on a later packet.
type Analysis uint32

// The verdicts that tcp.analysis.flags covers.
const (
	Retransmission         Analysis = 1 << iota // sequence numbers that were sent before, neither fast nor spurious
	FastRetransmission                          // the same, within 20 ms of the third equal acknowledgement that asked for it
	SpuriousRetransmission                      // all of it was acknowledged already
	OutOfOrder                                  // below the highest number seen, and too soon to be a retransmission
	LostSegment                                 // a segment before this one was not captured
	AckLostSegment                              // acknowledges what was not captured
	DuplicateAck                                // repeats number, acknowledgement and window
	WindowUpdate                                // repeats number and acknowledgement with another window
	WindowFull                                  // reaches the end of the window that the receiver advertised
	ZeroWindow                                  // advertises a window of 0
	ZeroWindowProbe                             // one byte into a window of 0
	ZeroWindowProbeAck                          // the answer to a probe: still 0
	KeepAlive                                   // no byte or one, just below the next number
	KeepAliveAck                                // the answer to a keep-alive
	ReusedPorts                                 // opens a connection between ports that had one before

	verdicts = iota // number of verdicts above
)

// What the analysis notes apart from those flags.
const (
	FastOpenSYN     Analysis = 1 << (16 + iota) // a SYN with a TCP Fast Open cookie (RFC 7413)
	FastOpenAck                                 // a SYN/ACK that acknowledges the data of the SYN
	FastOpenIgnored                             // a SYN/ACK that does not, though the SYN had a cookie and data
	ClosesFirst                                 // a FIN, when the other side had sent none
	ClosesSecond                                // a FIN after the other side's
	Analysed                                    // there is a tcp.analysis tree: a verdict, an acknowledged frame or bytes in flight
)

// Flagged are the verdicts of which Wireshark's filter tcp.analysis.flags is true.
const Flagged Analysis = 1<<verdicts - 1

// Resent are all kinds of retransmission.
const Resent = Retransmission | FastRetransmission | SpuriousRetransmission

// Has reports whether any of the verdicts is set.
func (a Analysis) Has(any Analysis) bool { return a&any != 0 }

// verdictNames are Wireshark's names after "tcp.analysis.", by bit.
var verdictNames = [verdicts]string{
	"retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order", "lost_segment", "ack_lost_segment",
	"duplicate_ack", "window_update", "window_full", "zero_window", "zero_window_probe", "zero_window_probe_ack",
	"keep_alive", "keep_alive_ack", "reused_ports",
}

// String lists the flagged verdicts: "retransmission,zero_window".
func (a Analysis) String() string {
	var list []string
	for a &= Flagged; a != 0; a &= a - 1 {
		list = append(list, verdictNames[bits.TrailingZeros32(uint32(a))])
	}
	return strings.Join(list, ",")
}
