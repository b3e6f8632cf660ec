package session

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/wiretale/wiretale/internal/journal"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/linux"
	"github.com/wiretale/wiretale/trace"
)

// FuzzLinux feeds a tracker with entries, one after another, as a hostile recording may have them: none of it may panic, and what is kept
// is no more than there are entries.
func FuzzLinux(f *testing.F) {
	call := func(event, phase string, words ...string) []byte {
		b := journal.Append(nil, journal.EventKey, event)
		if phase != "" {
			b = journal.Append(b, linux.Key("Phase"), phase)
		}
		for i := 0; i < len(words); i += 2 {
			b = journal.Append(b, linux.Key(words[i]), words[i+1])
		}
		return b
	}
	f.Add(bytes.Join([][]byte{
		call("socket", "enter", "PID", "7"), call("socket", "exit", "PID", "7", "Socket", "0x10", "Result", "3", "Family", "2", "Type", "1"),
		call("listen", "exit", "PID", "7", "Socket", "0x10", "Backlog", "1"),
		call(journal.State, "", "Socket", "0x10", "NewState", "TCP_LISTEN", "LocalAddress", "10.0.0.1:80"),
		call(journal.State, "", "Socket", "0x20", "OldState", "TCP_SYN_RECV", "NewState", "TCP_ESTABLISHED", "LocalAddress", "10.0.0.1:80", "RemoteAddress", "10.0.0.2:5"),
		call("accept4", "exit", "PID", "7", "Socket", "0x10", "Accepted", "0x20", "Result", "4", "Address", "10.0.0.2:5"),
		call("read", "", "PID", "8", "Socket", "0x20", "Length", "5", "Result", "5", "Duration", "9000000000000000000"),
		call("close", "", "PID", "7", "FD", "4"), call(journal.Drop, "", "Reason", "NO_SOCKET", "SourceAddress", "10.0.0.2:5", "DestinationAddress", "10.0.0.1:80", "Flags", "2"),
		call(journal.ProcessEnd, "", "PID", "7"), call("sendto", "", "PID", "9", "Socket", "0x30", "Type", "2", "LocalAddress", "0.0.0.0:9", "Address", "10.0.0.2:53"),
	}, []byte("\n")))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := provider.NewRegistry(linux.Providers...)
		tr := NewTracker(0)
		var e provider.Event
		n := 0
		for entry := range bytes.SplitSeq(data, []byte("\n\n")) {
			var h trace.EventHeader
			h.Header, h.PointerSize = trace.HeaderJournal, 8
			for name, v := range journal.Fields(entry) {
				switch name {
				case journal.EventKey:
					if ev, ok := journal.Find(string(v.Bytes)); ok {
						h.Provider, h.ID = ev.Provider, ev.ID
					}
				case "_PID":
					if p, err := strconv.ParseUint(string(v.Bytes), 10, 32); err == nil {
						h.PID, h.TID, h.HasThread = uint32(p), uint32(p), true
					}
				}
			}
			n++
			rec := trace.Record{Pos: trace.Pos{Number: int64(n)}, Time: int64(n) * 1e6, Kind: trace.Event, Event: &h, Data: entry}
			r.Decode(&rec, &e)
			tr.Event(&e, &rec)
		}
		s := tr.End()
		if len(s.Sockets) > 2*n || len(s.TCBs) > n || len(s.Calls) > 2*n {
			t.Fatalf("%d sockets, %d control blocks, %d calls of %d entries", len(s.Sockets), len(s.TCBs), len(s.Calls), n)
		}
		s.API()
	})
}
