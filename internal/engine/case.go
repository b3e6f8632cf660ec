// Package engine wires readers, decoders, trackers and rules together. It
// owns the [Case], the result of an analysis, and the [Run], one ordered
// stream of everything that the sources hold.
package engine

import (
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/budget"
	"github.com/wiretale/wiretale/internal/fileio"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

// A Case is the result of an analysis. It holds no reference to the files.
type Case struct {
	Sources       []*Source
	Conversations flow.Conversations
	Hosts         []*flow.Host
	Session       *session.Session
	Requests      request.List   // with Options.Requests, or when a rule looks at them
	Handshakes    handshake.List // of TLS, when a rule looks at them
	Points        *point.Result  // with Options.Points and several sources
	Findings      []diag.Finding // ranked
	Withheld      []diag.Withheld
	Spendings     []diag.Spending // where the time of the conversations went that findings with a cost are about, the most expensive first
	FileIO        []*fileio.Map   // what of Requests the calls of a Process Monitor log made, a map each log

	input     *diag.Input                   // what the rules looked at
	byKey     []map[uint64]*session.Process // of each source
	perSource []*session.Session            // what each source's events say, numbered as its tracker did
	claimed   map[pair][]use                // what sources without packets name the owner of, by endpoints as the source has them
	bases     []int                         // Conversations index of each source's first conversation
	proofs    map[place][]string            // ids of findings by the records that prove them
}

// A Source is one input file with what was counted in it.
type Source struct {
	Info    *trace.Info
	Records int64
	Packets int64
	// Sightings are those of Packets that show a packet a second time, at another place of the stack or the network, and Dropped those
	// that report the drop of a packet seen nowhere else.
	Sightings, Dropped int64
	Events             int64
	First              int64 // time of the first and last record, nanoseconds since 1970; trace.NoTime without records
	Last               int64
	// Providers counts events by provider, kernel groups included.
	Providers []ProviderCount
	// Malformed counts packets that contradict themselves, with examples.
	Malformed      int64
	MalformedFirst []trace.Pos
	// Recordings is what the packets of each interface say of how they were recorded.
	Recordings []diag.Recording
	// Undecoded counts events whose layout is unknown or did not fit.
	Undecoded int64
	// Locks are what messages of applications were encrypted with, where applications were looked at.
	Locks []stream.Locked
	// Accounts are what became of connections of TLS, where there were keys for any; MoreAccounts are those that are only counted.
	Accounts     []stream.Account
	MoreAccounts int64
	// Err is why reading stopped before the end of the source; nil at the end.
	Err error
}

// ProviderCount is how many events a provider logged.
type ProviderCount struct {
	GUID  trace.GUID
	Name  string
	Count int64
}

// Budget splits the time of a conversation over what took it; empty without times.
func (c *Case) Budget(conv *flow.Conversation) budget.Budget {
	for i := range c.Spendings {
		if c.Spendings[i].Conv.ID == conv.ID {
			return c.Spendings[i].Budget
		}
	}
	if c.input == nil {
		return nil
	}
	return c.input.Budget(conv, 0)
}

// Recipe is how to record what would settle a finding; nil when it is about no conversation.
func (c *Case) Recipe(f *diag.Finding) *diag.Recipe {
	if c.input == nil {
		return nil
	}
	return c.input.Recipe(f)
}

// NamedBy is the question whose answer gave the client the address of the server just before the conversation; nil when there is none.
func (c *Case) NamedBy(conv *flow.Conversation) *request.Request {
	if c.input == nil {
		return nil
	}
	return c.input.NamedBy(conv)
}

// A Row is one record with all that is known of it. Run reuses it.
type Row = session.Row

// A place is a record by its number.
type place struct {
	source int
	number int64
}

// noteProofs makes findings known by the records that prove them.
func (c *Case) noteProofs() {
	c.proofs = map[place][]string{}
	c.noteProofsOf(c.Findings)
}

func (c *Case) noteProofsOf(list []diag.Finding) {
	for i := range list {
		f := &list[i]
		c.proves(f.Where, f.Rule.ID)
		for _, e := range f.Elsewhere {
			c.proves(e.Where, f.Rule.ID)
		}
		c.noteProofsOf(f.Parts)
	}
}

func (c *Case) proves(where []trace.Pos, rule string) {
	for _, pos := range where {
		at := place{pos.Source, pos.Number}
		if !slices.Contains(c.proofs[at], rule) {
			c.proofs[at] = append(c.proofs[at], rule)
		}
	}
}
