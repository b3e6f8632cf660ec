package follow

// A Behind prints chunks with another printer behind the caller, who goes on meanwhile: what is followed is decrypted while it is printed. An error
// is returned by a later call, by that of Close at the latest.
type Behind struct {
	to     Printer
	filled chan *batch // for the goroutine
	spare  chan *batch // that it has printed
	batch  *batch      // that is filled
	ended  chan error  // of the goroutine, when it is over
	failed chan error  // the first error, as it comes
	err    error
}

// A batch is chunks in a row, whose bytes it has.
type batch struct {
	chunks []Chunk
	bytes  []byte
}

const (
	// batchBytes and batchChunks are how much a batch has at most.
	batchBytes  = 1 << 17
	batchChunks = 256
	// batches is how many there are: one is filled, one is printed, and the others wait.
	batches = 4
)

// NewBehind begins to print with another printer, which is the goroutine's until Close returns.
func NewBehind(to Printer) *Behind {
	b := &Behind{to: to, filled: make(chan *batch, batches), spare: make(chan *batch, batches), batch: new(batch), ended: make(chan error, 1), failed: make(chan error, 1)}
	for range batches - 1 {
		b.spare <- new(batch)
	}
	go b.print()
	return b
}

// print prints batches until there are no more. Behind an error it only takes them.
func (b *Behind) print() {
	var err error
	for full := range b.filled {
		for i := range full.chunks {
			if err != nil {
				break
			}
			if err = b.to.Chunk(&full.chunks[i]); err != nil {
				b.failed <- err
			}
		}
		b.spare <- full
	}
	b.ended <- err
}

// Chunk takes a chunk for printing. One that is longer than a batch is printed before it returns.
func (b *Behind) Chunk(c *Chunk) error {
	if len(c.Data) > batchBytes {
		b.wait()
	} else if full := b.batch; len(full.chunks) == batchChunks || len(full.bytes)+len(c.Data) > batchBytes {
		b.hand()
	}
	select {
	case b.err = <-b.failed:
	default:
	}
	switch {
	case b.err != nil:
		return b.err
	case len(c.Data) > batchBytes:
		b.err = b.to.Chunk(c)
		return b.err
	}
	to := b.batch
	from := len(to.bytes)
	to.bytes = append(to.bytes, c.Data...)
	to.chunks = append(to.chunks, *c)
	to.chunks[len(to.chunks)-1].Data = to.bytes[from:len(to.bytes):len(to.bytes)]
	return nil
}

// hand gives the goroutine what is filled, and takes an empty batch.
func (b *Behind) hand() {
	b.filled <- b.batch
	b.batch = <-b.spare
	b.batch.chunks, b.batch.bytes = b.batch.chunks[:0], b.batch.bytes[:0]
}

// wait hands out what is filled, and waits until all of it is printed: the printer is the caller's until the next batch.
func (b *Behind) wait() {
	b.hand()
	var idle [batches - 1]*batch
	for i := range idle {
		idle[i] = <-b.spare
	}
	for _, one := range idle {
		b.spare <- one
	}
}

// Close prints what is left.
func (b *Behind) Close() error {
	b.filled <- b.batch
	close(b.filled)
	err := <-b.ended
	if closing := b.to.Close(); err == nil {
		err = closing
	}
	return err
}
