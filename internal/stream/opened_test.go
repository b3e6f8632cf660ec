package stream_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/smb3"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/smb2"
)

// secrets have the key of the session.
type secrets struct{}

var sessionKey = []byte("sixteen secrets!")

func (secrets) Secret(kind string, of []byte) []byte {
	if kind == smb2.SecretSession {
		return sessionKey
	}
	return nil
}

// A sealedRig is a connection of SMB 3 with the keys.
type sealedRig struct {
	*rig
	session *smb3.Session
	seq     [2]uint32
}

func newSealedRig(t testing.TB) *sealedRig {
	r := &sealedRig{rig: newRig(t), session: smb3.Meet(0x0311, smb2.AES128GCM, 1, sessionKey), seq: [2]uint32{100, 200}}
	choice := stream.NewChoice(stream.Rules{})
	choice.Secrets = secrets{}
	r.streams = stream.New(choice, 0, nil)
	for _, m := range r.session.Setup {
		r.message(m.Dir, m.Bytes, 1460)
	}
	return r
}

// message sends a message in segments of so many bytes.
func (r *sealedRig) message(dir int, b []byte, size int) {
	ends := [2]netip.AddrPort{client, netip.AddrPortFrom(server.Addr(), 445)}
	b = append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
	for len(b) > 0 {
		n := min(size, len(b))
		r.send(ends[dir], ends[1-dir], r.seq[dir], ack, string(b[:n]), 0)
		r.seq[dir] += uint32(n)
		b = b[n:]
	}
}

// last is the last layer of the packet, and how its bytes were opened.
func (r *sealedRig) last() (b []byte, how string) {
	p := &r.packet
	l := &p.Layers[p.N-1]
	if l.Unit == 0 {
		return p.Bytes(p.N - 1), ""
	}
	return p.Bytes(p.N - 1), p.Units[l.Unit-1].Opened
}

func answer(n int) []byte {
	b := smb3.Plain(smb2.Read, smb2.Response, 0, 9, smb3.Body(16, 17, map[int]uint32{2: 80, 4: uint32(n)}))
	for i := range n {
		b = append(b, byte(i), byte(i>>8))[:len(b)+1]
	}
	return b
}

// TestOpenedIsWhole: messages longer than what is kept of others are opened, as far as there is room for all that comes of them.
func TestOpenedIsWhole(t *testing.T) {
	for _, n := range []int{10, 70_000, 1 << 20, 8 << 20} {
		r := newSealedRig(t)
		text := answer(n)
		r.message(1, r.session.Encrypt(1, text), 65000)
		if got, how := r.last(); !bytes.Equal(got, text) || how != "decrypted" {
			t.Errorf("%d bytes: %d bytes of %d, %q", n, len(got), len(text), how)
		}
		packed := smb3.Chained(len(text), smb3.Payload(smb2.LZ4, true, text))
		r.message(1, r.session.Encrypt(1, packed), 65000)
		if got, how := r.last(); !bytes.Equal(got, text) || how != "decompressed" {
			t.Errorf("%d bytes, packed: %d bytes of %d, %q", n, len(got), len(text), how)
		}
		r.message(0, smb3.Plain(smb2.Echo, 0, 0, 3, smb3.Body(4, 4, nil)), 1460) // what was opened before is taken back
		if held := r.streams.Held(); held != 0 {
			t.Errorf("%d bytes: %d bytes are still held", n, held)
		}
		want := []stream.Locked{{Lock: proto.Lock{ID: proto.SMB2Transform, Of: 0x1122}, Count: 2}}
		got := stream.Locks(r.streams, nil)
		if len(got) == 1 {
			want[0].First = got[0].First
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d bytes: locks %v, want %v", n, got, want)
		}
	}
}

// TestSignedIsWhole: a signature is over all of the message.
func TestSignedIsWhole(t *testing.T) {
	r := newSealedRig(t)
	r.message(1, r.session.Sign(answer(2<<20)), 65000)
	note := r.packet.NoteOf(r.packet.N - 1)
	if got := smb2.VerdictOf(&note); got != smb2.GoodSignature {
		t.Errorf("verdict %d", got)
	}
}

// TestOpenedIsBounded: what is opened of one segment has a bound, whatever its messages say.
func TestOpenedIsBounded(t *testing.T) {
	r := newSealedRig(t)
	var all []byte
	bomb := smb3.Chained(smb2.MaxOpened, smb3.Payload(smb2.PatternV1, true, make([]byte, smb2.MaxOpened)))
	for range 300 {
		all = append(append(all, binary.BigEndian.AppendUint32(nil, uint32(len(bomb)))...), bomb...)
	}
	ends := [2]netip.AddrPort{client, netip.AddrPortFrom(server.Addr(), 445)}
	r.send(ends[0], ends[1], r.seq[0], ack, string(all), 0)
	if held := r.streams.Held(); held > 4*smb2.MaxOpened {
		t.Errorf("%d bytes are held", held)
	}
	if r.packet.N > packet.MaxLayers {
		t.Errorf("%d layers", r.packet.N)
	}
	for i := range r.packet.N {
		r.packet.Bytes(i)
	}
}

// TestManyOpened: more buffers than a layer can name are opened and not shown.
func TestManyOpened(t *testing.T) {
	r := newSealedRig(t)
	var all []byte
	for range 400 {
		b := r.session.Encrypt(0, smb3.Plain(smb2.Echo, 0, 0, 3, smb3.Body(4, 4, nil)))
		all = append(append(all, binary.BigEndian.AppendUint32(nil, uint32(len(b)))...), b...)
	}
	ends := [2]netip.AddrPort{client, netip.AddrPortFrom(server.Addr(), 445)}
	r.send(ends[0], ends[1], r.seq[0], ack, string(all), 0)
	if got := stream.Locks(r.streams); len(got) != 1 || got[0].Count != 400 || got[0].Why != "" {
		t.Errorf("locks %v", got)
	}
	for i := range r.packet.N {
		r.packet.Bytes(i)
	}
}
