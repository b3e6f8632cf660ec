package tcp_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/diag/tcp"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// held is a connection of a minute in which the client held data back so many times, for 40 ms each, of so many late acknowledgements.
func held(count, late int64) *flow.Conversation {
	at := func(number int64, d time.Duration) flow.Moment {
		return flow.Moment{Pos: trace.Pos{Number: number}, Time: int64(d)}
	}
	one := flow.Holdup{Sent: at(1, 0), Acked: at(2, 40*time.Millisecond), Freed: at(3, 40*time.Millisecond), Bytes: [2]uint32{10, 20}}
	c := &flow.Conversation{Proto: proto.TCP, TCP: new(flow.TCP), Opened: true, First: at(1, 0), Last: at(1000, time.Minute),
		Ends: [2]netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:50000"), netip.MustParseAddrPort("10.0.0.2:80")}}
	c.Dir[0].Held = &flow.Held{Count: count, Late: late, Total: count * int64(40*time.Millisecond), First: one, Longest: one}
	return c
}

// Late acknowledgements that set data free now and then meet a sender that writes when it likes.
func TestHeldByChance(t *testing.T) {
	for _, c := range []struct {
		count, late int64
		want        int
		severity    diag.Severity
	}{
		{5, 51, 0, 0},
		{5, 50, 1, diag.Note},
		{2, 2, 0, 0},
		{30, 30, 1, diag.Warning},
	} {
		in := &diag.Input{Sources: []*trace.Info{{}}, Conversations: flow.List(held(c.count, c.late))}
		found := tcp.NagleDelack.Run(in)
		if len(found) != c.want || c.want > 0 && (found[0].Severity != c.severity || found[0].Cost != time.Duration(c.count)*40*time.Millisecond) {
			t.Errorf("%d of %d late acknowledgements: %+v", c.count, c.late, found)
		}
	}
}

// A trace whose clock stands still tells no waiting.
func TestHeldWithoutTimes(t *testing.T) {
	in := &diag.Input{Sources: []*trace.Info{{Untimed: true}}, Conversations: flow.List(held(30, 30))}
	if found := tcp.NagleDelack.Run(in); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}
