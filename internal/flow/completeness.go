package flow

import "github.com/wiretale/wiretale/proto/tcp"

// Completeness is what was seen of the life of a connection, Wireshark's tcp.completeness.
type Completeness uint8

const (
	SawSYN    Completeness = 1 << iota // the first packet was a SYN
	SawSYNACK                          // SYN/ACK
	SawACK                             // an acknowledgement without data
	SawData                            // data
	SawFIN                             // FIN with ACK
	SawRST                             // RST
)

// progress adds what a segment shows. Of the first packet of a pair only a SYN
// counts, as in Wireshark.
func (f *tcpFlow) progress(g *segment) {
	c := &f.info.Completeness
	if !f.begun {
		f.begun = true
		if g.flags&(tcp.SYN|tcp.ACK) == tcp.SYN {
			*c |= SawSYN
			if g.len > 0 {
				*c |= SawData
			}
		}
		return
	}
	switch g.flags & (tcp.SYN | tcp.ACK) {
	case tcp.SYN | tcp.ACK:
		*c |= SawSYNACK
	case tcp.ACK:
		if g.len > 0 {
			*c |= SawData
		} else {
			*c |= SawACK
		}
	}
	if g.flags&(tcp.FIN|tcp.ACK) == tcp.FIN|tcp.ACK {
		*c |= SawFIN
	}
	if g.flags&tcp.RST != 0 {
		*c |= SawRST
	}
}
