package http

import (
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/proto"
)

// maxTarget is how much of a target names a request.
const maxTarget = 256

// ExpectTerm is the term of a request that asks for 100 Continue before it sends its body: 1 when a response came before the body had, else 0.
const ExpectTerm = "http.expect"

// asks is the turn of a request.
func (s *session) asks(h *Head, u *proto.Unit) proto.Turn {
	t := proto.Turn{Kind: proto.Ask, Key: s.requests, Command: methodOf(u.Data[h.First.From:h.First.To]), Offset: -1, Size: int64(u.Len - h.End), Layer: len(u.Layers)}
	if t.Size == 0 {
		t.Size = -1
	}
	if strings.EqualFold(h.Header(u.Data, "expect"), "100-continue") {
		t.Terms = []proto.Term{{Name: ExpectTerm}}
		if s.early {
			t.Terms[0].Value = 1
		}
	}
	s.early = false
	target := h.Second
	target.To = min(target.To, target.From+maxTarget)
	t.Name = target.in(u.Data)
	if host := h.Header(u.Data, "host"); host != "" && len(t.Name) > 0 && t.Name[0] == '/' {
		t.Name = host[:min(len(host), maxTarget)] + t.Name
	}
	return t
}

// missing is how many bytes of the body have not come when these have, -1 when the head does not say how many there are.
func (h *Head) missing(b []byte, have int64) int64 {
	length, ok := number(h.Header(b, "content-length"), 10)
	if !ok || length <= have || Chunked(h.Header(b, "transfer-encoding")) {
		return -1
	}
	return length - have
}

// methodOf is the text of a method without a copy, where it is one of those that are known.
func methodOf(b []byte) string {
	if m, ok := methodNames[string(b)]; ok {
		return m
	}
	return string(b)
}

// methodNames are the methods by themselves.
var methodNames = func() map[string]string {
	m := map[string]string{}
	for name := range methods {
		m[name] = name
	}
	return m
}()

// answers is the turn of a response to r with a code.
func (r *request) answers(h *Head, u *proto.Unit, code int) proto.Turn {
	t := proto.Turn{
		Kind: proto.Answer, Key: r.number, Offset: -1, Size: int64(u.Len - h.End), Status: strconv.Itoa(code), Code: uint32(code), Failed: code >= 400, Layer: len(u.Layers),
	}
	if code/100 == 1 && code != 101 { // the final one is still to come
		t.Kind = proto.Interim
	}
	if u.Broken {
		t.More, t.Missing = true, h.missing(u.Data, t.Size)
	}
	return t
}
