package dns

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/proto"
)

// Datagram pairs questions over UDP with their answers, by the ID of the message (RFC 1035, 4.1.1).
var Datagram = proto.Datagram{ID: proto.DNS, Turn: turn}

// keyed makes a key of an ID, which may be 0.
const keyed = 1 << 16

// opcodes are what a message asks when it is no query (IANA, DNS OpCodes).
var opcodes = map[uint8]string{1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE", 6: "DSO"}

// rcodes are the names of IANA (DNS RCODEs).
var rcodes = [16]string{
	"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE", "DSOTYPENI",
}

// typeCodes are the short names of types of records: "A (Host Address)" is A.
var typeCodes = func() map[uint16]string {
	short := map[uint16]string{}
	for n, name := range proto.Names("dns.qry.type") {
		short[uint16(n)], _, _ = strings.Cut(name, " ")
	}
	return short
}()

// turn reads the message b: what it asks, or how its question was answered.
func turn(b []byte, t *proto.Turn) bool {
	var m Message
	if !m.Decode(b) {
		return false
	}
	*t = proto.Turn{Kind: proto.Ask, Key: keyed | uint64(m.ID), Offset: -1, Size: -1}
	if m.Response() {
		t.Kind, t.Code = proto.Answer, uint32(m.RCode())
		t.Status, t.Failed = rcodes[m.RCode()], m.RCode() != 0
		if t.Status == "" {
			t.Status = "RCODE " + strconv.Itoa(int(m.RCode()))
		}
		if m.Flags&truncated != 0 {
			t.Text = Truncated
		}
	}
	t.Command = opcodes[m.Opcode()]
	w, r := Records{Message: &m}, Record{}
	if !w.Next(&r) || r.Section != Question {
		return true
	}
	if t.Command == "" {
		t.Command = typeCodes[r.Type]
	}
	if t.Command == "" {
		t.Command = "TYPE" + strconv.Itoa(int(r.Type)) // RFC 3597, 5
	}
	t.Name, _ = NameText(b, r.Off)
	if t.Kind == proto.Answer && m.Opcode() == 0 {
		t.Addrs = addresses(&w)
	}
	return true
}

// Truncated is what a turn says of an answer that is cut to what fits in a datagram: the client is to ask again over TCP (RFC 1035, 4.2.1).
const Truncated = "truncated"

const (
	truncated = 0x0200 // flag
	typeA     = 1
	typeAAAA  = 28
	classIN   = 1
	maxAddrs  = 16 // addresses of an answer that a turn has
)

// addresses are those that the answers behind the question give, whatever name has them: the others are its aliases.
func addresses(w *Records) (out []netip.Addr) {
	var r Record
	for len(out) < maxAddrs && w.Next(&r) && r.Section == Answer {
		if r.Class != classIN || r.Type != typeA && r.Type != typeAAAA {
			continue
		}
		if a, ok := netip.AddrFromSlice(w.Message.Bytes[r.Data : r.Data+r.DataLen]); ok && r.DataLen == r.Said && a.Is4() == (r.Type == typeA) {
			out = append(out, a)
		}
	}
	return out
}
