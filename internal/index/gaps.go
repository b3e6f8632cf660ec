package index

import (
	"math"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

// gaps are the bytes of a file that are none of the records whose bytes can be read again: headers, descriptions of interfaces, names, records
// with more than a packet.
type gaps struct {
	list   []engine.Span // in order
	at     int64         // where the next record should begin
	head   int64         // length of what is before the bytes of a record
	padded bool          // a record is a block of pcapng
	broken bool          // there are too many, or records have heads of several lengths
}

const (
	// maxGaps bounds the list: a capture with more than that is read as a whole.
	maxGaps = 1 << 16
	// blockEnd is the length behind the packet of a block.
	blockEnd = 4
)

// add takes in a record that begins at start, and whose bytes begin at data.
func (g *gaps) add(start, data, n int64) {
	if g.at != start {
		if len(g.list) == maxGaps {
			g.broken, g.list = true, nil
		}
		if !g.broken {
			g.list = append(g.list, engine.Span{Start: g.at, End: start})
		}
	}
	if g.head == 0 {
		g.head = data - start
	}
	g.broken = g.broken || g.head != data-start || g.at > start
	g.at = data + g.behind(n)
}

// behind is how many bytes belong to a record from its captured bytes on.
func (g *gaps) behind(n int64) int64 {
	if !g.padded {
		return n
	}
	return (n+3)&^3 + blockEnd
}

// end closes the list. What a reader finds behind damage depends on what comes next.
func (g *gaps) end(info *trace.Info) {
	g.broken = g.broken || g.head == 0 || info.Damage.Records > 0 || info.Damage.Bytes > 0
	if !g.broken {
		g.list = append(g.list, engine.Span{Start: g.at, End: math.MaxInt64})
	}
}
