package stream_test

import (
	"encoding/binary"
	"testing"

	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
)

// A bulk is a file that is read in pieces of 64 KiB, each a request and a response in segments of 1,460 bytes.
type bulk struct {
	*rig
	asks, tells []byte
	segments    [][]byte
	seq         [2]uint32
	id          uint64
	record      trace.Record
}

func newBulk(t testing.TB) *bulk {
	b := &bulk{rig: newRig(t), seq: [2]uint32{1, 1}}
	b.asks = frameOf(client, fileServer, 0, ack, readFrame(1, false, 0))
	b.tells = []byte(readFrame(1, true, 65536))
	for at := 0; at < len(b.tells); at += 1460 {
		b.segments = append(b.segments, frameOf(fileServer, client, 0, ack, string(b.tells[at:min(at+1460, len(b.tells))])))
	}
	return b
}

// piece reads one more piece.
func (b *bulk) piece() {
	b.id++
	binary.LittleEndian.PutUint64(b.asks[54+4+24:], b.id)
	binary.LittleEndian.PutUint64(b.segments[0][54+4+24:], b.id)
	b.add(b.asks, 0)
	for _, s := range b.segments {
		b.add(s, 1)
	}
}

func (b *bulk) add(frame []byte, dir int) {
	binary.BigEndian.PutUint32(frame[38:], b.seq[dir])
	binary.BigEndian.PutUint32(frame[42:], b.seq[1-dir])
	frame[47] = byte(tcp.ACK | tcp.PSH)
	b.seq[dir] += uint32(len(frame) - 54)
	b.frame++
	b.record = trace.Record{Kind: trace.Packet, Link: trace.LinkEthernet, Data: frame, WireLen: len(frame), Time: b.frame * 1000, Pos: trace.Pos{Number: b.frame}}
	b.decoder.Decode(&b.record, &b.packet)
	b.tracker.Add(&b.packet, &b.seen)
	b.streams.Add(&b.packet, &b.seen)
}

// Reading a large file costs no memory that was not asked for at its begin.
func TestBulkReadsDoNotAllocate(t *testing.T) {
	b := newBulk(t)
	for range 100 {
		b.piece()
	}
	if p := &b.packet; p.N == 0 || p.Layers[p.N-1].Proto.String() != "smb2" || p.Layers[p.N-1].Asked == 0 {
		t.Fatal("the last segment does not end an answer")
	}
	if n := testing.AllocsPerRun(200, b.piece); n != 0 {
		t.Errorf("%v allocations for a piece of %d segments", n, len(b.segments))
	}
}

func BenchmarkBulkReads(b *testing.B) {
	bulk := newBulk(b)
	b.SetBytes(int64(len(bulk.tells)))
	b.ReportAllocs()
	for b.Loop() {
		bulk.piece()
	}
}
