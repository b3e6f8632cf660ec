package filter

import (
	"fmt"
	"strconv"
	"strings"
)

// maxDepth bounds how deep a filter may nest: parentheses, negations, functions, slices.
const maxDepth = 200

// maxLength bounds a filter in bytes.
const maxLength = 64 << 10

// nodeKind says what a node of the syntax tree is.
type nodeKind uint8

const (
	// Tests.
	logicNode   nodeKind = iota // op && || ^^ over kids
	notNode                     // kids[0]
	compareNode                 // op of kids[0] and kids[1]; match
	inNode                      // kids[0] in the elements kids[1:]; match
	// Operands.
	wordNode   // text
	stringNode // text
	charNode   // text
	rangeNode  // an element of a set: kids[0] to kids[1]
	sliceNode  // the ranges of kids[0]
	layerNode  // kids[0], a word, in some layers: ranges
	callNode   // function text of kids
	mathNode   // op of kids[0] and kids[1]
	minusNode  // - kids[0]
)

// matching says how many of several values a comparison must hold for.
type matching uint8

const (
	byOperator matching = iota // as the operator says
	anyMatch
	allMatch
)

type node struct {
	kind     nodeKind
	from, to int
	text     string
	op       string
	match    matching
	kids     []*node
	ranges   []span
}

// A span is a range of bytes or layers. Negative offsets count from the end.
type span struct {
	from   int
	length int // valid iff kind == byLength
	end    int // inclusive; valid iff kind == byEnd
	kind   spanKind
}

type spanKind uint8

const (
	byLength spanKind = iota
	byEnd
	toEnd
)

// A parser turns tokens into a tree. Precedence, from loose to tight: || ^^ &&
// ! comparisons, then & + - and * / % of operands. Loops take the operators of one
// level, so only brackets, negations and chains of comparisons nest.
type parser struct {
	scan     scanner
	tok      token
	depth    int
	warnings []string
}

func parse(text string) (*node, []string, *Error) {
	if len(text) > maxLength {
		return nil, nil, &Error{Message: fmt.Sprintf("the filter has %d bytes, more than %d", len(text), maxLength)}
	}
	p := &parser{scan: scanner{text: text}}
	if err := p.advance(); err != nil {
		return nil, nil, err
	}
	if p.tok.kind == endToken {
		return nil, nil, nil
	}
	n, err := p.test(0)
	if err == nil && p.tok.kind != endToken {
		err = p.unexpected()
	}
	return n, p.warnings, err
}

func (p *parser) advance() (err *Error) {
	p.tok, err = p.scan.next()
	return err
}

func (p *parser) is(symbol string) bool { return p.tok.kind == symbolToken && p.tok.text == symbol }

func (p *parser) unexpected() *Error {
	if p.tok.kind == endToken {
		return &Error{From: p.tok.from, To: p.tok.to, Message: "the filter ends where more was expected"}
	}
	text := p.scan.text[p.tok.from:p.tok.to]
	e := &Error{From: p.tok.from, To: p.tok.to, Message: fmt.Sprintf("%q was unexpected in this context", text)}
	if _, ok := keywords[strings.ToLower(text)]; ok {
		e.Hint = "operators are written in lower case"
	}
	return e
}

func (p *parser) expect(symbol string) *Error {
	if !p.is(symbol) {
		e := p.unexpected()
		e.Hint = fmt.Sprintf("%q was expected", symbol)
		return e
	}
	return p.advance()
}

// nest counts a level of nesting; the caller undoes it with p.depth--.
func (p *parser) nest() *Error {
	if p.depth++; p.depth > maxDepth {
		return &Error{From: p.tok.from, To: p.tok.to, Message: fmt.Sprintf("the filter nests deeper than %d levels", maxDepth)}
	}
	return nil
}

// logic are the operators between tests, the loosest first.
var logic = []string{"||", "^^", "&&"}

