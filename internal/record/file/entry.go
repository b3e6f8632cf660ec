package file

import (
	"hash/maphash"
	"strconv"

	"github.com/wiretale/wiretale/internal/journal"
	"github.com/wiretale/wiretale/internal/record/event"
)

// Event writes an event as a journal entry.
func (w *Writer) Event(e *event.Event) {
	at := w.begin(blockJournal)
	w.stamp(e.Time)
	name := event.Names[min(int(e.Kind), len(event.Names)-1)]
	if e.Kind == event.Call {
		name = event.Calls[e.Call]
	}
	w.line(journal.EventKey, name)
	if e.PID != 0 {
		w.decimal("_PID", int64(e.PID))
		w.decimal("TID", int64(e.TID))
		w.line("_COMM", e.Command)
	}
	w.decimal(journal.CPUKey, int64(e.CPU))
	if e.Kind == event.Call {
		w.call(e)
	} else {
		w.stack(e)
	}
	w.buf = append(w.buf, "MESSAGE="...)
	w.buf = append(appendMessage(w.buf, e), '\n')
	w.end(at)
}

// stamp begins an entry with its time, in microseconds for Wireshark and in nanoseconds.
func (w *Writer) stamp(ns int64) {
	w.decimal("__REALTIME_TIMESTAMP", ns/1000)
	w.decimal(journal.TimeKey, ns)
}

// line writes a field. A value with control characters is written with its length (systemd, Journal Export Format).
func (w *Writer) line(name, value string) {
	w.buf = append(w.buf, name...)
	for i := range len(value) {
		if value[i] < ' ' {
			w.buf = append(w.buf, '\n')
			w.u64(uint64(len(value)))
			w.buf = append(append(w.buf, value...), '\n')
			return
		}
	}
	w.buf = append(w.buf, '=')
	w.buf = append(append(w.buf, value...), '\n')
}

func (w *Writer) decimal(name string, v int64) {
	w.buf = append(append(w.buf, name...), '=')
	w.buf = append(strconv.AppendInt(w.buf, v, 10), '\n')
}

// socket writes what stands for an address of the kernel.
func (w *Writer) socket(name string, address uint64) {
	if address == 0 {
		return
	}
	w.buf = append(append(w.buf, name...), "=0x"...)
	w.buf = append(strconv.AppendUint(w.buf, maphash.Comparable(w.seed, address)|1, 16), '\n')
}

// ends writes what is known of the socket of an event.
func (w *Writer) ends(e *event.Event) {
	w.socket("WIRETALE_SOCKET", e.Socket)
	if e.Cookie != 0 {
		w.decimal("WIRETALE_COOKIE", int64(e.Cookie))
	}
	if e.Local.Port() != 0 {
		w.buf = append(w.buf, "WIRETALE_LOCAL="...)
		w.buf = append(appendEndpoint(w.buf, e.Local), '\n')
	}
	if e.Remote.Port() != 0 {
		w.buf = append(w.buf, "WIRETALE_REMOTE="...)
		w.buf = append(appendEndpoint(w.buf, e.Remote), '\n')
	}
}

var phases = [...]string{event.Enter: "enter", event.Leave: "exit"}

func (w *Writer) call(e *event.Event) {
	if e.Phase != event.Whole {
		w.line("WIRETALE_PHASE", phases[e.Phase])
	}
	if e.Phase != event.Enter && e.Duration >= 0 {
		w.decimal("WIRETALE_DURATION_NS", e.Duration)
	}
	if e.FD >= 0 {
		w.decimal("WIRETALE_FD", int64(e.FD))
	}
	w.ends(e)
	if e.Family != 0 {
		w.decimal("WIRETALE_FAMILY", int64(e.Family))
	}
	if e.HasType {
		w.decimal("WIRETALE_TYPE", int64(e.Type))
		w.decimal("WIRETALE_PROTOCOL", int64(e.Protocol))
	}
	if e.Address.IsValid() {
		w.buf = append(w.buf, "WIRETALE_ADDRESS="...)
		w.buf = append(appendEndpoint(w.buf, e.Address), '\n')
	}
	switch {
	case e.Call == event.Listen:
		w.decimal("WIRETALE_BACKLOG", int64(e.Arg))
	case e.Call == event.Shutdown:
		w.decimal("WIRETALE_HOW", int64(e.Arg))
	case e.Call.Accepts():
		w.socket("WIRETALE_ACCEPTED", e.Accepted)
	}
	if e.Length >= 0 && e.Call.Lightens() {
		w.decimal("WIRETALE_LENGTH", e.Length)
	}
	if e.Phase != event.Enter {
		w.decimal("WIRETALE_RESULT", e.Result)
		if e.Errno != 0 {
			w.decimal("WIRETALE_ERRNO", int64(e.Errno))
		}
	}
}

