package view

import (
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tds"
)

// tdsInfo is the kind of a packet; nothing for one whose content has a text of its own.
func tdsInfo(row *engine.Row, i int) string {
	b := row.Packet.Bytes(i)
	if len(b) == 0 || tds.Encrypted(b) {
		return ""
	}
	text := proto.Names("tds.type")[uint64(b[0])]
	if len(b) > 1 && !tds.Last(b) {
		text += " (Not last buffer)"
	}
	return text
}
