package view

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto/ssrp"
)

// ssrpInfo is the message in words, with what is wrong in it.
func ssrpInfo(row *engine.Row, i int) string {
	text := ssrpText(row, i)
	var m ssrp.Message
	if m.Decode(row.Packet.Bytes(i)) && m.Wrong() != "" {
		text += " [" + m.Wrong() + "]"
	}
	return text
}

// ssrpText is "SQL Browser query for instance SQLSRV", and of a response what the instances are and where they listen.
func ssrpText(row *engine.Row, i int) string {
	var m ssrp.Message
	if !m.Decode(row.Packet.Bytes(i)) {
		return ""
	}
	switch {
	case m.Type == ssrp.BroadcastQuery:
		return "SQL Browser query to all hosts"
	case m.Type == ssrp.UnicastQuery:
		return "SQL Browser query for all instances"
	case m.Type == ssrp.InstanceQuery:
		return "SQL Browser query for instance " + Printable(string(m.Instance))
	case m.Type == ssrp.AdminQuery:
		return "SQL Browser query for the administrator port of instance " + Printable(string(m.Instance))
	case m.Admin:
		return fmt.Sprintf("SQL Browser response administrator port %d", m.Port)
	}
	text := "SQL Browser response" + ssrpInstances(&m)
	if len(m.Data) < m.Size {
		text += ended(row, i)
	}
	return text
}

// ssrpShown is how many instances a row tells of.
const ssrpShown = 4

func ssrpInstances(m *ssrp.Message) string {
	var text strings.Builder
	p := ssrp.Pairs{Data: m.Data}
	for shown := 0; ; {
		key, value, _, first, ok := p.Next()
		if !ok {
			return text.String()
		}
		if first {
			if shown++; shown > ssrpShown {
				fmt.Fprintf(&text, ", %d more", m.Instances()-ssrpShown)
				return text.String()
			}
			if shown > 1 {
				text.WriteByte(',')
			}
		}
		switch string(key) {
		case "ServerName":
			text.WriteString(" " + Printable(string(value)))
		case "InstanceName":
			text.WriteString(`\` + Printable(string(value)))
		case "tcp":
			text.WriteString(" tcp " + Printable(string(value)))
		case "np":
			text.WriteString(" np " + Printable(string(value)))
		}
	}
}
