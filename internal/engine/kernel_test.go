package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/provider"
)

// The kernel logger's network events own the packets between their endpoints,
// in a file where nothing else does. Packets and events run in whatever was interrupted.
const kernelNetwork = `-- a.etl --
trace windows=10.0.17763 pointer=%s
0.1 event 7 TcpIp 12 v2 PID=2704 daddr=10.0.0.9 saddr=10.0.0.1 dport=80 sport=50000
0.2 packet 7 out 10.0.0.1:50000 > 10.0.0.9:80 S seq=1
0.3 packet 7 in 10.0.0.9:80 > 10.0.0.1:50000 SA seq=9 ack=2
0.4 udp 7 in [fe80::9]:53 > [fe80::1]:50001 len=20
0.5 event 7 UdpIp 27 v2 PID=3000 size=20 daddr=fe80::1 saddr=fe80::9 dport=50001 sport=53
0.6 event 7 TcpIp 11 v2 PID=2704 size=20 daddr=10.0.0.9 saddr=10.0.0.1 dport=80 sport=50000
0.7 event 7 Thread 50 v2 TThreadId=99
0.8 event 7 Thread 1 v2 ProcessId=2704 TThreadId=99
0.9 event 7 Thread 50 v2 TThreadId=99
1 process 2704 client.exe key=0xFFFF800000001234
1 process 3000 dns.exe
`

func TestKernelNetworkOwnsPackets(t *testing.T) {
	for _, pointer := range []string{"4", "8"} {
		traces, err := fixture.Parse([]byte(fmt.Sprintf(kernelNetwork, pointer)))
		if err != nil {
			t.Fatal(err)
		}
		path, err := traces[0].Write(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		run, err := engine.Open(context.Background(), []string{path}, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer run.Close()
		texts, about := map[string]bool{}, map[int64]string{}
		err = run.Each(func(row *engine.Row) error {
			if row.Event != nil && row.Packet == nil {
				texts[string(provider.AppendText(nil, row.Event))] = true
			}
			if p := row.Object.Process; p != nil {
				about[row.Record.Pos.Number] = p.Name
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		c := run.Case()
		if c.Sources[0].Undecoded != 0 || c.Conversations.Len() != 2 {
			t.Fatalf("%d events without a layout, %d conversations", c.Sources[0].Undecoded, c.Conversations.Len())
		}
		for id, name := range []string{"client.exe", "dns.exe"} {
			e := c.Session.Endpoints[id]
			if e == nil || e.Process == nil || e.Process.Name != name || e.Kind != session.ByKey {
				t.Errorf("pointer %s: conversation %d has the owner %+v, want %s", pointer, id, e, name)
			}
		}
		// The first TcpIp event is record 2: the header of the file is record 1.
		for number, name := range map[int64]string{2: "client.exe", 3: "client.exe", 4: "client.exe", 6: "dns.exe", 7: "client.exe", 8: "", 9: "client.exe", 10: "client.exe"} {
			if about[number] != name {
				t.Errorf("pointer %s: record %d is about %q, want %q", pointer, number, about[number], name)
			}
		}
		for _, want := range []string{
			"TCP: PID 2704 (0xA90) received 20 (0x14) bytes, 10.0.0.9:80 to 10.0.0.1:50000.",
			"UDP: PID 3000 (0xBB8) received 20 (0x14) bytes, [fe80::9]:53 to [fe80::1]:50001.",
			"Thread/ReadyThread TThreadId=99 (0x63) AdjustReason=0 (0x0) AdjustIncrement=0 (0x0) Flag=0 (0x0) Reserved=0 (0x0)",
		} {
			if !texts[want] {
				t.Errorf("pointer %s: no event reads %q", pointer, want)
			}
		}
	}
}
