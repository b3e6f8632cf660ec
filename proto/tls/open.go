package tls

import (
	"github.com/wiretale/wiretale/internal/tlsrecord"
	"github.com/wiretale/wiretale/proto"
)

// An opener opens the records of a connection. Each side has a reader of its own, which changes when the side changes its keys.
type opener struct {
	keys    proto.Keyring
	client  int          // direction of the last ClientHello
	version uint16       // that was chosen last, 0 before
	neg     *negotiation // the last one, nil before the first hello
	all     []*negotiation
	sides   [2]side
	closed  proto.Account // of records before any hello

	datagrams *datagrams // of DTLS, nil of TLS
}

// A side is what one side sends.
type side struct {
	// readers are those that the next record may be for, in their order: of TLS 1.3 more than one, where what changes the keys cannot be
	// read, or may have been sent or not. The first is the one that opened the record before.
	readers []*tlsrecord.Reader
	// next is for what the side sends behind a KeyUpdate that may be among bytes that are missing, nil when that was not tried.
	next *tlsrecord.Reader
	// changed says that the side protects what it sends, with keys of neg.
	changed bool
	neg     *negotiation
	lost    int    // bytes that may be missing before the next record
	gap     bool   // bytes are missing since the last content
	missing int    // how many that may be
	partial []byte // of a handshake message
	inflate *inflater
}

const (
	// maxNegotiations bounds the agreements on keys of a connection of which it is told what became of them.
	maxNegotiations = 64
	// maxPartial bounds a handshake message that is put together.
	maxPartial = 1 << 18
	// closeNotify is the alert of a side that has sent all (RFC 8446, 6.1).
	closeNotify = 0
	// unknownLoss is what is taken for the bytes that are missing when nobody knows how many.
	unknownLoss = 1 << 16
)

// Unlock gives the keys, when they are such that whole connections are opened with.
func (s *session) Unlock(keys proto.Secrets) {
	if k, ok := keys.(proto.Keyring); ok && !k.Empty() {
		s.opener = &opener{keys: k}
	}
}

// Whole holds for records that may be opened.
func (s *session) Whole(*proto.Piece) bool { return s.opener != nil }

// Ordered holds when records are opened: each has a number, and some need those before them.
func (s *session) Ordered() bool { return s.opener != nil }

// unit opens the records of the layer at of a unit.
func (o *opener) unit(u *proto.Unit, at int, known bool) {
	switch {
	case u.Late: // and those behind it were taken in without it
		if s := &o.sides[u.Dir]; s.changed || len(s.readers) > 0 {
			o.account(s).failed(u, whyLate)
		}
		return
	case u.Gap && u.Lost == 0 && o.sides[u.Dir].lost > 0: // what is missing was told of before
	case u.Gap || u.Lost > 0:
		o.missed(u.Dir, u.Lost)
	}
	if !known {
		o.missed(u.Dir, int64(u.Len))
		return
	}
	n, end := 0, 0
	note := u.Layers[at].Note
	Records(u.Data, &note, func(r *Record) bool {
		if o.record(u, r) && n < maxMarked {
			u.Layers[at].Note[noteForm] |= formFirst << n
		}
		n++
		end = r.Body + r.Len
		return true
	})
	if end < u.Len { // of which nothing is known, or which was not captured
		o.missed(u.Dir, int64(u.Len-end))
	}
}

// missed says that bytes of a side are missing, or unknown; 0 for nobody knows how many.
func (o *opener) missed(dir int, n int64) {
	if n <= 0 {
		n = unknownLoss
	}
	s := &o.sides[dir]
	s.misses(n)
	s.partial = nil
	for _, r := range s.readers {
		r.Missed()
	}
	if o.neg != nil {
		o.neg.holes = true
	}
}

// misses says that there is no text of so many bytes.
func (s *side) misses(n int64) {
	s.lost, s.missing, s.gap = int(min(int64(s.lost)+n, 1<<30)), int(min(int64(s.missing)+n, 1<<30)), true
	if s.inflate != nil {
		s.inflate.broken = true
	}
}

// record takes in a record, and reports whether it was opened.
func (o *opener) record(u *proto.Unit, r *Record) bool {
	s := &o.sides[u.Dir]
	body := u.Data[r.Body:r.End]
	switch {
	case r.Type == 0:
		if isSSL2Hello(u.Data[r.Off:]) && r.End-r.Body == r.Len {
			o.ssl2(u, body)
		}
		return false
	case r.Type == ChangeCipherSpec:
		o.change(u.Dir)
		return false
	case !o.protected(s, r):
		if r.Type == Handshake {
			if len(body) < r.Len {
				o.missed(u.Dir, int64(r.Len-len(body)))
				return false
			}
			o.messages(u, body)
		}
		return false
	}
	text, content, why := o.open(u, s, r, body)
	if why != "" {
		o.account(s).failed(u, why)
		return false
	}
	o.account(s).Opened++
	o.content(u, s, r, text, content)
	return true
}

// protected reports whether a record is: before TLS 1.3 from the change of ciphers on, in TLS 1.3 by its type.
func (o *opener) protected(s *side, r *Record) bool {
	if o.version == TLS13 || o.version == 0 && r.Type == ApplicationData {
		return r.Type == ApplicationData
	}
	return s.changed || r.Type == ApplicationData
}

