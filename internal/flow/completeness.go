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

// complete adds what a segment shows. Of the first packet of a pair only a SYN
// counts, as in Wireshark.
func (f *tcpFlow) complete(g *segment) {
	if g.flags&^tcp.PSH == tcp.ACK && f.begun { // most segments show what was seen before
		shows := SawACK
		if g.len > 0 {
			shows = SawData
		}
		if f.progress&shows != 0 {
			return
		}
	}
	f.shows(g)
	f.info.Completeness = f.progress
}

func (f *tcpFlow) shows(g *segment) {
	c := &f.progress
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
