package http2

import (
	"strconv"

	"golang.org/x/net/http2/hpack"
)

// Forms in which header fields are represented (RFC 7541, 6), in Wireshark's words.
const (
	formIndexed    = "Indexed Header Field"
	formAdded      = "Literal Header Field with Incremental Indexing - Indexed Name"
	formAddedNew   = "Literal Header Field with Incremental Indexing - New Name"
	formPlain      = "Literal Header Field without Indexing - Indexed Name"
	formPlainNew   = "Literal Header Field without Indexing - New Name"
	formNever      = "Literal Header Field never Indexed - Indexed Name"
	formNeverNew   = "Literal Header Field never Indexed - New Name"
	formSizeUpdate = "Maximum Header Table Size Change"
)

// Unknown is the name of a header field that was packed into a part of the connection that was not captured, as Wireshark has it. Its value is empty.
const Unknown = "<unknown>"

const (
	// maxString is the longest name or value that is unpacked: that of the library behind most servers.
	maxString = 1 << 16
	// maxList is how many bytes of header fields of a frame are shown, and maxLines how many of them.
	maxList  = 256 << 10
	maxLines = 200
	// usualTable is the size of a table that nobody changed (RFC 9113, 6.5.2). maxTable bounds what is kept of a larger one: 64 KiB is what browsers allow servers.
	usualTable = 4096
	maxTable   = 1 << 16
	// entryCost is what an entry counts beside its texts (RFC 7541, 4.1).
	entryCost = 32
)

// A headerField is a name with its value.
type headerField struct{ name, value string }

func (h *headerField) size() int { return len(h.name) + len(h.value) + entryCost }

// static are the fields that each connection begins with, by index from 1 (RFC 7541, appendix A).
var static = func() (all []headerField) {
	d := hpack.NewDecoder(0, nil)
	for i := byte(1); ; i++ {
		fields, err := d.DecodeFull([]byte{0x80 | i})
		if err != nil {
			return all
		}
		all = append(all, headerField{fields[0].Name, fields[0].Value})
	}
}()

// A table is the dynamic table of one direction: what the encoder added, the latest first. The entries are a ring.
type table struct {
	ring   []headerField
	latest int // place of the latest entry
	n      int
	size   int // bytes that the entries count (RFC 7541, 4.1)
	limit  int // of size; 0 stands for the usual one
	// partial says that there may be more entries behind those that are known: bytes of the direction are missing.
	partial bool
}

// reset forgets the entries, which are no longer where they were: something before them is missing.
func (t *table) reset() {
	clear(t.ring)
	t.latest, t.n, t.size, t.partial = 0, 0, 0, true
}

// at is the field with an index; false for one that there is not.
func (t *table) at(index int) (f headerField, ok bool) {
	switch {
	case index <= 0:
		return f, false
	case index <= len(static):
		return static[index-1], true
	}
	if index -= len(static) + 1; index < t.n {
		return t.ring[(t.latest-index+len(t.ring))%len(t.ring)], true
	}
	return headerField{name: Unknown}, t.partial
}

// add adds a field before the others. One that is larger than the table empties it (RFC 7541, 4.4).
func (t *table) add(f headerField) {
	limit := t.limit
	if limit == 0 {
		limit = usualTable
	}
	t.shrink(limit - f.size())
	if f.size() > limit {
		return
	}
	if t.n == len(t.ring) {
		t.grow()
	}
	t.latest = (t.latest + 1) % len(t.ring)
	t.ring[t.latest] = f
	t.n++
	t.size += f.size()
}

// grow doubles the ring.
func (t *table) grow() {
	bigger := make([]headerField, max(8, 2*len(t.ring)))
	for i := range t.n { // the oldest first
		bigger[i] = t.ring[(t.latest-(t.n-1)+i+len(t.ring))%len(t.ring)]
	}
	t.ring, t.latest = bigger, (t.n-1+len(bigger))%len(bigger)
}

// shrink takes the oldest entries out until the others have no more than so many bytes.
func (t *table) shrink(most int) {
	for t.n > 0 && t.size > most {
		oldest := &t.ring[(t.latest-(t.n-1)+len(t.ring))%len(t.ring)]
		t.size -= oldest.size()
		*oldest = headerField{}
		t.n--
	}
}

// resize sets the most that the entries may count. Beyond what is kept of it entries are not known.
func (t *table) resize(size uint64) {
	if size > maxTable {
		t.partial, size = true, maxTable
	}
	t.shrink(int(size))
	if t.limit = int(size); size == 0 {
		t.limit = -1 // nothing goes in
	}
}

// A coded is one representation in a block.
type coded struct {
	form  string
	index uint64
	size  uint64 // of a change of the table
	name  stringAt
	value stringAt
	n     int // length in bytes
}

// A stringAt is a string in a block.
type stringAt struct {
	from, to int
	huffman  bool
}

// Why a representation was not read.
type reading uint8

const (
	whole  reading = iota
	cut            // it goes on behind what there is
	broken         // it is none
)

