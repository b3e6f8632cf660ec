package tracefs

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/record/event"
)

// A story gives a tracker records one after another, a microsecond apart.
type story struct {
	*Tracker
	t   *testing.T
	now int64
}

func newStory(t *testing.T) *story {
	s := &story{Tracker: NewTracker(TrackOptions{Evidence: true}), t: t, now: 1e9}
	s.take(&Thread{TID: 10, PID: 10, Command: "a"})
	s.take(&Thread{TID: 20, PID: 20, Command: "b"})
	return s
}

func (s *story) tells(tid uint32, name string, args ...uint64) *record {
	r := &record{time: s.now, point: pointOf(s.t, name), tid: tid}
	copy(r.args[:], args)
	s.now += 1000
	return r
}

func (s *story) call(tid uint32, name string, result int64, args ...uint64) {
	s.Take(s.tells(tid, "sys_enter_"+name, args...))
	s.Take(s.tells(tid, "sys_exit_"+name, uint64(result)))
}

// told is what the tracker has to tell, in words.
func (s *story) told() string {
	var list []string
	s.tell(s.now, func(e *event.Event) bool {
		list = append(list, fmt.Sprintf("%s/%d(%d)@%x=%d", event.Calls[e.Call], e.Phase, e.FD, e.Socket, e.Result))
		return true
	})
	return strings.Join(list, " ")
}

const tcpSocket = uint64(0xffff888800001000)

func (s *story) send(tid uint32, fd, socket uint64) {
	s.Take(s.tells(tid, "sys_enter_write", fd, 5))
	if socket != 0 {
		s.Take(s.tells(tid, "sock_send_length", socket, inet, tcp))
	}
	s.Take(s.tells(tid, "sys_exit_write", 5))
}

// TestFilesAreNoSockets: writes that name no socket are of files, also on a number that was a socket's and was closed where nobody saw it.
func TestFilesAreNoSockets(t *testing.T) {
	s := newStory(t)
	s.send(10, 3, 0)
	if got := s.told(); got != "" {
		t.Error(got)
	}
	s.send(10, 3, tcpSocket)
	if got := s.told(); got != "write/0(3)@ffff888800001000=5" {
		t.Error(got)
	}
	s.send(10, 3, 0)
	s.send(10, 3, 0)
	if got := s.told(); got != "" {
		t.Error(got)
	}
}

// TestDescriptorsAreUsedAgain: after a close the number is another socket's, and a copy stands for the old one.
func TestDescriptorsAreUsedAgain(t *testing.T) {
	s := newStory(t)
	s.call(10, "socket", 3, inet, 1, 0)
	s.send(10, 3, tcpSocket)
	s.call(10, "dup", 4, 3)
	s.call(10, "close", 0, 3)
	s.call(10, "socket", 3, inet, 1, 0)
	s.send(10, 3, tcpSocket+0x1000)
	s.call(10, "shutdown", 0, 4, 1)
	want := "socket/1(-1)@0=0 socket/2(-1)@ffff888800001000=3 write/0(3)@ffff888800001000=5 close/1(3)@ffff888800001000=0 close/2(3)@ffff888800001000=0" +
		" socket/1(-1)@0=0 socket/2(-1)@ffff888800002000=3 write/0(3)@ffff888800002000=5 shutdown/1(4)@ffff888800001000=0 shutdown/2(4)@ffff888800001000=0"
	if got := s.told(); got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
}

// TestDiesInACall: a process that ends in a call has its beginning alone, and its number is another's afterwards.
func TestDiesInACall(t *testing.T) {
	s := newStory(t)
	s.call(10, "socket", 3, inet, 1, 0)
	s.Take(s.tells(10, "sys_enter_accept4", 3))
	s.Take(s.tells(10, "sched_process_exit", 10))
	s.Take(s.tells(20, "task_newtask", 10, 0))
	s.Take(s.tells(10, "sys_exit_accept4", 9)) // of nobody that is known
	s.call(10, "close", 0, 3)                  // no socket of this process
	if got := s.told(); got != "socket/1(-1)@0=0 socket/2(-1)@1=3 accept4/1(3)@1=0" {
		t.Error(got)
	}
	if len(s.sockets) != 0 || len(s.processes) != 2 || len(s.threads) != 2 {
		t.Errorf("%d sockets, %d processes, %d threads are left", len(s.sockets), len(s.processes), len(s.threads))
	}
}

// TestAcceptTakesTheFirst: connections are handed out in the order in which they were made; when two sockets listen on a port it is known with the first data.
func TestAcceptTakesTheFirst(t *testing.T) {
	for _, listeners := range []int{1, 2} {
		s := newStory(t)
		server := netip.MustParseAddrPort("10.0.0.1:80")
		for i := range uint64(listeners) {
			s.call(10, "socket", int64(3+i), inet, 1, 0)
			s.Take(s.tells(10, "sys_enter_listen", 3+i, 5))
			r := s.tells(10, "inet_sock_set_state", tcpSocket+i<<12, closed, listen, tcp)
			r.local, r.family = server, inet
			s.Take(r)
			s.Take(s.tells(10, "sys_exit_listen", 0))
		}
		for i := range uint64(2) {
			for _, to := range [][2]uint64{{listen, synRecv}, {synRecv, established}} {
				r := s.tells(20, "inet_sock_set_state", tcpSocket+(i+5)<<12, to[0], to[1], tcp)
				r.local, r.remote, r.family, r.interrupt = server, netip.AddrPortFrom(server.Addr(), uint16(1000+i)), inet, true
				s.Take(r)
			}
		}
		s.told()
		s.call(10, "accept4", 8, 3)
		var accepted, peers []string
		collect := func() {
			s.tell(s.now, func(e *event.Event) bool {
				if e.Call == event.Accept4 && e.Phase == event.Leave {
					accepted, peers = append(accepted, fmt.Sprintf("%x", e.Accepted)), append(peers, e.Address.String())
				}
				return true
			})
		}
		if listeners == 2 {
			s.send(10, 8, tcpSocket+6<<12)
		}
		collect()
		want := "[ffff888800006000] [10.0.0.1:1000]"
		if listeners == 2 {
			want = "[ffff888800007000] [10.0.0.1:1001]"
		}
		if got := fmt.Sprint(accepted, peers); got != want {
			t.Errorf("%d listeners: %s, not %s", listeners, got, want)
		}
	}
}
