package trace

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that a caller may act upon; test with errors.Is.
var (
	// ErrTruncated: the source ends inside a record; what came before is good.
	ErrTruncated = errors.New("cut short")
	// ErrUnknownFormat: no reader recognises the source.
	ErrUnknownFormat = errors.New("not a trace that wiretale knows")
	// ErrCorrupt: the source contradicts its own format.
	ErrCorrupt = errors.New("damaged")
)

// An Error says what could not be read and where.
type Error struct {
	Source string // file name
	Offset int64  // byte offset in the uncompressed source, -1 when it has none
	Record int64  // number of the record, 0 when it has none
	Layer  string // "pcapng enhanced packet block", "ip"
	Need   int64  // bytes that the layer needs; valid iff Need != Have
	Have   int64  // bytes that there are
	Detail string // what is wrong, when it is not a length
	Err    error  // ErrTruncated, ErrCorrupt, or an error of the operating system
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Source != "" {
		b.WriteString(e.Source + ": ")
	}
	if e.Layer != "" {
		b.WriteString(e.Layer)
	}
	if e.Record > 0 {
		fmt.Fprintf(&b, " %d", e.Record)
	}
	if e.Offset >= 0 {
		fmt.Fprintf(&b, " at byte %d", e.Offset)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Need != e.Have {
		fmt.Fprintf(&b, " (needs %d bytes, has %d)", e.Need, e.Have)
	}
	return strings.TrimPrefix(b.String(), ": ")
}

func (e *Error) Unwrap() error { return e.Err }
