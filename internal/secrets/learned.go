package secrets

import (
	"bytes"
	"crypto/sha256"
	"iter"
	"math"
	"strings"
	"sync"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tls"
)

// Learned are the secrets of a source: what the user gave, and what connections and the capture itself add while it is read, in order. It is safe for
// concurrent use, but what it says of what connections add depends on who asks first: see [Learned.Lanes].
type Learned struct {
	given  *Store // may be nil
	mu     sync.Mutex
	own    proto.Table[[sha256.Size]byte, learned]
	blocks blocks
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

// Secret is that which the user gave, before one of the capture, and one that was learned.
func (l *Learned) Secret(kind string, of []byte) []byte { return l.find(kind, of).value }

// From says where the secret is from, "" when there is none.
func (l *Learned) From(kind string, of []byte) string {
	if from := l.givenFrom(kind, of); from != "" {
		return from
	}
	return l.find(kind, of).from
}

// givenFrom is where a secret that the user gave is from, "" when it is none.
func (l *Learned) givenFrom(kind string, of []byte) string {
	if l.given == nil {
		return ""
	}
	return l.given.From(kind, of)
}

func (l *Learned) find(kind string, of []byte) learned {
	if s := l.known(kind, of, math.MaxInt64); s.value != nil || !resumed(kind) {
		return s
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s, _ := l.own.Get(learnedKey(kind, of))
	return s
}

// resumed reports whether connections add secrets of a kind.
func resumed(kind string) bool { return kind == tls.SecretSession || kind == tls.SecretTicket }

// known is a secret that the user gave, without where it is from, or one that the capture has before a record.
func (l *Learned) known(kind string, of []byte, before int64) learned {
	if l.given != nil {
		if v := l.given.Secret(kind, of); v != nil {
			return learned{value: v}
		}
	}
	return l.blocks.get(kind, of, before)
}

// Each goes through what the user gave.
func (l *Learned) Each(kind string) iter.Seq2[string, []byte] {
	if l.given == nil {
		return func(func(string, []byte) bool) {}
	}
	return l.given.Each(kind)
}

// Empty reports whether there is nothing to open connections with.
func (l *Learned) Empty() bool { return l.empty(math.MaxInt64) }

func (l *Learned) empty(before int64) bool {
	return (l.given == nil || !l.given.OpensConnections()) && !l.blocks.any(before)
}

// KeyLog adds the lines of a key log that the capture itself has at a record, counted from its first; name says where it is. What is no such line is left out.
func (l *Learned) KeyLog(text []byte, name string, at int64) {
	var s Store
	for line := range bytes.Lines(text) {
		if line := strings.TrimSpace(string(line[:min(len(line), maxLine)])); line != "" && line[0] != '#' {
			s.keyLog(line, place{text: name})
		}
	}
	l.blocks.add(&s, at)
}
