package procmon

import (
	"strconv"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// A file operation's detail: the sub-operation u8, three bytes, the request, then the path as a counted text (u16, two
// bytes, the text), then what was handed in. The request is laid out for the machine's pointers: flags at 4,
// FLT_PARAMETERS at 12.
const (
	requestAt   = 4
	ioFlagsAt   = 4
	paramsAt    = 12
	afterPathAt = 4 // from the length of the path to the path
)

// A request is a file operation's detail, taken apart.
type request struct {
	block  part // the request
	params part // of it
	rest   part // what was handed in
}

// by is a number of the parameters at the offset for the machine's pointers.
func (d *decoder) by(r *request, off32, off64, size int) (uint64, field.Span) {
	off := off32
	if d.pointer == 8 {
		off = off64
	}
	return r.params.number(off, size), r.params.span(off, size)
}

// fileSystem lays out a file operation and returns its name.
func (d *decoder) fileSystem(h *trace.EventHeader) string {
	p := d.detail
	size := 5*d.pointer + 0x14
	name := Operation(FileSystem, h.ID, h.Opcode)
	if !p.has(requestAt+size, afterPathAt) {
		d.e.Short = true
		d.common("", field.Span{})
		return name
	}
	at := requestAt + size
	path, span, next := d.text(p, at+afterPathAt, counted(p.number(at, 2)))
	r := request{block: part{p.b[requestAt:at], p.at + requestAt}, rest: p.cut(next)}
	r.params = r.block.cut(paramsAt)
	if name == "QueryDirectory" {
		d.queryDirectory(&r, path, span)
		return name
	}
	d.common(path, span)
	switch h.ID {
	case createFile:
		d.createFile(&r)
	case readFile, writeFile, mdlRead, prepareWrite:
		d.readWrite(&r)
	case fsControl, deviceControl:
		d.control(&r)
	default:
		for i := range layouts[name] {
			d.item(&r, &layouts[name][i])
		}
	}
	return name
}

// item puts a field that lies at a fixed place.
func (d *decoder) item(r *request, it *item) {
	p := r.params
	switch it.in {
	case rest:
		p = r.rest
	case returned:
		p = d.extra
	}
	off, size := it.off32, it.size
	if d.pointer == 8 {
		off = it.off64
	}
	if size == 0 {
		size = d.pointer
	}
	if !p.has(off, size) {
		return
	}
	u, span := p.number(off, size), p.span(off, size)
	switch it.id {
	case fFileAttributes, fAttributes:
		d.flags(it.id, fileAttributes, u, "", "n/a", span)
	case fInformation:
		d.bits(it.id, securityInformation, u, span)
	case fFilter:
		d.flags(it.id, notifyFilter, u, ", ", "", span)
	case fMode:
		d.flags(it.id, modes, u, ", ", "", span)
	case fAccess:
		d.access(it.id, &fileAccess, u, span)
	case fAlignment:
		d.put(it.id, alignments[u], span)
	case fSyncType:
		d.syncType(u, span)
	case fPageProtection:
		d.pageProtection(u, span)
	case fFileSystemAttributes:
		d.bits(it.id, fileSystemAttributes, u, span)
	case fName, fFileSystemName:
		s, span := d.wide(p, off+size, int(min(u, 1<<16)))
		d.put(it.id, s, span)
	case fVolumeLabel: // the label is behind a flag and a byte
		s, span := d.wide(p, off+6, int(min(u, 1<<16)))
		d.put(it.id, s, span)
	case fObjectID:
		d.e.Put(it.id, field.Value{Type: field.Bytes, B: p.b[off : off+size]}, span)
	default:
		d.num(it.id, p, off, size)
	}
}

func (d *decoder) syncType(u uint64, at field.Span) {
	switch u {
	case 0:
		d.put(fSyncType, "SyncTypeOther", at)
	case 1:
		d.put(fSyncType, "SyncTypeCreateSection", at)
	default:
		d.put(fSyncType, "Unknown: 0x"+strconv.FormatUint(u, 16), at)
	}
}

func (d *decoder) pageProtection(u uint64, at field.Span) {
	if s := pageProtectionText(u); s != "" {
		d.put(fPageProtection, s, at)
	}
}

func pageProtectionText(u uint64) string {
	for _, f := range pageProtections {
		if u&f.bits == 0 {
			continue
		}
		if u&pageNoCache != 0 {
			return f.name + "|PAGE_NOCACHE"
		}
		return f.name
	}
	return ""
}

// readWrite is a read or a write: what was asked for, and of a read how much there was.
func (d *decoder) readWrite(r *request) {
	offset, at := d.by(r, 8, 16, 8)
	d.e.Put(fOffset, field.Value{Type: field.Int, U: offset}, at)
	length := r.params
	if d.extra.has(0, 4) {
		length = d.extra
	}
	d.num(fLength, length, 0, 4)
	d.num(fRequested, r.params, 0, 4)
	flags, at := r.block.number(ioFlagsAt, 4), r.block.span(ioFlagsAt, 4)
	if flags&ioFlagMask != 0 {
		d.flags(fIOFlags, ioFlags, flags&ioFlagMask, ", ", "", at)
	}
	switch p := flags >> 17 & 7; {
	case p == 0:
	case int(p) < len(priorities):
		d.put(fPriority, priorities[p], at)
	default:
		d.put(fPriority, "0x"+strconv.FormatUint(p, 16), at)
	}
}

// createFile is the opening of a file: what was asked for, for whom, and how it went.
func (d *decoder) createFile(r *request) {
	d.access(fDesiredAccess, &fileAccess, r.rest.number(0, 4), r.rest.span(0, 4))
	options, at := d.by(r, 4, 8, 4)
	disposition := int(options >> 24)
	d.put(fDisposition, choice(dispositions[:], disposition, "<unknown>"), at)
	d.flags(fOptions, createOptions, options&0xffffff, ", ", "", at)
	u, at := d.by(r, 8, 16, 2)
	d.flags(fAttributes, fileAttributes, u, "", "n/a", at)
	u, at = d.by(r, 10, 18, 2)
	d.flags(fShareMode, shareModes, u, ", ", "None", at)
	// On 32-bit Windows the upper half of the size is behind what the log keeps.
	size := 8
	if d.pointer == 4 {
		size = 4
	}
	u, at = d.by(r, 24, 40, size)
	switch choice(dispositions[:], disposition, "") {
	case "Supersede", "Create", "OpenIf", "OverwriteIf":
		d.e.Put(fAllocationSize, field.U(u), at)
	default:
		d.put(fAllocationNone, "n/a", at)
	}
	if n := int(r.rest.number(4, 1)); n > 0 && r.rest.has(8, n) {
		d.put(fImpersonating, sid(r.rest.b[8:8+n]), r.rest.span(8, n))
	}
	if d.extra.has(0, 4) {
		d.put(fOpenResult, choice(openResults[:], int(d.extra.number(0, 4)), "<unknown>"), d.extra.span(0, 4))
	}
}

// choice is the name at an index of a list, or what is said when it has none.
func choice(list []string, i int, none string) string {
	if i >= 0 && i < len(list) {
		return list[i]
	}
	return none
}

// offloadRead is FSCTL_OFFLOAD_READ, whose input (FSCTL_OFFLOAD_READ_INPUT, [MS-FSCC] 2.3.41) has a place and a length.
const offloadRead = 0x94264

// control is a control code for a file system or a device.
func (d *decoder) control(r *request) {
	u, at := d.by(r, 8, 16, 4)
	name, ok := controls[uint32(u)]
	if !ok {
		b := append(d.scratch[:0], "0x"...)
		b = append(strconv.AppendUint(b, u, 16), " (Device:0x"...)
		b = append(strconv.AppendUint(b, u>>16, 16), " Function:"...)
		b = append(strconv.AppendUint(b, u>>2&0xfff, 10), " Method: "...)
		name = d.kept(append(strconv.AppendUint(b, u&3, 10), ')'))
	}
	d.put(fControl, name, at)
	if u == offloadRead && r.rest.has(16, 16) {
		d.num(fOffset, r.rest, 16, 8)
		d.num(fLength, r.rest, 24, 8)
	}
}

// sid is a security identifier in the form S-1-5-18, [MS-DTYP] 2.4.2.1; "" for anything else.
func sid(b []byte) string {
	if len(b) < 8 || b[0] != 1 || len(b) < 8+4*int(b[1]) {
		return ""
	}
	out := append([]byte(nil), "S-1-"...)
	out = strconv.AppendUint(out, field.Number(b[2:8], false), 10)
	for i := range int(b[1]) {
		out = strconv.AppendUint(append(out, '-'), field.Number(b[8+4*i:12+4*i], true), 10)
	}
	return string(out)
}
