package stream

import (
	"bytes"

	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tls"
)

// Handshakes are those of connections of TLS, with a choice that wants them.
func (a *Applications) Handshakes() *handshake.List { return &a.handshakes }

// alone reports whether only how connections of TLS are opened is looked at: they are left alone then.
func (a *Applications) alone() bool { return a.choice.bare && a.choice.opens && !unlocks(a.secrets) }

// worth reports whether a connection that goes by TLS is followed from these bytes on: where nothing can be opened, what is in the middle of one tells nothing.
func (a *Applications) worth(b []byte) bool { return !a.alone() || handshake.Begins(b) }

// opensWith reports whether a unit of a connection is looked at with all its bytes, as it opens it.
func (a *Applications) opensWith(t *talk, b []byte) bool {
	return a.choice.opens && t.stream.ID == proto.TLS && len(b) > 0 && b[0] == tls.Handshake
}

// opens hands a unit of TLS that a connection begins with to whoever follows how it is opened.
func (a *Applications) opens(t *talk, began request.Mark) {
	if !a.choice.opens || t.stream == nil || t.stream.ID != proto.TLS {
		return
	}
	if t.opening == nil {
		if t.opening = a.handshakes.Follow(a.source, t.id); t.depth == 0 {
			if greeting := a.strangers.greeting(t.id); greeting != nil {
				t.opening.Greeted(greeting)
			}
		}
	}
	if !began.Seen() {
		began = a.mark()
	}
	t.opening.Unit(&a.unit, began, a.mark())
}

// settled leaves a connection alone when all is known of how it was opened, and nothing of it can be.
func (a *Applications) settled(t *talk) bool {
	if t.stream == nil || t.stream.ID != proto.TLS || !a.alone() || t.opening == nil && !a.handshakes.Full() || !t.opening.Over() {
		return false
	}
	a.forget(t)
	a.strangers.leave(t.id)
	*t = talk{}
	a.free = t
	return true
}

// cutShort tells of a unit that was not seen whole: a ClientHello of which segments are missing.
func (a *Applications) cutShort(t *talk, dir int, o *open) {
	if !a.choice.opens || t.stream == nil || t.stream.ID != proto.TLS {
		return
	}
	if t.opening == nil {
		t.opening = a.handshakes.Follow(a.source, t.id)
	}
	t.opening.CutUnit(dir, o.head[:min(int64(len(o.head)), o.solid)], o.began, o.last)
}

// refusals are what servers of HTTP with TLS say in their answer to a request without.
var refusals = [][]byte{
	[]byte("plain HTTP request was sent to HTTPS port"), []byte("speaking plain HTTP to an SSL-enabled server port"), []byte("Client sent an HTTP request to an HTTPS server"),
}

// foreign looks at the first bytes of a direction of a connection that speaks another protocol: those of TLS do not belong there.
func (a *Applications) foreign(t *talk, dir int, p *packet.Packet) {
	if t.stream == nil || t.stream.ID == proto.TLS || t.over != nil || len(p.Payload) == 0 {
		return
	}
	b := p.Payload
	switch {
	case handshake.IsAlert(b), b[0] == tls.Handshake && handshake.Begins(b):
		f := a.handshakes.Follow(a.source, t.id)
		f.Foreign(t.stream.ID, dir, b, a.mark())
		f.End()
	case t.stream.ID == proto.HTTP && bytes.HasPrefix(b, []byte("HTTP/1.")) && len(b) > 12 && string(b[9:12]) == "400":
		for _, text := range refusals {
			if bytes.Contains(b, text) {
				a.handshakes.Refused(a.source, t.id, 1-dir, string(text), a.mark())
			}
		}
	}
}

// endOpening is for the end of the packets.
func (a *Applications) endOpening(t *talk) {
	for ; t != nil; t = t.inner {
		for dir := range t.dir {
			for i := range t.dir[dir].open {
				a.cutShort(t, dir, &t.dir[dir].open[i])
			}
		}
		t.opening.End()
	}
}