func (p *parser) test(level int) (*node, *Error) {
	if level == len(logic) {
		return p.negation()
	}
	first, err := p.test(level + 1)
	if err != nil || !p.is(logic[level]) {
		return first, err
	}
	n := &node{kind: logicNode, op: logic[level], from: first.from, kids: []*node{first}}
	for p.is(logic[level]) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		kid, err := p.test(level + 1)
		if err != nil {
			return nil, err
		}
		n.kids, n.to = append(n.kids, kid), kid.to
	}
	return n, nil
}

func (p *parser) negation() (*node, *Error) {
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	from := p.tok.from
	switch {
	case p.is("!"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		kid, err := p.negation()
		if err != nil {
			return nil, err
		}
		return &node{kind: notNode, from: from, to: kid.to, kids: []*node{kid}}, nil
	case p.is("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.test(0)
		if err != nil {
			return nil, err
		}
		if err := p.expect(")"); err != nil {
			return nil, err
		}
		if p.tok.kind == symbolToken && (comparisons[p.tok.text] || mathLevel(p.tok.text) >= 0) {
			e := p.unexpected()
			e.Hint = "( ) groups tests; values are grouped with { }"
			return nil, e
		}
		return n, nil
	}
	return p.relation()
}

// comparisons are the operators between operands that make a test.
var comparisons = map[string]bool{
	"==": true, "!=": true, "===": true, "!==": true, "~=": true, ">": true, "<": true, ">=": true, "<=": true,
	"contains": true, "~": true, "in": true,
}

// relation reads a comparison, a chain of them, or an operand alone.
func (p *parser) relation() (*node, *Error) {
	match := byOperator
	if p.is("any") || p.is("all") {
		match = anyMatch
		if p.is("all") {
			match = allMatch
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.is("(") || p.is("!") {
			e := p.unexpected()
			e.Hint = "any and all stand before a comparison: all tcp.port > 1024"
			return nil, e
		}
	}
	left, err := p.operand(0)
	if err != nil {
		return nil, err
	}
	negated := p.is("!")
	if negated {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if !p.is("in") {
			return nil, p.unexpected()
		}
	}
	switch {
	case p.is("in"):
		n, err := p.membership(left, match)
		if err == nil && negated {
			n = &node{kind: notNode, from: n.from, to: n.to, kids: []*node{n}}
		}
		return n, err
	case p.tok.kind == symbolToken && comparisons[p.tok.text]:
		return p.chain(left, match)
	case match != byOperator:
		return nil, p.unexpected()
	}
	return left, nil
}

// chain reads a < b < c, which means a < b and b < c.
func (p *parser) chain(left *node, match matching) (*node, *Error) {
	var tests []*node
	for p.tok.kind == symbolToken && comparisons[p.tok.text] && p.tok.text != "in" {
		op := p.tok.text
		if op == "~=" {
			op = "!=="
			p.warnings = append(p.warnings, "~= is deprecated: write !== or any_ne")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.operand(0)
		if err != nil {
			return nil, err
		}
		tests = append(tests, &node{kind: compareNode, op: op, match: match, from: left.from, to: right.to, kids: []*node{left, right}})
		left = right
		if op == "contains" || op == "~" {
			break
		}
	}
	if len(tests) == 1 {
		return tests[0], nil
	}
	return &node{kind: logicNode, op: "&&", from: tests[0].from, to: left.to, kids: tests}, nil
}

// membership reads the set after in. Its elements are separated by commas or, as older versions of Wireshark had it, by spaces.
func (p *parser) membership(left *node, match matching) (*node, *Error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	n := &node{kind: inNode, match: match, from: left.from, kids: []*node{left}}
	for {
		low, err := p.operand(1)
		if err != nil {
			return nil, err
		}
		if p.is("..") {
			if err := p.advance(); err != nil {
				return nil, err
			}
			high, err := p.operand(1)
			if err != nil {
				return nil, err
			}
			low = &node{kind: rangeNode, from: low.from, to: high.to, kids: []*node{low, high}}
		}
		n.kids = append(n.kids, low)
		switch {
		case p.is(","):
			if err := p.advance(); err != nil {
				return nil, err
			}
		case p.is("}"):
			n.to = p.tok.to
			return n, p.advance()
		case p.tok.kind == endToken || p.tok.kind == symbolToken:
			return nil, p.unexpected()
		}
	}
}

// calculations are the operators between operands, the loosest first.
var calculations = [][]string{{"&"}, {"+", "-"}, {"*", "/", "%"}}

func mathLevel(symbol string) int {
	for level, ops := range calculations {
		for _, op := range ops {
			if op == symbol {
				return level
			}
		}
	}
	return -1
}

func (p *parser) operand(level int) (*node, *Error) {
	if level == len(calculations) {
		return p.factor()
	}
	left, err := p.operand(level + 1)
	if err != nil {
		return nil, err
	}
	for p.tok.kind == symbolToken && mathLevel(p.tok.text) == level {
		op := p.tok.text
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.operand(level + 1)
		if err != nil {
			return nil, err
		}
		left = &node{kind: mathNode, op: op, from: left.from, to: right.to, kids: []*node{left, right}}
	}
	return left, nil
}

// factor reads an operand without operators between values.
func (p *parser) factor() (*node, *Error) {
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	from := p.tok.from
	switch {
	case p.is("+") || p.is("-"):
		minus := p.is("-")
		if err := p.advance(); err != nil {
			return nil, err
		}
		kid, err := p.factor()
		if err != nil || !minus {
			return kid, err
		}
		return &node{kind: minusNode, from: from, to: kid.to, kids: []*node{kid}}, nil
	case p.is("{"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.operand(0)
		if err != nil {
			return nil, err
		}
		return n, p.expect("}")
	}
	n, err := p.atom()
	depth := p.depth
	for err == nil && p.is("[") {
		if err = p.nest(); err == nil {
			n, err = p.slice(n)
		}
	}
	p.depth = depth
	return n, err
}

func (p *parser) atom() (*node, *Error) {
	t := p.tok
	n := &node{from: t.from, to: t.to, text: t.text}
	switch t.kind {
	case stringToken:
		n.kind = stringNode
		return n, p.advance()
	case charToken:
		n.kind = charNode
		return n, p.advance()
	case wordToken:
		n.kind = wordNode
	default:
		return nil, p.unexpected()
	}
	if rest := p.scan.text[t.to:]; strings.HasPrefix(rest, "#") {
		return p.layer(n)
	}
	if err := p.advance(); err != nil || !p.is("(") {
		return n, err
	}
	return p.call(n)
}

// layer reads the layer operator; it stands right behind the field, and its number right behind it.
func (p *parser) layer(field *node) (*node, *Error) {
	n := &node{kind: layerNode, from: field.from, kids: []*node{field}}
	p.scan.at = field.to + 1
	rest := p.scan.text[p.scan.at:]
	if strings.HasPrefix(rest, "[") {
		p.scan.at++
		t, err := p.scan.slice()
		if err != nil {
			return nil, err
		}
		if n.ranges, err = spans(t); err != nil {
			return nil, err
		}
	} else {
		digits := digits(rest, 9, 10)
		if digits == 0 {
			return nil, &Error{From: field.to, To: field.to + 1, Message: `a number or "[" must follow "#"`, Hint: "ip.addr#2 is the second IP header, counted from the outside"}
		}
		number, _ := strconv.Atoi(rest[:digits])
		n.ranges = []span{{from: number, length: 1}}
		p.scan.at += digits
	}
	n.to = p.scan.at
	return n, p.advance()
}

func (p *parser) call(name *node) (*node, *Error) {
	n := &node{kind: callNode, from: name.from, text: name.text}
	if err := p.advance(); err != nil {
		return nil, err
	}
	for !p.is(")") {
		if len(n.kids) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		kid, err := p.operand(0)
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
	n.to = p.tok.to
	return n, p.advance()
}

func (p *parser) slice(of *node) (*node, *Error) {
	t, err := p.scan.slice()
	if err != nil {
		return nil, err
	}
	ranges, err := spans(t)
	if err != nil {
		return nil, err
	}
	return &node{kind: sliceNode, from: of.from, to: t.to + 1, kids: []*node{of}, ranges: ranges}, p.advance()
}
