package handshake

import (
	"bytes"
	"slices"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tls"
)

const (
	maxAlerts   = 4
	maxSealed   = 8
	usualSealed = 3       // a Finished and the first application data, with one to spare
	maxPlain    = 64      // bytes of what is no TLS
	maxPartial  = 1 << 18 // bytes of a handshake message that is put together
)

// A Follower takes in the units of one connection. A nil one takes nothing.
type Follower struct {
	h       *Handshake
	list    *List
	partial [2][]byte       // of a handshake message, by direction
	began   request.Mark    // first byte of the unit that is taken in
	at      request.Mark    // last byte
	last    [2]request.Mark // last record of the client and of the server
	changed [2]bool         // its cipher, of the client and of the server
	early   bool            // the client sends data before the handshake is done
	id      string          // of the session that the client offers to go on with
	over    bool            // nothing more is looked for
}

// Follow begins with a connection. nil when the list has enough.
func (l *List) Follow(source, conv int) *Follower {
	h := l.begin(source, conv)
	if h == nil {
		return nil
	}
	return &Follower{h: h, list: l}
}

// Begins reports whether bytes begin a connection of TLS: with a hello, or with an alert in answer to one. What is in the middle of a connection does not.
func Begins(b []byte) bool {
	if !tls.Looks(b) {
		return false
	}
	switch b[0] {
	case tls.Handshake:
		return len(b) > 5 && (b[5] == tls.ClientHello || b[5] == tls.ServerHello)
	case tls.Alert:
		return IsAlert(b)
	}
	return b[0]&0x80 != 0 // a hello of SSL 2.0
}

// IsAlert reports whether bytes are an alert that can be read.
func IsAlert(b []byte) bool {
	return len(b) == 7 && b[0] == tls.Alert && b[1] == 3 && b[3] == 0 && b[4] == 2 && (b[5] == 1 || b[5] == 2) && tls.AlertName(b[6]) != ""
}

// role is 0 for a direction that is the client's, 1 for the server's.
func (f *Follower) role(dir int) int {
	if dir == f.h.Client {
		return 0
	}
	return 1
}

// Over reports whether the handshake is over, so that what follows need not be taken in.
func (f *Follower) Over() bool { return f == nil || f.over }

// Unit takes in a unit with its layers; began is the record with its first byte, at that with its last.
func (f *Follower) Unit(u *proto.Unit, began, at request.Mark) {
	if f == nil || u.Late || u.Rest {
		return
	}
	f.began, f.at = began, at
	if u.Gap {
		f.partial[u.Dir], f.h.Holes = nil, true
	}
	for i := range u.Layers {
		if l := &u.Layers[i]; l.ID == proto.TLS {
			f.layer(u, l)
		}
	}
}

func (f *Follower) layer(u *proto.Unit, l *proto.UnitLayer) {
	b := u.Bytes(l)
	known := false
	for w := tls.WalkOf(b, &l.Note); w.Next(); {
		known = true
		f.record(u.Dir, b, &l.Note, &w.Record)
	}
	if !known && len(b) > 0 && !f.over {
		f.plain(u.Dir, b)
	}
}

// plain notes bytes that are no TLS.
func (f *Follower) plain(dir int, b []byte) {
	if role := f.role(dir); f.h.Plain[role] == "" && !f.h.Holes {
		f.h.Plain[role] = string(bytes.ToValidUTF8(b[:min(len(b), maxPlain)], []byte("\ufffd")))
	}
}

// Greeted notes what the server sent before the client began.
func (f *Follower) Greeted(b []byte) {
	if f != nil {
		f.h.Plain[1] = string(bytes.ToValidUTF8(b[:min(len(b), maxPlain)], []byte("\ufffd")))
	}
}

// Foreign notes that in a connection of another protocol a side came with TLS, and what.
func (f *Follower) Foreign(spoke proto.ID, dir int, b []byte, at request.Mark) {
	if f == nil {
		return
	}
	f.began, f.at, f.over = at, at, true
	f.h.Spoke, f.h.Came = spoke, at
	note := field.Note{}
	tls.Records(b, &note, func(r *tls.Record) bool {
		if r.Type == tls.Alert {
			f.h.Client = 1 - dir
		} else {
			f.h.Client = dir
		}
		f.record(dir, b, &note, r)
		return false
	})
}

