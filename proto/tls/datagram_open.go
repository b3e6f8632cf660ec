package tls

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/wiretale/wiretale/internal/tlsrecord"
	"github.com/wiretale/wiretale/proto"
)

// datagrams is what opening DTLS needs beside what opening TLS does: which keys a record has, and which of the messages come next, is on the wire.
type datagrams struct{ sides [2]epochs }

// epochs are the keys of what one side sends, and its handshake messages that are early.
type epochs struct {
	list    []epoch // that opened a record, in order
	begun   bool    // a message of the handshake was taken in
	next    uint16  // number of the message that follows
	waiting [][]byte
	held    int // bytes of them
}

// An epoch is the time of one set of keys.
type epoch struct {
	number uint16
	reader *tlsrecord.Reader
	suite  *tlsrecord.Suite
	mask   []byte // the key that hides numbers, of DTLS 1.3
	next   uint64 // behind the highest number that was opened, of DTLS 1.3
	neg    *negotiation
}

const (
	// mostEpochs bounds those of a side that late records may be of.
	mostEpochs = 4
	// mostWaiting bounds the messages of a side that wait for those before them.
	mostWaiting = 16
)

// said takes in a handshake message, said with its header as if it had come in one fragment. Messages come again, and in any order; each is taken in once, in theirs.
func (o *opener) said(u *proto.Unit, r *Record, said []byte) {
	d := &o.datagrams.sides[u.Dir]
	seq := binary.BigEndian.Uint16(said[4:])
	switch {
	case said[0] == clientHello && o.opens(r, said):
		o.client = u.Dir
		o.datagrams.sides[1-u.Dir].forget()
		d.forget()
	case said[0] == clientHello && !(o.neg != nil && o.neg.retried && !o.neg.chosen): // again
		return
	case said[0] == serverHello && o.neg != nil && !o.neg.chosen:
		d.forget()
	case d.begun && int16(seq-d.next) < 0: // again
		return
	case d.begun && seq != d.next:
		if len(d.waiting) < mostWaiting && d.held+len(said) <= maxPartial {
			d.waiting = append(d.waiting, bytes.Clone(said))
			d.held += len(said)
		}
		return
	}
	o.deliver(u, said)
	for d.drain(func(b []byte) { o.deliver(u, b) }) {
	}
}

// opens reports whether a ClientHello begins an agreement: it is neither one that was sent before, nor the second one with a cookie.
func (o *opener) opens(r *Record, said []byte) bool {
	raw := said[:messageHeader:messageHeader]
	raw = append(raw, said[fragmentHeader:]...)
	m := o.whole(raw)
	h, ok := helloOf(raw, &m)
	if !ok {
		return false
	}
	again := o.neg != nil && bytes.Equal(o.neg.clientRandom, raw[h.random:h.random+randomLen])
	if !again && r.Epoch == 0 { // another association between the same endpoints
		*o.datagrams = datagrams{}
	}
	return !again
}

// forget forgets which message comes next.
func (d *epochs) forget() { d.begun, d.waiting, d.held = false, nil, 0 }

// drain hands on a message that waited and comes next.
func (d *epochs) drain(hand func(b []byte)) bool {
	for i, b := range d.waiting {
		if binary.BigEndian.Uint16(b[4:]) == d.next {
			d.waiting = slices.Delete(d.waiting, i, i+1)
			d.held -= len(b)
			hand(b)
			return true
		}
	}
	return false
}

// deliver takes in the message that comes next.
func (o *opener) deliver(u *proto.Unit, said []byte) {
	d := &o.datagrams.sides[u.Dir]
	d.begun, d.next = true, binary.BigEndian.Uint16(said[4:])+1
	raw := make([]byte, 0, len(said)-fragmentHeader+messageHeader)
	o.message(u, append(append(raw, said[:messageHeader]...), said[fragmentHeader:]...), said)
}

