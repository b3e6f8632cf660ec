package secrets

import (
	"bytes"
	"crypto/sha256"
	"iter"
	"strings"
	"sync"

	"github.com/wiretale/wiretale/proto"
)

// Learned are the secrets of a source: what the user gave, and what connections and the capture itself add while it is read. It is safe for concurrent use.
type Learned struct {
	given *Store // may be nil
	mu    sync.Mutex
	own   proto.Table[[sha256.Size]byte, learned]
}

// A learned secret is not told apart by all of what names it: tickets are long.
type learned struct {
	value []byte
	from  string
}

func (l learned) Weight() int { return 96 + len(l.value) + len(l.from) }

// Bounds of a generation of what connections add: sessions that others may go on with.
const (
	mostLearned = 1 << 16
	roomLearned = 16 << 20
)

// NewLearned begins a source with what the user gave, which may be nil.
func NewLearned(given *Store) *Learned {
	return &Learned{given: given, own: proto.NewTable[[sha256.Size]byte, learned](mostLearned, roomLearned)}
}

func learnedKey(kind string, of []byte) [sha256.Size]byte {
	return sha256.Sum256(append(append([]byte(kind), 0), of...))
}

// Learn adds a secret, with words on where it is from.
func (l *Learned) Learn(kind string, of, secret []byte, from string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own.Put(learnedKey(kind, of), learned{secret, from})
}

// Secret is that which the user gave, before one that was learned.
func (l *Learned) Secret(kind string, of []byte) []byte {
	if l.given != nil {
		if v := l.given.Secret(kind, of); v != nil {
			return v
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	v, _ := l.own.Get(learnedKey(kind, of))
	return v.value
}

// From says where the secret is from, "" when there is none.
func (l *Learned) From(kind string, of []byte) string {
	if l.given != nil && l.given.Secret(kind, of) != nil {
		return l.given.From(kind, of)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	v, _ := l.own.Get(learnedKey(kind, of))
	return v.from
}

// Each goes through what the user gave.
func (l *Learned) Each(kind string) iter.Seq2[string, []byte] {
	if l.given == nil {
		return func(func(string, []byte) bool) {}
	}
	return l.given.Each(kind)
}

// Empty reports whether there is nothing to open connections with.
func (l *Learned) Empty() bool {
	if l.given != nil && l.given.OpensConnections() {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.own.Len() == 0
}

// KeyLog adds the lines of a key log that the capture itself has; name says where it is. What is no such line is left out.
func (l *Learned) KeyLog(text []byte, name string) {
	var s Store
	for line := range bytes.Lines(text) {
		if line := strings.TrimSpace(string(line[:min(len(line), maxLine)])); line != "" && line[0] != '#' {
			s.keyLog(line, name)
		}
	}
	for kind, all := range s.byKind {
		for of, secret := range all {
			l.Learn(kind, []byte(of), secret.value, secret.from)
		}
	}
}
