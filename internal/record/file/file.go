package file

import (
	"hash/maphash"
	"io"
	"math"
	"net/netip"

	"github.com/wiretale/wiretale/format/pcapng"
)

// A Section is what a recording says of itself.
type Section struct {
	OS, Hardware, Application string
	Comments                  []string
}

// An Interface is where packets come from.
type Interface struct {
	Name, Description, Filter, OS string
	MAC                           []byte
	Link                          uint16
	Snap                          uint32
	Speed                         uint64 // bits a second, 0 when unknown
}

// A Process is what is known of one.
type Process struct {
	PID, Parent, UID    uint32
	HasUID              bool
	Name, Path, Command string // Command with a NUL behind each argument
	Start               int64  // nanoseconds since 1970, 0 when unknown
}

// A Packet is a frame with what the recorder knows of it.
type Packet struct {
	Interface int // as AddInterface numbered it
	Time      int64
	Data      []byte
	Wire      int
	Flags     uint32
	PID, TID  uint32 // of the owner, valid iff Owned
	Owned     bool
	Tagged    bool // a tag belongs behind the two addresses of Ethernet
	TPID, TCI uint16
}

// A Writer writes recordings, one file after another. It is for one goroutine.
type Writer struct {
	w          io.Writer
	buf        []byte
	section    Section
	interfaces []Interface
	processes  []Process
	described  map[uint32]int // index of the last of a process
	seed       maphash.Seed
	written    int64
	lost       int64 // bytes of blocks that could not be written
	err        error
}

// NewWriter makes a writer without a file; Switch gives it one.
func NewWriter(s Section) *Writer {
	return &Writer{section: s, described: map[uint32]int{}, seed: maphash.MakeSeed()}
}

// Switch goes on in another file: with the same section, interfaces and processes. What was not flushed goes there too.
func (w *Writer) Switch(to io.Writer) error {
	rest := w.buf
	w.w, w.buf, w.written, w.err = to, nil, 0, nil
	w.header()
	for i := range w.interfaces {
		w.iface(&w.interfaces[i])
	}
	for i := range w.processes {
		w.process(&w.processes[i])
	}
	w.buf = append(w.buf, rest...)
	return w.Flush()
}

// Size is how many bytes the file has, with what is not flushed yet.
func (w *Writer) Size() int64 { return w.written + int64(len(w.buf)) }

// Pending is how many bytes are not flushed yet.
func (w *Writer) Pending() int { return len(w.buf) }

// Lost is how many bytes of blocks could not be written.
func (w *Writer) Lost() int64 { return w.lost }

// Flush writes what there is. After an error nothing more is written to this file: half a block would make the rest unreadable.
func (w *Writer) Flush() error {
	if len(w.buf) == 0 || w.w == nil {
		return w.err
	}
	if w.err != nil {
		w.lost += int64(len(w.buf))
		w.buf = w.buf[:0]
		return w.err
	}
	n, err := w.w.Write(w.buf)
	w.written += int64(n)
	if err != nil {
		w.err = &WriteError{Whole: w.written - int64(n) + int64(wholeBlocks(w.buf[:n])), Err: err}
		w.lost += int64(len(w.buf) - wholeBlocks(w.buf[:n]))
	}
	w.buf = w.buf[:0]
	return w.err
}

// A WriteError says up to where the file has whole blocks.
type WriteError struct {
	Whole int64
	Err   error
}

func (e *WriteError) Error() string { return e.Err.Error() }
func (e *WriteError) Unwrap() error { return e.Err }

// wholeBlocks is the length of the blocks that b has with all their bytes.
func wholeBlocks(b []byte) int {
	at := 0
	for len(b)-at >= 12 {
		n := int(le.Uint32(b[at+4:]))
		if n < 12 || n > len(b)-at {
			break
		}
		at += n
	}
	return at
}

func (w *Writer) header() {
	at := w.begin(blockSection)
	w.u32(0x1a2b3c4d)
	w.u16(1)
	w.u16(0)
	w.u64(math.MaxUint64) // the length is not given
	for _, c := range w.section.Comments {
		w.text(pcapng.OptComment, c)
	}
	w.text(pcapng.OptHardware, w.section.Hardware)
	w.text(pcapng.OptOS, w.section.OS)
	w.text(pcapng.OptApplication, w.section.Application)
	w.endOptions()
	w.end(at)
}

