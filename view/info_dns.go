package view

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dns"
)

var (
	dnsOpcodes = proto.Names("dns.flags.opcode")
	dnsRCodes  = proto.Names("dns.flags.rcode")
	dnsTypes   = proto.Names("dns.type")
)

// Upper bits of the class in multicast DNS: an answer to one host is wanted
// (RFC 6762, 5.4), what a cache holds is replaced (10.2). They are one bit.
const classFlag = 0x8000

// dnsInfo is "Standard query 0x1234 A example.com", and for a response its
// code and the records behind it.
func dnsInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	id := row.Packet.Layers[i].Proto
	if id == proto.DNSStream {
		b = b[min(2, len(b)):]
	}
	var m dns.Message
	if !m.Decode(b) {
		return dnsShort(b) + ended(row, i)
	}
	text := dnsHead(make([]byte, 0, 128), &m)
	w := dns.Records{Message: &m}
	ok := true
	for r := (dns.Record{}); ok && w.Next(&r); {
		text, ok = dnsRecord(text, &m, &r, id == proto.MDNS)
	}
	if !ok || w.Bad() {
		return string(text) + ended(row, i)
	}
	return string(text)
}

// ended says why a layer ends too early, in Wireshark's words.
func ended(row *engine.Row, i int) string {
	switch l := &row.Packet.Layers[i]; {
	case l.End < l.Wire:
		return "[Packet size limited during capture]"
	case row.Packet.Has(packet.Fragment):
		return "[BoundErrorUnreassembled Packet]"
	}
	return "[Malformed Packet]"
}

// dnsShort is what a message shows that ends inside its header.
func dnsShort(b []byte) string {
	if len(b) < 4 {
		return ""
	}
	m := dns.Message{ID: binary.BigEndian.Uint16(b), Flags: binary.BigEndian.Uint16(b[2:])}
	return string(dnsHead(nil, &m))
}

func dnsHead(dst []byte, m *dns.Message) []byte {
	if name := dnsOpcodes[uint64(m.Opcode())]; name != "" {
		dst = append(dst, name...)
	} else {
		dst = fmt.Appendf(dst, "Unknown operation (%d)", m.Opcode())
	}
	if m.Response() {
		dst = append(dst, " response"...)
	}
	dst = fmt.Appendf(dst, " 0x%04x", m.ID)
	if code := m.RCode(); m.Response() && code != 0 {
		if name := dnsRCodes[uint64(code)]; name != "" {
			return append(append(dst, ' '), name...)
		}
		return fmt.Appendf(dst, " Unknown error (%d)", code)
	}
	return dst
}

// dnsRecord appends a question or a resource record.
func dnsRecord(dst []byte, m *dns.Message, r *dns.Record, multicast bool) ([]byte, bool) {
	var room [64]byte
	owner, ok := dns.AppendName(room[:0], m.Bytes, r.Off)
	if !ok {
		return dst, false
	}
	dst = append(dst, ' ')
	if name := dnsTypes[uint64(r.Type)]; name != "" {
		dst = append(dst, name...)
	} else {
		dst = append(strconv.AppendUint(append(dst, "Unknown ("...), uint64(r.Type), 10), ')')
	}
	flagged := multicast && r.Class&classFlag != 0
	if r.Section != dns.Question {
		if flagged {
			dst = append(dst, ", cache flush"...)
		}
		return dns.AppendData(dst, m, r)
	}
	dst = append(append(dst, ' '), owner...)
	switch {
	case flagged:
		dst = append(dst, `, "QU" question`...)
	case multicast:
		dst = append(dst, `, "QM" question`...)
	}
	return dst, true
}
