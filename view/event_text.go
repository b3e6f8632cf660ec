package view

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// EventText is an event in one line: its wording where the tables have one,
// else its name and fields, else its number and bytes.
func EventText(row *engine.Row) string {
	if row.Event == nil {
		return fmt.Sprintf("event, %d bytes", len(row.Record.Data))
	}
	return string(provider.AppendText(nil, row.Event))
}

// doer is who did what an event tells, where its header says that and not who was interrupted: "notepad.exe (2632) ".
func doer(row *engine.Row) string {
	if h := row.Record.Event; h == nil || h.Header != trace.HeaderProcmon && (h.Header != trace.HeaderJournal || !row.Object.Own) || row.Object.Process == nil {
		return ""
	}
	return Owner(row) + " "
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
