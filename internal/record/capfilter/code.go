package capfilter

import (
	"errors"

	"golang.org/x/net/bpf"
)

// A condition is true or false of a packet.
type condition interface {
	// emit appends code that goes to the label yes or no.
	emit(c *code, yes, no label)
}

type (
	both   struct{ a, b condition }
	either struct{ a, b condition }
	negate struct{ of condition }
	always bool
	// A test loads a number and compares it with a value.
	test struct {
		load []bpf.Instruction
		op   bpf.JumpTest
		val  uint32
	}
)

func all(list ...condition) condition {
	c := list[0]
	for _, next := range list[1:] {
		c = both{c, next}
	}
	return c
}

func anyOf(list ...condition) condition {
	c := list[0]
	for _, next := range list[1:] {
		c = either{c, next}
	}
	return c
}

// A label is a place in the code.
type label int

// A step is an instruction, a jump to labels, or the place of a label.
type step struct {
	ins     bpf.Instruction // nil for jumps and places
	jump    bool
	op      bpf.JumpTest
	val     uint32
	yes, no label
	place   label // -1 when it is none
	long    bool  // one of the labels is too far for a jump of eight bits
	goes    bool  // a jump without a test, to yes
}

type code struct {
	steps  []step
	labels int
}

func (c *code) label() label {
	c.labels++
	return label(c.labels - 1)
}

func (c *code) mark(l label) { c.steps = append(c.steps, step{place: l}) }

func (b both) emit(c *code, yes, no label) {
	next := c.label()
	b.a.emit(c, next, no)
	c.mark(next)
	b.b.emit(c, yes, no)
}

func (e either) emit(c *code, yes, no label) {
	next := c.label()
	e.a.emit(c, yes, next)
	c.mark(next)
	e.b.emit(c, yes, no)
}

func (n negate) emit(c *code, yes, no label) { n.of.emit(c, no, yes) }

func (a always) emit(c *code, yes, no label) {
	if !a {
		yes = no
	}
	c.steps = append(c.steps, step{jump: true, goes: true, yes: yes, place: -1})
}

func (t test) emit(c *code, yes, no label) {
	for _, i := range t.load {
		c.steps = append(c.steps, step{ins: i, place: -1})
	}
	c.steps = append(c.steps, step{jump: true, op: t.op, val: t.val, yes: yes, no: no, place: -1})
}

// maxProgram is how many instructions the kernel takes (BPF_MAXINSNS).
const maxProgram = 4096

var errLong = errors.New("the filter is too long for the kernel")

// assemble turns a condition into a program.
//
//  1. Emit steps with labels, all of which lie ahead.
//  2. Place them, and make jumps long whose labels are too far, until no place moves.
//  3. Write the instructions.
func assemble(cond condition, snap uint32) ([]bpf.Instruction, error) {
	c := &code{}
	yes, no := c.label(), c.label()
	cond.emit(c, yes, no)
	c.mark(yes)
	c.steps = append(c.steps, step{ins: bpf.RetConstant{Val: snap}, place: -1})
	c.mark(no)
	c.steps = append(c.steps, step{ins: bpf.RetConstant{Val: 0}, place: -1})

	at := make([]int, c.labels)
	for c.stretch(at) {
	}
	var out []bpf.Instruction
	for i := range c.steps {
		s := &c.steps[i]
		here := len(out) + s.size()
		skip := func(l label, from int) int { return at[l] - from }
		switch {
		case s.ins != nil:
			out = append(out, s.ins)
		case s.goes:
			out = append(out, bpf.Jump{Skip: uint32(skip(s.yes, here))})
		case s.long:
			out = append(out, bpf.JumpIf{Cond: s.op, Val: s.val, SkipFalse: 1},
				bpf.Jump{Skip: uint32(skip(s.yes, here-1))}, bpf.Jump{Skip: uint32(skip(s.no, here))})
		case s.jump:
			out = append(out, bpf.JumpIf{Cond: s.op, Val: s.val, SkipTrue: uint8(skip(s.yes, here)), SkipFalse: uint8(skip(s.no, here))})
		}
		if len(out) > maxProgram {
			return nil, errLong
		}
	}
	return out, nil
}

func (s *step) size() int {
	switch {
	case s.ins != nil || s.goes:
		return 1
	case s.long:
		return 3
	case s.jump:
		return 1
	}
	return 0
}

// stretch places the labels, and reports whether a jump had to become long.
func (c *code) stretch(at []int) (changed bool) {
	n := 0
	for i := range c.steps {
		if s := &c.steps[i]; s.size() == 0 {
			at[s.place] = n
		} else {
			n += s.size()
		}
	}
	n = 0
	for i := range c.steps {
		s := &c.steps[i]
		n += s.size()
		if s.jump && !s.goes && !s.long && (at[s.yes]-n > 255 || at[s.no]-n > 255) {
			s.long, changed = true, true
		}
	}
	return changed
}
