package session

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// A Row is one record with all that is known of it. Whoever fills it reuses
// it: what it points to is valid until the next row, except Conv and the pointers of Object.
type Row struct {
	Record   *trace.Record
	Packet   *packet.Packet  // nil unless the record is a packet
	Event    *provider.Event // nil unless the record is an event or carried by one
	Sighting *flow.Sighting  // nil unless the record is a packet
	Object   Object
	// Header is who was running when the event was logged: for display, never an owner.
	Header Header
	// Source is the index of the source.
	Source int
	// Info is what the source says of itself; it grows while reading. nil in rows that are tested out of order.
	Info *trace.Info
	// Times for relative columns: of the first record of the run, of the one
	// before this, of the one displayed before this; trace.NoTime when no record before had a time.
	// Whoever displays only some rows sets Displayed. Not known of rows out of order.
	First, Previous, Displayed int64
	// Findings are the ids of the findings that the record proves. Only a second pass knows them.
	Findings []string
}
