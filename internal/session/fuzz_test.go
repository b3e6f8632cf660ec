package session

import (
	"fmt"
	"strings"
	"testing"
)

// fuzzLines are events of every kind; the fuzzer picks and mixes their fields.
var fuzzLines = []string{
	"afd 1000 EnterExit=%d Process=%d Endpoint=%d AddressFamily=2 SocketType=1 Protocol=6 ProcessId=8",
	"afd 1001 EnterExit=%d Process=%d Endpoint=%d Status=0",
	"afd 1003 EnterExit=%d Process=%d Endpoint=%d Buffer=1 BufferLength=10",
	"afd 1004 EnterExit=%d Process=%d Endpoint=%d Buffer=2 BufferLength=10",
	"afd 1018 EnterExit=%d Process=%d Endpoint=%d Address=10.0.0.9:80",
	"afd 1024 EnterExit=%d Process=%d Endpoint=%d Address=10.0.0.9:80 AcceptEndpoint=3",
	"afd 1030 EnterExit=%d Process=%d Endpoint=%d Address=10.0.0.1:5000",
	"afd 1032 EnterExit=%d Process=%d Endpoint=%d Reason=3",
	"afd 1007 EnterExit=%d Process=%d Endpoint=%d Address=10.0.0.9:53 Buffer=1 BufferLength=3",
	"tcpip 1001 Status=%d Endpoint=%d Pid=%d",
	"tcpip 1191 PortNumber=%d PortAcquirer=%d OriginalAcquirer=%d",
	"tcpip 1194 PortNumber=%d PortAcquirer=%d OriginalAcquirer=%d",
	"tcpip 1017 Status=%d ProcessId=%d Tcb=%d LocalAddress=10.0.0.1:5000 RemoteAddress=10.0.0.9:80",
	"tcpip 1051 OldState=%d NewState=%d Tcb=%d",
	"tcpip 1156 NumBytes=%d Delivery=%d Tcb=%d Request=4",
	"tcpip 1042 Length=%d Timeout=%d Injected=%d",
	"tcpip 1038 Status=%d ProcessId=%d Tcb=%d LocalAddress=10.0.0.1:5001 RemoteAddress=10.0.0.9:80",
	"tcpip 1169 Endpoint=%d NumBytes=%d Pid=%d LocalSockAddr=10.0.0.1:5000 RemoteSockAddr=10.0.0.9:53",
	"tcpip 1300 State=%d Pid=%d Tcb=%d LocalAddress=10.0.0.1:5000 RemoteAddress=10.0.0.9:80",
	"process 1 ProcessID=%d ParentProcessID=%d SessionID=%d ImageName=a.exe",
	"network 10 PID=%d size=%d daddr=10.0.0.9 saddr=10.0.0.1 dport=80 sport=5000 seqnum=%d",
	"network 43 PID=%d size=%d daddr=10.0.0.1 saddr=10.0.0.9 dport=5000 sport=53 seqnum=%d",
	"TcpIp 11 PID=%d size=%d daddr=10.0.0.9 saddr=10.0.0.1 dport=80 sport=5001 seqnum=%d",
	"UdpIp 10 PID=%d size=%d daddr=10.0.0.9 saddr=10.0.0.1 dport=53 sport=5000 seqnum=%d",
	"PerfInfo 46 InstructionPointer=%d ThreadId=%d Count=%d",
	"packet 10.0.0.1:5000 10.0.0.9:53 udp seq=%d ack=%d len=%d",
	"packet 10.0.0.1:5000 10.0.0.9:80 SA seq=%d ack=%d len=%d",
	"packet 10.0.0.9:80 10.0.0.1:5000 A seq=%d ack=%d len=%d",
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte{0, 0, 1, 1, 4, 0, 1, 1, 12, 0, 8, 1, 20, 1, 2, 3})
	f.Add([]byte{9, 0, 1, 8, 11, 5, 2, 1, 5, 0, 1, 2, 12, 0, 8, 2, 13, 9, 0, 2, 15, 0, 0, 0, 13, 0, 2, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4000 {
			return
		}
		s := newScript(t)
		var text strings.Builder
		for n := 1; len(data) >= 4; n++ {
			line := fuzzLines[int(data[0])%len(fuzzLines)]
			fmt.Fprintf(&text, "%d %d/%d "+line+"\n", n, data[1]%3*8, data[2]%3, data[1]%11, data[2]%5, data[3]%5)
			data = data[4:]
		}
		s.play(text.String())
		check(t, s.tracker.End())
	})
}

// check holds a session to what must be true whatever the events were.
func check(t *testing.T, s *Session) {
	for i, k := range s.Sockets {
		if k.ID != i {
			t.Errorf("socket %d has id %d", i, k.ID)
		}
		if k.TCB != nil && k.Remote != k.TCB.Remote && k.Remote.IsValid() {
			t.Errorf("socket to %v is joined to a connection to %v", k.Remote, k.TCB.Remote)
		}
	}
	for i, c := range s.TCBs {
		if c.ID != i {
			t.Errorf("TCB %d has id %d", i, c.ID)
		}
		if c.Conv != nil && !(c.Conv.Ends[0] == c.Local && c.Conv.Ends[1] == c.Remote || c.Conv.Ends[1] == c.Local && c.Conv.Ends[0] == c.Remote) {
			t.Errorf("TCB %v-%v has conversation %v", c.Local, c.Remote, c.Conv.Ends)
		}
	}
	for _, c := range s.Calls {
		if c.Socket == nil || c.Enter.Seen() && c.Exit.Seen() && c.Exit.Pos.Number < c.Enter.Pos.Number {
			t.Errorf("call %+v", c)
		}
	}
	for id, e := range s.Endpoints {
		if e.Conv == nil || e.Conv.ID != id {
			t.Errorf("endpoint %d is %+v", id, e)
		}
	}
	for _, j := range s.Joins {
		if len(j.Where) == 0 || j.Kind == "" {
			t.Errorf("join without proof: %+v", j)
		}
	}
	s.API()
}
