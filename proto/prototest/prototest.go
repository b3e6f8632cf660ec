// Package prototest holds sessions of protocols to connections that are written as text.
package prototest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// A Talk is a connection, and what must be said of it.
type Talk struct {
	// Text has a line for each segment: "C: " or "S: " before its bytes, \n for the end of a line.
	Text string
	// Want has a line for each layer, with the kind and the length of its unit, and one for each turn.
	Want []string
}

// A Protocol is what is tested.
type Protocol struct {
	Begin  func() proto.Session
	Fields *field.Table
	Kind   func(l *proto.UnitLayer) string     // what a unit is called in [Talk.Want]
	Bound  func(t *testing.T, s proto.Session) // what must hold of the state of a session, whatever came; nil for nothing
	Talks  []Talk
}

// Run tests the talks as they are.
func (p *Protocol) Run(t *testing.T) {
	for _, c := range p.Talks {
		if got := p.told(c.Text); !slices.Equal(got, c.Want) {
			t.Errorf("%s\ngot  %q\nwant %q", c.Text, got, c.Want)
		}
	}
}

func (p *Protocol) told(text string) (out []string) {
	s := p.Begin()
	var rest [2][]byte
	for one := range strings.Lines(text) {
		dir := strings.Index("CS", one[:1])
		rest[dir] = append(rest[dir], wire(strings.TrimSuffix(one[3:], "\n"))...)
		for len(rest[dir]) > 0 {
			b := rest[dir]
			e := s.Extent(&proto.Piece{Dir: dir, Data: b, Len: len(b)})
			if e == proto.NotThis {
				out = append(out, "not this")
				rest[dir] = nil
			}
			if e <= 0 || int(e) > len(b) {
				break
			}
			u := proto.Unit{Dir: dir, Data: b[:e], Len: int(e)}
			s.Unit(&u)
			rest[dir] = b[e:]
			out = append(out, fmt.Sprintf("%s %d", p.Kind(&u.Layers[0]), e))
			for i := range u.Turns {
				out = append(out, turn(&u.Turns[i]))
			}
			if u.Over != nil {
				out = append(out, "over to "+u.OverTo.String())
			}
		}
	}
	return out
}

func turn(t *proto.Turn) string {
	more := ""
	if t.More {
		more = "..."
	}
	return strings.TrimSpace(fmt.Sprintf(" %d %s %s %s%s", t.Kind, t.Command, t.Name, t.Status, more))
}

// wire is a text with the ends of lines that the protocols have.
func wire(text string) []byte { return []byte(strings.ReplaceAll(text, `\n`, "\r\n")) }

// Cut cuts the talks at every byte: see [Protocol.Check].
func (p *Protocol) Cut(t *testing.T) {
	for _, c := range p.Talks {
		for n := range len(c.Text) + 1 {
			p.Check(t, []byte(c.Text[:n]), n)
		}
	}
}

// Fuzz gives any bytes to [Protocol.Check]; the talks are the seeds.
func (p *Protocol) Fuzz(f *testing.F) {
	for i, c := range p.Talks {
		f.Add(wire(c.Text), i)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) { p.Check(t, b, cut) })
}

// Check holds what is true of any bytes, which both directions send in pieces that cut chooses: a unit has one layer as long as itself, and no field lies outside of it.
func (p *Protocol) Check(t *testing.T, b []byte, cut int) {
	t.Helper()
	s := p.Begin()
	var rest [2][]byte
	for i := 0; len(b) > 0; i++ {
		dir := i & 1
		n := min(len(b), 1+(cut+i*7)&31)
		rest[dir] = append(rest[dir], b[:n]...)
		b = b[n:]
		for len(rest[dir]) > 0 {
			e := s.Extent(&proto.Piece{Dir: dir, Data: rest[dir], Len: len(rest[dir]), Last: len(b) == 0})
			if e == proto.NotThis {
				return
			}
			if e < 0 {
				t.Fatalf("extent %d", e)
			}
			if e == 0 || int(e) > len(rest[dir]) {
				break
			}
			u := proto.Unit{Dir: dir, Data: rest[dir][:e], Len: int(e), Gap: cut&64 != 0}
			s.Unit(&u)
			if len(u.Layers) != 1 || u.Layers[0].Len != int(e) {
				t.Fatalf("layers %+v", u.Layers)
			}
			p.inside(t, &u)
			rest[dir] = rest[dir][e:]
		}
	}
	if p.Bound != nil {
		p.Bound(t, s)
	}
}

// inside holds the fields of a unit to its bytes.
func (p *Protocol) inside(t *testing.T, u *proto.Unit) {
	t.Helper()
	for i := range p.Fields.Fields {
		f := &p.Fields.Fields[i]
		if f.Noted == nil {
			continue
		}
		f.Noted(u.Data, &u.Layers[0].Note, func(s field.Span, _ field.Value) bool {
			if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(u.Data) {
				t.Fatalf("%s: %+v outside %d bytes", f.Name, s, len(u.Data))
			}
			return true
		})
	}
}

// Bench measures a question and its answer, over and over in one connection.
func (p *Protocol) Bench(b *testing.B, ask, answer string) {
	s := p.Begin()
	both := [2][]byte{wire(ask), wire(answer)}
	s.Unit(&proto.Unit{Data: both[0], Len: len(both[0])})
	b.SetBytes(int64(len(both[0]) + len(both[1])))
	b.ReportAllocs()
	var u proto.Unit
	for b.Loop() {
		for dir, data := range both {
			e := s.Extent(&proto.Piece{Dir: dir, Data: data, Len: len(data)})
			u = proto.Unit{Dir: dir, Data: data[:e], Len: int(e), Layers: u.Layers[:0], Turns: u.Turns[:0]}
			s.Unit(&u)
		}
	}
}
