package kernel

import (
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// Kind says why a process or thread is told: the type of the event.
type Kind uint8

const (
	Start    Kind = 1
	End      Kind = 2
	Rundown  Kind = 3    // was running when the trace started (DCStart)
	LastSeen Kind = 4    // was running when it stopped (DCEnd)
	Defunct  Kind = 0x27 // a process that has exited and is still referenced
)

// A Process is one process as a record tells it.
type Process struct {
	Kind        Kind
	Key         uint64 // address of the process object, 0 in old records
	PID, Parent uint32
	Name        string // image file name
	CommandLine string
}

// A Thread is one thread as a record tells it.
type Thread struct {
	Kind     Kind
	TID, PID uint32
}

// Learns reports whether the record with this header tells a process or a thread. Traces have most of
// them as a rundown at the end: readers look for them before the events that need the names.
func Learns(h *trace.EventHeader) bool {
	process, thread := false, false
	switch {
	case h.Kernel():
		process, thread = h.Group == groupProcess, h.Group == groupThread
	case h.Header == trace.HeaderFull, h.Header == trace.HeaderInstance:
		process, thread = h.Provider == ProcessGUID, h.Provider == ThreadGUID
	}
	k := Kind(h.Opcode)
	return (process || thread) && k >= Start && k <= LastSeen || process && k == Defunct
}

// The kernel's groups of processes and threads.
const (
	groupProcess = 3
	groupThread  = 5
)

// ProcessOf is the process that the event tells; false for any other event, or one that ends too early.
// Strings are the caller's to keep.
func ProcessOf(e *provider.Event) (Process, bool) {
	if e.Def == nil || e.Provider.GUID != ProcessGUID || e.Short || !Learns(e.Header) {
		return Process{}, false
	}
	name, _ := e.Value("ImageFileName")
	command, _ := e.Value("CommandLine")
	return Process{
		Kind: Kind(e.Header.Opcode), Key: e.Uint("UniqueProcessKey"), PID: uint32(e.Uint("ProcessId")), Parent: uint32(e.Uint("ParentId")),
		Name: name.S, CommandLine: command.S,
	}, true
}

// ThreadOf is the thread that the event tells; false for any other event, or one that ends too early.
func ThreadOf(e *provider.Event) (Thread, bool) {
	if e.Def == nil || e.Provider.GUID != ThreadGUID || e.Short || !Learns(e.Header) {
		return Thread{}, false
	}
	return Thread{Kind: Kind(e.Header.Opcode), TID: uint32(e.Uint("TThreadId")), PID: uint32(e.Uint("ProcessId"))}, true
}
