// Package process decodes the records in which the kernel tells its
// processes: Process_V0 to Process_V5 of the NT kernel logger. Merged traces
// hold them as a rundown, often at the end of the file.
//
// Layouts: Windows SDK class MSNT_SystemTrace.Process, and the records of real traces.
package process

import (
	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// GUID is the class of process events that are logged as classic events.
var GUID = trace.MustGUID("{3D6FA8D0-FE05-11D0-9DDA-00C04FD7BA7C}")

const groupProcess = 3

// Kind says why a process is told.
type Kind uint8

const (
	Start    Kind = 1
	End      Kind = 2
	Rundown  Kind = 3    // was running when the trace started (DCStart)
	LastSeen Kind = 4    // was running when it stopped (DCEnd)
	Defunct  Kind = 0x27 // has exited and is still referenced
)

// Process is one process as a record tells it.
type Process struct {
	Kind        Kind
	Key         uint64 // address of the process object, 0 in old records
	PID, Parent uint32
	Session     uint32
	ExitStatus  int32
	SID         []byte // aliases the record
	Name        string // image file name
	CommandLine string
	Package     string
	Application string
	Time        int64 // of the record, nanoseconds since 1970
}

// Wants reports whether the record with this header is one that Parse reads.
func Wants(h *trace.EventHeader) bool {
	switch h.Header {
	case trace.HeaderSystem, trace.HeaderPerfInfo, trace.HeaderCompact:
		if h.Group != groupProcess {
			return false
		}
	case trace.HeaderFull:
		if h.Provider != GUID {
			return false
		}
	default:
		return false
	}
	switch Kind(h.Opcode) {
	case Start, End, Rundown, LastSeen, Defunct:
		return true
	}
	return false
}

// Parse decodes a record that Wants accepted. left is the number of bytes
// behind the last known field. The error says which read did not fit.
//
// A classic event has the pointer size of the process that logged it, which
// need not be that of the kernel whose processes it tells: when one size does
// not come out even, the other one is tried.
func Parse(rec *trace.Record) (p Process, left int, err error) {
	pointer := int(rec.Event.PointerSize)
	p, left, err = parse(rec, pointer)
	if left == 0 && err == nil || rec.Event.Header != trace.HeaderFull {
		return p, left, err
	}
	if q, rest, bad := parse(rec, 12-pointer); rest == 0 && bad == nil {
		return q, rest, bad
	}
	return p, left, err
}

func parse(rec *trace.Record, pointer int) (p Process, left int, err error) {
	h := rec.Event
	c := bin.Little(rec.Data)
	p.Kind, p.Time = Kind(h.Opcode), rec.Time
	if h.Version == 0 {
		p.PID, p.Parent = uint32(c.Pointer(pointer)), uint32(c.Pointer(pointer))
	} else {
		if h.Version >= 2 {
			p.Key = c.Pointer(pointer)
		} else {
			c.Skip(pointer) // page directory base
		}
		p.PID, p.Parent = c.U32(), c.U32()
		p.Session, p.ExitStatus = c.U32(), int32(c.U32())
		if h.Version >= 3 {
			c.Skip(pointer) // directory table base
		}
		if h.Version >= 4 {
			c.Skip(4) // flags
		}
	}
	p.SID = sid(&c, pointer)
	p.Name = c.ASCII()
	if h.Version >= 2 {
		p.CommandLine = c.UTF16()
	}
	if h.Version >= 4 {
		p.Package, p.Application = c.UTF16(), c.UTF16()
	}
	if h.Version >= 5 {
		c.Skip(8)
	}
	return p, c.Len(), c.Err()
}

// sid reads a TOKEN_USER: two pointers and the SID ([MS-DTYP] 2.4.2.2), or four
// zero bytes when there is none. The pointers may be 0 with a SID behind them;
// then what follows the four bytes is no name, but looks like more zeros and a SID.
func sid(c *bin.Cursor, pointer int) []byte {
	rest := c.Rest()
	if len(rest) < 4 {
		return nil
	}
	at := 2 * pointer
	follows := len(rest) >= at+8 && rest[4] == 0 && rest[at] == 1 && rest[at+1] <= 15
	if rest[0]|rest[1]|rest[2]|rest[3] == 0 && !follows {
		c.Skip(4)
		return nil
	}
	c.Skip(2 * pointer)
	rest = c.Rest()
	if len(rest) < 8 {
		c.Skip(8)
		return nil
	}
	return c.Bytes(8 + 4*int(rest[1]))
}
