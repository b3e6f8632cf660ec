package session

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/wiretale/wiretale/internal/flow"
)

func frames(at []flow.Moment) string {
	var out []string
	for _, m := range at {
		out = append(out, number(m))
	}
	return strings.Join(out, ",")
}

// The joins of post 1 (what, from, to, kind, frames), as a person made them by hand from the listing.
const post1Joins = `
process|EPROCESS 0x893F92B0|pid 2704 (0xA90) tcpserver.exe|key|50,206
afd listen endpoint|0x8A28E2D8|local 192.168.1.212:13000|key|54
tcpip tl endpoint|0x89304008|pid 2704|key|52
afd listen endpoint -> tl endpoint|0x8A28E2D8|0x89304008|nesting|50,51,52,53
tl endpoint -> port|0x89304008|13000|key|55
tl endpoint -> listener|0x89304008|0x8A213398|key|59
listener -> local address|0x8A213398|192.168.1.212:13000|key|60
tcb -> 4-tuple + pid|0x8921DD28|192.168.1.212:13000 <- 192.168.1.200:55908 pid 2704|key|205,249,250,251
afd listen endpoint -> remote|0x8A28E2D8|192.168.1.200:55908|key|203,210
afd accepted endpoint|0x892FB6D8|accepted from listen 0x8A28E2D8 for 192.168.1.200:55908|key|210
afd accepted endpoint -> tcb|0x892FB6D8|0x8921DD28|derived|210,205
tcb -> delivery|0x8921DD28|0x8921DE20|key|215,226,232
tcb -> packets|0x8921DD28|196,199,200,213,223,227,235,239,245|derived|205
afd recv -> tcpip request|recv on 0x892FB6D8 (225)|request 0x89E65020 (226)|order|225,226
afd data indication -> tcpip delivery|214|215|order|214,215
afd send -> tcpip send posted|220|221|order|220,221
`

func TestPost1Joins(t *testing.T) {
	s := post1(t).tracker.End()
	have := map[string]bool{}
	var lines []string
	for _, j := range s.Joins {
		line := strings.Join([]string{j.What, j.From, j.To, string(j.Kind), frames(j.Where)}, "|")
		have[line] = true
		lines = append(lines, line)
		if j.Evidence == "" {
			t.Errorf("%s has no evidence", line)
		}
	}
	for _, want := range strings.Split(strings.TrimSpace(post1Joins), "\n") {
		if !have[want] {
			t.Errorf("no join %s", want)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(lines, "\n"))
	}
}

