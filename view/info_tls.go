package view

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tls"
)

// tlsVersions are Wireshark's names in the Protocol column.
var tlsVersions = map[uint16]string{tls.SSL20: "SSLv2", tls.SSL30: "SSLv3", tls.TLS10: "TLSv1", tls.TLS11: "TLSv1.1", tls.TLS12: "TLSv1.2", tls.TLS13: "TLSv1.3",
	tls.DTLSBad: "DTLSv1.0 (OpenSSL pre 0.9.8f)", tls.DTLS10: "DTLSv1.0", tls.DTLS12: "DTLSv1.2", tls.DTLS13: "DTLSv1.3"}

// tlsVersion is the version of the connection, before it is chosen that of the record.
func tlsVersion(row *engine.Row, i int) string {
	note := row.Packet.NoteOf(i)
	version := tls.Version(&note)
	datagram := row.Packet.Layers[i].Proto == proto.DTLS
	if version == 0 && !datagram {
		tls.Records(row.Packet.Bytes(i), &note, func(r *tls.Record) bool { version = r.Version; return false })
	}
	if name := tlsVersions[version]; name != "" {
		return name
	}
	if datagram {
		return "DTLS"
	}
	return "SSL"
}

// tlsInfo lists the records of a layer and the messages in them. Those that were opened are layers of their own behind it, and are listed in their place.
func tlsInfo(row *engine.Row, i int) string {
	note := row.Packet.NoteOf(i)
	if tls.Opened(&note) {
		return ""
	}
	b := row.Packet.Bytes(i)
	carried := tlsCarried(row.Packet, i)
	var list []string
	end, opened := 0, i
	tls.Records(b, &note, func(r *tls.Record) bool {
		end = r.End
		switch {
		case r.Opened && (r.Type != tls.ApplicationData || tls.Version(&note) == tls.TLS13 || tls.Version(&note) == tls.DTLS13):
			if opened = nextOpened(row.Packet, opened); opened > 0 {
				list = append(list, tlsOpened(row.Packet, opened, carried)...)
			}
		case r.Opened && carried:
		default:
			list = append(list, tlsRecord(row.Packet, i, b, r)...)
		}
		return true
	})
	switch {
	case len(list) == 0 && end == 0 && tls.Version(&note) == 0:
		return "Continuation Data"
	case end < len(b):
		list = append(list, "Ignored Unknown Record")
	}
	return strings.Join(list, ", ")
}

// nextOpened is the next layer behind i that is an opened record, 0 without one.
func nextOpened(p *packet.Packet, i int) int {
	for i++; i < p.N; i++ {
		if note := p.NoteOf(i); secure(p.Layers[i].Proto) && tls.Opened(&note) && !tls.Whole(&note) {
			return i
		}
	}
	return 0
}

// tlsOpened lists what is in an opened record.
func tlsOpened(p *packet.Packet, i int, carried bool) (list []string) {
	note, b := p.NoteOf(i), p.Bytes(i)
	tls.Records(b, &note, func(r *tls.Record) bool {
		if r.Type != tls.ApplicationData || !carried {
			list = tlsRecord(p, i, b, r)
		}
		return false
	})
	return list
}

// tlsCarried reports whether what the records of layer i carry is a message of another protocol, or a part of one.
func tlsCarried(p *packet.Packet, i int) bool {
	if p.Part.Within == proto.TLS {
		return true
	}
	for i++; i < p.N; i++ {
		if id := p.Layers[i].Proto; !secure(id) && id != proto.Trailer && id != proto.Data {
			return true
		}
	}
	return false
}

// tlsRecord lists what is in a record of layer i.
func tlsRecord(p *packet.Packet, i int, b []byte, r *tls.Record) []string {
	switch r.Type {
	case tls.ChangeCipherSpec:
		return []string{"Change Cipher Spec"}
	case tls.Alert:
		if !tls.ClearAlert(b, r) {
			return []string{"Encrypted Alert"}
		}
		return []string{fmt.Sprintf("Alert (Level: %s, Description: %s)", named("tls.alert_message.level", b[r.Body]), named("tls.alert_message.desc", b[r.Body+1]))}
	case tls.Handshake:
		return tlsMessages(p, i, b, r)
	case tls.ApplicationData:
		return []string{"Application Data"}
	case tls.WithID:
		return []string{"Connection ID"}
	case tls.Heartbeat:
		return []string{tlsHeartbeat(b, r)}
	case 0:
		return []string{ssl2Record(b, r)}
	}
	return nil
}

func named[T byte | uint16 | uint32](of string, value T) string {
	if name := proto.Names(of)[uint64(value)]; name != "" {
		return name
	}
	return fmt.Sprintf("unknown (%d)", value)
}

func tlsMessages(p *packet.Packet, i int, b []byte, r *tls.Record) (list []string) {
	r.Messages(b, func(m *tls.Message) bool {
		switch {
		case m.Encrypted:
			list = append(list, "Encrypted Handshake Message")
		case tls.IsRetry(b, m):
			list = append(list, "Hello Retry Request")
		case m.Part && putTogether(p, i, m):
			list = append(list, named("tls.handshake.type", m.Type)+" (Reassembled)")
		case m.Part:
			list = append(list, named("tls.handshake.type", m.Type)+" (Fragment)")
		default:
			list = append(list, named("tls.handshake.type", m.Type))
		}
		return true
	})
	return list
}

// putTogether reports whether the packet has the message that a fragment in layer i ends.
func putTogether(p *packet.Packet, i int, m *tls.Message) (found bool) {
	for i++; i < p.N && !found; i++ {
		if note := p.NoteOf(i); p.Layers[i].Proto == proto.DTLS && tls.Whole(&note) {
			tls.Messages(p.Bytes(i), &note, func(w *tls.Message) bool {
				found = w.Seq == m.Seq && w.Type == m.Type
				return false
			})
		}
	}
	return found
}

// tlsHeartbeat is a message of RFC 6520.
func tlsHeartbeat(b []byte, r *tls.Record) string {
	if r.Body >= r.End || r.Encrypted {
		return "Encrypted Heartbeat"
	}
	switch b[r.Body] {
	case 1:
		return "Heartbeat Request"
	case 2:
		return "Heartbeat Response"
	}
	return "Encrypted Heartbeat"
}

// ssl2Record names a message of SSL 2.0.
func ssl2Record(b []byte, r *tls.Record) string {
	if r.Body < r.End {
		if name := tls.SSL2Name(b[r.Body]); name != "" {
			return name
		}
	}
	return "Encrypted Data"
}
