package view

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dcerpc"
)

// dcerpcGoesOn reports whether the text of a unit stands beside that of the one before: of calls, not of what binds.
func dcerpcGoesOn(p *packet.Packet, i int) bool {
	var u dcerpc.Unit
	return i > 0 && p.Layers[i-1].Proto == proto.DCERPC && u.Decode(p.Bytes(i-1)) && u.Type <= dcerpc.Fault
}

// called is the interface of a call and the name of its operation; nil for an interface without names.
func called(row *engine.Row, i int) (known *dcerpc.Interface, operation string) {
	var u dcerpc.Unit
	if !u.Decode(row.Packet.Bytes(i)) || u.Type == dcerpc.Fault || !u.Last() {
		return nil, ""
	}
	note := row.Packet.NoteOf(i)
	s, n, ok := dcerpc.Of(&note)
	if known = s.Interface(); !ok || known == nil || n < 0 {
		return nil, ""
	}
	if operation = known.Operations[n]; operation == "" {
		return known, fmt.Sprintf("Unknown operation %d", n)
	}
	return known, operation
}

// dcerpcName is the interface of a call, when it has a name.
func dcerpcName(row *engine.Row, i int) string {
	if known, _ := called(row, i); known != nil {
		return known.Column
	}
	return "DCERPC"
}

// fragments are the places of a unit in its message, by whether it is the first and the last.
var fragments = map[[2]bool]string{{true, true}: "Single", {true, false}: "1st", {false, true}: "Last", {false, false}: "Mid"}

// dcerpcInfo is what a unit is, and of a call to an operation with a name that.
func dcerpcInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	var u dcerpc.Unit
	if !u.Decode(b) {
		return ""
	}
	if known, operation := called(row, i); known != nil {
		text := operation + " response"
		if u.Type == dcerpc.Request {
			text = operation + " request"
		}
		if strings.HasPrefix(operation, "Unknown") && len(b) <= dcerpc.CallLen {
			text += dcerpcInterface(row, i, &u)
		}
		return text
	}
	text := fmt.Sprintf("%s: call_id: %d, Fragment: %s", named("dcerpc.pkt_type", u.Type), u.Call, fragments[[2]bool{u.First(), u.Last()}])
	switch u.Type {
	case dcerpc.Bind, dcerpc.Alter:
		text += dcerpcContexts(b)
	case dcerpc.BindAck, dcerpc.AlterAnswer:
		text += dcerpcResults(b)
	case dcerpc.BindNak:
		text += " reason: " + named("dcerpc.cn_reject_reason", u.Reason)
	case dcerpc.Request:
		text += fmt.Sprintf(", opnum: %d, Ctx: %d", u.Operation, u.Context) + dcerpcInterface(row, i, &u)
	case dcerpc.Response:
		text += fmt.Sprintf(", Ctx: %d", u.Context) + dcerpcInterface(row, i, &u)
	case dcerpc.Fault:
		text += fmt.Sprintf(", Ctx: %d, status: %s", u.Context, named("dcerpc.cn_status", u.Status))
	}
	return text
}

// dcerpcInterface is the interface of a call that ends.
func dcerpcInterface(row *engine.Row, i int, u *dcerpc.Unit) string {
	note := row.Packet.NoteOf(i)
	s, _, ok := dcerpc.Of(&note)
	if !ok || !u.Last() {
		return ""
	}
	return fmt.Sprintf(" %s V%d", s.Name(), s.Major())
}

func dcerpcContexts(b []byte) string {
	var list []string
	dcerpc.Contexts(b, func(c *dcerpc.Context) bool {
		list = append(list, fmt.Sprintf("%s V%d.%d (%s)", c.Syntax.Name(), c.Syntax.Major(), c.Syntax.Minor(), c.Transfer(b)))
		return true
	})
	return fmt.Sprintf(", %d context items: %s", len(list), strings.Join(list, ", "))
}

func dcerpcResults(b []byte) string {
	send, take := dcerpc.Sizes(b)
	all := dcerpc.Results(b)
	list := make([]string, len(all))
	for i, r := range all {
		list[i] = named("dcerpc.cn_ack_result", r)
	}
	return fmt.Sprintf(", max_xmit: %d max_recv: %d, %d results: %s", send, take, len(all), strings.Join(list, ", "))
}
