//go:build !linux

package record

import "context"

// A Recorder is what no other system has.
type Recorder struct {
	Notes []string
	Kept  error
}

// Open is ErrUnsupported.
func Open(Config) (*Recorder, error) { return nil, ErrUnsupported }

// Run is ErrUnsupported.
func (*Recorder) Run(context.Context, Output) error { return ErrUnsupported }

// Counts are none.
func (*Recorder) Counts() Counts { return Counts{} }

// Close does nothing.
func (*Recorder) Close() {}

// Find is ErrUnsupported.
func Find(string) ([]uint32, error) { return nil, ErrUnsupported }
