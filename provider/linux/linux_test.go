package linux_test

import (
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/journal"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/linux"
	"github.com/wiretale/wiretale/trace"
)

func decode(r *provider.Registry, guid trace.GUID, id uint16, entry []byte) *provider.Event {
	rec := &trace.Record{Kind: trace.Event, Data: entry, Event: &trace.EventHeader{Header: trace.HeaderJournal, Provider: guid, ID: id}}
	e := new(provider.Event)
	r.Decode(rec, e)
	return e
}

func TestLay(t *testing.T) {
	r := provider.NewRegistry(linux.Providers...)
	entry := journal.Append(nil, journal.EventKey, "recvfrom")
	entry = journal.Append(entry, "_COMM", "app")
	entry = journal.Append(entry, "WIRETALE_SOCKET", "0xffff888000000010")
	entry = journal.Append(entry, "WIRETALE_RESULT", "-1")
	entry = journal.Append(entry, "WIRETALE_ERRNO", "11")
	entry = journal.Append(entry, "WIRETALE_REMOTE", "[::ffff:10.0.0.9]:80")
	entry = journal.Append(entry, "WIRETALE_DURATION_NS", "1500")
	entry = journal.Append(entry, "OF_NOBODY", "x")
	entry = journal.Append(entry, "MESSAGE", "recvfrom\x1b")
	e := decode(r, journal.SocketGUID, 14, entry)
	if e.Def == nil || e.Def.Name != "recvfrom" || e.Short {
		t.Fatalf("%+v", e.Def)
	}
	if v, _ := e.Value("Result"); int64(v.U) != -1 {
		t.Errorf("result %d", int64(v.U))
	}
	if a := e.Addr("RemoteAddress"); a.String() != "10.0.0.9:80" || e.Uint("Socket") != 0xffff888000000010 || e.Uint("Duration") != 1500 {
		t.Errorf("%v %x", a, e.Uint("Socket"))
	}
	if got := string(provider.AppendText(nil, e)); got != `recvfrom\x1b` {
		t.Errorf("%q", got)
	}
	for i, at := range e.Spans {
		if at.Off < 0 || at.Off+at.Len > len(entry) || !strings.Contains(string(entry), string(entry[at.Off:at.Off+at.Len])) {
			t.Errorf("field %d lies at %+v", i, at)
		}
	}
	bad := journal.Append(journal.Append(nil, journal.EventKey, "read"), "WIRETALE_FD", "three")
	if e := decode(r, journal.SocketGUID, 1, bad); !e.Short || len(e.Values) != 0 {
		t.Errorf("a number that is none: %+v", e.Values)
	}
}

func TestErrno(t *testing.T) {
	for n, want := range map[uint32]string{111: "ECONNREFUSED", 98: "EADDRINUSE", 5000: "errno 5000"} {
		if got := linux.ErrnoName(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	if linux.Status(0) != 0 || linux.Status(11) != 0 || linux.Status(linux.EADDRINUSE) != 0xC000020A || linux.Status(5000)>>30 != 3 {
		t.Error("statuses")
	}
}

func FuzzLay(f *testing.F) {
	entry := journal.Append(nil, journal.EventKey, "connect")
	for _, name := range []string{"Socket", "FD", "Address", "LocalAddress", "Duration", "Reason", "Length", "Errno"} {
		entry = journal.Append(entry, linux.Key(name), "10.0.0.1:80")
		entry = journal.Append(entry, linux.Key(name), "17")
	}
	f.Add(entry)
	f.Add([]byte("WIRETALE_EVENT=read\nMESSAGE\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\n"))
	r := provider.NewRegistry(linux.Providers...)
	f.Fuzz(func(t *testing.T, entry []byte) {
		e := decode(r, journal.StackGUID, 1, entry)
		for i, at := range e.Spans {
			if at.Off < 0 || at.Len < 0 || at.Off+at.Len > len(entry) {
				t.Fatalf("field %d at %+v of %d", i, at, len(entry))
			}
		}
		provider.AppendText(nil, e)
	})
}
