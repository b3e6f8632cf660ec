package session

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/kernel"
)

// classicEvent says what an event of the kernel logger is about: the process
// that its record names, or the one of the thread that it names. Network events
// name the process of a pair of endpoints too.
func (t *Tracker) classicEvent(ev *provider.Event, now flow.Moment) Object {
	if ev.Def == nil || ev.Provider == nil {
		return Object{}
	}
	if ev.Provider.GUID == kernel.TCPIPGUID || ev.Provider.GUID == kernel.UDPIPGUID {
		t.active = true
		return t.classicNetwork(ev, now)
	}
	f := t.fields(ev)
	if i := f.process; i >= 0 && i < len(ev.Values) && uint32(ev.Values[i].U) != unknownID {
		return t.subject(uint32(ev.Values[i].U), now)
	}
	if i := f.thread; i >= 0 && i < len(ev.Values) {
		if pid, ok := t.owned.at(uint32(ev.Values[i].U), now.Time); ok {
			return t.subject(pid, now)
		}
	}
	return Object{}
}

// subject is the process of this id, when some event told it: a sample or a loaded image makes none.
func (t *Tracker) subject(pid uint32, now flow.Moment) Object {
	if len(t.procs.byPID[pid]) == 0 {
		return Object{}
	}
	return Object{Process: t.procs.at(pid, now.Time), Kind: ByKey}
}

// subject finds the fields that name the process and the thread that a record
// is about, -1 without: in a classic event they have few names.
func subject(d *provider.Definition) (process, thread int) {
	process, thread = -1, -1
	for i := range d.Fields {
		switch d.Fields[i].Name {
		case "ProcessId", "PID", "StackProcess":
			process = i
		case "TThreadId", "ThreadId", "StackThread", "IssuingThreadId", "NewThreadId", "TTID":
			thread = i
		}
	}
	return process, thread
}
