package http2

import (
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// frameOf is a frame on stream 1.
func frameOf(kind, flags byte, payload string) string {
	n := len(payload)
	return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, 0, 0, 0, 1}) + payload
}

// bodyShown are the values of http2.data.data of a layer.
func bodyShown(u *proto.Unit) (list []string) {
	f := dataField()
	for _, l := range u.Layers {
		f.Mixed(u.Bytes(&l), &l.Note, l.Texts, func(_ field.Span, v field.Value) bool {
			list = append(list, string(v.B))
			return true
		})
	}
	return list
}

func TestWholeBody(t *testing.T) {
	const status = "\x88" // :status 200
	head := frameOf(Headers, flagEndHeaders, status)
	for name, c := range map[string]struct {
		units []proto.Unit
		want  string
	}{
		"in one frame":        {[]proto.Unit{{Data: []byte(head)}, {Data: []byte(frameOf(Data, flagEndStream, "all"))}}, "all"},
		"in two":              {[]proto.Unit{{Data: []byte(head)}, {Data: []byte(frameOf(Data, 0, "on"))}, {Data: []byte(frameOf(Data, flagEndStream, "ce"))}}, "on|once"},
		"in two, and one row": {[]proto.Unit{{Data: []byte(head + frameOf(Data, 0, "on") + frameOf(Data, flagEndStream, "ce"))}}, "on|once"},
		"with trailers":       {[]proto.Unit{{Data: []byte(head + frameOf(Data, 0, "on"))}, {Data: []byte(frameOf(Headers, flagEndHeaders|flagEndStream, status))}}, "on|on"},
		"with a gap":          {[]proto.Unit{{Data: []byte(head)}, {Data: []byte(frameOf(Data, 0, "on"))}, {Data: []byte(frameOf(Data, flagEndStream, "ce")), Gap: true}}, "on|ce"},
		"too long":            {[]proto.Unit{{Data: []byte(head)}, {Data: []byte(frameOf(Data, 0, strings.Repeat("x", maxBody)))}, {Data: []byte(frameOf(Data, flagEndStream, "ce"))}}, strings.Repeat("x", maxBody) + "|ce"},
	} {
		s := &session{}
		var got []string
		for _, u := range c.units {
			u.Len, u.Shown, u.Dir = len(u.Data), true, 1
			s.Unit(&u)
			got = append(got, bodyShown(&u)...)
		}
		if !slices.Equal(got, strings.Split(c.want, "|")) {
			t.Errorf("%s: %.80q", name, got)
		}
		if s.held != 0 {
			t.Errorf("%s: %d bytes are still held", name, s.held)
		}
	}
}