// account is that of the agreement that a side has its keys from.
func (o *opener) account(s *side) *account {
	switch {
	case s.neg != nil:
		return &s.neg.account
	case o.neg != nil && o.version == TLS13:
		return &o.neg.account
	}
	if o.closed.Why == "" {
		o.closed.Why = whyNoHandshake
	}
	return (*account)(&o.closed)
}

// open decrypts a record into room of the unit, behind room for a header.
func (o *opener) open(u *proto.Unit, s *side, r *Record, body []byte) (text []byte, content byte, why string) {
	switch {
	case len(s.readers) == 0:
		if s.neg != nil {
			return nil, 0, s.neg.why()
		}
		return nil, 0, o.account(s).reason()
	case len(body) < r.Len:
		for _, reader := range s.readers {
			reader.Missed()
		}
		s.misses(int64(headerLen + r.Len))
		return nil, 0, whyCut
	}
	room := u.Room(headerLen + len(body))
	if room == nil {
		s.misses(int64(headerLen + r.Len))
		return nil, 0, tlsrecord.ErrRoom.Error()
	}
	var err error
	for i, reader := range s.readers {
		if text, content, err = reader.Open(room[headerLen:], r.Type, r.Version, body, s.lost); err != nil {
			continue
		}
		if i > 0 { // those before it are over
			s.readers = s.readers[i:]
		}
		s.lost = 0
		return room[:headerLen+len(text)], content, ""
	}
	if text, content, ok := o.updated(u.Dir, room[headerLen:], r, body); ok {
		return room[:headerLen+len(text)], content, ""
	}
	if early := o.neg != nil && u.Dir == o.client && o.neg.skipsEarly(); !early { // early data that cannot be read has no number
		s.misses(int64(headerLen + r.Len))
	}
	if len(s.readers) > 1 || o.account(s).Opened == 0 && o.version == TLS13 {
		return nil, 0, o.account(s).reason()
	}
	return nil, 0, err.Error()
}

// content takes in what an opened record holds: b is room for a header and the text.
func (o *opener) content(u *proto.Unit, s *side, r *Record, b []byte, content byte) {
	text := b[headerLen:]
	if s.inflate != nil {
		var why string
		if b, why = s.inflate.record(u, text); why != "" {
			s.gap = true
			o.account(s).Opened--
			o.account(s).failed(u, why)
			return
		}
		text = b[headerLen:]
	}
	in := u.Open(b, "decrypted")
	if content != ApplicationData || o.version == TLS13 {
		b[0], b[1], b[2], b[3], b[4] = content, byte(r.Version>>8), byte(r.Version), byte(len(text)>>8), byte(len(text))
		l := proto.UnitLayer{ID: proto.TLS, In: in, Len: len(b), Beside: true}
		l.Note[noteVersion], l.Note[noteForm] = uint64(o.version), formOpened
		if content == Handshake {
			l.Note[noteContinues] = uint64(s.expected())
		}
		u.Layers = append(u.Layers, l)
	}
	switch content {
	case Handshake:
		o.messages(u, text)
	case Alert:
		if len(text) == 2 && text[1] == closeNotify {
			u.Carried = append(u.Carried, proto.Carried{In: in, Off: headerLen, Last: true})
		}
	case ApplicationData:
		o.account(s).Bytes += int64(len(text))
		if len(text) > 0 {
			u.Carried = append(u.Carried, proto.Carried{In: in, Off: headerLen, Len: len(text), Gap: s.gap, Lost: s.missing, Protocol: s.protocol()})
			s.gap, s.missing = false, 0
		}
	}
}

// protocol is what both sides agreed on for what is inside.
func (s *side) protocol() proto.ID {
	if s.neg == nil {
		return proto.None
	}
	return s.neg.protocol
}

// expected is how many bytes of the handshake message that is put together are still to come.
func (s *side) expected() int {
	if len(s.partial) < messageHeader {
		return 0
	}
	return messageHeader + be24(s.partial[1:]) - len(s.partial)
}

// messages puts handshake messages together and takes in those that are whole.
func (o *opener) messages(u *proto.Unit, b []byte) {
	s := &o.sides[u.Dir]
	if len(s.partial) > 0 {
		s.partial = append(s.partial, b...)
		b = s.partial
	}
	for len(b) >= messageHeader {
		n := messageHeader + be24(b[1:])
		if n > maxPartial {
			s.partial = nil
			return
		}
		if len(b) < n {
			break
		}
		o.message(u, b[:n:n], b[:n])
		b = b[n:]
	}
	s.partial = append([]byte(nil), b...)
}

// change is a change of ciphers of a side.
func (o *opener) change(dir int) {
	n := o.neg
	if o.version == TLS13 || n != nil && o.version == 0 && n.offers13 { // for middleboxes only
		return
	}
	s := &o.sides[dir]
	s.changed, s.partial, s.readers, s.lost, s.inflate = true, nil, nil, 0, nil
	s.neg = n
	if n == nil {
		return
	}
	n.derive(o)
	if n.ready {
		if r, err := n.suite.NewReader(n.version, n.keysOf(dir != o.client), n.options); err == nil {
			s.readers = []*tlsrecord.Reader{r}
		}
		if n.deflates {
			s.inflate = new(inflater)
		}
	}
}
