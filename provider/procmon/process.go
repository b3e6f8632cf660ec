package procmon

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// Codes of process operations with a detail.
const (
	processDefined = 0
	processCreate  = 1
	processExit    = 2
	threadCreate   = 3
	threadExit     = 4
	loadImage      = 5
	processStart   = 7
)

// process lays out an event of a process, a thread or an image.
func (d *decoder) process(h *trace.EventHeader) {
	switch p := d.detail; h.ID {
	case processDefined, processCreate:
		d.created(p)
	case processExit:
		d.common("", field.Span{})
		d.num(fExitStatus, p, 0, 4)
		d.num(fUserTime, p, 12, 8)
		d.num(fKernelTime, p, 4, 8)
		d.num(fPrivateBytes, p, 36, 8)
		d.num(fPeakPrivateBytes, p, 44, 8)
		d.num(fWorkingSet, p, 20, 8)
		d.num(fPeakWorkingSet, p, 28, 8)
	case threadCreate:
		d.common("", field.Span{})
		d.num(fThreadID, p, 0, 4)
	case threadExit:
		d.common("", field.Span{})
		d.e.Put(fThreadID, field.U(uint64(h.TID)), field.Span{Off: 4, Len: 4})
		d.num(fThreadUserTime, p, 12, 8)
		d.num(fThreadKernelTime, p, 4, 8)
	case loadImage:
		path, at, _ := d.text(p, d.pointer+8, counted(p.number(d.pointer+4, 2)))
		d.common(path, at)
		d.num(fImageBase, p, 0, d.pointer)
		d.num(fImageSize, p, d.pointer, 4)
	case processStart:
		d.started(p)
	default:
		d.common("", field.Span{})
	}
}

// created is a new process: its id, two security identifiers that are passed over, image and command line.
func (d *decoder) created(p part) {
	sids := int(p.number(0x2C, 1) + p.number(0x2D, 1))
	path, at, next := d.text(p, 0x34+sids, counted(p.number(0x2E, 2)))
	d.common(path, at)
	d.num(fPID, p, 4, 4)
	line, at, _ := d.text(p, next, counted(p.number(0x30, 2)))
	d.put(fCommandLine, line, at)
}

// started is what a process began with: parent, command line, directory, environment.
func (d *decoder) started(p part) {
	d.common("", field.Span{})
	d.num(fParentPID, p, 0, 4)
	line, at, next := d.text(p, 12, counted(p.number(4, 2)))
	d.put(fCommandLine, line, at)
	dir, at, next := d.text(p, next, counted(p.number(6, 2)))
	d.put(fCurrentDirectory, dir, at)
	env := p.cut(next)
	size := min(2*int(p.number(8, 4)), len(env.b))
	d.e.PutList(fEnvironment, d.strings(env, 0, size), env.span(0, size))
}

// maxStrings bounds a list of texts: an environment has some fifty.
const maxStrings = 4096

// strings are texts in UTF-16, each with its NUL, up to an empty one.
func (d *decoder) strings(p part, off, size int) []field.Value {
	var out []field.Value
	b := p.b[min(off, len(p.b)):min(off+size, len(p.b))]
	for len(b) >= 2 && len(out) < maxStrings {
		i := 0
		for i+1 < len(b) && binary.LittleEndian.Uint16(b[i:]) != 0 {
			i += 2
		}
		if i == 0 {
			break
		}
		out = append(out, field.S(d.e.UTF16(b[:i])))
		b = b[min(i+2, len(b)):]
	}
	return out
}
