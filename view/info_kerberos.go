package view

import (
	"fmt"

	"github.com/wiretale/wiretale/field/ntstatus"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/kerberos"
)

// kerberosInfo is "TGS-REQ", and of an error what it is.
func kerberosInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	if row.Packet.Layers[i].Proto == proto.KerberosStream {
		b = b[min(len(b), kerberos.MarkLen):]
	}
	var m kerberos.Message
	if !m.Decode(b) {
		return ""
	}
	if m.Kind != kerberos.Error || m.Code == 0 {
		return kerberos.Names[m.Kind]
	}
	name := kerberos.ErrorName(m.Code)
	if name == "" {
		name = fmt.Sprintf("Unknown error code 0x%x", uint32(m.Code))
	}
	text := "KRB Error: " + name
	if m.Status != 0 {
		text += " NT Status: " + ntstatus.Status(m.Status).Name()
	}
	return text
}
