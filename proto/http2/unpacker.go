package http2

// A HeaderField is one of a block, with the place of its value.
type HeaderField struct {
	Name, Value string
	// From and To are where the value lies in the block as it is packed, both 0 for one that is only an index.
	From, To int
	Huffman  bool // it is packed with the code of HPACK (RFC 7541, 5.2)
}

// An Unpacker unpacks the blocks of one direction, for whoever wants to know where in them values lie. The zero value is a connection of which
// the begin may be missing: what was packed before has the name [Unknown].
type Unpacker struct {
	u       unpacker
	scratch unpacked
}

// Missed says that a block is missing.
func (p *Unpacker) Missed() { p.u.skip() }

// Block unpacks a whole block and hands its fields to see. It returns how many bytes of it could be read.
func (p *Unpacker) Block(b []byte, see func(*HeaderField)) (read int) {
	p.u.table.partial = true
	var c coded
	for read < len(b) {
		rest := b[read:]
		if c.read(rest) != whole {
			break
		}
		name, value, ok := p.u.field(rest, &c, &p.scratch)
		if !ok {
			break
		}
		f := HeaderField{Name: name, Value: value, Huffman: c.value.huffman}
		if c.value.to > 0 {
			f.From, f.To = read+c.value.from, read+c.value.to
		}
		if read += c.n; name != "" {
			see(&f)
		}
	}
	if read < len(b) {
		p.u.table.reset()
	}
	return read
}
