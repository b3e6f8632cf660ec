package view

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/provider"
)

// EventText is an event in one line: its wording where the tables have one,
// else its name and fields, else its number and bytes.
func EventText(row *engine.Row) string {
	if row.Event == nil {
		return fmt.Sprintf("event, %d bytes", len(row.Record.Data))
	}
	return string(provider.AppendText(nil, row.Event))
}

// EventName is the name of an event: "TcpTcbStateChange", or its number.
func EventName(row *engine.Row) string {
	if row.Event == nil {
		return ""
	}
	return string(provider.AppendName(nil, row.Event))
}

// Described is value i of an event as its text has it: mapped, with hex where that helps.
func Described(row *engine.Row, i int) string {
	return string(provider.AppendValue(nil, row.Event, i))
}
