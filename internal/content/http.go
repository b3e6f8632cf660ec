package content

import (
	"bytes"

	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto/http"
	"github.com/wiretale/wiretale/proto/http2"
)

// Messages are the messages of HTTP of one connection, of either version: see [Messages.Hear].
type Messages struct {
	emit func(*Part)
	one  *http1
	two  *http2Messages
	// waiting are the first bytes of a side that do not tell yet what they are.
	waiting [2][]byte
}

// NewMessages hands the parts of messages on as they come.
func NewMessages(emit func(*Part)) *Messages { return &Messages{emit: emit} }

// Version is 1 or 2, 0 while it is not known.
func (m *Messages) Version() int {
	switch {
	case m.two != nil:
		return 2
	case m.one != nil:
		return 1
	}
	return 0
}

// Hear takes in what is heard at one depth of the connection.
func (m *Messages) Hear(h *stream.Heard) {
	switch h.Kind {
	case stream.HeardBytes:
		lost := h.Lost
		if len(h.Data) > 0 || lost > 0 {
			m.bytes(h, h.Data, lost)
		}
		if cut := h.Len - len(h.Data); cut > 0 {
			m.bytes(h, nil, int64(cut))
		}
	case stream.HeardClose:
		if m.one != nil && m.two == nil {
			m.one.close(h.Dir)
		}
	case stream.HeardEnd:
		m.End()
	}
}

// End ends all messages.
func (m *Messages) End() {
	if m.one != nil {
		m.one.close(0)
		m.one.close(1)
	}
	if m.two != nil {
		m.two.end()
	}
}

func (m *Messages) bytes(h *stream.Heard, b []byte, lost int64) {
	if m.one == nil && m.two == nil {
		b = append(m.waiting[h.Dir], b...)
		if !m.begin(b) {
			m.waiting[h.Dir] = b
			return
		}
		before := m.waiting[1-h.Dir]
		if m.waiting = [2][]byte{}; len(before) > 0 {
			m.pass(1-h.Dir, before, 0, false, h.Last)
		}
	}
	m.pass(h.Dir, b, lost, h.Depth == 0, h.Last)
}

// pass hands bytes to the version that it is.
func (m *Messages) pass(dir int, b []byte, lost int64, exact bool, mark request.Mark) {
	if m.two != nil {
		m.two.bytes(dir, b, lost, mark)
		return
	}
	m.one.bytes(dir, b, lost, exact, mark)
	if m.two != nil && m.one != nil { // it went over: HTTP/1 has no more
		m.one = nil
	}
}

// begin finds out which version b begins; false when that takes more of it.
func (m *Messages) begin(b []byte) bool {
	const few = 64
	switch _, ok := http.ReadHead(b); {
	case bytes.HasPrefix(b, []byte(http2.Preface)), isSettings(b):
		m.two = newHTTP2(m.emit)
	case ok || len(b) >= few:
		m.one = &http1{emit: m.emit}
		m.one.over = func() {
			if m.two == nil {
				m.two = newHTTP2(m.emit)
			}
		}
	default:
		return false
	}
	return true
}

// isSettings reports whether b begins with the frame that a server of HTTP/2 begins with (RFC 9113, 3.4).
func isSettings(b []byte) bool {
	return len(b) >= frameHead && b[3] == http2.Settings && b[0] == 0 && b[5]|b[6]|b[7]|b[8] == 0 && (int(b[1])<<8|int(b[2]))%6 == 0 && b[4]&^1 == 0
}
