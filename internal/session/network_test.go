package session

import (
	"fmt"
	"testing"
)

// Network events of the kernel name a process with both endpoints: they own a
// conversation of which no socket and no TCB is known, by key, whoever was running.
func TestNetworkEventsOwnConversations(t *testing.T) {
	tests := []struct {
		name, event, packet string
		side                int // of the conversation's ends that is this host
	}{
		{"classic TCP send", "TcpIp 10 PID=44 size=9 daddr=10.0.0.9 saddr=10.0.0.1 dport=80 sport=5000", "10.0.0.1:5000 10.0.0.9:80 S seq=1", 0},
		{"classic TCP receive", "TcpIp 11 PID=44 size=9 daddr=10.0.0.9 saddr=10.0.0.1 dport=6000 sport=80", "10.0.0.9:6000 10.0.0.1:80 S seq=1", 1},
		{"classic TCP over IPv6", "TcpIp 27 PID=44 size=9 daddr=fe80::9 saddr=fe80::1 dport=80 sport=5000", "[fe80::1]:5000 [fe80::9]:80 S seq=1", 0},
		{"classic UDP send", "UdpIp 10 PID=44 size=9 daddr=10.0.0.9 saddr=10.0.0.1 dport=53 sport=5000", "10.0.0.1:5000 10.0.0.9:53 udp len=9", 0},
		{"classic UDP receive", "UdpIp 11 PID=44 size=9 daddr=10.0.0.1 saddr=10.0.0.9 dport=53 sport=5000", "10.0.0.9:5000 10.0.0.1:53 udp len=9", 1},
		{"manifest TCP", "network 12 PID=44 size=0 daddr=10.0.0.9 saddr=10.0.0.1 dport=80 sport=5000", "10.0.0.1:5000 10.0.0.9:80 S seq=1", 0},
		{"manifest UDP receive", "network 43 PID=44 size=9 daddr=10.0.0.1 saddr=10.0.0.9 dport=53 sport=5000", "10.0.0.9:5000 10.0.0.1:53 udp len=9", 1},
	}
	for _, tt := range tests {
		for _, order := range []string{"1 999 %s\n2 0 packet %s", "1 0 packet %[2]s\n2 999 %[1]s"} { // the event may come after the packet
			t.Run(tt.name, func(t *testing.T) {
				s := newScript(t)
				s.tracker.LearnProcess(ProcessRecord{PID: 44, Name: "a.exe", From: "test"})
				s.play(fmt.Sprintf(order, tt.event, tt.packet))
				e := s.tracker.End()
				end := e.Endpoints[0]
				if end == nil || end.Process == nil || end.Process.PID != 44 || end.Process.Name != "a.exe" || end.Side != tt.side || end.Kind != ByKey {
					t.Fatalf("endpoint %+v", end)
				}
				joined := false
				for _, j := range e.Joins {
					joined = joined || j.What == "4-tuple -> process" && j.Kind == ByKey && len(j.Where) == 1
				}
				if !joined {
					t.Errorf("no join in %+v", e.Joins)
				}
			})
		}
	}
}

// A port that is used again belongs to the process that uses it then; TCP and UDP do not mix.
func TestPairsAreUsedAgain(t *testing.T) {
	s := newScript(t).play(`
1 0 TcpIp 12 PID=44 size=0 daddr=10.0.0.9 saddr=10.0.0.1 dport=80 sport=5000
2 0 packet 10.0.0.1:5000 10.0.0.9:80 S seq=7 win=9
3 0 packet 10.0.0.9:80 10.0.0.1:5000 RA seq=0 ack=8
4 0 TcpIp 12 PID=55 size=0 daddr=10.0.0.9 saddr=10.0.0.1 dport=80 sport=5000
5 0 packet 10.0.0.1:5000 10.0.0.9:80 S seq=70000 win=9
6 0 packet 10.0.0.1:5000 10.0.0.9:80 udp len=3
`)
	e := s.tracker.End()
	for id, pid := range []uint32{44, 55} {
		if end := e.Endpoints[id]; end == nil || end.Process == nil || end.Process.PID != pid {
			t.Errorf("conversation %d: %+v, want process %d", id, end, pid)
		}
	}
	if end := e.Endpoints[2]; end != nil {
		t.Errorf("the datagram has an owner that only TCP events name: %+v", end)
	}
}

// A stack's TCB with a process stays the owner; one without takes that of the network event.
func TestNetworkEventsAndTCBs(t *testing.T) {
	const network = "1 0 TcpIp 10 PID=44 size=9 daddr=10.0.0.9 saddr=10.0.0.1 dport=80 sport=5000\n"
	for pid, want := range map[int]uint32{0: 44, 55: 55} {
		s := newScript(t).play(network + fmt.Sprintf(`
2 0 tcpip 1033 LocalAddress=10.0.0.1:5000 RemoteAddress=10.0.0.9:80 Status=0 ProcessId=%d Tcb=0xB0
3 0 packet 10.0.0.1:5000 10.0.0.9:80 A seq=7 win=9
`, pid))
		end := s.tracker.End().Endpoints[0]
		if end == nil || end.Process == nil || end.Process.PID != want || len(end.TCBs) != 1 {
			t.Errorf("TCB of process %d: endpoint %+v, want process %d", pid, end, want)
		}
	}
}

