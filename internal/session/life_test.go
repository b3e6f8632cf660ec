package session

import (
	"fmt"
	"testing"
)

// The address of a socket and of a TCB is given to another object after a close.
func TestAddressesAreReused(t *testing.T) {
	s := newScript(t)
	s.tracker.LearnProcess(ProcessRecord{PID: 8, Key: 0x10, Name: "a.exe", From: "test"})
	s.tracker.LearnProcess(ProcessRecord{PID: 12, Key: 0x20, Name: "b.exe", From: "test"})
	for i, owner := range []string{"0x10", "0x20"} {
		n, pid, port := i*100, 8+4*i, 5000+i
		s.play(fmt.Sprintf(`
%d 8 afd 1000 EnterExit=0 Process=%s Endpoint=0xA0 AddressFamily=2 SocketType=1 Protocol=6 ProcessId=%d
%d 8 afd 1000 EnterExit=1 Process=%s Endpoint=0xA0 AddressFamily=0 SocketType=0 Protocol=0 ProcessId=%d
%d 8 afd 1018 EnterExit=0 Process=%s Endpoint=0xA0 Address=10.0.0.9:80
%d 0 tcpip 1051 OldState=0 NewState=2 SndNxt=0 Tcb=0xB0
%d 0 tcpip 1033 LocalAddress=10.0.0.1:%d RemoteAddress=10.0.0.9:80 Status=0 ProcessId=%d Tcb=0xB0
%d 0 packet 10.0.0.1:%d 10.0.0.9:80 S seq=7 win=9
%d 0 tcpip 1051 OldState=4 NewState=0 SndNxt=0 Tcb=0xB0
%d 0 tcpip 1038 LocalAddress=10.0.0.1:%d RemoteAddress=10.0.0.9:80 Status=0 ProcessId=%d Tcb=0xB0
%d 8 afd 1001 EnterExit=0 Process=%s Endpoint=0xA0 Status=0
%d 8 afd 1001 EnterExit=1 Process=%s Endpoint=0xA0 Status=0
`, n+1, owner, pid, n+2, owner, pid, n+3, owner, n+4, n+5, port, pid, n+6, port, n+7, n+8, port, pid, n+9, owner, n+10, owner))
	}
	e := s.tracker.End()
	if len(e.Sockets) != 2 || len(e.TCBs) != 2 {
		t.Fatalf("%d sockets and %d TCBs, want two lives of each", len(e.Sockets), len(e.TCBs))
	}
	for i, sk := range e.Sockets {
		if sk.TCB != e.TCBs[i] || sk.TCB.Conv == nil || sk.TCB.Conv.ID != i || sk.Process != sk.TCB.Process || !sk.Closed.Seen() {
			t.Errorf("life %d: socket %+v, TCB %+v", i, sk, e.TCBs[i])
		}
	}
	if e.Sockets[0].Process.Name != "a.exe" || e.Sockets[1].Process.Name != "b.exe" {
		t.Errorf("owners %+v, %+v", e.Sockets[0].Process, e.Sockets[1].Process)
	}
}

// A rundown lists what existed before the trace, and gives packets their owner at once.
func TestRundownOwnsPackets(t *testing.T) {
	s := newScript(t).play(`
1 0 tcpip 1300 Tcb=0xB0 LocalAddress=10.0.0.1:5000 RemoteAddress=10.0.0.9:80 State=4 Pid=44
2 999 packet 10.0.0.9:80 10.0.0.1:5000 A seq=7 ack=9 len=100 win=9
`)
	o := s.objects[2]
	if o.TCB == nil || o.TCB.State != "EstablishedState" || o.Process == nil || o.Process.PID != 44 {
		t.Fatalf("packet belongs to %+v", o)
	}
	if e := s.tracker.End().Endpoints[0]; e == nil || e.Side != 1 {
		t.Errorf("endpoint %+v, want this host at side 1", e)
	}
}

