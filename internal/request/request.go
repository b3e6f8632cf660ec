// Package request pairs the questions that applications ask over the network
// with their answers, whatever the protocol, and measures what they took.
//
// A [Request] begins with the first byte of the question and ends with the last
// byte of the answer. Both ends of the answer count: the time to the first byte is the
// server's (and one round trip), what follows is the transfer.
package request

import (
	"net/netip"

	"github.com/wiretale/wiretale/proto"
)

// A Mark is a record at which something happened.
type Mark struct {
	Number int64 // of the record in its source, 0 when it did not happen
	Time   int64 // nanoseconds since 1970
}

// Seen reports whether it happened.
func (m Mark) Seen() bool { return m.Number != 0 }

// A Request is a question with its answer, as far as both were captured.
type Request struct {
	Source   int
	Conv     int      // number of the conversation; that of its tracker until the case is there
	Dir      int      // who asks: Ends[Dir] of the conversation
	Protocol proto.ID //
	Waits    bool     // the answer comes when something happens, not when the server is done
	Failed   bool
	Repeats  int32  // how often the question was asked again, at last at Again
	Depth    int32  // questions of this side that were open when it was asked, itself included and without those that wait
	Code     uint32 // of the answer's status
	Charge   int32  // credits that it took, 0 in a protocol without them
	Left     int32  // credits that its side held behind the question, -1 when that is not known
	Granted  int32  // the same behind the answer
	asking   bool   // the question goes on
	key      uint64

	Command string       // what is asked: "Read", "GET", "A"
	Name    string       // what for: a file, a path, a host name; "" when unknown
	Who     string       // who asks, as the question says
	Offset  int64        // in what Name names, bytes; -1 when that has no meaning
	Wanted  int64        // bytes of content that the question asks for or brings, -1 when it says nothing of it
	Moved   int64        // bytes of content that the answer brings or accepts, -1 when it says nothing of it
	Missing int64        // bytes of content that the answer promised, and that did not come before its side ended the connection; -1 when that many are not known, 0 when none are
	Length  int64        // bytes of the answer on the wire, headers of the protocol included
	Status  string       // of the answer, as the protocol names it
	Text    string       // what the answer says of a failure for people to read
	Addrs   []netip.Addr // that the answer gives for the name

	Terms []proto.Term // numbers that the answer brings, else those that the question does

	Asked, Sent Mark // first and last byte of the question; not seen when only the answer was captured
	Again       Mark // the question was asked again, for the last time
	Pending     Mark // the server said that the answer will come later
	First, Last Mark // first and last byte of the answer
}

// Key is what pairs the answer with the question in the protocol; 0 where answers come in order.
func (r *Request) Key() uint64 { return r.key }

// Alike reports whether two captures of a question can be of the same one: by what the protocol tells questions apart by, else by what is asked.
func (r *Request) Alike(o *Request) bool {
	if r.Protocol != o.Protocol || r.key != o.key || r.Command != o.Command {
		return false
	}
	return r.key != 0 || r.Name == o.Name && r.Offset == o.Offset
}

// Answered reports whether the whole answer was seen.
func (r *Request) Answered() bool { return r.Last.Seen() }

// Service is the time from the question's last byte to the answer's first; not ok while there is none.
func (r *Request) Service() (ns int64, ok bool) { return r.First.Time - r.Sent.Time, r.First.Seen() }

// Transfer is the time from the first to the last byte of the answer; not ok while it is not whole.
func (r *Request) Transfer() (ns int64, ok bool) { return r.Last.Time - r.First.Time, r.Last.Seen() }

// Whole is the time from the question's first byte to the answer's last; not ok while it is not whole.
func (r *Request) Whole() (ns int64, ok bool) { return r.Last.Time - r.Asked.Time, r.Last.Seen() }