// read reads the representation that b begins with (RFC 7541, 6).
func (c *coded) read(b []byte) reading {
	*c = coded{}
	prefix, indexed, fresh := 4, formPlain, formPlainNew
	switch first := b[0]; {
	case first&0x80 != 0:
		prefix, indexed, fresh = 7, formIndexed, ""
	case first&0x40 != 0:
		prefix, indexed, fresh = 6, formAdded, formAddedNew
	case first&0x20 != 0:
		prefix, indexed = 5, formSizeUpdate
	case first&0x10 != 0:
		indexed, fresh = formNever, formNeverNew
	}
	n, at, how := integer(b, 0, prefix)
	if how != whole {
		return how
	}
	c.form, c.index, c.n = indexed, n, at
	switch {
	case indexed == formSizeUpdate:
		c.index, c.size = 0, n
		return whole
	case indexed == formIndexed:
		return whole
	case n == 0:
		c.form = fresh
		if c.name, at, how = text(b, at); how != whole {
			return how
		}
	}
	c.value, c.n, how = text(b, at)
	return how
}

// integer is the number at an offset of b whose first byte has so many bits of it (RFC 7541, 5.1).
func integer(b []byte, at, prefix int) (n uint64, next int, how reading) {
	if at >= len(b) {
		return 0, at, cut
	}
	most := byte(1<<prefix - 1)
	n = uint64(b[at] & most)
	at++
	if n < uint64(most) {
		return n, at, whole
	}
	for shift := 0; at < len(b); shift += 7 {
		if shift > 28 {
			return 0, at, broken
		}
		n += uint64(b[at]&0x7f) << shift
		at++
		if b[at-1]&0x80 == 0 {
			return n, at, whole
		}
	}
	return 0, at, cut
}

// text is the string at an offset of b (RFC 7541, 5.2).
func text(b []byte, at int) (s stringAt, next int, how reading) {
	n, from, how := integer(b, at, 7)
	switch {
	case how != whole:
		return s, at, how
	case n > maxString:
		return s, at, broken
	case from+int(n) > len(b):
		return s, at, cut
	}
	return stringAt{from, from + int(n), b[at]&0x80 != 0}, from + int(n), whole
}

// in is the string as it was before it was packed; false when it is none.
func (s stringAt) in(b []byte, scratch *unpacked) (string, bool) {
	raw := b[s.from:s.to]
	if !s.huffman {
		return string(raw), true
	}
	scratch.b = scratch.b[:0]
	if _, err := hpack.HuffmanDecode(scratch, raw); err != nil || len(scratch.b) > 2*maxString {
		return "", false
	}
	return string(scratch.b), true
}

// unpacked takes what was unpacked.
type unpacked struct{ b []byte }

// Write never fails.
func (u *unpacked) Write(b []byte) (int, error) {
	u.b = append(u.b, b...)
	return len(b), nil
}

// An unpacker undoes the packing of one direction.
type unpacker struct {
	table table
	rest  []byte // of a representation that the frames so far do not end
	lost  bool   // what follows of the block cannot be read
}

// block unpacks a part of a block of header fields: it appends a record for each to texts, as many as are shown, and hands each to see.
// last says that the block ends with it, short that bytes are missing at its end. What cannot be read ends the list, and where the entries of the table are is not known then.
func (u *unpacker) block(b []byte, last, short bool, scratch *unpacked, texts []string, see func(name, value string)) []string {
	if len(u.rest) > 0 {
		u.rest = append(u.rest, b...)
		b = u.rest
	}
	var c coded
	shown, listed, how := 0, 0, whole
	for len(b) > 0 {
		if how = c.read(b); how != whole {
			break
		}
		name, value, ok := u.field(b, &c, scratch)
		if !ok {
			how = broken
			break
		}
		listed += len(name) + len(value) + 8
		if shown++; shown <= maxLines && listed < maxList {
			index := ""
			if c.index != 0 {
				index = strconv.FormatUint(c.index, 10)
			}
			texts = append(texts, name, value, c.form, index)
		}
		if name != "" {
			see(name, value)
		}
		b = b[c.n:]
	}
	u.lost = how == broken || short || len(b) > 0 && last || len(b) > 2*maxString+16
	if u.lost {
		u.table.reset()
	}
	if u.lost || last {
		u.rest = nil
	} else {
		u.rest = append(u.rest[:0], b...)
	}
	return texts
}

// skip is for a part of a block that cannot be read, as what was before it is missing.
func (u *unpacker) skip() {
	u.table.reset()
	u.rest, u.lost = nil, true
}

// field is what a representation stands for, and what it does to the table. A change of the size of the table has no name.
func (u *unpacker) field(b []byte, c *coded, scratch *unpacked) (name, value string, ok bool) {
	if c.form == formSizeUpdate {
		u.table.resize(c.size)
		return "", strconv.FormatUint(c.size, 10), true
	}
	var f headerField
	if c.index != 0 {
		if c.index > 1<<20 {
			return "", "", false
		}
		if f, ok = u.table.at(int(c.index)); !ok || c.form == formIndexed {
			return f.name, f.value, ok
		}
	} else if c.form == formIndexed {
		return "", "", false
	} else if f.name, ok = c.name.in(b, scratch); !ok {
		return "", "", false
	}
	if f.value, ok = c.value.in(b, scratch); !ok {
		return "", "", false
	}
	if c.form == formAdded || c.form == formAddedNew {
		u.table.add(f)
	}
	return f.name, f.value, true
}