// flush takes in what waits for messages that did not come: whoever sent the next epoch had them.
func (o *opener) flush(u *proto.Unit) {
	for dir := range o.datagrams.sides {
		d := &o.datagrams.sides[dir]
		for len(d.waiting) > 0 {
			first := slices.MinFunc(d.waiting, func(a, b []byte) int {
				return int(int16(binary.BigEndian.Uint16(a[4:]) - binary.BigEndian.Uint16(b[4:])))
			})
			d.next = binary.BigEndian.Uint16(first[4:])
			if o.neg != nil {
				o.neg.holes = true
			}
			was := u.Dir
			u.Dir = dir
			d.drain(func(b []byte) { o.deliver(u, b) })
			u.Dir = was
		}
	}
}

// keysAt are the keys of an epoch of a side, nil when there are none.
func (o *opener) keysAt(u *proto.Unit, number uint16) *epoch {
	d := &o.datagrams.sides[u.Dir]
	if i := slices.IndexFunc(d.list, func(e epoch) bool { return e.number == number }); i >= 0 {
		return &d.list[i]
	}
	o.flush(u)
	n := o.neg
	if n == nil || !n.chosen || !n.known {
		return nil
	}
	var keys tlsrecord.Keys
	if n.version == TLS13 {
		secret := o.secretAt(u.Dir, number)
		if secret == nil {
			return nil
		}
		keys = n.suite.TrafficKeys(n.draft, secret)
	} else if n.derive(o); !n.ready || n.deflates {
		return nil
	} else {
		keys = n.keysOf(u.Dir != o.client)
	}
	reader, err := n.suite.NewReader(n.version, keys, n.options)
	if err != nil {
		return nil
	}
	return &epoch{number: number, reader: reader, suite: &n.suite, mask: keys.Number, neg: n}
}

// Epochs of DTLS 1.3 (RFC 9147, 6.1).
const (
	epochHandshake = 2
	epochTraffic   = 3
	// mostUpdates bounds the updates of keys between two records of a side.
	mostUpdates = 64
)

// secretAt is the traffic secret of an epoch of a side of DTLS 1.3. Early data is not opened: its suite is not known before the server's answer.
func (o *opener) secretAt(dir int, number uint16) []byte {
	role := 0
	if dir != o.client {
		role = 1
	}
	switch {
	case number < epochHandshake:
		return nil
	case number == epochHandshake:
		return o.fits(o.keys.Secret(sideSecrets[role][0], o.neg.clientRandom))
	case number > epochTraffic+mostUpdates:
		return nil
	}
	secret := o.fits(o.keys.Secret(sideSecrets[role][1], o.neg.clientRandom))
	for range number - epochTraffic {
		if secret != nil {
			secret = o.neg.suite.NextSecret(o.neg.draft, secret)
		}
	}
	return secret
}

// fits is a secret that has the length of those of the suite, else nil.
func (o *opener) fits(secret []byte) []byte {
	if len(secret) != o.neg.suite.HashLen() {
		return nil
	}
	return secret
}

// opened opens a record, and reports whether it did.
func (s *association) opened(u *proto.Unit, r *Record) bool {
	o := s.opener
	body := u.Data[r.Body:r.End]
	if len(body) < r.Len {
		o.datagramAccount(u.Dir).failed(u, whyCut)
		return false
	}
	room := u.Room(datagramHeader + len(body))
	if room == nil {
		o.datagramAccount(u.Dir).failed(u, tlsrecord.ErrRoom.Error())
		return false
	}
	why := ""
	for _, number := range o.candidates(u.Dir, r) {
		e := o.keysAt(u, number)
		if e == nil {
			continue
		}
		text, content, err := e.open(room[datagramHeader:], u.Data, r, body)
		if err != nil {
			why = err.Error()
			continue
		}
		o.keep(u.Dir, e)
		e.neg.Opened++
		s.content(u, e.neg, r, room[:datagramHeader+len(text)], content)
		return true
	}
	switch n := o.neg; {
	case why == "" && n != nil:
		n.failed(u, n.why())
	case why == "":
		why = whyNoHandshake
		fallthrough
	default:
		o.datagramAccount(u.Dir).failed(u, why)
	}
	return false
}

