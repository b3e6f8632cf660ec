package handshake

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"github.com/wiretale/wiretale/internal/certificate"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

const (
	// maxKept bounds the handshakes that a List keeps while they come, of one lane.
	maxKept = 4096
	// maxCertificates bounds the certificates that are told apart; further ones are not read.
	maxCertificates = 4096
)

// A List keeps the handshakes of an analysis: the first ones of each lane. The rest is counted.
type List struct {
	Handshakes []*Handshake // in the order of their first record
	Beyond     int64        // begun later than those, and not kept

	certificates map[[sha256.Size]byte]*certificate.Certificate // by their bytes: a server sends the same ones again and again
}

// begin is a handshake of a conversation, nil when there are enough.
func (l *List) begin(source, conv int) *Handshake {
	if l.Full() {
		l.Beyond++
		return nil
	}
	h := &Handshake{Source: source, Conv: conv}
	l.Handshakes = append(l.Handshakes, h)
	return h
}

// Full reports whether nothing more is kept.
func (l *List) Full() bool { return len(l.Handshakes) >= maxKept }

// Refused notes that a server of HTTP answered a request with the words that this port takes TLS only.
func (l *List) Refused(source, conv, client int, words string, at request.Mark) {
	h := l.begin(source, conv)
	if h == nil {
		return
	}
	h.Spoke, h.Client, h.Plain[1] = proto.HTTP, client, words
	h.Came = at
}

// chain reads certificates, each once.
func (l *List) chain(list [][]byte) (out []*certificate.Certificate) {
	for _, der := range list {
		key := sha256.Sum256(der)
		c, known := l.certificates[key]
		if !known {
			if len(l.certificates) >= maxCertificates {
				return out
			}
			if l.certificates == nil {
				l.certificates = map[[sha256.Size]byte]*certificate.Certificate{}
			}
			c, _ = certificate.Parse(der) // what there is of it counts
			l.certificates[key] = c
		}
		if c == nil {
			return out
		}
		out = append(out, c)
	}
	return out
}

// Clone is a list of the same handshakes, which may go on.
func (l *List) Clone() List { return List{Handshakes: slices.Clone(l.Handshakes), Beyond: l.Beyond} }

// Join takes over what another list has. conv gives the conversations of its handshakes the numbers that they have here.
func (l *List) Join(other *List, conv func(int) int) {
	for _, h := range other.Handshakes {
		h.Conv = conv(h.Conv)
	}
	l.Handshakes = append(l.Handshakes, other.Handshakes...)
	l.Beyond += other.Beyond
	*other = List{}
}

// Sort puts handshakes in order of their first record, and leaves out those of which nothing was seen.
func (l *List) Sort() {
	l.Handshakes = slices.DeleteFunc(l.Handshakes, func(h *Handshake) bool { return !h.First().Seen() })
	slices.SortStableFunc(l.Handshakes, func(a, b *Handshake) int {
		return cmp.Or(cmp.Compare(a.First().Time, b.First().Time), cmp.Compare(a.Source, b.Source), cmp.Compare(a.First().Number, b.First().Number), cmp.Compare(a.Conv, b.Conv))
	})
}
