package session

import (
	"time"

	"github.com/wiretale/wiretale/internal/flow"
)

// flight is how many bytes of a socket's connection are sent and not acknowledged, as far as the packets up to here tell; -1 when they do not.
func (s *socketState) flight() int64 {
	conv, local := s.Conv, s.Local
	if s.TCB != nil {
		conv, local = s.TCB.Conv, s.TCB.Local
	}
	if conv == nil || conv.TCP == nil || !local.IsValid() {
		return -1
	}
	side := sideOf(conv, local)
	sent, other := &conv.TCP.Sides[side], &conv.TCP.Sides[1-side]
	if other.AckSent == 0 || conv.Dir[side].Packets == 0 {
		return -1
	}
	return int64(max(int32(sent.NextSeq-other.AckSent), 0))
}

// A Congestion is how the congestion window held what a connection sent, by what the stack says when it sends (TCPIP 1332, 1333).
type Congestion struct {
	Sends, Held   int           // events with a known number of bytes under way, and those after which the window had no room and the receiver had
	Timed, Full   time.Duration // from one to the next, and of it what lies between two that were held
	First, Last   flow.Moment   // of Held
	Least, Most   uint32        // the congestion window at Held, in bytes
	Room          uint32        // the least window of the receiver at Held, in bytes
	before        flow.Moment   // the event before
	beforeWasHeld bool
}

const (
	// sendPause is how long nothing is sent at most for the time to count: then the application has nothing to send.
	sendPause = int64(time.Second)
	// usualMSS is the size of a segment where no SYN says one (Ethernet, IPv4).
	usualMSS = 1460
)

// congested takes a send of the stack with its windows.
func (c *tcbState) congested(f fields, now flow.Moment) {
	una, known := c.oldest(f)
	cwnd, window := uint32(f.num("Cwnd")), uint32(f.num("SndWnd"))
	under := int32(uint32(f.num("SeqNo")) + uint32(f.num("BytesSent")) - una)
	if !known || cwnd == 0 || under < 0 || now.Time == 0 {
		return
	}
	if c.Congestion == nil {
		c.Congestion = &Congestion{}
	}
	g, segment := c.Congestion, uint64(c.segment())
	held := uint64(under)+segment >= uint64(cwnd) && uint64(window) >= uint64(cwnd)+segment
	if d := now.Time - g.before.Time; g.Sends > 0 && d >= 0 && d <= sendPause {
		g.Timed += time.Duration(d)
		if held && g.beforeWasHeld {
			g.Full += time.Duration(d)
		}
	}
	g.Sends++
	g.before, g.beforeWasHeld = now, held
	if !held {
		return
	}
	if g.Held++; g.Held == 1 {
		g.First, g.Least, g.Room = now, cwnd, window
	}
	g.Last, g.Least, g.Most, g.Room = now, min(g.Least, cwnd), max(g.Most, cwnd), min(g.Room, window)
}

// oldest is the sequence number of the first byte that is not acknowledged: of the event, which has it since Windows 11 22H2, else of the packets.
func (c *tcbState) oldest(f fields) (una uint32, ok bool) {
	if f.has("SndUna") {
		return uint32(f.num("SndUna")), true
	}
	if c.Conv == nil || c.Conv.TCP == nil {
		return 0, false
	}
	una = c.Conv.TCP.Sides[1-c.side].AckSent
	return una, una != 0
}

// segment is how many bytes the other side takes in one segment.
func (c *tcbState) segment() int {
	if c.Conv != nil && c.Conv.TCP != nil {
		if mss := c.Conv.TCP.Sides[1-c.side].MSS; mss > 0 {
			return mss
		}
	}
	return usualMSS
}
