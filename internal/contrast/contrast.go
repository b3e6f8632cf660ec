// Package contrast says why one run of the same work is slower than another:
// it takes what both did for the same files or names, measures where the time
// of each went, and splits the ratio of their rates into factors.
//
// A rate is content over time. The time for a byte is a sum, in each run
// exactly what was measured:
//
//	cover x (first byte + round trip) / (depth x size) + other requests + pauses + transfer + loss + window
//
// The factors are the shares of its terms in the ratio; their product is the ratio.
package contrast

import (
	"errors"
	"fmt"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/fileio"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// An Input is one of the two runs as it was captured.
type Input struct {
	Requests      *request.List
	Conversations flow.Conversations
	Stalls        []Stall
	FileIO        []*fileio.Map // of logs beside the captures
	Untimed       bool          // its clock did not advance
}

// A Stall is a time in which a connection was held up, not its applications.
type Stall struct {
	Conv     int
	Kind     StallKind
	From, To int64 // nanoseconds since 1970
}

// StallKind says what held it up.
type StallKind uint8

const (
	Recovery StallKind = iota // a lost segment was sent again after From
	Shut                      // the receiver's window had no room
)

// A Contrast is what the comparison of two runs says.
type Contrast struct {
	Protocol   proto.ID
	Work       []*Work // what both did, with the most content first
	Only       [2][]*Work
	Bytes      bool // rates are bytes of content; else requests
	Runs       [2]Run
	Ratio      float64 // rate of the good run over that of the slow one
	Factors    []Factor
	WhatIfs    []WhatIf
	Notes      []string
	Finding    *diag.Finding // nil when neither is slower
	Overlap    int64         // bytes of the same files that both runs moved
	ByCommand  bool          // no name is in both: the same commands are compared
	hasTrip    bool
	sameDepths bool
}

// Slow and Good are the indexes of the runs.
const (
	Slow = iota
	Good
)

// Errors of Compare.
var (
	ErrUntimed  = errors.New("the clock of a capture did not advance: there are no rates to compare")
	ErrNoWork   = errors.New("there are no requests that both runs made")
	ErrNothing  = errors.New("there are no questions and answers in it that can be read")
	ErrTooShort = errors.New("there is a single moment of the work in it, which has no rate")
)

// A SealedError says that the connections of a run carried content of which no request that could be read tells.
type SealedError struct {
	Payload int64   // bytes of both sides
	Rate    float64 // bits a second, from the first packet of the connections to the last
}

func (e *SealedError) Error() string {
	return fmt.Sprintf("its connections carried %d bytes at %.3f Mbit/s, and nothing says what for: encrypted and without keys, or cut; only sizes could be compared", e.Payload, e.Rate/1e6)
}

// A RunError is an error of one of the runs.
type RunError struct {
	Run int // Slow or Good
	Err error
}

func (e *RunError) Error() string { return e.Err.Error() }
func (e *RunError) Unwrap() error { return e.Err }

// Compare compares the slow run with the good one. Requests of the inputs must stay as they are as long as the result is used.
func Compare(slow, good *Input) (*Contrast, error) {
	c := &Contrast{}
	inputs := [2]*Input{slow, good}
	var lists [2][]*request.Request
	for i, in := range inputs {
		if in.Untimed {
			return nil, &RunError{i, ErrUntimed}
		}
		if lists[i] = c.once(i, in); len(lists[i]) == 0 {
			return nil, &RunError{i, ErrNothing}
		}
	}
	work := c.align(&lists)
	if len(c.Work) == 0 {
		return nil, ErrNoWork
	}
	if !c.Bytes {
		for i, in := range inputs {
			if err := in.sealed(work[i]); err != nil {
				return nil, &RunError{i, err}
			}
		}
	}
	for _, everything := range []bool{false, true} { // what has no steady part is compared with all of the other run
		for i, in := range inputs {
			if err := c.Runs[i].measure(c, in, work[i], lists[i], everything); err != nil {
				return nil, &RunError{i, err}
			}
		}
		if c.Runs[Slow].Steady == c.Runs[Good].Steady {
			break
		}
	}
	c.Ratio = c.Runs[Good].Rate() / c.Runs[Slow].Rate()
	c.factor()
	c.whatIfs()
	c.remark(inputs)
	c.conclude()
	return c, nil
}
