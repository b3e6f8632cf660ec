// Package procmon knows the events of Process Monitor: operations on files, the registry, the network, processes
// and threads, as a log (PML) has them in binary and as its CSV and XML exports have them in words.
//
// The layout of a log's events is not published. What is here was learned from logs beside their CSV exports, with
// [MS-FSCC] and [MS-DTYP] for the structures of Windows in them and the Windows Driver Kit (FLT_PARAMETERS,
// KEY_VALUE_PARTIAL_INFORMATION and the like) for parameters: docs/formats/pml.md. All numbers are little-endian.
package procmon

import (
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// GUID stands for Process Monitor in headers of events. It is ours: a log has none.
var GUID = trace.MustGUID("{7B2E5A40-9C61-4B0F-8D3A-50524F434D4F}")

// Provider is Process Monitor.
var Provider = &provider.Provider{
	GUID: GUID, Name: "Process Monitor", Short: "Procmon", Module: "Procmon", Load: func() *provider.Table { return none }, Lay: lay, Text: appendText,
}

// none is the provider's tables: its events say themselves which fields they have.
var none = &provider.Table{}

// Class is what an operation is about: EventHeader.Task of a log's events.
type Class uint16

const (
	Process    Class = 1
	Registry   Class = 2
	FileSystem Class = 3
	Profiling  Class = 4
	Network    Class = 5
)

// Layout of an event's fixed part.
const (
	headerLen   = 52
	durationAt  = 0x14
	resultAt    = 0x24
	depthAt     = 0x28
	detailLenAt = 0x2C
	extraAt     = 0x30
)

// lay lays out a record: an event of a log, or a row of an export.
func lay(e *provider.Event, rec *trace.Record) {
	if len(rec.Event.Schema) > 0 {
		layRow(e, rec)
		return
	}
	if len(rec.Data) >= headerLen {
		layEvent(e, rec)
	}
}
