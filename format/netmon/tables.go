package netmon

import (
	"encoding/binary"
	"strings"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// maxTable bounds what is read of the comment table, and of a path in the process table.
const (
	maxTable = 16 << 20
	maxPath  = 64 << 10
)

// readComments fills the comments by the file offset of their frame: repeated
// frame count, offset, title in UTF-16, description in RTF.
func (r *Reader) readComments() {
	at, n := r.head.comments[0], r.head.comments[1]
	if at == 0 || n == 0 {
		return
	}
	b := r.frames.Piece(at, min(n, maxTable))
	if int64(len(b)) < n {
		r.damaged("netmon comments", at, n, int64(len(b)))
	}
	r.comments = map[uint32][]string{}
	c := bin.Little(b)
	for c.Len() >= 12 {
		c.Skip(4)
		frame := c.U32()
		title := bin.DecodeUTF16(c.Bytes(int(c.U32())))
		text := plain(c.Bytes(int(c.U32())))
		if c.Err() != nil {
			r.damaged("netmon comments", at+int64(c.Offset()), 0, 0)
			return
		}
		for _, s := range []string{strings.TrimRight(title, "\x00"), text} {
			if s != "" {
				r.comments[frame] = append(r.comments[frame], s)
			}
		}
	}
}

type process struct {
	id   uint32
	path string
}

// processTail follows the icon: process id, ports, address family, two addresses.
const processTail = 4 + 4 + 4 + 4 + 16 + 16

// readProcesses fills the process table, one entry for each process and connection, named by index.
func (r *Reader) readProcesses() {
	at, count := r.head.processes[0], r.head.processes[1]
	if at == 0 || count == 0 {
		return
	}
	at += 2 // version
	u32 := func() (int64, bool) {
		b := r.frames.Piece(at, 4)
		at += 4
		if len(b) < 4 {
			return 0, false
		}
		return int64(binary.LittleEndian.Uint32(b)), true
	}
	for range count {
		start := at
		n, ok := u32()
		path := r.frames.Piece(at, min(n, maxPath))
		name, _, _ := strings.Cut(bin.DecodeUTF16(path), "\x00")
		at += n
		icon, ok2 := u32()
		at += icon
		tail := r.frames.Piece(at, processTail)
		at += processTail
		if !ok || !ok2 || len(tail) < processTail {
			r.damaged("netmon process table", start, 0, 0)
			return
		}
		r.processes = append(r.processes, process{binary.LittleEndian.Uint32(tail), name})
	}
}

func (r *Reader) damaged(layer string, at, need, have int64) {
	r.info.Damage.Add(&trace.Error{Source: r.in.Name, Offset: at, Layer: layer, Need: need, Have: have, Err: trace.ErrCorrupt}, 0)
}