// AddInterface describes an interface and returns its number.
func (w *Writer) AddInterface(i Interface) int {
	w.interfaces = append(w.interfaces, i)
	w.iface(&i)
	return len(w.interfaces) - 1
}

func (w *Writer) iface(i *Interface) {
	at := w.begin(blockInterface)
	w.u16(i.Link)
	w.u16(0)
	w.u32(i.Snap)
	w.text(pcapng.OptIfName, i.Name)
	w.text(pcapng.OptIfDescription, i.Description)
	if len(i.MAC) == 6 {
		w.text(pcapng.OptIfMAC, string(i.MAC))
	}
	if i.Speed > 0 {
		w.number(pcapng.OptIfSpeed, i.Speed)
	}
	w.text(pcapng.OptIfResolution, "\x09")
	if i.Filter != "" {
		w.text(pcapng.OptIfFilter, "\x00"+i.Filter)
	}
	w.text(pcapng.OptIfOS, i.OS)
	w.endOptions()
	w.end(at)
}

// Packet writes a packet.
func (w *Writer) Packet(p *Packet) {
	at := w.begin(blockEnhanced)
	data, tag := p.Data, 0
	if p.Tagged && len(data) >= 12 {
		tag = 4
	}
	w.u32(uint32(p.Interface))
	w.time(p.Time)
	w.u32(uint32(len(data) + tag))
	w.u32(uint32(p.Wire + tag))
	if tag > 0 {
		w.buf = append(w.buf, data[:12]...)
		w.buf = append(w.buf, byte(p.TPID>>8), byte(p.TPID), byte(p.TCI>>8), byte(p.TCI))
		data = data[12:]
	}
	w.buf = append(w.buf, data...)
	w.pad(at)
	w.u16(pcapng.OptFlags)
	w.u16(4)
	w.u32(p.Flags)
	if p.Owned {
		w.u16(pcapng.OptProcess)
		w.u16(8)
		w.u32(p.PID)
		w.u32(p.TID)
	}
	w.endOptions()
	w.end(at)
}

// Statistics writes what an interface has received and lost.
func (w *Writer) Statistics(id int, start, now int64, received, lost uint64) {
	at := w.begin(blockStatistics)
	w.u32(uint32(id))
	w.time(now)
	for _, t := range []struct {
		code uint16
		ns   int64
	}{{pcapng.OptStatStart, start}, {pcapng.OptStatEnd, now}} {
		w.u16(t.code)
		w.u16(8)
		w.time(t.ns)
	}
	w.number(pcapng.OptStatReceived, received)
	w.number(pcapng.OptStatOSDrop, lost)
	w.endOptions()
	w.end(at)
}

// Wireshark's process entry (format/pcapng/process.go).
const (
	penWireshark = 32622
	entryProcess = 3

	optProcessName    = 2
	optProcessPath    = 3
	optProcessCommand = 4
	optProcessParent  = 5
	optProcessUID     = 6
	optProcessStart   = 9
)

// Process describes a process.
func (w *Writer) Process(p Process) {
	if i, ok := w.described[p.PID]; ok && w.processes[i].Start == p.Start {
		w.processes[i] = p
	} else {
		w.described[p.PID] = len(w.processes)
		w.processes = append(w.processes, p)
	}
	w.process(&p)
}

func (w *Writer) process(p *Process) {
	at := w.begin(blockCustom)
	w.u32(penWireshark)
	w.u32(entryProcess)
	length := len(w.buf)
	w.u32(0)
	w.u32(p.PID)
	w.text(optProcessName, p.Name)
	w.text(optProcessPath, p.Path)
	w.text(optProcessCommand, p.Command)
	for _, n := range []struct {
		code  uint16
		v     uint32
		known bool
	}{{optProcessParent, p.Parent, p.Parent != 0}, {optProcessUID, p.UID, p.HasUID}} {
		if n.known {
			w.u16(n.code)
			w.u16(4)
			w.u32(n.v)
		}
	}
	if p.Start > 0 {
		w.number(optProcessStart, uint64(p.Start))
	}
	w.endOptions()
	le.PutUint32(w.buf[length:], uint32(len(w.buf)-length-4))
	w.end(at)
}

// appendEndpoint appends 10.0.0.1:80 or [::1]:80.
func appendEndpoint(b []byte, a netip.AddrPort) []byte { return a.AppendTo(b) }
