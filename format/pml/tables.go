package pml

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// Bounds of what is kept of the tables. A log is 4 GiB at most, and real tables are some megabytes.
const (
	maxProcesses = 1 << 20
	maxText      = 64 << 10 // bytes of one text
	maxTexts     = 64 << 20 // bytes of all texts, each counted as often as it is kept
	maxNames     = 1 << 20
	maxHosts     = 16 << 20 // bytes of the table of hosts and ports
)

// processLen is the size of a process up to what the reader wants of it: its number in the log, ids, times, and the indexes of its texts.
const processLen = 0x58

// texts is the table of texts, which the process table refers to by index.
type texts struct {
	view  format.View
	at    int64
	end   int64 // of the file
	count uint32
	known map[uint32]string
	size  int64
	short int64 // bytes that the table needs, when the file ends inside it
	err   error
}

func (r *Reader) newTexts() *texts {
	t := &texts{view: format.NewView(r.in.At, r.in.Size), end: r.in.Size, at: r.head.strings, known: map[uint32]string{}}
	if b := t.view.Piece(t.at, 4); len(b) == 4 {
		t.count = binary.LittleEndian.Uint32(b)
	} else {
		t.short = 4
	}
	return t
}

// text is the text with this index, "" when there is none.
func (t *texts) text(index uint32) string {
	if s, ok := t.known[index]; ok || index >= t.count {
		return s
	}
	b := t.view.Piece(t.at+4+4*int64(index), 4)
	if len(b) < 4 {
		t.short = max(t.short, 8+4*int64(index))
		return ""
	}
	at := t.at + int64(binary.LittleEndian.Uint32(b))
	b = t.view.Piece(at, 4)
	if len(b) < 4 {
		t.short = max(t.short, at+4-t.at)
		return ""
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if at+4+n > t.end && n <= maxText {
		t.short = max(t.short, at+4+n-t.at)
	}
	if n > maxText || t.size+n > maxTexts {
		t.err = fmt.Errorf("text %d has %d bytes", index, n)
		return ""
	}
	s := text(t.view.Piece(at+4, n))
	t.size += n
	t.known[index] = s
	return s
}

// readProcesses fills Info.Processes and the owners of events.
func (r *Reader) readProcesses() {
	at := r.head.processes
	v := format.NewView(r.in.At, r.in.Size)
	head := v.Piece(at, 4)
	if len(head) < 4 {
		r.short("pml process table", at, 4)
		return
	}
	count := int64(binary.LittleEndian.Uint32(head))
	if room := (r.in.Size - at - 4) / 8; count > room && r.head.strings > r.in.Size {
		r.short("pml process table", at, 4+8*count)
		count = room
	} else if count > room || count > maxProcesses {
		r.damaged("pml process table", at, 0, 0, fmt.Sprintf("says %d processes, and there is room for %d", count, min(room, maxProcesses)))
		count = min(room, maxProcesses)
	}
	r.owners = make(map[uint32]owner, min(count, 4096))
	list := r.newTexts()
	offsets := format.NewView(r.in.At, r.in.Size)
	for i := range count {
		b := offsets.Piece(at+4+4*(count+i), 4)
		if len(b) < 4 {
			r.damaged("pml process table", at+4+4*(count+i), 4, int64(len(b)), "")
			break
		}
		off := at + int64(binary.LittleEndian.Uint32(b))
		p := v.Piece(off, processLen)
		if len(p) < processLen {
			r.short("pml process", off, processLen)
			continue
		}
		r.addProcess(p, list)
	}
	if list.short > 0 {
		r.short("pml table of texts", r.head.strings, list.short)
	}
	if list.err != nil {
		r.damaged("pml table of texts", r.head.strings, 0, 0, list.err.Error())
	}
}

func (r *Reader) addProcess(b []byte, list *texts) {
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	if _, again := r.owners[u32(0)]; again {
		return
	}
	p := trace.Process{
		Key: key(u32(0)), PID: u32(0x04), Parent: u32(0x08), Session: u32(0x18), HasSession: true, Bits: 32,
		Integrity: list.text(u32(0x38)), User: list.text(u32(0x3C)), Name: list.text(u32(0x40)), Path: list.text(u32(0x44)), CommandLine: list.text(u32(0x48)),
		Company: list.text(u32(0x4C)), Version: list.text(u32(0x50)), Description: list.text(u32(0x54)),
		LogonID: binary.LittleEndian.Uint64(b[0x10:]),
		Start:   known0(nanoseconds(binary.LittleEndian.Uint64(b[0x20:]))), End: known0(nanoseconds(binary.LittleEndian.Uint64(b[0x28:]))),
	}
	if u32(0x34) != 0 {
		p.Bits = 64
	}
	r.owners[u32(0)] = owner{p.PID}
	r.info.Processes = append(r.info.Processes, p)
}

// key is the process's number in the log as trace.Process has it: 0 is none.
func key(number uint32) uint64 { return uint64(number) + 1 }

// known0 is a time, 0 when there is none.
func known0(t int64) int64 {
	if t == trace.NoTime {
		return 0
	}
	return t
}

func (r *Reader) damaged(layer string, at, need, have int64, detail string) {
	r.info.Damage.Add(&trace.Error{Source: r.in.Name, Offset: at, Layer: layer, Need: need, Have: have, Detail: detail, Err: trace.ErrCorrupt}, 0)
}

// names are what the log calls hosts and ports.
type names struct {
	hosts map[netip.Addr]string
	ports map[port]string
	out   [4]string
}

type port struct {
	number uint16
	tcp    bool
}

// readNames reads the table of hosts (16 bytes of address, of IPv4 the first four; length u32; name) and of ports
// (number u16, TCP u16, length u32, name), each with a count before it.
func (r *Reader) readNames() {
	at := r.head.hosts
	v := format.NewView(r.in.At, r.in.Size)
	c := bin.Little(v.Piece(at, maxHosts))
	r.names = names{hosts: map[netip.Addr]string{}, ports: map[port]string{}}
	for n := c.U32(); n > 0 && c.Err() == nil && len(r.names.hosts) < maxNames; n-- {
		a := c.Bytes(16)
		name := text(c.Bytes(int(min(c.U32(), maxHosts))))
		if c.Err() == nil && name != "" {
			r.names.hosts[netip.AddrFrom16([16]byte(a))] = name
			r.noteName([16]byte(a), name)
		}
	}
	for n := c.U32(); n > 0 && c.Err() == nil && len(r.names.ports) < maxNames; n-- {
		k := port{number: c.U16()}
		k.tcp = c.U16() != 0
		if name := text(c.Bytes(int(min(c.U32(), maxHosts)))); c.Err() == nil {
			r.names.ports[k] = name
		}
	}
	if err := c.Err(); err != nil {
		r.short("pml table of hosts and ports", at, int64(c.Offset())+1)
	}
}

// noteName adds a host to what the file says of addresses. Nothing tells IPv4 from IPv6 but twelve zeros behind.
func (r *Reader) noteName(a [16]byte, name string) {
	addr := netip.AddrFrom16(a)
	if [12]byte(a[4:]) == [12]byte{} {
		addr = netip.AddrFrom4([4]byte(a[:4]))
	}
	r.info.Names = append(r.info.Names, trace.Name{Address: addr.String(), Names: []string{name}})
}

// Layout of a network event's detail.
const (
	netFlagTCP  = 4
	netLocalAt  = 8
	netRemoteAt = 24
	netPortsAt  = 40
	netLen      = 44
)

// of are the names of a network event's hosts and ports: local host, local port, remote host, remote port.
func (n *names) of(detail []byte) []string {
	if len(detail) < netLen {
		return nil
	}
	tcp := binary.LittleEndian.Uint16(detail)&netFlagTCP != 0
	for i, at := range [...]int{netLocalAt, netRemoteAt} {
		n.out[2*i] = n.hosts[netip.AddrFrom16([16]byte(detail[at:at+16]))]
		n.out[2*i+1] = n.ports[port{binary.LittleEndian.Uint16(detail[netPortsAt+2*i:]), tcp}]
	}
	return n.out[:]
}
