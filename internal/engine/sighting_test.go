package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/fixture"
)

// play writes a trace as a file and gives a line for each row of the wire and of pktmon.
func play(t *testing.T, text string, line func(*engine.Row) string) (lines []string, c *engine.Case) {
	t.Helper()
	traces, err := fixture.Parse([]byte("-- a.etl --\n" + text))
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
	if err := run.Each(func(row *engine.Row) error {
		if s := line(row); s != "" {
			lines = append(lines, s)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return lines, run.Case()
}

// What pktmon tells of a packet in events of its own is tied to the packet, or to its conversation.
func TestEventsAroundAPacket(t *testing.T) {
	const text = `
trace windows=10.0.26100
0 event 0 PktMon 20 v0 Id=1 Type=2 Name="nic.sys" Description="Ethernet card"
0.1 event 0 PktMon 180 v0 PktGroupId=7 PktCount=1 DirTag=4 ComponentId=1 EdgeId=1 TcpIpChecksum=5 TcpLargeSend=1460 Ieee8021Q=0xa0
0.1 packet 0 out 10.0.0.1:50000 > 10.0.0.9:443 PA seq=1 ack=1 csum=lso id=1 at=1/1 group=7 "data"
0.2 event 0 PktMon 250 v0 PktGroupId=7 ComponentId=1 Type=3 PktContext=99
0.3 event 0 PktMon 120 v0 SourceIP=10.0.0.9 DestinationIP=10.0.0.1 Protocol=6 SourcePort=443 DestinationPort=50000 PktGroupId=8 ComponentId=1
0.4 event 0 PktMon 140 v0 SourceIP=10.0.0.9 DestinationIP=10.0.0.1 Protocol=6 SourcePort=443 DestinationPort=50000 PktGroupId=8 ComponentId=1 DropReason=8 DropLocation=0xE0001000
0.5 event 0 PktMon 250 v0 PktGroupId=1000 ComponentId=1 Type=3 PktContext=99
`
	lines, c := play(t, text, func(row *engine.Row) string {
		h := row.Record.Event
		switch {
		case row.Packet != nil:
			m := row.Record.Meta
			return fmt.Sprintf("packet conversation %d, checksum left %v, segmented %v, %q", row.Sighting.Conv.ID, m.ChecksumNotReady, m.Segmented, m.Comments)
		case h == nil || h.ID < 30:
			return ""
		case row.Object.Conv == nil:
			return fmt.Sprintf("event %d", h.ID)
		}
		return fmt.Sprintf("event %d conversation %d", h.ID, row.Object.Conv.ID)
	})
	want := []string{
		"event 180",
		`packet conversation 0, checksum left true, segmented true, ["out of band: checksum left to the card, large send, cut to 1460 bytes, 802.1Q tag: VLAN 10, priority 0"]`,
		"event 250 conversation 0", "event 120 conversation 0", "event 140 conversation 0", "event 250",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if c.Conversations.Len() != 1 || c.Conversations.At(0).Dir[0].Packets != 1 || c.Conversations.At(0).Dir[1].Packets != 0 {
		t.Errorf("%d conversations: headers without bytes are no packets", c.Conversations.Len())
	}
	d := c.Session.Drops
	if len(d) != 1 || d[0].Reason != "Filtered" || d[0].Component != "nic.sys (Ethernet card)" || !slices.Equal(d[0].Locations, []uint32{0xe0001000}) || d[0].Conv != c.Conversations.At(0) {
		t.Errorf("%d drops", len(d))
	}
}

// netsh trace with several layers: each filter has an interface index of its own.
func TestLayersOfNetshTrace(t *testing.T) {
	const text = `
0.1 packet 0 out 10.0.0.1:50000 > 10.0.0.9:443 PA seq=1 ack=1 csum=partial id=1 layer=21 len=2000 split=2
0.10001 packet 0 out 10.0.0.1:50000 > 10.0.0.9:443 PA seq=1 ack=1 csum=partial id=1 layer=20 len=2000 split=2
0.10002 packet 0 out 10.0.0.1:50000 > 10.0.0.9:443 PA seq=1 ack=1 csum=partial id=1 len=2000 split=2
0.10103 packet 0 out 10.0.0.1:50000 > 10.0.0.9:443 PA seq=1 ack=1 csum=partial id=1 layer=21 len=2000 split=2
0.10104 packet 0 out 10.0.0.1:50000 > 10.0.0.9:443 PA seq=1 ack=1 csum=partial id=1 len=2000 split=2
`
	lines, c := play(t, text, func(row *engine.Row) string {
		if row.Packet == nil {
			return ""
		}
		return fmt.Sprintf("%s nth %d, %d ns", row.Record.Meta.Layer, row.Sighting.Nth, row.Sighting.Since)
	})
	want := []string{
		"filter 21 above miniport 11 nth 1, 0 ns", "filter 20 above miniport 11 nth 2, 10000 ns", "miniport 11 nth 3, 20000 ns",
		"filter 21 above miniport 11 nth 1, 0 ns", "miniport 11 nth 2, 10000 ns",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if d := c.Conversations.At(0).Dir[0]; d.Packets != 2 || d.Payload != 4000 || d.Sightings != 3 || d.Retransmissions != 1 {
		t.Errorf("%+v", d)
	}
	if s := c.Sources[0]; s.Packets != 5 || s.Sightings != 3 {
		t.Errorf("%d records, %d sightings", s.Packets, s.Sightings)
	}
}
