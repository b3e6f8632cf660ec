package view

import (
	"cmp"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/proto"
)

// A Measure is what views say of a conversation beyond its counts.
type Measure struct {
	Packets, Bytes  int64
	Segments        int64 // packets that the wire carried for them
	Duration        int64 // nanoseconds; valid iff Timed
	RTT             int64 // nanoseconds from SYN to the handshake's last ACK; valid iff HasRTT
	HasRTT          bool
	Timed           bool
	Retransmissions int64
	Dropped         int64 // packets that the host says it dropped
	// End says how it ended: "client FIN", "server RST", "refused", "no answer", "dropped", "open".
	End     string
	Process *session.Process
	Kind    session.JoinKind
}

// MeasureOf computes the measures of a conversation.
func MeasureOf(c *engine.Case, conv *flow.Conversation) Measure {
	m := Measure{
		Packets: conv.Dir[0].Packets + conv.Dir[1].Packets, Bytes: conv.Dir[0].Bytes + conv.Dir[1].Bytes,
		Segments:        conv.Dir[0].Segments() + conv.Dir[1].Segments(),
		Retransmissions: conv.Dir[0].Retransmissions + conv.Dir[1].Retransmissions,
		Dropped:         conv.Dir[0].Dropped + conv.Dir[1].Dropped,
		Timed:           !Untimed(c, conv.Source), Duration: conv.Last.Time - conv.First.Time,
		End: ending(conv),
	}
	if c.Session != nil {
		if e := c.Session.Endpoints[conv.ID]; e != nil {
			m.Process, m.Kind = e.Process, e.Kind
		}
	}
	if t := conv.TCP; t != nil && m.Timed && t.SYN.Seen() && t.HandshakeACK.Seen() && t.SYNs <= 1 {
		m.RTT, m.HasRTT = t.HandshakeACK.Time-t.SYN.Time, true
	}
	return m
}

// Untimed reports whether the source has an order but no times.
func Untimed(c *engine.Case, source int) bool {
	return source >= 0 && source < len(c.Sources) && c.Sources[source].Info.Untimed
}

// ending says how a conversation ended. Without a captured SYN the ends are a and b.
func ending(conv *flow.Conversation) string {
	t := conv.TCP
	if t == nil {
		return ""
	}
	name := func(side int) string {
		switch {
		case !conv.Opened:
			return string(rune('a' + side))
		case side == 0:
			return "client"
		}
		return "server"
	}
	switch {
	case t.Refused:
		return "refused"
	case t.RST.Seen() && t.FirstFIN < 0:
		return name(t.RSTBy) + " RST"
	case t.FirstFIN >= 0 && t.RST.Seen():
		return name(t.FirstFIN) + " FIN, " + name(t.RSTBy) + " RST"
	case t.FirstFIN >= 0:
		return name(t.FirstFIN) + " FIN"
	case conv.Dir[0].Packets+conv.Dir[1].Packets == 0:
		return "dropped"
	case t.SYN.Seen() && !t.SYNACK.Seen() && conv.Dir[1].Packets == 0:
		return "no answer"
	}
	return "open"
}

// Endpoint is "192.168.1.7:80", "[fe80::1]:80", or the address alone where there are no ports.
func Endpoint(a netip.AddrPort, id proto.ID) string {
	if id == proto.TCP || id == proto.UDP || id == proto.SCTP {
		return a.String()
	}
	return a.Addr().String()
}

// ProtoName is the name of a conversation's protocol: "TCP".
func ProtoName(id proto.ID) string {
	if s := protocolNames[id]; s != "" {
		return s
	}
	return strings.ToUpper(id.String())
}

// A Group is the conversations of one process of one source; Process is nil for those without a known owner.
type Group struct {
	Process *session.Process
	Bytes   int64

	all    flow.Conversations
	places []int
}

// Len is how many conversations the group has.
func (g *Group) Len() int { return len(g.places) }

// All yields them in order of their number.
func (g *Group) All() iter.Seq[*flow.Conversation] {
	return func(yield func(*flow.Conversation) bool) {
		for _, i := range g.places {
			if !yield(g.all.At(i)) {
				return
			}
		}
	}
}

// Groups puts conversations under their processes: most bytes first, those without an owner last.
func Groups(c *engine.Case) []Group {
	index := map[*session.Process]int{}
	var groups []Group
	place := 0
	for conv := range c.Conversations.All() {
		m := MeasureOf(c, conv)
		i, ok := index[m.Process]
		if !ok {
			i = len(groups)
			index[m.Process] = i
			groups = append(groups, Group{Process: m.Process, all: c.Conversations})
		}
		groups[i].places = append(groups[i].places, place)
		groups[i].Bytes += m.Bytes
		place++
	}
	slices.SortStableFunc(groups, func(a, b Group) int {
		if (a.Process == nil) != (b.Process == nil) {
			if a.Process == nil {
				return 1
			}
			return -1
		}
		return cmp.Compare(b.Bytes, a.Bytes)
	})
	return groups
}

// Line is a conversation in one line: "TCP 10.0.0.1:50000 → 10.0.0.2:80".
func Line(conv *flow.Conversation) string {
	arrow := "↔"
	if conv.Opened {
		arrow = "→"
	}
	return fmt.Sprintf("%s %s %s %s", ProtoName(conv.Proto), Endpoint(conv.Ends[0], conv.Proto), arrow, Endpoint(conv.Ends[1], conv.Proto))
}
