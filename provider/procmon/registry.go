package procmon

import (
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// Codes of registry operations with a detail.
const (
	regOpenKey    = 0
	regCreateKey  = 1
	regQueryKey   = 3
	regSetValue   = 4
	regQueryValue = 5
	regEnumValue  = 6
	regEnumKey    = 7
	regSetInfoKey = 8
	regLoadKey    = 12
	regRenameKey  = 14
)

// fixedPart is how many bytes come before the path, by operation: the length of the path first.
var fixedPart = map[uint16]int{
	regOpenKey: 8, regCreateKey: 8, regQueryKey: 12, regQueryValue: 12, regEnumKey: 16, regEnumValue: 16, regSetInfoKey: 16, regSetValue: 16, regLoadKey: 4, regRenameKey: 4,
}

// registry lays out an operation on a key or a value.
func (d *decoder) registry(h *trace.EventHeader) {
	p := d.detail
	fixed, ok := fixedPart[h.ID]
	if !ok {
		fixed = 2
	}
	path, at, next := d.text(p, fixed, counted(p.number(0, 2)))
	d.common(path, at)
	switch h.ID {
	case regOpenKey, regCreateKey:
		d.openKey(p)
	case regQueryKey:
		class := p.number(8, 4)
		d.put(fQuery, choice(keyInformation[:], int(class), strconv.FormatUint(class, 10)), p.span(8, 4))
		d.key(p, class)
	case regEnumKey:
		d.num(fIndex, p, 8, 4)
		d.key(p, p.number(12, 4))
	case regQueryValue:
		d.keyValue(p, p.number(8, 4), false)
	case regEnumValue:
		d.num(fIndex, p, 8, 4)
		d.keyValue(p, p.number(12, 4), true)
	case regSetInfoKey:
		d.setInfo(p, p.cut(next))
	case regSetValue:
		d.setValue(p, p.cut(next))
	case regLoadKey, regRenameKey:
		s, at, _ := d.text(p, next, counted(p.number(2, 2)))
		d.put(map[bool]uint8{true: fHivePath, false: fNewName}[h.ID == regLoadKey], s, at)
	}
}

// Results of RegCreateKeyEx.
var regDispositions = [...]string{1: "REG_CREATED_NEW_KEY", 2: "REG_OPENED_EXISTING_KEY"}

const maximumAllowed = 0x2000000

func (d *decoder) openKey(p part) {
	access := p.number(4, 4)
	if access == 0 {
		return
	}
	d.access(fDesiredAccess, &registryAccess, access, p.span(4, 4))
	if !d.hasExtra {
		return
	}
	if access == maximumAllowed {
		d.access(fGrantedAccess, &registryAccess, d.extra.number(0, 4), d.extra.span(0, 4))
	}
	if n := d.extra.number(4, 4); n > 0 && n < uint64(len(regDispositions)) {
		d.put(fRegDisposition, regDispositions[n], d.extra.span(4, 4))
	}
}

// keyInformation is KEY_INFORMATION_CLASS (wdm.h).
var keyInformation = [...]string{"Basic", "Node", "Full", "Name", "Cached", "Flags", "Virtualization", "HandleTags", "Trust", "Layer"}

// Numbers of it.
const (
	keyBasic = iota
	keyNode
	keyFull
	keyName
	keyCached
	keyFlags
	_
	keyHandleTags
)

// key is what was asked of a key: KEY_BASIC_INFORMATION and the like, or the length of a buffer that did not do.
func (d *decoder) key(p part, class uint64) {
	x := d.extra
	if !d.hasExtra {
		d.num(fLength, p, 4, 4)
		return
	}
	switch class {
	case keyBasic:
		d.name(x, 12, 16)
	case keyNode:
		d.name(x, 20, 24)
	case keyFull:
		d.num(fSubKeys, x, 20, 4)
		d.num(fValues, x, 32, 4)
	case keyCached:
		d.num(fSubKeys, x, 12, 4)
		d.num(fValues, x, 20, 4)
	case keyFlags:
		d.num(fUserFlags, x, 0, 4)
	case keyHandleTags:
		d.num(fHandleTags, x, 0, 4)
	}
}

// name puts a name with its length in bytes at one offset and its letters at another.
func (d *decoder) name(p part, lengthAt, at int) {
	if !p.has(lengthAt, 4) {
		return
	}
	s, span := d.wide(p, at, int(min(p.number(lengthAt, 4), 1<<16)))
	d.put(fName, s, span)
}

// KEY_VALUE_INFORMATION_CLASS (wdm.h).
const (
	valueFull    = 1
	valuePartial = 2
)

// keyValue is what was asked of a value: KEY_VALUE_FULL_INFORMATION, KEY_VALUE_PARTIAL_INFORMATION, or the length of a buffer that did not do.
func (d *decoder) keyValue(p part, class uint64, named bool) {
	x := d.extra
	if !d.hasExtra {
		d.num(fLength, p, 4, 4)
		return
	}
	typ := x.number(4, 4)
	data, length := part{}, uint64(0)
	switch class {
	case valueFull:
		if named {
			d.name(x, 16, 20)
		}
		data, length = x.cut(int(min(x.number(8, 4), 1<<16))), x.number(12, 4)
	case valuePartial:
		data, length = x.cut(12), x.number(8, 4)
	}
	d.put(fType, typeName(typ), x.span(4, 4))
	if class != valueFull && class != valuePartial {
		return
	}
	at := x.span(8, 4)
	if class == valueFull {
		at = x.span(12, 4)
	}
	d.e.Put(fLength, field.U(length), at)
	if length > 0 {
		d.data(typ, data, length)
	}
}

// types are the types of values ([MS-RRP] 3.1.1.5).
var types = [...]string{
	"REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK", "REG_MULTI_SZ", "REG_RESOURCE_LIST",
	"REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST", "REG_QWORD",
}

// Numbers of them.
const (
	regSZ       = 1
	regExpandSZ = 2
	regBinary   = 3
	regDWORD    = 4
	regMultiSZ  = 7
	regQWORD    = 11
)

func typeName(t uint64) string {
	return choice(types[:], int(min(t, 1<<20)), "<Unknown: "+strconv.FormatUint(t, 10)+">")
}

// data is the data of a value, as much as the log has of it.
func (d *decoder) data(typ uint64, p part, length uint64) {
	n := int(min(length, uint64(len(p.b))))
	switch typ {
	case regSZ, regExpandSZ:
		s, at := d.wide(p, 0, n)
		d.put(fData, s, at)
	case regDWORD:
		d.num(fDataNumber, p, 0, 4)
	case regQWORD:
		d.num(fDataNumber, p, 0, 8)
	case regBinary:
		d.e.Put(fDataBytes, field.Value{Type: field.Bytes, B: p.b[:n]}, p.span(0, n))
	case regMultiSZ:
		d.e.PutList(fDataList, d.strings(p, 0, n), p.span(0, n))
	default:
		d.put(fData, "", p.span(0, n))
	}
}

// setInformation is KEY_SET_INFORMATION_CLASS (wdm.h), as far as it is seen.
var keySetInformation = map[uint64]string{0: "KeyWriteTimeInformation", 1: "KeyWow64FlagsInformation", 5: "KeySetHandleTagsInformation"}

func (d *decoder) setInfo(p, in part) {
	class := p.number(4, 4)
	name := keySetInformation[class]
	if name == "" {
		name = "<Unknown: " + strconv.FormatUint(class, 10) + ">"
	}
	d.put(fKeySetInformationClass, name, p.span(4, 4))
	d.num(fLength, p, 12, 2)
	if p.number(12, 2) == 0 {
		return
	}
	switch class {
	case 0:
		d.num(fLastWriteTime, in, 0, 8)
	case 1:
		d.num(fWow64Flags, in, 0, 4)
	case 5:
		d.num(fHandleTags, in, 0, 4)
	}
}

func (d *decoder) setValue(p, in part) {
	typ, length := p.number(4, 4), p.number(8, 4)
	name := typeName(typ)
	d.put(fType, name, p.span(4, 4))
	d.num(fLength, p, 8, 4)
	if n := min(length, p.number(12, 2)); n > 0 && !strings.HasPrefix(name, "<") {
		d.data(typ, in, n)
	}
}
