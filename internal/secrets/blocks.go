package secrets

import (
	"bytes"
	"crypto/sha256"
	"sync"
	"sync/atomic"
)

// blocks are the secrets that a capture has itself, with the records that they stand at: what comes before such a record knows nothing of them. They are
// added by one goroutine, in the order of the records.
type blocks struct {
	mu    sync.RWMutex
	by    map[[sha256.Size]byte]block
	first atomic.Int64 // record with the first of them, counted from 1; 0 for none
}

type block struct {
	learned
	at int64
}

// mostBlocks bounds the secrets of all blocks; those beyond are left out.
const mostBlocks = 1 << 20

// add takes over what a block at a record has. Of two secrets for the same the first one stays.
func (b *blocks) add(s *Store, at int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for kind, all := range s.byKind {
		for i := range all.entries {
			e := &all.entries[i]
			key := learnedKey(kind, all.of(e))
			if _, known := b.by[key]; known || len(b.by) == mostBlocks {
				continue
			}
			if b.by == nil {
				b.by = map[[sha256.Size]byte]block{}
				b.first.Store(at + 1)
			}
			b.by[key] = block{learned{bytes.Clone(all.value(e)), s.from(e)}, at}
		}
	}
}

// any reports whether there are secrets before a record.
func (b *blocks) any(before int64) bool {
	first := b.first.Load()
	return first > 0 && first-1 < before
}

// get is a secret that stands before a record.
func (b *blocks) get(kind string, of []byte, before int64) learned {
	if !b.any(before) {
		return learned{}
	}
	key := learnedKey(kind, of)
	b.mu.RLock()
	defer b.mu.RUnlock()
	if s := b.by[key]; s.at < before {
		return s.learned
	}
	return learned{}
}