func (f *Follower) record(dir int, b []byte, note *field.Note, r *tls.Record) {
	body := b[r.Body:r.End]
	opened := tls.Opened(note)
	if opened {
		f.h.Keys = true
	}
	switch {
	case r.Type == 0:
		f.ssl2(dir)
	case r.Type == tls.Alert && (opened || !r.Encrypted) && tls.ClearAlert(b, r):
		f.alert(dir, body, opened)
	case r.Type == tls.ChangeCipherSpec && !opened:
		f.change(f.role(dir))
	case r.Type == tls.Handshake && (opened || !r.Encrypted || f.begins(body, r)):
		f.messages(dir, body, r.Len)
	case !opened:
		f.sealed(f.role(dir), r)
	}
	f.last[f.role(dir)] = f.at
}

// begins reports whether a record behind a change of ciphers is in the clear all the same: a hello behind a retry (RFC 8446, D.4).
func (f *Follower) begins(body []byte, r *tls.Record) bool {
	return len(body) == r.Len && len(body) > tls.MessageHeader && (body[0] == tls.ClientHello || body[0] == tls.ServerHello) && tls.MessageLen(body) == len(body)
}

// set notes the first time of a step.
func (f *Follower) set(s Step, m request.Mark) {
	if !f.h.At[s].Seen() {
		f.h.At[s] = m
	}
}

// ssl2 takes in a hello of SSL 2.0: what it offers is not looked at.
func (f *Follower) ssl2(dir int) {
	if f.h.Hello {
		return
	}
	f.h.Hello, f.h.Old, f.h.Client = true, true, dir
	f.set(HelloBegins, f.began)
	f.set(HelloEnds, f.at)
}

func (f *Follower) alert(dir int, body []byte, opened bool) {
	if !f.h.First().Seen() {
		f.h.Came = f.at
	}
	if len(f.h.Alerts) < maxAlerts {
		f.h.Alerts = append(f.h.Alerts, Alert{Server: f.role(dir) == 1, Level: body[0], Code: body[1], At: f.at, Opened: opened})
	}
}

// goesOn notes the first record of the client's second flight, and with it the end of the server's.
func (f *Follower) goesOn() {
	h := f.h
	if !h.At[ServerHello].Seen() || h.At[ClientGoesOn].Seen() {
		return
	}
	f.set(ServerDone, f.last[1])
	f.set(ClientGoesOn, f.began)
}

// change takes in a change of ciphers. In TLS 1.3 it means nothing.
func (f *Follower) change(role int) {
	h := f.h
	if h.Version == tls.TLS13 || h.Version == 0 {
		return
	}
	f.changed[role] = true
	if role == 0 {
		f.goesOn()
		f.set(ClientDone, f.at)
		return
	}
	f.set(ServerEnds, f.at)
	if !h.At[ClientGoesOn].Seen() { // no second flight of the client came before: an earlier session goes on
		h.Resumed = len(h.Chains[1]) == 0 && h.GoesOn
		f.set(ServerDone, f.at)
	}
}

// sealed takes in an encrypted record.
func (f *Follower) sealed(role int, r *tls.Record) {
	h := f.h
	behind := slices.ContainsFunc(h.Sealed[0], Sealed.Finished) // of TLS 1.3: what the client sends is no part of the handshake
	if list := &h.Sealed[role]; len(*list) < maxSealed {
		if *list == nil {
			*list = make([]Sealed, 0, usualSealed)
		}
		*list = append(*list, Sealed{Type: r.Type, Len: r.Len, At: f.at})
	}
	switch {
	case role == 0 && h.Version == tls.TLS13 && !f.early:
		f.goesOn()
		f.set(ClientDone, f.at)
		if own := h.Sealed[0]; behind && !own[len(own)-1].Alert() {
			f.set(Used, f.at)
		}
	case h.Version != tls.TLS13 && r.Type == tls.ApplicationData && h.At[ServerEnds].Seen():
		f.set(Used, f.at)
	}
	// Both have what they agreed on, and nothing of the opening follows.
	const tickets = 3 // records that a server of TLS 1.3 may send by itself
	n, m := len(h.Sealed[0]), len(h.Sealed[1])
	done := n > 0 && m > 0 && (n == maxSealed || m == maxSealed)
	switch {
	case h.Version == tls.TLS13:
		more := 0
		for _, s := range h.Sealed[1] {
			if h.At[ClientDone].Seen() && s.At.Number > h.At[ClientDone].Number {
				more++
			}
		}
		done = done || n > 1 && more > tickets
	case f.changed[0] && f.changed[1]:
		done = done || has(h.Sealed[0], tls.ApplicationData) && has(h.Sealed[1], tls.ApplicationData)
	}
	if done {
		h.Done, f.over = true, true
	}
}

func has(list []Sealed, kind byte) bool {
	for _, s := range list {
		if s.Type == kind {
			return true
		}
	}
	return false
}
