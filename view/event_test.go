package view

import (
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/kernel"
	"github.com/wiretale/wiretale/trace"
)

// kernelRow is a row of a kernel record, decoded.
func kernelRow(t *testing.T, group, kind, version uint8, data []byte) *engine.Row {
	t.Helper()
	rec := &trace.Record{Kind: trace.Event, Data: data, Event: &trace.EventHeader{
		Header: trace.HeaderPerfInfo, Group: group, Opcode: kind, Version: version, PointerSize: 4,
	}}
	e := &provider.Event{}
	if provider.NewRegistry(kernel.Providers...).Decode(rec, e); e.Short || len(e.Extra) > 0 {
		t.Fatalf("group %d type %d does not fit", group, kind)
	}
	return &engine.Row{Record: rec, Event: e}
}

func TestEndpointsOfNetworkEvents(t *testing.T) {
	// PID, size, daddr 10.0.0.9, saddr 10.0.0.1, dport 80, sport 5000, seqnum, connid
	data := []byte{44, 0, 0, 0, 9, 0, 0, 0, 10, 0, 0, 9, 10, 0, 0, 1, 0, 80, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0}
	const local, remote = "10.0.0.1:5000", "10.0.0.9:80"
	for _, tt := range []struct {
		group, kind uint8
		src, dst    string
	}{
		{6, 13, local, remote},
		{6, 11, remote, local}, // what TCP received came from the other end
		{8, 10, local, remote},
		{8, 11, local, remote}, // saddr of a datagram is its sender
	} {
		c := ColumnsOf(kernelRow(t, tt.group, tt.kind, 2, data))
		if c.Source != tt.src || c.Destination != tt.dst {
			t.Errorf("group %d type %d: %s to %s, want %s to %s", tt.group, tt.kind, c.Source, c.Destination, tt.src, tt.dst)
		}
	}
	if c := ColumnsOf(kernelRow(t, 6, 17, 2, []byte{1, 0, 2, 0})); c.Source != "" || c.Destination != "" {
		t.Errorf("an event without addresses: %+v", c)
	}
}

func TestListsAreShownInFull(t *testing.T) {
	row := kernelRow(t, 0x18, 36, 2, append([]byte{5, 0, 0, 0}, make([]byte, 4*100)...)) // a stack of 100 frames
	if got, want := EventValue(row, 1), 100*len("0x00000000, "); len(got) != want {
		t.Errorf("%d bytes of text, want %d: %s", len(got), want, got)
	}
	row = kernelRow(t, 0x18, 36, 2, []byte{5, 0, 0, 0})
	if got := EventValue(row, 1); got != "[]" {
		t.Errorf("an empty list: %q", got)
	}
	if got := ProviderGUID(row).String(); got != "{DEF2FE46-7BD6-4B80-BD94-F57FE20D0CE3}" {
		t.Errorf("class of a kernel record: %s", got)
	}
}

// The timeline of a process has what happened to it, not what the kernel lists or samples.
func TestTimelineOfKernelRecords(t *testing.T) {
	p := &session.Process{PID: 44}
	sel := &Selection{Process: p}
	for _, tt := range []struct {
		group, kind, version uint8
		data                 []byte
		want                 bool
	}{
		{3, 1, 0, append(make([]byte, 12), 'a', 0), true},  // start
		{3, 4, 0, append(make([]byte, 12), 'a', 0), false}, // rundown
		{5, 1, 0, make([]byte, 8), false},
		{15, 46, 2, make([]byte, 12), false},
		{6, 17, 2, make([]byte, 4), true},
	} {
		row := kernelRow(t, tt.group, tt.kind, tt.version, tt.data)
		row.Object.Process = p
		if got := sel.Has(row); got != tt.want {
			t.Errorf("group %d type %d: %v, want %v", tt.group, tt.kind, got, tt.want)
		}
	}
}
