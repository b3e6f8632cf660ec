package content

import (
	"bytes"

	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
)

// A Depth hands on what is heard at one depth of a connection: the deepest that was opened, among those that a protocol carries. What is
// outside of it waits as long as it may turn out to carry something.
type Depth struct {
	// Carrier is the protocol that carries the bytes (TCP, UDP, TLS), None for any.
	Carrier proto.ID
	// Opens says that there are keys: then what is not encrypted may still go over to what is, as SMTP does behind STARTTLS.
	Opens bool
	// To gets what is heard, and the end of the connection.
	To func(*stream.Heard)

	depth   int // of what is handed on, or waits
	found   bool
	decided bool
	waiting []waiting
	bytes   int
}

// maxWaiting bounds the bytes that wait until it is known whether they carry something: a handshake with certificates.
const maxWaiting = 256 << 10

// maxPieces is the same for what is heard.
const maxPieces = 4096

type waiting struct {
	heard stream.Heard
	data  []byte
}

// Hear takes in what is heard of one connection.
func (d *Depth) Hear(h *stream.Heard) {
	if h.Kind == stream.HeardEnd {
		if h.Depth == 0 {
			d.decide()
			d.To(h)
		}
		return
	}
	if d.Carrier != proto.None && h.Carrier != d.Carrier {
		return
	}
	if h.Kind == stream.HeardBytes && h.Depth > d.depth && !d.decided {
		d.depth, d.waiting, d.bytes, d.found = h.Depth, d.waiting[:0], 0, false
	}
	if h.Depth != d.depth {
		return
	}
	if d.decided {
		d.To(h)
		return
	}
	first := h.Kind == stream.HeardBytes && !d.found
	d.found = d.found || first
	d.waiting = append(d.waiting, waiting{*h, bytes.Clone(h.Data)})
	d.waiting[len(d.waiting)-1].heard.Packet = nil
	d.bytes += len(h.Data)
	opens := d.Opens && h.Depth == 0 && h.Carrier == proto.TCP
	if first && !opens && !Sealed(h.Data) || d.bytes > maxWaiting || len(d.waiting) > maxPieces {
		d.decide()
	}
}

// decide hands on what waits.
func (d *Depth) decide() {
	d.decided = true
	for i := range d.waiting {
		w := &d.waiting[i]
		w.heard.Data = w.data
		d.To(&w.heard)
	}
	d.waiting = nil
}

// Sealed reports whether bytes begin with a record of TLS, or with a hello of SSL 2.0.
func Sealed(b []byte) bool {
	const handshake = 22
	return len(b) >= 3 && (b[0] == handshake && b[1] == 3 || b[0]&0x80 != 0 && b[2] == 1)
}
