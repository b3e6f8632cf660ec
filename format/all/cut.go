package all

import (
	"io"

	"github.com/wiretale/wiretale/trace"
)

// cutSource is a reader whose input was spooled from a compressed stream that
// ends early: what could be read is read, then the loss is said.
type cutSource struct {
	trace.Reader
	err *trace.Error
}

func (c *cutSource) Next(r *trace.Record) error {
	err := c.Reader.Next(r)
	if err == io.EOF {
		c.Info().Damage.Unread = -1
		return c.err
	}
	return err
}