func (w *Writer) stack(e *event.Event) {
	switch e.Kind {
	case event.Drop:
		w.line("WIRETALE_REASON", e.Why)
		w.decimal("WIRETALE_REASON_CODE", int64(e.Reason))
		if e.Location != "" {
			w.line("WIRETALE_LOCATION", e.Location)
		}
		if e.Local.IsValid() {
			w.buf = append(w.buf, "WIRETALE_SOURCE="...)
			w.buf = append(appendEndpoint(w.buf, e.Local), '\n')
			w.buf = append(w.buf, "WIRETALE_DESTINATION="...)
			w.buf = append(appendEndpoint(w.buf, e.Remote), '\n')
			w.decimal("WIRETALE_PROTOCOL", int64(e.Protocol))
		}
		if e.Protocol == 6 {
			w.decimal("WIRETALE_TCP_FLAGS", int64(e.Flags))
		}
		if e.Length >= 0 {
			w.decimal("WIRETALE_LENGTH", e.Length)
		}
		if e.NetNS != 0 {
			w.decimal("WIRETALE_NETNS", int64(e.NetNS))
		}
		return
	case event.Exec, event.Fork, event.Exit:
		if e.Parent != 0 {
			w.decimal("WIRETALE_PPID", int64(e.Parent))
		}
		return
	}
	w.ends(e)
	switch e.Kind {
	case event.State:
		w.line("WIRETALE_OLDSTATE", event.Name(event.States[:], e.Old))
		w.line("WIRETALE_NEWSTATE", event.Name(event.States[:], e.New))
		w.decimal("WIRETALE_PROTOCOL", int64(e.Protocol))
	case event.Retransmit:
		w.line("WIRETALE_NEWSTATE", event.Name(event.States[:], e.New))
	case event.SendReset:
		w.line("WIRETALE_REASON", e.Why)
		w.decimal("WIRETALE_REASON_CODE", int64(e.Reason))
	case event.Congestion:
		w.line("WIRETALE_NEWSTATE", event.Name(event.Congestions[:], e.New))
		if e.CWnd != 0 {
			w.decimal("WIRETALE_CWND", int64(e.CWnd))
			w.decimal("WIRETALE_SSTHRESH", int64(e.SSThresh))
			w.decimal("WIRETALE_SRTT_NS", e.SRTT)
		}
	case event.SocketError:
		w.decimal("WIRETALE_ERRNO", int64(e.Errno))
		w.decimal("WIRETALE_PROTOCOL", int64(e.Protocol))
	}
}

// Clock writes which time of CLOCK_MONOTONIC a time was, and how exact that is.
func (w *Writer) Clock(now, monotonic, uncertain int64) {
	at := w.begin(blockJournal)
	w.stamp(now)
	w.line("WIRETALE_EVENT", "clock")
	w.decimal("WIRETALE_MONOTONIC_NS", monotonic)
	w.decimal("WIRETALE_CLOCK_ERROR_NS", uncertain)
	w.line("MESSAGE", "the clock, and the time since the start of the system")
	w.end(at)
}

// Step writes that the clock was set.
func (w *Writer) Step(now, monotonic, step int64) {
	at := w.begin(blockJournal)
	w.stamp(now)
	w.line("WIRETALE_EVENT", "clock_step")
	w.decimal("WIRETALE_OFFSET_NS", step)
	w.decimal("WIRETALE_MONOTONIC_NS", monotonic)
	w.line("MESSAGE", "the clock was set by "+seconds(step))
	w.end(at)
}

// EventsLost writes how many events there was no room for.
func (w *Writer) EventsLost(now int64, n uint64) {
	at := w.begin(blockJournal)
	w.stamp(now)
	w.line("WIRETALE_EVENT", "events_lost")
	w.decimal("WIRETALE_LOST", int64(n))
	if n == 0 {
		w.line("MESSAGE", "no events lost")
	} else {
		w.line("MESSAGE", strconv.FormatUint(n, 10)+" events lost: the ring was full")
	}
	w.end(at)
}

func seconds(ns int64) string { return strconv.FormatFloat(float64(ns)/1e9, 'f', 6, 64) + " s" }
