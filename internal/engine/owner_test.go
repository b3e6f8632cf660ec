package engine_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/session"
)

var le = binary.LittleEndian

// block is a pcapng block.
func block(kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	b := le.AppendUint32(le.AppendUint32(nil, kind), uint32(len(body)+12))
	return le.AppendUint32(append(b, body...), uint32(len(body)+12))
}

func option(code uint16, value []byte) []byte {
	b := append(le.AppendUint16(le.AppendUint16(nil, code), uint16(len(value))), value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func u32s(n ...uint32) (b []byte) {
	for _, v := range n {
		b = le.AppendUint32(b, v)
	}
	return b
}

// datagram is an IPv4 packet with UDP from one port to another; a low port is that of the second host.
func datagram(from, to uint16) []byte {
	b := []byte{0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}
	if from < to {
		b[15], b[19] = b[19], b[15]
	}
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, from), to)
	return append(b, 0, 8, 0, 0)
}

func packetBlock(at uint32, data []byte, options ...[]byte) []byte {
	b := append(u32s(0, 0, at, uint32(len(data)), uint32(len(data))), data...)
	for _, o := range options {
		b = append(b, o...)
	}
	return block(6, b)
}

// TestOwnerFromTheFile: a process that the capture file names owns the
// conversation; one that was only running does not; a name that comes later is known in the end.
func TestOwnerFromTheFile(t *testing.T) {
	const outbound = 2
	process := func(pid uint32) []byte { return option(8, u32s(pid, 0)) }
	described := func(pid uint32, name string) []byte {
		entry := append(u32s(pid), option(2, []byte(name))...)
		return block(0xbad, append(u32s(32622, 3, uint32(len(entry))), entry...))
	}
	section := append(u32s(0x1a2b3c4d), 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	var file []byte
	for _, b := range [][]byte{
		block(0x0a0d0d0a, section), block(1, append([]byte{101, 0, 0, 0}, u32s(0)...)),
		described(500, "resolver"),
		packetBlock(1, datagram(4000, 53), process(500), option(2, u32s(outbound))),
		packetBlock(2, datagram(53, 4000)),
		packetBlock(3, datagram(4001, 53), option(1, []byte("PID=7 TID=8"))),
		packetBlock(4, datagram(4002, 53), option(1, []byte("PID: 99\nCmd: /usr/bin/dig\nArgs: dig x"))),
		packetBlock(5, datagram(4003, 53), process(600)),
		described(600, "late"),
	} {
		file = append(file, b...)
	}
	path := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := engine.Analyse(t.Context(), []string{path}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Conversations.Len() != 4 {
		t.Fatalf("%d conversations", c.Conversations.Len())
	}
	want := []struct {
		pid  uint32
		name string
		side int
	}{{500, "resolver", 0}, {}, {99, "dig", -1}, {600, "late", -1}}
	for i, w := range want {
		e := c.Session.Endpoints[i]
		if w.pid == 0 {
			if e != nil {
				t.Errorf("conversation %d has the owner %+v", i, e.Process)
			}
			continue
		}
		if e == nil || e.Process == nil || e.Process.PID != w.pid || e.Process.Name != w.name || e.Kind != session.ByFile || e.Side != w.side {
			t.Errorf("conversation %d: %+v, want %+v", i, e, w)
		}
	}
}
