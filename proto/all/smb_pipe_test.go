package all_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/smb3"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dcerpc"
	"github.com/wiretale/wiretale/proto/smb2"
)

// le is a number of some bytes.
func le(n uint64, size int) string { return string(binary.LittleEndian.AppendUint64(nil, n)[:size]) }

// rpc is a unit of DCE/RPC that is its message.
func rpc(kind byte, call uint64, body string) string {
	return "\x05\x00" + string([]byte{kind, 3, 0x10, 0, 0, 0}) + le(uint64(dcerpc.HeaderLen+len(body)), 2) + le(0, 2) + le(call, 4) + body
}

const (
	srvsvc = "\xc8\x4f\x32\x4b\x70\x16\xd3\x01\x12\x78\x5a\x47\xbf\x6e\xe1\x88\x03\x00\x00\x00"
	ndr    = "\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\x00\x00\x00"
)

func rpcBind(call uint64) string {
	return rpc(dcerpc.Bind, call, le(4280, 2)+le(4280, 2)+le(0, 4)+"\x01\x00\x00\x00"+"\x00\x00\x01\x00"+srvsvc+ndr)
}

func rpcBound(call uint64) string {
	return rpc(dcerpc.BindAck, call, le(4280, 2)+le(4280, 2)+le(7, 4)+le(2, 2)+"1\x00"+"\x01\x00\x00\x00"+le(0, 4)+ndr)
}

func rpcCall(call, operation uint64, stub string) string {
	return rpc(dcerpc.Request, call, le(uint64(len(stub)), 4)+le(0, 2)+le(operation, 2)+stub)
}

func rpcAnswer(call uint64, stub string) string {
	return rpc(dcerpc.Response, call, le(uint64(len(stub)), 4)+le(0, 2)+"\x00\x00"+stub)
}

// A piped is a connection with a share of some type, whose messages have the ids that follow one another.
type piped struct {
	proto.Session
	id uint64
}

