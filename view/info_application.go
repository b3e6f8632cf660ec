package view

import (
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// separators are what stands between the texts of several layers of one
// protocol in a frame, and behind a verdict of the TCP analysis; nothing for other protocols.
var separators = map[proto.ID]string{proto.TLS: ", ", proto.DTLS: ", ", proto.LDAP: " | ", proto.TDS: ",", proto.DCERPC: " # ", proto.HTTP2: ", ", proto.SMTP: " | "}

// onlyBetween are the protocols whose separator does not follow a verdict.
var onlyBetween = map[proto.ID]bool{proto.LDAP: true, proto.DCERPC: true, proto.SMTP: true}

// alone are protocols whose text takes the place of what the layers before said, when it does not go on with it.
var alone = map[proto.ID]func(p *packet.Packet, i int) (goesOn bool){proto.SMB2: compounded, proto.NBSS: never, proto.DNSStream: never, proto.DCERPC: dcerpcGoesOn}

func never(*packet.Packet, int) bool { return false }

// columnNames are the Protocol column of protocols that have several names: by version, by what they carry.
var columnNames = map[proto.ID]func(row *engine.Row, i int) string{proto.TLS: tlsVersion, proto.DTLS: tlsVersion, proto.HTTP: httpName, proto.HTTP2: http2Name, proto.SMTP: smtpName, proto.DCERPC: dcerpcName}

// begins are what the Info column says of a segment that begins a message of a
// protocol and does not end it, in place of TCP's text; "" where the protocol says nothing, but takes that place.
var begins = map[proto.ID]func(b []byte) (text string, ok bool){
	proto.TLS:            func([]byte) (string, bool) { return "", true },
	proto.HTTP:           httpBegins,
	proto.KerberosStream: func([]byte) (string, bool) { return "", true },
	proto.NBSS:           nbssBegins,
}

// between is a protocol whose text on a message that begins stands behind the text of those that end in the segment.
const between = proto.NBSS

const (
	partOfPDU = "[TCP segment of a reassembled PDU]"
	partOfTLS = "[TLS segment of a reassembled PDU]"
)

// stacked reports whether a packet is a segment of TCP that carries a layer of an application, or a part of one, or a datagram of DTLS: applications lie in one another.
func stacked(p *packet.Packet, top int) bool {
	i := p.TransportLayer()
	return p.Transport == proto.TCP && (p.Part.Proto != proto.None || top > i) || p.Transport == proto.UDP && i+1 < p.N && p.Layers[i+1].Proto == proto.DTLS
}

// secure reports whether a protocol is one that others lie in encrypted.
func secure(id proto.ID) bool { return id == proto.TLS || id == proto.DTLS }

// applicationColumns are the Protocol and Info columns of a segment, as
// Wireshark puts them together: a text for each layer, and a word on the message that goes on beyond the segment.
func applicationColumns(row *engine.Row, c *Columns) {
	p := row.Packet
	verdict := ""
	if row.Sighting != nil && row.Sighting.TCP {
		verdict = verdicts(row.Sighting, &current)
	}
	text, shown, outer, inside := verdict, false, proto.None, proto.None // inside is the latest protocol that TLS may carry
	last := p.N
	for p.Part.Layer && last > 0 && p.Layers[last-1].Proto == proto.Trailer {
		last--
	}
	if p.Part.Layer { // of the piece
		last--
	}
	for i := p.TransportLayer() + 1; i < last; i++ {
		id := p.Layers[i].Proto
		render := infos[id]
		if render == nil {
			continue
		}
		if goesOn := alone[id]; goesOn != nil && !goesOn(p, i) || secure(outer) && !secure(id) && (id != inside || separators[id] == "") {
			text = verdict
		}
		said := render(row, i)
		if said != "" && text != "" && (text != verdict || !onlyBetween[id]) {
			text += separators[id]
		}
		text += said
		c.Protocol, shown, outer = protocolName(row, i), true, id
		if !secure(id) {
			inside = id
		}
	}
	if shown && p.Part.Proto == between && p.Part.Head != nil {
		said, _ := nbssBegins(p.Part.Head)
		text += said
	}
	if !shown {
		c.Protocol = protocolNames[proto.TCP]
		if say := begins[p.Part.Proto]; p.Part.Head != nil && say != nil {
			said, ok := say(p.Part.Head)
			if text, shown = verdict+said, ok; !ok {
				text = verdict
			}
		}
		if !shown {
			text = tcpInfo(row, p.TransportLayer())
		}
	}
	if c.Protocol == protocolNames[proto.TCP] && p.Part.Proto != proto.None && p.Part.Within == proto.None {
		if text != "" {
			text += " "
		}
		text += partOfPDU
	}
	if p.Part.Within == proto.TLS && outer == proto.TLS {
		if text != "" {
			text += " "
		}
		text += partOfTLS
	}
	c.Info = text
}

// protocolName is the Protocol column of layer i.
func protocolName(row *engine.Row, i int) string {
	id := row.Packet.Layers[i].Proto
	if of := columnNames[id]; of != nil {
		return of(row, i)
	}
	if name := protocolNames[id]; name != "" {
		return name
	}
	return id.String()
}
