package stats

import (
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// datagram is UDP from 10.0.0.1:5000 to 10.0.0.2:53.
const datagram = "ffffffffffff00155d010203" + "0800" + "4500001c00010000401100000a0000010a000002" + "1388003500080000"

func rowOf(t *testing.T, at int64) *Row {
	t.Helper()
	data, err := hex.DecodeString(datagram)
	if err != nil {
		t.Fatal(err)
	}
	rec := &trace.Record{Pos: trace.Pos{Number: 1}, Kind: trace.Packet, Link: trace.LinkEthernet, Data: data, WireLen: len(data), Interface: -1, Numbered: true, Time: at}
	row := &Row{Record: rec, Packet: &packet.Packet{}, Sighting: &flow.Sighting{}}
	new(packet.Decoder).Decode(rec, row.Packet)
	return row
}

func TestTimeThatGoesBack(t *testing.T) {
	in, pairs := NewIntervals(time.Second, &Part{}), NewPairs(UDP)
	for _, at := range []int64{10e9, 12e9, 9e9, trace.NoTime} {
		in.Add(rowOf(t, at), true)
		pairs.Add(rowOf(t, at), true)
	}
	if in.Count() != 3 || in.Outside != 2 || in.Parts[0].Total.Packets != 4 || in.Parts[0].At(2).Packets != 1 || in.Parts[0].At(3).Packets != 0 {
		t.Errorf("%d intervals, %d outside, %+v", in.Count(), in.Outside, in.Parts[0])
	}
	if len(pairs.List) != 1 || pairs.List[0].AToB.Packets != 4 || pairs.List[0].Time != (Stretch{9e9, 12e9}) {
		t.Errorf("%+v", pairs.List[0])
	}
	if from, ok := pairs.Relative(9e9); !ok || from != -1e9 {
		t.Errorf("starts %d ns after the first row, %v", from, ok)
	}
}

// TestIntervalsAreBounded: a time far away costs no memory.
func TestIntervalsAreBounded(t *testing.T) {
	in := NewIntervals(1, &Part{})
	in.Add(rowOf(t, 0), true)
	in.Add(rowOf(t, 1<<62), true)
	if !errors.Is(in.Err, ErrIntervals) || len(in.Parts[0].By) != 1 || in.Count() > MaxIntervals {
		t.Errorf("%v, room for %d intervals, %d counted", in.Err, len(in.Parts[0].By), in.Count())
	}
}

// TestWhatIsNoTraffic: a further sighting and the report of a drop do not count.
func TestWhatIsNoTraffic(t *testing.T) {
	again, dropped := rowOf(t, 1), rowOf(t, 1)
	again.Sighting.Duplicate = true
	dropped.Record.Meta = &trace.Meta{Drop: &trace.Drop{}}
	all := []Collector{NewPairs(IP), NewEndpoints(IP), NewHierarchy(), NewIntervals(0, &Part{}), NewExperts(Chat)}
	for _, c := range all {
		c.Add(again, true)
		c.Add(dropped, true)
		c.Add(&Row{Record: &trace.Record{Kind: trace.Event}}, true)
		c.Add(rowOf(t, 1), true)
	}
	if n := all[0].(*Pairs).List[0].Total().Packets; n != 1 {
		t.Errorf("pair: %d packets", n)
	}
	if list := all[1].(*Endpoints).List; len(list) != 2 || list[0].Sent.Packets != 1 || list[1].Received.Packets != 1 {
		t.Errorf("endpoints: %+v", list)
	}
	if root := &all[2].(*Hierarchy).Root; root.Packets != 1 || root.Inner[0].ID != proto.Ethernet {
		t.Errorf("hierarchy: %+v", root)
	}
	if n := all[3].(*Intervals).Parts[0].Total.Packets; n != 1 {
		t.Errorf("intervals: %d packets", n)
	}
}
