package flow

import (
	"time"

	"github.com/wiretale/wiretale/trace"
)

// Place is what packets and handshakes say of the way from an address to the
// recorder. One machine sends short frames before its card has padded them, is
// answered at once by itself only, and knows what it sends.
type Place struct {
	// Short and Padded count Ethernet frames sent with a packet of less than 46 bytes: as they are, and filled up to 60.
	Short, Padded int64
	// Outgoing and Incoming count packets of the address that the recorder calls its own, or received.
	Outgoing, Incoming int64
	// AsClient and AsServer count handshakes whose round trip is split at the recorder. In Near of them the part of
	// this end is a tenth at most, in Far that of the other, and in Between both are a fifth and half a millisecond at least.
	AsClient, AsServer int64
	Near, Far, Between int64
}

const (
	shortPacket = 46 // payload of the shortest Ethernet frame (IEEE 802.3, 3.2.8)
	shortFrame  = 14 + shortPacket
	// minSplit is the least round trip that is split: below it the hosts take longer than the way.
	minSplit = int64(100 * time.Microsecond)
	// minPart is the least that is called a way.
	minPart = int64(500 * time.Microsecond)
)

// direction is that of a packet as the recorder names it: in the metadata of the
// record, or in the header of Linux' cooked capture (LINKTYPE_LINUX_SLL: packet type, 4 is sent by us).
func direction(r *trace.Record) trace.Direction {
	if r.Meta != nil {
		return r.Meta.Direction
	}
	kind := -1
	switch {
	case r.Link == trace.LinkLinuxSLL && len(r.Data) > 1:
		kind = int(r.Data[0])<<8 | int(r.Data[1])
	case r.Link == trace.LinkLinuxSLL2 && len(r.Data) > 10:
		kind = int(r.Data[10])
	}
	switch kind {
	case 0:
		return trace.Inbound
	case 4:
		return trace.Outbound
	}
	return trace.DirectionUnknown
}

// split notes where the handshake that this packet ended was captured.
func (t *Tracker) split(e *entry, info *TCP, flipped bool) {
	client, server := t.between(e, flipped)
	toServer, toClient, ok := info.RTT()
	if !ok || client == server || toServer+toClient < minSplit {
		return
	}
	client.Place.AsClient++
	server.Place.AsServer++
	client.Place.split(toClient, toServer)
	server.Place.split(toServer, toClient)
}

func (l *Place) split(own, other int64) {
	switch total := own + other; {
	case own*10 <= total:
		l.Near++
	case other*10 <= total:
		l.Far++
	case min(own, other) >= max(minPart, total/5):
		l.Between++
	}
}

func (l *Place) merge(o *Place) {
	l.Short += o.Short
	l.Padded += o.Padded
	l.Outgoing += o.Outgoing
	l.Incoming += o.Incoming
	l.AsClient += o.AsClient
	l.AsServer += o.AsServer
	l.Near += o.Near
	l.Far += o.Far
	l.Between += o.Between
}
