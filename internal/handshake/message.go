package handshake

import (
	"slices"

	"github.com/wiretale/wiretale/internal/certificate"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto/tls"
)

// messages puts handshake messages together and takes in those that are whole. n is how long the record's content is on the wire.
func (f *Follower) messages(dir int, body []byte, n int) {
	if f.over && f.h.Done {
		return
	}
	if len(f.partial[dir]) > 0 {
		f.partial[dir] = append(f.partial[dir], body...)
		body = f.partial[dir]
	}
	for len(body) >= tls.MessageHeader {
		length := tls.MessageLen(body)
		if length > maxPartial {
			f.h.Holes, f.partial[dir] = true, nil
			return
		}
		if len(body) < length {
			break
		}
		f.message(dir, body[:length], false)
		body = body[length:]
	}
	if cut := len(body) > 0 && n > len(body) && len(f.partial[dir]) == 0; cut { // the capture has not all of the record
		if len(body) > tls.MessageHeader {
			f.message(dir, body, true)
		}
		f.h.Holes, body = true, nil
	}
	f.partial[dir] = slices.Clone(body)
}

// message takes in one with its header; cut says that its end is missing.
func (f *Follower) message(dir int, raw []byte, cut bool) {
	h := f.h
	if raw[0] == tls.ClientHello {
		f.hello(dir, raw, cut)
		return
	}
	role := f.role(dir)
	if raw[0] == tls.ServerHello && !h.Hello {
		h.Client, role = 1-dir, 1
	}
	if role == 0 {
		f.goesOn()
	}
	switch raw[0] {
	case tls.ServerHello:
		if role == 1 {
			f.answer(raw)
		}
	case tls.CertificateMessage:
		h.Chains[role] = f.list.chain(tls.Chain(raw, h.Version))
		if role == 0 && tls.NoCertificate(raw, h.Version) {
			h.None = true
		}
	case tls.CertificateRequest:
		if role == 1 && !h.Asked {
			h.Asked = true
			for _, name := range tls.Authorities(raw, h.Version) {
				h.Of = append(h.Of, certificate.ParseName(name).String())
			}
		}
	case tls.ServerHelloDone:
		f.set(ServerDone, f.at)
	case tls.NewSessionTicket:
		h.Offered = true
	}
}

// hello takes in a ClientHello: the first one, and of a second behind a retry only when it came.
func (f *Follower) hello(dir int, raw []byte, cut bool) {
	h := f.h
	if h.Hello {
		if h.At[Retry].Seen() && !h.At[ServerHello].Seen() {
			h.At[HelloEnds] = f.at
		}
		return
	}
	got, ok := tls.HelloOf(raw)
	if !ok {
		return
	}
	f.set(HelloBegins, f.began)
	f.set(HelloEnds, f.at)
	h.Hello, h.Client, h.Cut, h.Size = true, dir, cut, tls.MessageLen(raw)
	h.Name, h.Named, h.Inner = got.Name, got.Known&tls.HasName != 0, got.Known&tls.HasInnerHello != 0
	h.Oldest, h.Newest, h.Suites, h.Groups, h.Protocol = got.Oldest(), got.Newest(), got.Suites, got.Groups, got.Protocol
	h.TakesTicket = got.Known&tls.HasTicket != 0
	f.early = got.Known&tls.HasEarlyData != 0
	f.id = string(got.ID)
	h.GoesOn = got.Known&tls.HasPreShared != 0 || len(got.Ticket) > 0 || len(got.ID) > 0 && h.Newest < tls.TLS13
}

// answer takes in a ServerHello, or a Hello Retry Request.
func (f *Follower) answer(raw []byte) {
	h := f.h
	got, ok := tls.HelloOf(raw)
	if !ok || h.At[ServerHello].Seen() {
		return
	}
	if got.Retry {
		h.Version = got.Version
		f.set(Retry, f.at)
		return
	}
	f.set(ServerHello, f.at)
	h.Version = got.Version
	if len(got.Suites) > 0 {
		h.Suite = got.Suites[0]
	}
	if len(got.Groups) > 0 {
		h.Group = got.Groups[0]
	}
	if len(got.Protocol) > 0 {
		h.Chosen = got.Protocol[0]
	}
	if h.Version == tls.TLS13 {
		h.Resumed = got.Known&tls.HasPreShared != 0
		return
	}
	h.Offered = len(got.ID) > 0 || got.Known&tls.HasTicket != 0
	h.Resumed = len(got.ID) > 0 && f.id == string(got.ID)
}

// End is for the end of the connection, or of the capture.
func (f *Follower) End() {
	if f == nil {
		return
	}
	f.partial = [2][]byte{}
	h := f.h
	if h.At[ServerHello].Seen() && !h.At[ServerDone].Seen() {
		f.set(ServerDone, f.last[1])
	}
	h.Done = h.Done || h.At[Used].Seen()
}

// CutUnit takes in what there is of a unit that was not seen whole: a ClientHello of which segments are missing.
func (f *Follower) CutUnit(dir int, b []byte, began, last request.Mark) {
	if f == nil || f.h.Hello || len(b) < recordHeader+tls.MessageHeader || b[0] != tls.Handshake || b[recordHeader] != tls.ClientHello {
		return
	}
	f.began, f.at = began, last
	f.hello(dir, b[recordHeader:], true)
	f.h.Holes = true
}

// recordHeader is the length of the header of a record.
const recordHeader = 5
