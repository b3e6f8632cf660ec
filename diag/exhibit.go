package diag

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/trace"
)

// An Exhibit is a record that a finding rests on, or that opens a connection that it is about.
type Exhibit struct {
	Source int
	Number int64
	// What says what it shows: "proof 2 of 12 of tcp.loss.rto", "SYN of conversation 4". None names an address or a name.
	What []string
	// Facts are those of the finding that name the record; they may name hosts and files.
	Facts []string
}

// MaxOpened bounds the connections whose handshake is shown.
const MaxOpened = 100

// Exhibits are the records of a finding with its parts, in order. What other points saw of its connections is among them.
func (f *Finding) Exhibits(points *point.Result) []Exhibit {
	b := binder{index: map[place]int{}}
	b.finding(f)
	b.handshakes(f, points)
	slices.SortFunc(b.list, func(x, y Exhibit) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Number, y.Number))
	})
	return b.list
}

// A place is a record by its number.
type place struct {
	source int
	number int64
}

// A binder gathers exhibits.
type binder struct {
	index map[place]int
	list  []Exhibit
}

func (b *binder) at(source int, number int64) *Exhibit {
	k := place{source, number}
	i, ok := b.index[k]
	if !ok {
		i = len(b.list)
		b.index[k] = i
		b.list = append(b.list, Exhibit{Source: source, Number: number})
	}
	return &b.list[i]
}

func (b *binder) finding(f *Finding) {
	b.proofs(f.Rule.ID, f.Where)
	for _, e := range f.Elsewhere {
		b.proofs(f.Rule.ID, e.Where)
	}
	for _, fact := range f.Facts {
		if m := ofFrame.FindStringSubmatch(fact.Value); m != nil && f.Source >= 0 {
			if n, err := strconv.ParseInt(m[1], 10, 64); err == nil {
				e := b.at(f.Source, n)
				e.Facts = append(e.Facts, fact.Name+": "+m[2])
			}
		}
	}
	for i := range f.Parts {
		b.finding(&f.Parts[i])
	}
}

// ofFrame is a fact of one record.
var ofFrame = regexp.MustCompile(`^frame (\d+): (.*)$`)

func (b *binder) proofs(rule string, where []trace.Pos) {
	for i, pos := range where {
		e := b.at(pos.Source, pos.Number)
		e.What = append(e.What, fmt.Sprintf("proof %d of %d of %s", i+1, len(where), rule))
	}
}

// handshakes adds those of the connections, at every point that has one.
func (b *binder) handshakes(f *Finding, points *point.Result) {
	list := slices.Clone(f.Conversations[:min(len(f.Conversations), MaxOpened)])
	if points != nil {
		for i := range points.Pairs {
			for j := range points.Pairs[i].Meetings {
				m := &points.Pairs[i].Meetings[j]
				for _, way := range [][2]int32{{m.A, m.B}, {m.B, m.A}} {
					if contains(list, way[0]) && !contains(list, way[1]) {
						list = append(list, points.Conv(way[1]))
					}
				}
			}
		}
	}
	for _, c := range list {
		if c.TCP == nil {
			continue
		}
		for _, one := range []struct {
			at   flow.Moment
			name string
		}{{c.TCP.SYN, "SYN"}, {c.TCP.SYNACK, "SYN/ACK"}, {c.TCP.HandshakeACK, "end of the handshake"}} {
			if one.at.Seen() {
				e := b.at(c.Source, one.at.Pos.Number)
				e.What = append(e.What, fmt.Sprintf("%s of conversation %d", one.name, c.ID))
			}
		}
	}
}

// contains reports whether a conversation of the list has the number.
func contains(list []*flow.Conversation, number int32) bool {
	return slices.ContainsFunc(list, func(c *flow.Conversation) bool { return c.ID == int(number) })
}
