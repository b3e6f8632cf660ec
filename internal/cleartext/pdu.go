package cleartext

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/redact"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// LinkUpperPDU is the link type of messages without the layers below them (LINKTYPE_WIRESHARK_UPPER_PDU).
const LinkUpperPDU trace.LinkType = 252

// Tags of what is said of a message (Wireshark, wsutil/exported_pdu_tlvs.h). Numbers are in network byte order, each value is padded to four bytes.
const (
	tagEnd       = 0
	tagDissector = 12
	tagIPv4Src   = 20
	tagIPv4Dst   = 21
	tagIPv6Src   = 22
	tagIPv6Dst   = 23
	tagPortType  = 24
	tagSrcPort   = 25
	tagDstPort   = 26
	tagFrame     = 30
	portTypeTCP  = 2
)

// PDUs writes each message that opened connections carry alone, as Wireshark exports them. Hear and Observe are for the second pass.
type PDUs struct {
	survey *Survey
	chosen func(Key) bool
	out    func(*trace.Record) error
	talks  map[Key]*talk
	buf    []byte
	err    error
	// Redacted and Blanked are as those of a Writer.
	Redacted, Blanked int64
}

// A talk is a conversation whose messages are written.
type talk struct {
	ends     [2]netip.AddrPort
	stream   int
	of       *conversation
	redactor map[int]*redact.Session // by depth
}

// NewPDUs writes the messages of the opened conversations of a choice to out, whose record is valid until it returns.
func NewPDUs(s *Survey, chosen func(Key) bool, out func(*trace.Record) error) *PDUs {
	return &PDUs{survey: s, chosen: chosen, out: out, talks: map[Key]*talk{}}
}

// Err is the first error.
func (w *PDUs) Err() error { return w.err }

// Hear says who listens to a conversation.
func (w *PDUs) Hear(c *flow.Conversation) func(*stream.Heard) {
	k := KeyOf(c)
	if c.Proto != proto.TCP || !w.survey.Opened(k) || !w.chosen(k) {
		return nil
	}
	w.talks[k] = &talk{ends: c.Ends, stream: c.Stream, of: w.survey.conv(k), redactor: map[int]*redact.Session{}}
	return w.hear
}

// hear writes what no protocol takes.
func (w *PDUs) hear(e *stream.Heard) {
	t := w.talks[KeyOf(e.Conv)]
	switch {
	case t == nil:
	case e.Kind == stream.HeardEnd && e.Depth == 0:
		delete(w.talks, KeyOf(e.Conv))
	case e.Kind == stream.HeardEnd:
		delete(t.redactor, e.Depth)
	case e.Kind == stream.HeardBytes && e.Depth > 0 && e.Protocol == proto.None:
		data := e.Data
		if w.survey.Redact {
			data = append([]byte(nil), data...)
			w.blank(data)
		}
		w.write(t, e.Dir, e.Depth, e.Last.Number, e.Last.Time, "data", data)
	}
}

// Observe writes a message.
func (w *PDUs) Observe(m *stream.Message) {
	t := w.talks[Key{m.Source, m.Conv}]
	if t == nil || m.Depth == 0 || len(m.Carried) > 0 || len(m.Layers) == 0 || len(m.Data) == 0 {
		return
	}
	id := m.Layers[0].ID
	if id == proto.TLS {
		return
	}
	data := m.Data
	if w.survey.Redact {
		data = w.redacted(t, m)
	}
	w.write(t, m.Dir, m.Depth, m.Frame, m.Time, id.String(), data)
}

// redacted is a message without what is not to be shown.
func (w *PDUs) redacted(t *talk, m *stream.Message) []byte {
	r := t.redactor[m.Depth]
	if r == nil {
		r = new(redact.Session)
		t.redactor[m.Depth] = r
	}
	data := append([]byte(nil), m.Data...)
	edits, known := r.Unit(m.Unit)
	w.Redacted += redact.Apply(data, edits)
	if !known {
		w.blank(data)
	}
	return data
}

func (w *PDUs) blank(b []byte) {
	for i := range b {
		b[i] = redact.Blank
	}
	w.Blanked += int64(len(b))
}

// write writes a message as a record.
func (w *PDUs) write(t *talk, dir, depth int, frame, time int64, name string, data []byte) {
	if w.err != nil {
		return
	}
	src, dst := t.ends[dir], t.ends[1-dir]
	b := tag(w.buf[:0], tagDissector, []byte(name))
	from, to := src.Addr().Unmap(), dst.Addr().Unmap()
	if from.Is4() && to.Is4() {
		b = tag(tag(b, tagIPv4Src, from.AsSlice()), tagIPv4Dst, to.AsSlice())
	} else {
		a, z := src.Addr().As16(), dst.Addr().As16()
		b = tag(tag(b, tagIPv6Src, a[:]), tagIPv6Dst, z[:])
	}
	b = number(b, tagPortType, portTypeTCP)
	b = number(number(b, tagSrcPort, uint32(src.Port())), tagDstPort, uint32(dst.Port()))
	b = number(b, tagFrame, uint32(frame))
	b = append(tag(b, tagEnd, nil), data...)
	w.buf = b
	comment := fmt.Sprintf("decrypted from frame %d, stream %d", frame, t.stream)
	if with := t.of.agreed(depth, frame); with != "" {
		comment += ", " + with
	}
	w.err = w.out(&trace.Record{
		Kind: trace.Packet, Time: time, Link: LinkUpperPDU, Interface: -1, Data: b, WireLen: len(b), Meta: &trace.Meta{Comments: []string{comment}},
	})
}

// tag appends a value with its tag.
func tag(b []byte, kind uint16, value []byte) []byte {
	padded := (len(value) + 3) &^ 3
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(padded))
	b = append(b, value...)
	return append(b, make([]byte, padded-len(value))...)
}

func number(b []byte, kind uint16, v uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, byte(kind>>8), byte(kind), 0, 4), v)
}
