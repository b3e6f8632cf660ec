package all_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
)

// smb is the session of a connection to port 445.
func smb() proto.Session {
	for _, s := range all.Streams() {
		if len(s.Ports) == 1 && s.Ports[0] == 445 {
			return s.New()
		}
	}
	return nil
}

// headed is a frame with a message of SMB 2 of so many bytes behind its header.
func headed(command byte, flags uint32, body int) string {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(64+body)), header(0)...)
	b[4+12] = command
	binary.LittleEndian.PutUint32(b[4+16:], flags)
	return string(b) + strings.Repeat("\x00", body)
}

// What begins with no frame goes to the next one that can be found.
func TestNextFrame(t *testing.T) {
	read := headed(8, 1, 20)
	junk := strings.Repeat("j", 30)
	for name, c := range map[string]struct {
		bytes string
		want  int
	}{
		"at the end":            {junk + read, 30},
		"cut":                   {junk + read[:70], 30},
		"cut in the header":     {junk + read[:60], 90},
		"another behind it":     {junk + read + read, 30},
		"something else behind": {junk + read + junk, 60 + len(read)},
		"few bytes behind it":   {junk + read + "\x00\x00", 30},
		"two of which one is":   {junk + headed(99, 1, 20) + read, 30 + len(read)},
		"unknown flags":         {junk + headed(8, 1<<20, 20), 30 + len(read)},
		"no body":               {junk + headed(8, 1, 0), 30 + 68},
		"next header unaligned": {junk + read[:4] + header(65) + strings.Repeat("\x00", 20), 30 + len(read)},
		"in the first bytes":    {"\xfeSMB\x40\x00" + junk, 36},
	} {
		if got := smb().Extent(&proto.Piece{Data: []byte(c.bytes), Len: len(c.bytes)}); int(got) != c.want {
			t.Errorf("%s: %d bytes go on, want %d", name, got, c.want)
		}
	}
}

// FuzzSMB gives a session pieces of both directions. The first byte of each says the direction and how many bytes follow.
func FuzzSMB(f *testing.F) {
	var seed []byte
	for i, b := range []string{headed(5, 0, 56), headed(5, 1, 88), headed(8, 0, 49), "junk" + headed(8, 1, 17), "\x85\x00\x00\x00"} {
		seed = append(append(seed, byte(len(b)<<1|i&1)), b...)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := smb()
		var u proto.Unit
		for frame := int64(1); len(b) > 0; frame++ {
			n := min(int(b[0]>>1), len(b)-1)
			dir, data := int(b[0]&1), b[1:1+n:1+n]
			b = b[1+n:]
			for len(data) > 0 {
				e := s.Extent(&proto.Piece{Dir: dir, Data: data, Len: len(data)})
				size := int(e)
				if e <= 0 {
					size = len(data)
				}
				have := min(size, len(data))
				u = proto.Unit{Dir: dir, Frame: frame, Data: data[:have:have], Len: size, Layers: u.Layers[:0], Turns: u.Turns[:0], Opened: u.Opened[:0]}
				s.Unit(&u)
				last := -1
				for _, turn := range u.Turns {
					if turn.Layer < max(last, 0) || turn.Layer >= len(u.Layers) || turn.Command == "" {
						t.Fatalf("turn %+v of %d layers", turn, len(u.Layers))
					}
					last = turn.Layer
				}
				for _, l := range u.Layers {
					if l.Off < 0 || l.Len < 0 || l.In == 0 && l.Off+l.Len > size {
						t.Fatalf("%+v in %d bytes", l, size)
					}
				}
				data = data[have:]
			}
		}
	})
}
