package engine

import (
	"context"
	"io"
	"slices"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/diag/all"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/trace"
)

// Options of an analysis or a run. The zero value is ready to use.
type Options struct {
	// Progress, when set, is called now and then while a source is read: bytes
	// consumed and in all, total -1 when unknown. It is called from one goroutine at a time.
	Progress func(source int, done, total int64)
	// Case is the result of a first pass over the same sources. With it, rows
	// carry the final owners and joins instead of what was known at that moment.
	Case *Case
	// LengthAsSent takes an IP length of 0 at its word: see [packet.Decoder].
	LengthAsSent bool
	// Rules replaces the built-in rules, for tests.
	Rules []*diag.Rule
	// Applications, when set, finds the messages of these protocols in connections of TCP and in datagrams, and adds their layers to packets. Only
	// rows that are handed out need them: an analysis takes what its rules look at.
	Applications *stream.Choice
	// DecodeAs are rules for the protocols of which an analysis collects requests by itself.
	DecodeAs stream.Rules
	// Secrets open what is encrypted, beside those that a capture has itself; nil has none.
	Secrets *secrets.Store
	// Requests collects the questions and answers of the Applications in the case.
	Requests bool
	// Points compares what the sources saw of the same traffic, when there are several: see [point.Analyse]. PointNames, when set, has a
	// name for each source, "" for that of its file.
	Points     bool
	PointNames []string
	// Comparing is called when all sources are read and their points are compared next; nil to call nothing.
	Comparing func()
	// Clock, when set, says what the time of a record is on the clock that sources are put in order by: without it, on their own.
	// Records keep their times.
	Clock func(rec *trace.Record) int64
	// Matches keeps which record of one point is which of another: see [point.Result.Follow].
	Matches bool
	// Prefix, when not 0, ends each source behind about its first so many bytes: a first look at a large one.
	Prefix int64
	// Called says how sources are called in messages and results where it is not by their paths, by path: nil to use those.
	Called map[string]string
	// Part, when set, says what of a source is read, nil for all of it: see [Part]. The paths are those of the files.
	Part func(source int) *Part
	// Workers is how many goroutines follow conversations, 0 for one a
	// processor. The result is the same for any number.
	Workers int
	// Survey, when set, says what surveys a source beside the analysis, nil for nothing: see [Survey]. It is asked for captures that lanes can follow.
	Survey func(source int) *Survey
	// Spool, when set, is asked for what gets the uncompressed bytes of a source that is compressed, nil for nothing. It is asked anew, and gets them from
	// the first on, each time that the source is opened.
	Spool func(source int) io.Writer
	// KeepDuplicates takes every record of a packet for a packet of its own, as Wireshark does: see [flow.Tracker.KeepDuplicates].
	KeepDuplicates bool

	beside bool // there are several sources: what one says may be about another
}

// decoder is a decoder that reads as the options say.
func (o *Options) decoder() packet.Decoder {
	d := packet.Decoder{LengthAsSent: o.LengthAsSent}
	if o.Applications != nil {
		d.Applications, d.Datagrams = true, o.Applications.Datagrams()
	}
	return d
}

// rules are those that the case is judged by.
func (o *Options) rules() []*diag.Rule {
	if o.Rules != nil {
		return o.Rules
	}
	return all.All()
}

// follower makes a tracker count as the options say.
func (o *Options) follower(t *flow.Tracker) *flow.Tracker {
	if o.KeepDuplicates {
		t.KeepDuplicates()
	}
	return t
}

// Analyse reads all sources once and returns what they tell. Sources that
// cannot be read to their end are part of the case, with Source.Err; an error
// is returned only when a source could not be opened at all or ctx was cancelled.
// A cancelled analysis returns the case as far as it got, together with the error.
//
// Requests, and how connections of TLS are opened, are collected when a rule looks at them.
func Analyse(ctx context.Context, paths []string, opt Options) (*Case, error) {
	opt.collect()
	run, err := Open(ctx, paths, opt)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	err = run.All()
	return run.Case(), err
}

// collect makes the analysis collect the requests and handshakes that its rules look at.
func (o *Options) collect() {
	wants := func(what func(r *diag.Rule) bool) bool { return slices.ContainsFunc(o.rules(), what) }
	opens := wants(func(r *diag.Rule) bool { return r.Handshakes })
	if o.Requests || o.Applications != nil || !opens && !wants(func(r *diag.Rule) bool { return r.Requests }) {
		return
	}
	o.Applications, o.Requests = stream.ForRequests(o.DecodeAs), true
	if opens {
		o.Applications.Handshakes()
	}
}
