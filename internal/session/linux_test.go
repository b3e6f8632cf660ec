package session_test

import (
	"context"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
	"github.com/wiretale/wiretale/internal/session"
)

// linuxRows is a recording with the owner of each row after both passes: "name/pid", or "-".
func linuxRows(t *testing.T, text string) (c *engine.Case, owners []string) {
	t.Helper()
	path, err := fixture.File(t.TempDir(), "x.pcapng", text)
	if err != nil {
		t.Fatal(err)
	}
	c, err = engine.Analyse(context.Background(), []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	run, err := engine.Open(context.Background(), []string{path}, engine.Options{Case: c})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	err = run.Each(func(row *engine.Row) error {
		if !row.Record.Numbered {
			return nil
		}
		owner := "-"
		if p := row.Object.Process; p != nil {
			owner = p.Name
		}
		owners = append(owners, owner)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, owners
}

// TestLinuxEcho: every row of the server of post 1 is its own, and the calls are those that its program made.
func TestLinuxEcho(t *testing.T) {
	traces, err := fixture.Load("../../testdata/post1_linux.txtar")
	if err != nil {
		t.Fatal(err)
	}
	path, err := traces[0].Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c, err := engine.Analyse(context.Background(), []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	for _, st := range c.Session.API() {
		calls = append(calls, strings.TrimSpace(st.API+" "+st.Arguments)+": "+st.Outcome())
	}
	want := `socket() AF_INET, SOCK_STREAM, IPPROTO_TCP: Success
bind() 192.168.1.212:13000: Success
listen() backlog 200: Success
accept4() #1 peer 192.168.1.200:55908: Success
read() #1 buffer 256: Success, 13 bytes
write() #1 13 bytes: Success, 13 bytes
read() #2 buffer 256: Success, 0 bytes
close(): Success
accept4() #2: pending at end of listing`
	if got := strings.Join(calls, "\n"); got != want {
		t.Errorf("calls\n%s\nwant\n%s", got, want)
	}
	if s := c.Session.Sockets; len(s) != 2 || s[1].Listener != s[0] || s[1].TCB == nil || s[1].Conv == nil || !s[0].Opened.Seen() || !s[1].Closed.Seen() {
		t.Errorf("sockets %+v", s)
	}
	if e := c.Session.Endpoints[0]; e == nil || e.Process == nil || e.Process.PID != 2704 || e.Side != 1 {
		t.Errorf("endpoint %+v", e)
	}
}

// TestLinuxOwners: packets are of who made or accepted the socket, calls of who called; nobody who was interrupted owns anything.
func TestLinuxOwners(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
	}{
		{"a client whose port is known only when the connection is made", `
0 process 10 client
1.0 call 10 socket exit FD=3 Result=3 Family=2 Type=1 Socket=0x10
1.1 call 10 connect enter FD=3 Socket=0x10 Address=10.0.0.9:80
1.1 stack 0 tcp_state Socket=0x10 OldState=TCP_CLOSE NewState=TCP_SYN_SENT RemoteAddress=10.0.0.9:80
1.2 packet 0 out 10.0.0.1:50000 > 10.0.0.9:80 S seq=1
1.3 packet 0 in 10.0.0.9:80 > 10.0.0.1:50000 SA seq=5 ack=2
1.3 stack 0 tcp_state Socket=0x10 OldState=TCP_SYN_SENT NewState=TCP_ESTABLISHED LocalAddress=10.0.0.1:50000 RemoteAddress=10.0.0.9:80
1.3 packet 0 out 10.0.0.1:50000 > 10.0.0.9:80 A seq=2 ack=6
1.4 call 10 connect exit FD=3 Socket=0x10 Address=10.0.0.9:80 Result=0`, "client client client client client client client client"},
		{"a server that forks: the child goes on with what the parent accepted", `
0 process 10 parent
0 process 11 child parent=10
1.0 stack 0 tcp_state Socket=0x20 OldState=TCP_SYN_RECV NewState=TCP_ESTABLISHED LocalAddress=10.0.0.9:80 RemoteAddress=10.0.0.1:50000
1.0 call 10 accept exit FD=3 Socket=0x10 Result=4 Accepted=0x20 Address=10.0.0.1:50000
1.1 call 10 close whole FD=4 Socket=0x20 Result=0
1.2 call 11 read whole FD=4 Socket=0x20 Length=100 Result=5
1.3 packet 0 in 10.0.0.1:50000 > 10.0.0.9:80 PA seq=1 ack=5 "hello"
1.4 call 11 write whole FD=4 Socket=0x20 Length=5 Result=5`, "child parent parent child child child"},
		{"an address in the kernel that comes again, and a descriptor that does", `
0 process 10 first
0 process 11 second
1.0 call 10 socket exit FD=3 Result=3 Family=2 Type=1 Socket=0x10
1.1 stack 0 tcp_state Socket=0x10 OldState=TCP_SYN_SENT NewState=TCP_ESTABLISHED LocalAddress=10.0.0.1:50000 RemoteAddress=10.0.0.9:80
1.2 packet 0 out 10.0.0.1:50000 > 10.0.0.9:80 PA seq=1 ack=5 "a"
1.3 stack 0 tcp_state Socket=0x10 OldState=TCP_LAST_ACK NewState=TCP_CLOSE LocalAddress=10.0.0.1:50000 RemoteAddress=10.0.0.9:80
1.3 call 10 close whole FD=3 Socket=0x10 Result=0
2.0 call 11 socket exit FD=3 Result=3 Family=2 Type=1 Socket=0x10
2.1 stack 0 tcp_state Socket=0x10 OldState=TCP_SYN_SENT NewState=TCP_ESTABLISHED LocalAddress=10.0.0.1:50001 RemoteAddress=10.0.0.9:80
2.2 packet 0 out 10.0.0.1:50001 > 10.0.0.9:80 PA seq=1 ack=5 "b"
2.3 call 11 write whole FD=3 Length=1 Result=1`, "first first first first first second second second second"},
		{"a process that dies in a call", `
0 process 10 dying
1.0 call 10 socket exit FD=3 Result=3 Family=2 Type=1 Socket=0x10
1.1 stack 0 tcp_state Socket=0x10 OldState=TCP_SYN_SENT NewState=TCP_ESTABLISHED LocalAddress=10.0.0.1:50000 RemoteAddress=10.0.0.9:80
1.2 call 10 recvfrom enter FD=3 Socket=0x10 Length=10
1.3 call 10 process_exit whole
1.4 packet 0 out 10.0.0.1:50000 > 10.0.0.9:80 RA seq=1 ack=5`, ""},
		{"datagrams of a socket that is bound to no address", `
0 process 10 resolver
1.0 call 10 socket exit FD=3 Result=3 Family=2 Type=2 Socket=0x10
1.1 call 10 sendto whole FD=3 Socket=0x10 LocalAddress=0.0.0.0:40000 Address=10.0.0.53:53 Length=4 Result=4
1.1 udp 0 out 10.0.0.1:40000 > 10.0.0.53:53 "what"
1.2 udp 0 in 10.0.0.53:53 > 10.0.0.1:40000 "that"`, "resolver resolver resolver resolver"},
		{"both ends in one recording", `
0 process 10 server
0 process 11 client
1.0 call 11 socket exit FD=3 Result=3 Family=2 Type=1 Socket=0x30
1.1 stack 0 tcp_state Socket=0x30 OldState=TCP_SYN_SENT NewState=TCP_ESTABLISHED LocalAddress=127.0.0.1:50000 RemoteAddress=127.0.0.1:80
1.1 stack 0 tcp_state Socket=0x20 OldState=TCP_SYN_RECV NewState=TCP_ESTABLISHED LocalAddress=127.0.0.1:80 RemoteAddress=127.0.0.1:50000
1.2 call 10 accept exit FD=3 Socket=0x10 Result=4 Accepted=0x20 Address=127.0.0.1:50000
1.3 packet 0 out 127.0.0.1:50000 > 127.0.0.1:80 PA seq=1 ack=5 "hello"
1.4 packet 0 out 127.0.0.1:80 > 127.0.0.1:50000 PA seq=5 ack=6 "hello"`, "client client server server client server"},
	} {
		if c.want == "" {
			continue
		}
		_, owners := linuxRows(t, c.text)
		if got := strings.Join(owners, " "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestLinuxDies: a call that never ended is pending, and the process has an end.
func TestLinuxDies(t *testing.T) {
	c, owners := linuxRows(t, `
0 process 10 dying
1.0 call 10 socket exit FD=3 Result=3 Family=2 Type=1 Socket=0x10
1.1 stack 0 tcp_state Socket=0x10 OldState=TCP_SYN_SENT NewState=TCP_ESTABLISHED LocalAddress=10.0.0.1:50000 RemoteAddress=10.0.0.9:80
1.2 call 10 recvfrom enter FD=3 Socket=0x10 Length=10
1.3 stack 10 process_exit
1.4 packet 0 out 10.0.0.1:50000 > 10.0.0.9:80 RA seq=1 ack=5`)
	if got := strings.Join(owners, " "); got != "dying dying dying dying dying" {
		t.Error(got)
	}
	last := c.Session.Calls[len(c.Session.Calls)-1]
	if last.Exit.Seen() || last.Role != session.RoleReceive || last.By.End == 0 {
		t.Errorf("%+v", last)
	}
}

// TestLinuxUnread: what came while nobody read is told from what was waited for.
func TestLinuxUnread(t *testing.T) {
	const open = `
0 process 10 reader
1.0 call 10 socket exit FD=3 Result=3 Family=2 Type=1 Socket=0x10
1.1 stack 0 tcp_state Socket=0x10 OldState=TCP_SYN_SENT NewState=TCP_ESTABLISHED LocalAddress=10.0.0.1:50000 RemoteAddress=10.0.0.9:80
`
	for text, want := range map[string]int64{
		"1.2 packet 0 in 10.0.0.9:80 > 10.0.0.1:50000 PA seq=1 ack=5 \"hello\"\n1.5 call 10 read whole FD=3 Socket=0x10 Length=99 Result=5":                                                                                                                                            300e6,
		"1.2 call 10 read enter FD=3 Socket=0x10 Length=99\n1.5 packet 0 in 10.0.0.9:80 > 10.0.0.1:50000 PA seq=1 ack=5 \"hello\"\n1.6 call 10 read exit FD=3 Socket=0x10 Length=99 Result=5\n1.9 call 10 read enter FD=3 Socket=0x10 Length=99":                                       0,
		"1.2 packet 0 in 10.0.0.9:80 > 10.0.0.1:50000 PA seq=1 ack=5 \"hello\"\n1.2 call 10 read whole FD=3 Socket=0x10 Length=2 Result=2\n1.4 call 10 read whole FD=3 Socket=0x10 Length=9 Result=3":                                                                                  200e6,
		"1.2 packet 0 in 10.0.0.9:80 > 10.0.0.1:50000 PA seq=1 ack=5 \"hello\"\n1.2 call 10 read whole FD=3 Socket=0x10 Length=9 Result=5\n1.3 packet 0 in 10.0.0.9:80 > 10.0.0.1:50000 PA seq=1 ack=5 \"hello\"\n1.7 call 10 read whole FD=3 Socket=0x10 Length=9 Result=-1 Errno=11": 0,
	} {
		c, _ := linuxRows(t, open+text)
		var got int64
		for _, s := range c.Session.Sockets {
			for _, u := range s.Unread {
				got += u.To.Time - u.From.Time
			}
		}
		if got != want {
			t.Errorf("%d ns unread, want %d:\n%s", got, want, text)
		}
	}
}
