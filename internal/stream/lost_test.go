package stream_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto/tcp"
)

var fileServer = netip.MustParseAddrPort("10.0.0.2:445")

// readFrame is a READ of SMB 2 in a frame: a request, or a response with so many bytes of data.
func readFrame(id uint64, response bool, data int) string {
	m := make([]byte, 64+49)
	if response {
		m = make([]byte, 64+16+data)
	}
	le := binary.LittleEndian
	copy(m, "\xfeSMB\x40\x00")
	le.PutUint16(m[12:], 8)
	le.PutUint64(m[24:], id)
	le.PutUint16(m[64:], 49)
	if response {
		m[16] = 1
		le.PutUint16(m[64:], 17)
		le.PutUint32(m[68:], uint32(data))
	} else {
		le.PutUint32(m[68:], 300)
	}
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(m)))) + string(m)
}

// readRig is a rig that keeps the requests that are done, each as its record, that of the answer's begin and end, and the bytes that were moved.
func readRig(t *testing.T) (r *rig, done *[]string) {
	done = new([]string)
	r = &rig{t: t, tracker: flow.NewTracker(0), streams: stream.New(stream.NewChoice(stream.Rules{}), 0, func(q *request.Request) {
		*done = append(*done, fmt.Sprintf("%s %d: %d-%d %d", q.Command, q.Asked.Number, q.First.Number, q.Last.Number, q.Moved))
	})}
	return r, done
}

// layers are the names of the layers in what send says.
func layers(said string) string {
	var names []string
	for _, part := range strings.Split(said, ", ") {
		name, _, _ := strings.Cut(part, " ")
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// A segment of a response is missing from the capture. The next response begins in the middle of a segment.
func TestLostBytes(t *testing.T) {
	one, two := readFrame(1, true, 300), readFrame(2, true, 100)
	const at = 1000
	for name, c := range map[string]struct {
		late bool // what is missing comes behind the acknowledgment
		want string
	}{
		"lost": {false, "Read 2: 4-5 100|Read 1: 3-4 300"},
		"late": {true, "Read 2: 4-5 100|Read 1: 3-4 300"},
	} {
		t.Run(name, func(t *testing.T) {
			r, done := readRig(t)
			send := func(from, to netip.AddrPort, seq, acked uint32, payload, want string) {
				t.Helper()
				if got := layers(r.sendAcking(from, to, seq, acked, payload)); got != want {
					t.Errorf("frame %d shows %s, want %s", r.frame, got, want)
				}
			}
			asks := readFrame(1, false, 0)
			send(client, fileServer, 1, at, asks, "nbss smb2")
			send(client, fileServer, 1+uint32(len(asks)), at, readFrame(2, false, 0), "nbss smb2")
			send(fileServer, client, at, 300, one[:120], "part")
			send(fileServer, client, at+200, 300, one[200:]+two[:50], "part")
			send(fileServer, client, at+200+uint32(len(one[200:]))+50, 300, two[50:], "nbss smb2")
			if got := strings.Join(*done, "|"); got != "Read 2: 4-5 100" {
				t.Errorf("before the acknowledgment: %s", got)
			}
			send(client, fileServer, 1+2*uint32(len(asks)), at+uint32(len(one)+len(two)), readFrame(3, false, 0), "nbss smb2")
			if c.late {
				send(fileServer, client, at+120, 300, one[120:200], "nbss smb2")
			}
			if got := strings.Join(*done, "|"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The capture begins in the middle of a message; the next one begins in the middle of the segment.
func TestMidStream(t *testing.T) {
	r, _ := readRig(t)
	said := r.send(fileServer, client, 1000, ack, strings.Repeat("x", 77)+readFrame(1, true, 100)+readFrame(2, true, 100), 0)
	if got, want := layers(said), "nbss-continuation nbss smb2 nbss smb2"; got != want && got != strings.Replace(want, "nbss-continuation", "nbss", 1) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The segments of a response come in the wrong order. Like Wireshark by default the rows do not put it together; that it is the answer is known when the client has it.
func TestBodyBeforeHead(t *testing.T) {
	one, two := readFrame(1, true, 300), readFrame(2, true, 100)
	const at = 1000
	for name, before := range map[string]func(r *rig){ // what tells that the rest is behind a hole
		"bytes": func(r *rig) { r.sendAcking(fileServer, client, at-10, 300, "0123456789") },
		"SYN":   func(r *rig) { r.send(fileServer, client, at-1, byte(tcp.SYN|tcp.ACK), "", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			r, done := readRig(t)
			asks := readFrame(1, false, 0)
			r.sendAcking(client, fileServer, 1, at, asks)
			r.sendAcking(client, fileServer, 1+uint32(len(asks)), at, readFrame(2, false, 0))
			before(r)
			if got := layers(r.sendAcking(fileServer, client, at+120, 300, one[120:]+two)); got != "nbss-continuation nbss smb2" && got != "nbss nbss smb2" {
				t.Errorf("the body and the next response show %s", got)
			}
			r.sendAcking(fileServer, client, at, 300, one[:120])
			r.sendAcking(client, fileServer, 1+2*uint32(len(asks)), at+uint32(len(one)+len(two)), readFrame(3, false, 0))
			if got, want := strings.Join(*done, "|"), "Read 2: 4-4 100|Read 1: 5-5 300"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// The capture has the first bytes of each segment only. A response ends where its length says, and the next one begins there.
func TestCutSegments(t *testing.T) {
	one, two := readFrame(1, true, 300), readFrame(2, true, 100)
	const at = 1000
	r, done := readRig(t)
	asks := readFrame(1, false, 0)
	r.sendAcking(client, fileServer, 1, at, asks)
	r.sendAcking(client, fileServer, 1+uint32(len(asks)), at, readFrame(2, false, 0))
	for i, s := range []struct {
		payload  string
		captured int
		want     string
	}{
		{one[:300], 100, "nbss smb2"}, {one[300:] + two[:100], 160, "nbss-continuation nbss smb2"}, {two[100:], 20, "nbss-continuation"}, {"\x85\x00\x00\x00", 0, "nbss"},
	} {
		seq := at + uint32([]int{0, 300, len(one) + 100, len(one) + len(two)}[i])
		if got := layers(r.send(fileServer, client, seq, ack, s.payload, s.captured)); got != s.want && got != strings.Replace(s.want, "nbss-continuation", "nbss", 1) {
			t.Errorf("segment %d shows %s, want %s", i, got, s.want)
		}
	}
	if got, want := strings.Join(*done, "|"), "Read 1: 3-4 300|Read 2: 4-5 100"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The last segments of a response are missing: it ends with the last one that is there.
func TestCutSegmentsThatEndEarly(t *testing.T) {
	one := readFrame(1, true, 900)
	const at = 1000
	r, done := readRig(t)
	r.sendAcking(client, fileServer, 1, at, readFrame(1, false, 0))
	r.send(fileServer, client, at, ack, one[:300], 100)
	r.send(fileServer, client, at+300, ack, one[300:500], 100)
	r.send(fileServer, client, at+uint32(len(one)), ack, "\x85\x00\x00\x00", 0)
	if got, want := strings.Join(*done, "|"), "Read 1: 2-3 900"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
