package main

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/view/follow"
)

// A followTap is tshark's -z follow,PROTOCOL,FORM,STREAM[,RANGE].
type followTap struct {
	text     string
	protocol string
	form     follow.Form
	want     wanted
	sub      int64
	from, to int // range of chunks, from 1; 0 for all
}

// tapCarriers are the protocols of -z follow.
var tapCarriers = map[string]proto.ID{"tcp": proto.TCP, "udp": proto.UDP, "tls": proto.TLS, "ssl": proto.TLS, "http": proto.HTTP, "http2": proto.HTTP2}

// followTapOf reads -z follow.
func followTapOf(text string) (*followTap, error) {
	words := strings.Split(text, ",")
	bad := func(why string) error {
		return usage("-z follow,tls,ascii,0 or -z follow,http2,hex,0,1", "-z %s: %s", text, why)
	}
	if len(words) < 4 {
		return nil, bad("it is not of the form follow,PROTOCOL,FORM,STREAM")
	}
	t := &followTap{text: text, protocol: words[1], sub: -1}
	kind := tapCarriers[t.protocol]
	if kind == proto.None {
		return nil, bad(words[1] + " is none of tcp, udp, tls, http, http2")
	}
	form, ok := follow.FormNamed(words[2])
	if !ok {
		return nil, bad(words[2] + " is none of ascii, utf-8, hex, raw, yaml")
	}
	t.form = form
	name, rest := words[3], words[4:]
	transport := proto.TCP
	if kind == proto.UDP {
		transport = proto.UDP
	}
	if strings.Contains(name, ":") && len(rest) > 0 {
		name, rest = name+","+rest[0], rest[1:]
	}
	var err error
	if t.want, err = wantedStream(name, transport); err != nil {
		return nil, bad(name + " is neither a number nor two ends")
	}
	if t.want.proto = transport; kind == proto.HTTP2 {
		if len(rest) == 0 {
			return nil, bad("a stream of HTTP/2 is to be named: follow,http2,FORM,STREAM,SUBSTREAM")
		}
		sub, err := strconv.ParseUint(rest[0], 10, 31)
		if err != nil {
			return nil, bad(rest[0] + " is no number")
		}
		t.sub, rest = int64(sub), rest[1:]
	}
	if len(rest) > 0 {
		if t.from, t.to, ok = tapRange(rest[0]); !ok || len(rest) > 1 {
			return nil, bad(strings.Join(rest, ",") + " is no range of chunks")
		}
	}
	return t, nil
}

// tapRange reads "3" or "2-5".
func tapRange(text string) (from, to int, ok bool) {
	first, last, two := strings.Cut(text, "-")
	if !two {
		last = first
	}
	x, err1 := strconv.ParseUint(first, 10, 31)
	y, err2 := strconv.ParseUint(last, 10, 31)
	return int(x), int(y), err1 == nil && err2 == nil && x > 0 && x <= y
}

// printer prints as tshark does. first is who sent the first packet, and h what is heard first, nil when nothing is. tshark takes for node 0 the side of the first packet that
// it hands to what follows: with TLS that is the first one with a record that it decrypts, of the handshake too.
func (t *followTap) printer(out io.Writer, title *follow.Title, first int, h *stream.Heard) follow.Printer {
	title.What, title.Filter = t.protocol, t.filter()
	if t.protocol == "ssl" {
		title.What = "tls"
	}
	p := follow.NewTshark(out, title, t.form, t.from, t.to)
	switch {
	case t.protocol == "tcp":
		p.First(first)
	case h != nil && title.What == "tls":
		p.First(finishes(h.Session))
	}
	return p
}

// finishes is the side that finishes the handshake of TLS first: the client in a whole one before TLS 1.3, else the server.
func finishes(s proto.Session) int {
	of, ok := s.(interface {
		proto.Accountant
		Client() int
	})
	if !ok {
		return 0
	}
	for _, a := range of.Accounts() {
		if a.Opened > 0 && (a.Version == "TLS 1.3" || a.Resumed != "") {
			return 1 - of.Client()
		}
	}
	return of.Client()
}

// filter is the display filter that tshark names.
func (t *followTap) filter() string {
	if e := t.want.ends; e[0].IsValid() {
		word := "ip"
		if e[0].Addr().Is6() {
			word = "ipv6"
		}
		one := func(i, k int) string {
			return "((" + word + ".src eq " + e[i].Addr().String() + " and " + t.want.proto.String() + ".srcport eq " + strconv.Itoa(int(e[i].Port())) +
				") and (" + word + ".dst eq " + e[k].Addr().String() + " and " + t.want.proto.String() + ".dstport eq " + strconv.Itoa(int(e[k].Port())) + "))"
		}
		return one(0, 1) + " or " + one(1, 0)
	}
	filter := streamField(t.want.proto) + " eq " + strconv.Itoa(t.want.number)
	if t.sub >= 0 {
		filter += " and http2.streamid eq " + strconv.FormatInt(t.sub, 10)
	}
	return filter
}

// runFollowTaps prints what -z follow asks for, one after another.
func runFollowTaps(ctx context.Context, a *app, taps []*followTap, args []string) error {
	named, err := a.files(args)
	if err != nil {
		return err
	}
	if len(named) > 1 {
		return usage("merge them into one first: wiretale merge", "-z follow takes one file, not %d", len(named))
	}
	paths, done, err := a.twice(named)
	if err != nil {
		return err
	}
	defer done()
	for _, t := range taps {
		w := following{app: a, kind: tapCarriers[t.protocol], form: t.form, dir: -1, substream: t.sub, out: &followOutput{app: a}, tap: t, want: t.want}
		if err := w.run(ctx, paths); err != nil {
			return err
		}
	}
	return nil
}