// datagramAccount is that of the agreement that records of a side are opened by.
func (o *opener) datagramAccount(dir int) *account {
	if d := &o.datagrams.sides[dir]; len(d.list) > 0 {
		return &d.list[len(d.list)-1].neg.account
	}
	if o.neg != nil {
		return &o.neg.account
	}
	o.closed.ID = proto.DTLS
	return (*account)(&o.closed)
}

// candidates are the epochs that a record may be of: in DTLS 1.3 only the last two bits of the number are on the wire.
func (o *opener) candidates(dir int, r *Record) []uint16 {
	if !r.Unified {
		return []uint16{r.Epoch}
	}
	newest := 0
	if d := &o.datagrams.sides[dir]; len(d.list) > 0 {
		newest = int(d.list[len(d.list)-1].number)
	}
	last := newest - (newest-int(r.Epoch))&3 // the latest one that there was
	if last < 1 {
		return []uint16{uint16(last + 4)}
	}
	return []uint16{uint16(last), uint16(last + 4)}
}

// keep remembers an epoch that opened a record.
func (o *opener) keep(dir int, e *epoch) {
	d := &o.datagrams.sides[dir]
	at, known := slices.BinarySearchFunc(d.list, e.number, func(e epoch, n uint16) int { return int(e.number) - int(n) })
	if known {
		return
	}
	if o.sides[dir].neg = e.neg; len(d.list) == mostEpochs {
		d.list = slices.Delete(d.list, 0, 1)
		at = max(0, at-1)
	}
	d.list = slices.Insert(d.list, at, *e)
}

// open opens a record of the epoch.
func (e *epoch) open(room, b []byte, r *Record, body []byte) ([]byte, byte, error) {
	h := r.header(b)
	if !r.Unified {
		return e.reader.OpenDatagram(room, &h, body)
	}
	mask, ok := e.suite.NumberMask(e.mask, body)
	if !ok {
		return nil, 0, tlsrecord.ErrShort
	}
	h.Bytes = bytes.Clone(b[r.Off:r.Body])
	low := uint64(0)
	for i := range r.SeqLen {
		at := r.SeqAt + i
		h.Bytes[at] ^= mask[i]
		low = low<<8 | uint64(h.Bytes[at])
	}
	h.Seq = nearest(e.next, low, 8*r.SeqLen)
	text, content, err := e.reader.OpenDatagram(room, &h, body)
	if err == nil {
		e.next = max(e.next, h.Seq+1)
	}
	return text, content, err
}

// nearest is the number that ends with so many bits and is nearest to the one that is expected (RFC 9147, 4.2.2).
func nearest(expected, low uint64, bits int) uint64 {
	step := uint64(1) << bits
	n := expected&^(step-1) | low
	switch {
	case n > expected && n-expected > step/2 && n >= step:
		return n - step
	case n < expected && expected-n > step/2:
		return n + step
	}
	return n
}

// content takes in what an opened record holds: b is room for a header and the text.
func (s *association) content(u *proto.Unit, n *negotiation, r *Record, b []byte, content byte) {
	putHeader(b, r, content, len(b)-datagramHeader)
	in := u.Open(b, "decrypted")
	if content != ApplicationData || n.version == TLS13 || r.hides() {
		l := proto.UnitLayer{ID: proto.DTLS, In: in, Len: len(b), Beside: true}
		l.Note[noteVersion], l.Note[noteForm] = uint64(s.version), formDatagram|formOpened
		if r.hides() {
			l.Note[noteID] = 1
		}
		u.Layers = append(u.Layers, l)
	}
	switch content {
	case Handshake:
		one := Record{Type: Handshake, Body: datagramHeader, End: len(b), Len: len(b) - datagramHeader, Version: r.Version, Epoch: r.Epoch, Datagram: true}
		s.handshakes(u, b, &one)
	case ApplicationData:
		n.Bytes += int64(len(b) - datagramHeader)
		u.Carried = append(u.Carried, proto.Carried{In: in, Off: datagramHeader, Len: len(b) - datagramHeader, Protocol: n.protocol})
	}
}