// says gives it messages in one frame, and returns the layers of DCE/RPC and their turns.
func (p *piped) says(dir int, messages ...[]byte) string {
	var b []byte
	for i, m := range messages {
		if i < len(messages)-1 {
			m = append(m, make([]byte, (8-len(m)%8)%8)...)
			binary.LittleEndian.PutUint32(m[20:], uint32(len(m)))
		}
		b = append(b, m...)
	}
	b = framed(b)
	u := proto.Unit{Dir: dir, Frame: 1, Data: b, Len: len(b)}
	p.Unit(&u)
	var all []string
	for _, t := range u.Turns {
		l := &u.Layers[t.Layer]
		if l.ID != proto.DCERPC {
			continue
		}
		text := fmt.Sprintf("%d:%x %s%s%s", t.Layer, t.Key, t.Command, t.Name, t.Status)
		if s, operation, ok := dcerpc.Of(&l.Note); ok {
			text += fmt.Sprintf(" (%s %d)", s.Name(), operation)
		}
		if l.In > 0 {
			text += " " + u.Opened[l.In-1].How
		}
		if n := dcerpc.Extent(u.Bytes(l)); n != l.Len {
			text += fmt.Sprintf(" %d of %d bytes", n, l.Len)
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// file is the id of an open file.
func file(n byte) []byte { return []byte(strings.Repeat(string([]byte{n}), 16)) }

func put(b []byte, at int, what []byte) []byte {
	copy(b[at:], what)
	return b
}

func newPiped(share byte) *piped {
	p := &piped{Session: smb()}
	p.says(0, smb3.Plain(smb2.TreeConnect, 0, 0, 1, smb3.Body(8, 9, nil)))
	p.says(1, smb3.Plain(smb2.TreeConnect, smb2.Response, 0, 1, smb3.Body(16, 16, map[int]uint32{2: uint32(share)})))
	p.id = 2
	return p
}

// open opens a file.
func (p *piped) open(n byte) {
	p.says(0, smb3.Plain(smb2.Create, 0, 0, p.id, smb3.Body(56, 57, nil)))
	p.says(1, smb3.Plain(smb2.Create, smb2.Response, 0, p.id, put(smb3.Body(88, 89, nil), 64, file(n))))
	p.id++
}

func write(id uint64, n byte, data string) []byte {
	return append(smb3.Plain(smb2.Write, 0, 0, id, put(smb3.Body(48, 49, map[int]uint32{2: 112, 4: uint32(len(data))}), 16, file(n))), data...)
}

func readOf(id uint64, n byte) []byte {
	return smb3.Plain(smb2.Read, 0, 0, id, put(smb3.Body(49, 49, map[int]uint32{4: 1024}), 16, file(n)))
}

func readen(id uint64, status uint32, data string) []byte {
	return append(smb3.Plain(smb2.Read, smb2.Response, status, id, smb3.Body(16, 17, map[int]uint32{2: 80, 4: uint32(len(data))})), data...)
}

func transceive(id uint64, n byte, data string) []byte {
	body := put(smb3.Body(56, 57, map[int]uint32{4: smb2.PipeTransceive, 24: 120, 28: uint32(len(data))}), 8, file(n))
	return append(smb3.Plain(smb2.IOCTL, 0, 0, id, body), data...)
}

func transceived(id uint64, status uint32, n byte, data string) []byte {
	body := put(smb3.Body(48, 49, map[int]uint32{4: smb2.PipeTransceive, 32: 112, 36: uint32(len(data))}), 8, file(n))
	return append(smb3.Plain(smb2.IOCTL, smb2.Response, status, id, body), data...)
}

// A pipe carries DCE/RPC in each of the ways that there are, and two pipes do not mix.
func TestPipe(t *testing.T) {
	const overflow = 0x80000005
	p := newPiped(2)
	p.open(7)
	p.open(8)
	long := rpcAnswer(2, strings.Repeat("s", 100))
	for i, c := range []struct {
		dir      int
		messages [][]byte
		want     string
	}{
		{0, [][]byte{write(10, 7, rpcBind(1))}, "2:8000000100000001 BindSRVSVC"},
		{0, [][]byte{readOf(11, 7)}, ""},
		{1, [][]byte{readen(11, 0, rpcBound(1))}, "2:8000000100000001 Acceptance"},
		{0, [][]byte{transceive(12, 7, rpcCall(2, 15, "stub"))}, "2:8000000100000002 RequestSRVSVC NetShareEnumAll (SRVSVC 15)"},
		{0, [][]byte{transceive(13, 8, rpcCall(2, 15, "stub"))}, "2:8000000200000002 Requestopnum 15"},
		{1, [][]byte{transceived(12, overflow, 7, long[:60])}, ""},
		{0, [][]byte{readOf(14, 7)}, ""},
		{1, [][]byte{readen(14, 0, long[60:]+rpcAnswer(3, ""))}, "2:8000000100000002 Response (SRVSVC 15) reassembled; 3:8000000100000003 Response (SRVSVC -1)"},
		{1, [][]byte{transceived(13, 0, 8, rpcAnswer(2, ""))}, "2:8000000200000002 Response"},
		{0, [][]byte{write(15, 7, rpcCall(4, 16, "")), readOf(16, 7)}, "2:8000000100000004 RequestSRVSVC NetShareGetInfo (SRVSVC 16)"},
		{0, [][]byte{readOf(17, 7), write(18, 7, "no unit of DCE/RPC")}, ""},
		{0, [][]byte{smb3.Plain(smb2.Close, 0, 0, 19, put(smb3.Body(24, 24, nil), 8, file(7)))}, ""},
		{1, [][]byte{smb3.Plain(smb2.Close, smb2.Response, 0, 19, smb3.Body(60, 60, nil))}, ""},
		{0, [][]byte{transceive(20, 7, rpcCall(2, 15, "stub"))}, "2:8000000300000002 Requestopnum 15"},
	} {
		if got := p.says(c.dir, c.messages...); got != c.want {
			t.Errorf("message %d: %q, want %q", i, got, c.want)
		}
	}
	before := &piped{Session: smb(), id: 2} // the tree is from before the capture
	for _, c := range [][2]string{
		{"text of a file", ""}, {rpcBind(1), "2:8000000100000001 BindSRVSVC"}, {rpcCall(2, 15, ""), "2:8000000100000002 RequestSRVSVC NetShareEnumAll (SRVSVC 15)"},
	} {
		if got := before.says(0, write(10, 7, c[0])); got != c[1] {
			t.Errorf("in an unknown tree: %q, want %q", got, c[1])
		}
	}
	disk := newPiped(1)
	disk.open(7)
	if got := disk.says(0, write(10, 7, rpcBind(1))); got != "" {
		t.Errorf("in a file of a disk: %s", got)
	}
}

// Lengths that lie lead nowhere, and of what the capture cut there is what it has.
func TestPipeLies(t *testing.T) {
	bind := rpcBind(1)
	for name, c := range map[string]struct {
		at   int // in the message
		put  uint64
		size int
		want string
	}{
		"length of all memory":     {68, 0xffffffff, 4, ""},
		"more than there is":       {68, 1 << 20, 4, "2:8000000100000001 BindSRVSVC"},
		"nothing":                  {68, 0, 4, ""},
		"in the header":            {66, 10, 2, ""},
		"behind the end":           {66, 0xffff, 2, ""},
		"a unit longer than all":   {112 + 8, 0xffff, 2, ""},
		"a unit without a length":  {112 + 8, 0, 2, ""},
		"a unit of the least size": {112 + 8, 16, 2, "2:8000000100000001 Bind"},
	} {
		p := newPiped(2)
		p.open(7)
		m := write(10, 7, bind)
		copy(m[c.at:], le(c.put, c.size))
		if got := p.says(0, m); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Many pipes that are never closed leave no more than a bounded number behind, and the last ones are known.
func TestPipesAreBounded(t *testing.T) {
	p := newPiped(2)
	for n := range 255 {
		p.open(byte(n))
		p.says(0, write(1000+uint64(n), byte(n), rpcBind(1)))
	}
	if got, want := p.says(0, transceive(2000, 254, rpcCall(2, 15, ""))), "(SRVSVC 15)"; !strings.HasSuffix(got, want) {
		t.Errorf("the last pipe: %s", got)
	}
	if got := p.says(0, transceive(2001, 0, rpcCall(2, 15, ""))); !strings.HasSuffix(got, "opnum 15") {
		t.Errorf("the first pipe: %s", got)
	}
}

// FuzzPipe sends any bytes through two pipes. Of each piece the first byte says how it goes, the second how many bytes it has, the third what its length says more.
func FuzzPipe(f *testing.F) {
	var seed []byte
	for i, s := range []string{rpcBind(1), rpcBound(1), rpcCall(2, 15, "stub"), rpcAnswer(2, strings.Repeat("s", 40))[:30], strings.Repeat("s", 34)} {
		seed = append(append(seed, byte(i)&3, byte(len(s)), 0), s...)
	}
	f.Add(seed)
	f.Add(append([]byte{0, 12, 200}, rpcBind(1)[:12]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newPiped(2)
		p.open(7)
		p.open(8)
		for id := uint64(10); len(b) >= 3; id++ {
			how, n, more := b[0], min(int(b[1]), len(b)-3), b[2]
			data := string(b[3 : 3+n])
			b = b[3+n:]
			which := 7 + how>>2&1
			var m []byte
			switch how & 3 {
			case 0:
				m = write(id, which, data)
				m[68] += more
			case 1:
				p.says(0, readOf(id, which))
				m = readen(id, 0, data)
				m[68] += more
			case 2:
				m = transceive(id, which, data)
				m[92] += more
			case 3:
				m = transceived(id-1, 0, which, data)
				m[100] += more
			}
			m = framed(m)
			u := proto.Unit{Dir: int(how & 1), Frame: 1, Data: m[:len(m)-min(int(how>>3), 16)], Len: len(m)}
			p.Unit(&u)
			last := 0
			for _, turn := range u.Turns {
				if turn.Layer < last || turn.Layer >= len(u.Layers) {
					t.Fatalf("turn %+v of %d layers", turn, len(u.Layers))
				}
				last = turn.Layer
			}
			for i, l := range u.Layers {
				if l.Off < 0 || l.Len < 0 || l.In == 0 && l.Off+l.Len > len(m) || l.In > len(u.Opened) || l.ID == proto.DCERPC && (i == 0 || l.Len < dcerpc.HeaderLen) {
					t.Fatalf("layer %d: %+v in %d bytes", i, l, len(m))
				}
			}
		}
	})
}
