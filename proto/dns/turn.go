package dns

import (
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
		return true
	}
	t.Command = opcodes[m.Opcode()]
	w, r := Records{Message: &m}, Record{}
	if w.Next(&r) && r.Section == Question {
		if t.Command == "" {
			t.Command = typeCodes[r.Type]
		}
		if t.Command == "" {
			t.Command = "TYPE" + strconv.Itoa(int(r.Type)) // RFC 3597, 5
		}
		t.Name, _ = NameText(b, r.Off)
	}
	return true
}