func TestPost1Calls(t *testing.T) {
	s := post1(t).tracker.End()
	var got []string
	for _, c := range s.Calls {
		name := c.Name
		if c.Indication {
			name += " (indication)"
		}
		got = append(got, fmt.Sprintf("%s-%s %s 0x%X %d/%d %d/%d", number(c.Enter), number(c.Exit), name, c.Socket.Endpoint, c.Requested, c.Returned, c.EnterSeq, c.ExitSeq))
	}
	want := []string{
		"50-53 socket 0x8A28E2D8 -1/-1 1006/1013",
		"54-57 bind 0x8A28E2D8 -1/-1 7010/7022",
		"58-61 Listen 0x8A28E2D8 -1/-1 13006/13012",
		"63-204 Wait for listen 0x8A28E2D8 -1/-1 6216/6220",
		"203-203 Connect indication (indication) 0x8A28E2D8 -1/-1 6501/6501",
		"206-209 socket 0x892FB6D8 -1/-1 1006/1013",
		"210-212 accept 0x8A28E2D8 -1/-1 6010/6011",
		"214-214 Data indication (indication) 0x892FB6D8 13/-1 9000/9000",
		"217-218 recv 0x892FB6D8 256/13 4115/4116",
		"219-224 send 0x892FB6D8 13/13 3047/3051",
		"220-234 send 0x892FB6D8 13/13 3056/3024",
		"225-231 recv 0x892FB6D8 256/0 4107/4123",
		"233-233 disconnect indicated (indication) 0x892FB6D8 -1/-1 12001/12001",
		"240-241 socket cleanup 0x892FB6D8 -1/-1 2002/2003",
		"242-243 closesocket 0x892FB6D8 -1/-1 2000/2001",
		"244-0 Wait for listen 0x8A28E2D8 -1/-1 6216/0",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPost1API(t *testing.T) {
	s := post1(t).tracker.End()
	var got []string
	for _, st := range s.API() {
		got = append(got, fmt.Sprintf("%s | %s | %s-%s | %s", st.API, st.Arguments, number(st.Enter), number(st.Exit), st.Outcome()))
	}
	want := []string{
		"socket() | AF_INET, SOCK_STREAM, IPPROTO_TCP | 50-53 | Success",
		"bind() | 192.168.1.212:13000 | 54-57 | Success",
		"listen() | backlog 200 | 58-61 | Success",
		"accept() #1, waiting part | listen socket | 63-204 | Success",
		"accept() #1, socket for the connection | AF_INET, SOCK_STREAM, IPPROTO_TCP | 206-209 | Success",
		"accept() #1, binding part | peer 192.168.1.200:55908 | 210-212 | Success",
		"recv() #1 | buffer 256 | 217-218 | Success, 13 bytes",
		"send() #1 | 13 bytes | 219-224 | Success, 13 bytes",
		"recv() #2 | buffer 256 | 225-231 | Success, 0 bytes",
		"close path: FIN sent | shutdown or close of the socket | 236-239 | Success",
		"closesocket() cleanup |  | 240-241 | Success",
		"closesocket() close |  | 242-243 | Success",
		"accept() #2, waiting part | listen socket | 244-0 | pending at end of listing",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPost1Story(t *testing.T) {
	sc := post1(t)
	s := sc.tracker.End()
	if len(s.TCBs) != 1 {
		t.Fatalf("%d TCBs, want 1", len(s.TCBs))
	}
	c := s.TCBs[0]
	var path []string
	for _, st := range c.States {
		path = append(path, number(st.At)+" "+st.From+">"+st.To)
	}
	want := []string{"197 ListenState>SynRcvdState", "202 SynRcvdState>EstablishedState", "230 EstablishedState>CloseWaitState",
		"237 CloseWaitState>LastAckState", "248 LastAckState>ClosedState", "252 ClosedState>ClosedState"}
	if d := cmp.Diff(want, path); d != "" {
		t.Error(d)
	}
	if c.Process == nil || c.Process.Name != "tcpserver.exe" || c.Shutdown != 0xC0000241 || number(c.ShutdownAt) != "251" {
		t.Errorf("TCB is %+v", c)
	}
	if c.Sent != 15 || c.Received != 14 {
		t.Errorf("stack counts %d sent and %d received, want 15 and 14 with SYN and FIN", c.Sent, c.Received)
	}
	e := s.Endpoints[0]
	if e == nil || e.Side != 1 || e.Process == nil || e.Process.PID != 2704 || e.Kind != ByTuple {
		t.Fatalf("endpoint is %+v", e)
	}
	conv := e.Conv
	if conv.TCP.FirstFIN != 0 || conv.Dir[0].Payload != 13 || conv.Dir[1].Payload != 13 || conv.Dir[0].Packets+conv.Dir[1].Packets != 9 ||
		conv.Dir[0].Retransmissions+conv.Dir[1].Retransmissions != 0 || conv.TCP.Sides[0].Window != 131328 || conv.TCP.Sides[1].Window != 131328 {
		t.Errorf("conversation is %+v", conv)
	}
	for n, o := range sc.objects {
		if n >= 205 && (o.Process == nil || o.Process.PID != 2704) {
			t.Errorf("record %d: process is %+v", n, o.Process)
		}
	}
}