// A pended receive is completed in another context, by the event of its family with the same buffer.
func TestPendedReceiveCompletes(t *testing.T) {
	s := newScript(t).play(`
1 8/80 afd 1006 EnterExit=0 Location=4049 Process=0x10 Endpoint=0xA0 BufferCount=1 Buffer=0x500 BufferLength=512 Status=0
2 8/80 afd 1006 EnterExit=0 Location=4049 Process=0x10 Endpoint=0xA0 BufferCount=1 Buffer=0x600 BufferLength=512 Status=0
3 0/0 afd 1015 EnterExit=1 Location=4052 Process=0x10 Endpoint=0xA0 BufferCount=1 Buffer=0x600 BufferLength=20 Status=0
`)
	calls := s.tracker.End().Calls
	if len(calls) != 2 || calls[0].Exit.Seen() || calls[1].Returned != 20 || !calls[1].Pended {
		t.Errorf("calls %+v, %+v", calls[0], calls[1])
	}
}

// The documented events, one a phase, tell the same story.
func TestFirstGeneration(t *testing.T) {
	s := newScript(t).play(`
1 8 afd 1 Process=0x10 Endpoint=0xA0 AddressFamily=2 SocketType=1 Protocol=6 UserModePid=8
2 8 afd 4 Process=0x10 Endpoint=0xA0 Address=0x0900000A Port=80
3 8 afd 6 Process=0x10 Endpoint=0xA0 Error=0
4 8 afd 18 Process=0x10 Endpoint=0xA0 FastPath=0 BufferCount=1 Buffer=0x500 BufferLength=10
5 8 afd 24 Process=0x10 Endpoint=0xA0 Buffer=0x500 BufferLength=10
6 8 afd 13 Process=0x10 Endpoint=0xA0 Error=0
`)
	e := s.tracker.End()
	var got []string
	for _, st := range e.API() {
		got = append(got, st.API+" "+st.Arguments+" "+st.Outcome())
	}
	want := []string{"socket() AF_INET, SOCK_STREAM, IPPROTO_TCP Success", "connect() 10.0.0.9:80 Success", "send() #1 10 bytes Success, 10 bytes", "closesocket() close  Success"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("steps %q, want %q", got, want)
	}
	if e.Sockets[0].Process.PID != 8 || !e.Sockets[0].Closed.Seen() {
		t.Errorf("socket %+v", e.Sockets[0])
	}
}

// A process id is used again: each socket keeps the life that it was made in.
func TestProcessIDsAreReused(t *testing.T) {
	s := newScript(t)
	s.tracker.LearnProcess(ProcessRecord{PID: 8, Key: 0x10, Name: "old.exe", Start: 1, From: "test"})
	s.tracker.LearnProcess(ProcessRecord{PID: 8, Key: 0x10, End: 50_000, From: "test"})
	s.tracker.LearnProcess(ProcessRecord{PID: 8, Key: 0x30, Name: "new.exe", Start: 60_000, From: "test"})
	s.play(`
10 0 tcpip 1300 Tcb=0xB0 LocalAddress=10.0.0.1:5000 RemoteAddress=10.0.0.9:80 State=4 Pid=8
70 0 tcpip 1300 Tcb=0xC0 LocalAddress=10.0.0.1:5001 RemoteAddress=10.0.0.9:80 State=4 Pid=8
`)
	e := s.tracker.End()
	if e.TCBs[0].Process.Name != "old.exe" || e.TCBs[1].Process.Name != "new.exe" {
		t.Errorf("owners %+v and %+v", e.TCBs[0].Process, e.TCBs[1].Process)
	}
}

func TestReasonsHaveText(t *testing.T) {
	s := newScript(t)
	s.play(`1 8 afd 1032 EnterExit=3 Location=8027 Process=0x10 Endpoint=0xA0 Reason=7`)
	if got := s.tracker.End().Sockets[0].AbortReason; got != "reason 7" {
		t.Errorf("reason %q without a map", got)
	}
}