// The kernel's other records are about the process or thread that they name, not the one that was running.
func TestSubjectsOfKernelRecords(t *testing.T) {
	s := newScript(t)
	s.tracker.LearnProcess(ProcessRecord{PID: 44, Name: "a.exe", From: "test"})
	s.tracker.LearnProcess(ProcessRecord{PID: 55, Name: "b.exe", From: "test"})
	s.tracker.LearnThread(ThreadRecord{TID: 8, PID: 44, End: 5000})
	s.tracker.LearnThread(ThreadRecord{TID: 8, PID: 55, Start: 6000})
	s.play(`
1 999 Image 10 ImageBase=0x1000 ProcessId=44
2 999 PerfInfo 46 InstructionPointer=1 ThreadId=8
7 999 PerfInfo 46 InstructionPointer=1 ThreadId=8
8 999 PerfInfo 46 InstructionPointer=1 ThreadId=9
9 999 Image 10 ImageBase=0x1000 ProcessId=66
`)
	for n, pid := range map[int64]uint32{1: 44, 2: 44, 7: 55} {
		if o := s.objects[n]; o.Process == nil || o.Process.PID != pid || o.Kind != ByKey {
			t.Errorf("record %d is about %+v, want process %d", n, o.Process, pid)
		}
	}
	for _, n := range []int64{8, 9} {
		if o := s.objects[n]; o.Process != nil {
			t.Errorf("record %d of a thread or process that nobody told belongs to %+v", n, o.Process)
		}
	}
	if n := len(s.tracker.End().Processes); n != 2 {
		t.Errorf("%d processes, want the two that were told", n)
	}
}

func TestThreadsGiveHeadersTheirProcess(t *testing.T) {
	tr := NewTracker(0)
	for _, r := range []ThreadRecord{
		{TID: 8, PID: 44, Start: 10}, {TID: 8, PID: 44, End: 20}, // one life, told twice
		{TID: 8, PID: 55, Start: 30}, {TID: 8, PID: 55}, {TID: 8, PID: 55, End: 40}, // and another one, with a rundown
		{TID: 0, PID: 0}, {TID: 12, PID: 66},
	} {
		tr.LearnThread(r)
	}
	if n := len(tr.owned[8]); n != 2 {
		t.Errorf("%d lives of the thread, want 2", n)
	}
	tests := []struct {
		pid, tid uint32
		time     int64
		want     uint32
		ok       bool
	}{
		{7, 8, 15, 7, true}, // the header names a process
		{unknownID, 8, 15, 44, true}, {unknownID, 8, 25, unknownID, false}, {unknownID, 8, 35, 55, true}, {0, 8, 35, 55, true},
		{unknownID, 12, 1, 66, true}, {unknownID, 13, 1, unknownID, false}, {0, 13, 1, 0, true}, {0, 0, 1, 0, true},
	}
	for _, tt := range tests {
		if got, ok := tr.ProcessOf(tt.pid, tt.tid, tt.time); got != tt.want || ok != tt.ok {
			t.Errorf("process of %d/%d at %d: %d, %v; want %d, %v", tt.pid, tt.tid, tt.time, got, ok, tt.want, tt.ok)
		}
	}
}

// Kernel-Process tells threads too; and of an id that is used for ever only the newest uses are kept.
func TestThreadsOfKernelProcess(t *testing.T) {
	s := newScript(t).play(`
1 999 process 3 ProcessID=44 ThreadID=8
5 999 process 4 ProcessID=44 ThreadID=8
6 999 process 3 ProcessID=55 ThreadID=8
`)
	for time, want := range map[int64]uint32{1000: 44, 5000: 44, 6000: 55, 9000: 55} {
		if pid, ok := s.tracker.ProcessOf(unknownID, 8, time); !ok || pid != want {
			t.Errorf("at %d: process %d, %v; want %d", time, pid, ok, want)
		}
	}
	tr := NewTracker(0)
	for i := range int64(10 * maxLives) {
		tr.LearnThread(ThreadRecord{TID: 8, PID: uint32(i), Start: i + 1})
	}
	if pid, ok := tr.ProcessOf(unknownID, 8, 10*maxLives); !ok || pid != 10*maxLives-1 || len(tr.owned[8]) > maxLives+1 {
		t.Errorf("process %d, %v, of %d lives", pid, ok, len(tr.owned[8]))
	}
}
