package pcapng

import (
	"strconv"

	"github.com/wiretale/wiretale/internal/journal"
	"github.com/wiretale/wiretale/trace"
)

// journal hands out a systemd journal export block (draft, 4.6). Wireshark
// counts it as a frame, with the entry's own time. An entry that wiretale
// record wrote is an event: docs/formats/record.md.
func (r *Reader) journal(body []byte, rec *trace.Record) bool {
	for pad := 0; pad < 3 && len(body) > 0 && body[len(body)-1] == 0; pad++ {
		body = body[:len(body)-1]
	}
	r.number++
	rec.Pos.Number, rec.Numbered, rec.Kind, rec.Data = r.number, true, trace.Journal, body
	rec.WireLen = len(body)
	var e entry
	e.read(body)
	rec.Time = e.time
	rec.Text = e.text()
	ev, ok := journal.Find(e.event)
	if !ok {
		return true
	}
	r.event = trace.EventHeader{
		Header: trace.HeaderJournal, Provider: ev.Provider, ID: ev.ID, PID: e.pid, TID: e.tid, HasThread: e.hasPID, CPU: e.cpu, PointerSize: 8, Total: len(body),
	}
	rec.Kind, rec.Event, rec.Text = trace.Event, &r.event, ""
	return true
}

// An entry is what the reader itself looks at.
type entry struct {
	time                      int64
	message, identifier, comm string
	pidText                   string
	event                     string
	pid, tid                  uint32
	cpu                       uint16
	hasPID, exact             bool
}

// maxText is how long a text of an entry is that is kept, in bytes.
const maxText = 64 << 10

func (e *entry) read(body []byte) {
	e.time = trace.NoTime
	for name, v := range journal.Fields(body) {
		to := (*string)(nil)
		switch name {
		case "__REALTIME_TIMESTAMP": // microseconds since 1970
			if us, err := strconv.ParseInt(string(v.Bytes), 10, 64); err == nil && us < 9e15 && us > -9e15 && !e.exact {
				e.time = us * 1000
			}
		case journal.TimeKey: // nanoseconds
			if ns, err := strconv.ParseInt(string(v.Bytes), 10, 64); err == nil {
				e.time, e.exact = ns, true
			}
		case "MESSAGE":
			to = &e.message
		case "SYSLOG_IDENTIFIER":
			to = &e.identifier
		case "_COMM":
			to = &e.comm
		case "_PID":
			to = &e.pidText
			if n, err := strconv.ParseUint(string(v.Bytes), 10, 32); err == nil {
				e.pid, e.hasPID = uint32(n), true
			}
		case journal.EventKey:
			to = &e.event
		case journal.ThreadKey:
			if n, err := strconv.ParseUint(string(v.Bytes), 10, 32); err == nil {
				e.tid = uint32(n)
			}
		case journal.CPUKey:
			if n, err := strconv.ParseUint(string(v.Bytes), 10, 16); err == nil {
				e.cpu = uint16(n)
			}
		}
		if to != nil && *to == "" {
			*to = string(v.Bytes[:min(len(v.Bytes), maxText)])
		}
	}
}

// text is the message of an entry, after who said it.
func (e *entry) text() string {
	who := e.identifier
	if who == "" {
		who = e.comm
	}
	if who != "" && e.pidText != "" {
		who += "[" + e.pidText + "]"
	}
	switch {
	case e.message == "":
		return who
	case who == "":
		return e.message
	}
	return who + ": " + e.message
}
