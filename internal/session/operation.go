package session

import (
	"strings"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/provider"
)

// An Operation is what a process asked of the system, as a log of Process Monitor has it.
type Operation struct {
	At       flow.Moment // its beginning
	Duration int64       // nanoseconds; 0 when it did not end
	Process  *Process    // nil when it is not known
	Name     string      // "ReadFile", "RegOpenKey"
	Path     string
	// Of ReadFile and WriteFile:
	Offset, Requested int64 // bytes
	Paging            bool  // the system moves pages between the file and its cache
}

// Calls reports whether the operation reads or writes a file.
func (o *Operation) Calls() bool { return o.Name == readFile || o.Name == writeFile }

// Writes reports whether it writes one.
func (o *Operation) Writes() bool { return o.Name == writeFile }

const (
	readFile  = "ReadFile"
	writeFile = "WriteFile"

	// maxOperations bounds those that are kept of a source, reads and writes of files apart from others: 60 MB of them.
	maxOperations = 1 << 18
	// maxPaths bounds the paths that are kept with them; operations on others have none.
	maxPaths = 1 << 16
	// longest is the longest time of an operation that is believed, in nanoseconds: 36 years.
	longest = 1 << 60
)

// operations are what a log has told.
type operations struct {
	list  []Operation
	calls int
	paths map[string]string
}

// KeepOperations makes the tracker list the operations of a log, for a join with what a capture beside it has.
func (t *Tracker) KeepOperations() { t.operations = &operations{paths: map[string]string{}} }

// fastRefused is the result of a fast call that the system then repeats as a request: it would count twice.
const fastRefused = "FAST IO DISALLOWED"

func (o *operations) add(ev *provider.Event, p *Process, now flow.Moment) {
	name := ev.Def.Name
	call := name == readFile || name == writeFile
	n := o.calls
	if !call {
		n = len(o.list) - o.calls
	}
	if result, _ := ev.Value("Result"); n >= maxOperations || result.S == fastRefused {
		return
	}
	path, _ := ev.Value("Path")
	op := Operation{At: now, Duration: int64(min(ev.Uint("Duration"), longest)), Process: p, Name: o.keep(name), Path: o.keep(path.S)}
	if call {
		offset, ok := ev.Value("Offset")
		flags, _ := ev.Value("IOFlags")
		length := int64(ev.Uint("Requested"))
		if length == 0 { // an export may leave it out where as much was read
			length = int64(ev.Uint("Length"))
		}
		if !ok || int64(offset.U) < 0 || length <= 0 || op.Path == "" {
			return
		}
		op.Offset, op.Requested, op.Paging = int64(offset.U), length, strings.Contains(flags.S, "Paging I/O")
		o.calls++
	}
	o.list = append(o.list, op)
}

// keep is a copy of a text of the event that is shared by all operations with it.
func (o *operations) keep(s string) string {
	if kept, ok := o.paths[s]; ok {
		return kept
	}
	if len(o.paths) >= maxPaths {
		return ""
	}
	kept := strings.Clone(s)
	o.paths[kept] = kept
	return kept
}
