package filter

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Most filters compare a number or an address at a fixed place with
// constants. All of them come down to one question: does the key lie in one
// of a few ranges, or outside of them?

type keyRange struct{ lo, hi uint64 }

// keys are the keys that pass: those inside of the ranges, or outside when out is set.
type keys struct {
	ranges []keyRange
	out    bool
	match  matching // anyMatch or allMatch
}

// keysOf are the keys that stand in the relation to the constant.
func keysOf(k kind, op operator, c *constant) keys {
	s := keys{match: op.match}
	switch {
	case c.below: // whatever an unsigned field has is greater
		s.out = op.greater
	case op.equal && !op.less && !op.greater:
		s.ranges = []keyRange{{c.lo, c.hi}}
	case !op.equal && op.less && op.greater:
		s.ranges, s.out = []keyRange{{c.lo, c.hi}}, true
	case op.less && op.equal:
		s.ranges = []keyRange{{0, c.hi}}
	case op.greater && op.equal:
		s.ranges = []keyRange{{c.lo, math.MaxUint64}}
	case op.less:
		s.ranges, s.out = []keyRange{{c.lo, math.MaxUint64}}, true
	case op.greater:
		s.ranges, s.out = []keyRange{{0, c.hi}}, true
	}
	return s
}

func (s *keys) pass(k uint64) bool {
	for i := range s.ranges {
		if r := &s.ranges[i]; k >= r.lo && k <= r.hi {
			return !s.out
		}
	}
	return s.out
}

// keyedTest tests an operand of a keyed kind.
func keyedTest(l *operand, s keys) test {
	all := s.match == allMatch
	if l.column != nil && l.ranges == nil {
		switch {
		case !fixedPlace(l.column):
		case l.kind == unsigned || l.kind == boolean || l.kind == ipv4 || l.kind == ether:
			return fixedTest(l, s)
		}
		if get := l.column.single(); get != nil {
			k := l.kind
			return func(m *machine) bool {
				v, ok := get(m)
				return ok && s.pass(key(k, &v))
			}
		}
	}
	k := l.kind
	pass := func(v *field.Value) bool { return s.pass(key(k, v)) }
	if all {
		return everyValue(l.values, pass)
	}
	return anyValue(l.values, pass)
}

// fixedPlace reports whether the column is found at fixed offsets in the layers of one protocol.
func fixedPlace(c *column) bool {
	return len(c.places) == 1 && c.places[0].Derive == nil && c.places[0].Field.Find == nil && c.places[0].Field.Len > 0 && c.places[0].Field.Len <= 8
}

// A fixed test reads numbers at fixed places of a header.
type fixed struct {
	id     proto.ID
	size   int
	little bool
	mask   uint64
	shift  int
	first  int
	also   []int
	all    bool
	keys   keys
	one    bool // a single range, lo to hi
	lo, hi uint64
}

func fixedTest(l *operand, s keys) test {
	at := l.column.places[0]
	f := &fixed{id: at.Proto, size: at.Field.Len, little: at.Field.Little, mask: math.MaxUint64, first: at.Field.Off, also: at.Field.Also, all: s.match == allMatch, keys: s}
	if at.Field.Mask != 0 {
		f.mask, f.shift = at.Field.Mask, bits.TrailingZeros64(at.Field.Mask)
	}
	if l.kind == boolean && bits.OnesCount64(at.Field.Mask) != 1 {
		f.keys = truthKeys(s)
	}
	if len(f.keys.ranges) == 1 {
		f.one, f.lo, f.hi = true, f.keys.ranges[0].lo, f.keys.ranges[0].hi
	}
	return f.test
}

// truthKeys makes every number but 0 stand for true.
func truthKeys(s keys) keys {
	t := keys{match: s.match}
	if s.pass(0) {
		t.ranges = append(t.ranges, keyRange{0, 0})
	}
	if s.pass(1) {
		t.ranges = append(t.ranges, keyRange{1, math.MaxUint64})
	}
	return t
}

func (f *fixed) test(m *machine) bool {
	p := m.packet
	seen := false
	for i := range p.Layers[:p.N] {
		if p.Layers[i].Proto != f.id {
			continue
		}
		b := p.Bytes(i)
		if len(b) < f.first+f.size {
			continue
		}
		seen = true
		if f.pass(b[f.first:]) != f.all {
			return !f.all
		}
		for _, off := range f.also {
			if len(b) < off+f.size {
				break
			}
			if f.pass(b[off:]) != f.all {
				return !f.all
			}
		}
	}
	return f.all && seen
}

// pass tests the number that b begins with.
func (f *fixed) pass(b []byte) bool {
	var k uint64
	switch {
	case f.size == 1:
		k = uint64(b[0])
	case f.little:
		k = field.Number(b[:f.size], true)
	case f.size == 2:
		k = uint64(binary.BigEndian.Uint16(b))
	case f.size == 4:
		k = uint64(binary.BigEndian.Uint32(b))
	default:
		k = field.Number(b[:f.size], false)
	}
	k = k & f.mask >> f.shift
	if f.one {
		return (k >= f.lo && k <= f.hi) != f.keys.out
	}
	return f.keys.pass(k)
}
