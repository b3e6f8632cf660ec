package pcapng

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/trace"
)

// blockDarwinProcess is Apple's process event block (DPEB): process id, then
// the options optProcessName and optDarwinUUID.
const blockDarwinProcess = 0x80000001

// Apple's options of an enhanced packet block: process event blocks by their position in the section.
const ()

// penWireshark is the enterprise number of the Wireshark Foundation, whose
// custom blocks hold an entry: type u32, length u32, data padded to four
// bytes, all of it little-endian.
const (
	penWireshark = 32622
	entryProcess = 3 // process id u32, then options
)

// Options of the process entry (proposed for the draft: IETF-OPSAWG-WG/draft-ietf-opsawg-pcap, pull request 209), and of Apple's block.
const (
	optProcessName    = 2
	optProcessPath    = 3
	optProcessCommand = 4
	optProcessParent  = 5
	optProcessUID     = 6
	optProcessUser    = 7
	optProcessUUID    = 8
	optProcessStart   = 9

	optDarwinUUID = 4
)

// maxProcesses bounds the list: a hostile file can hold nothing else.
const maxProcesses = 1 << 16

// darwinProcess decodes Apple's block.
func (r *Reader) darwinProcess(body []byte, rec *trace.Record) (bool, *trace.Error) {
	if len(body) < 4 {
		return false, short("pcapng process event block", 4, len(body))
	}
	p := trace.Process{PID: r.order.Uint32(body)}
	for code, v := range Options(body[4:], r.order) {
		switch {
		case code == OptComment:
			p.Comments = append(p.Comments, text(v))
		case code == optProcessName:
			p.Name = text(v)
		case code == optDarwinUUID && len(v) == 16:
			p.UUID = append([]byte(nil), v...)
		}
	}
	return r.process(p, rec, body), nil
}

// wiresharkProcess decodes the process entry of a Wireshark custom block, which begins behind the enterprise number.
func (r *Reader) wiresharkProcess(data []byte, rec *trace.Record) (bool, *trace.Error) {
	le := binary.LittleEndian
	n := int64(le.Uint32(data[4:]))
	if n < 4 || n > int64(len(data)-8) {
		return false, short("pcapng process information", int(max(n, 4)), len(data)-8)
	}
	entry := data[8 : 8+n]
	p := trace.Process{PID: le.Uint32(entry)}
	for code, v := range Options(entry[4:], le) {
		switch {
		case code == OptComment:
			p.Comments = append(p.Comments, text(v))
		case code == optProcessName:
			p.Name = text(v)
		case code == optProcessPath:
			p.Path = text(v)
		case code == optProcessCommand: // arguments, each ended by a NUL
			p.CommandLine = strings.ReplaceAll(strings.TrimRight(string(v), "\x00"), "\x00", " ")
		case code == optProcessParent && len(v) == 4:
			p.Parent = le.Uint32(v)
		case code == optProcessUID && len(v) == 4:
			p.UID, p.HasUID = le.Uint32(v), true
		case code == optProcessUser:
			p.User = text(v)
		case code == optProcessUUID && len(v) == 16:
			p.UUID = append([]byte(nil), v...)
		case code == optProcessStart && len(v) == 8:
			p.Start = int64(min(le.Uint64(v), 1<<63-1))
		}
	}
	return r.process(p, rec, data), nil
}

// process keeps what a block says of a process and describes the block in rec.
func (r *Reader) process(p trace.Process, rec *trace.Record, data []byte) bool {
	rec.Kind, rec.Data = trace.ProcessInfo, data
	rec.Text = processText(&p)
	if len(r.info.Processes) < maxProcesses {
		r.info.Processes = append(r.info.Processes, p)
	}
	return true
}

func processText(p *trace.Process) string {
	s := fmt.Sprintf("process %d", p.PID)
	for _, part := range []string{p.Name, p.Path, p.CommandLine} {
		if part != "" {
			s += " " + part
			break
		}
	}
	if p.User != "" {
		s += ", user " + p.User
	}
	return s
}

// darwin looks up a process event block of this section by its position.
func (r *Reader) darwin(index uint32) *trace.Process {
	if i := int64(r.firstProcess) + int64(index); i < int64(len(r.info.Processes)) {
		return &r.info.Processes[i]
	}
	return nil
}

// named is the process with this id that had started last at a time: the file
// may have described several lives of an id, and may describe a process only after its packets.
func (r *Reader) named(pid uint32, at int64) *trace.Process {
	var best *trace.Process
	list := r.info.Processes[r.firstProcess:]
	for i := range list {
		p := &list[i]
		if p.PID != pid {
			continue
		}
		started := at == trace.NoTime || p.Start <= at
		if best == nil || started && (p.Start >= best.Start || best.Start > at) || !started && p.Start < best.Start && best.Start > at {
			best = p
		}
	}
	return best
}

// owner notes the process that a packet option names.
func owner(m *trace.Meta, p *trace.Process) {
	if p == nil {
		return
	}
	m.PID, m.HasProcess, m.Process = p.PID, true, p.Name
	if p.Path != "" {
		m.Process = p.Path
	}
}
