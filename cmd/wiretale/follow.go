package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/view/follow"
)

type followFlags struct {
	stream, filter, as, path   string
	client, server             bool
	tcp, udp, tls, http, http2 bool
	substream                  int64
}

func newFollow(a *app) *cobra.Command {
	var f followFlags
	cmd := &cobra.Command{
		Use:   "follow FILE",
		Short: "What both sides of a conversation sent, in order: decrypted when there are keys, as text, hexadecimal or bytes",
		Example: `  wiretale follow --stream 3 x.pcapng
  wiretale follow --keys keys.log --stream 0 --as hex x.pcapng
  wiretale follow --stream 3 --server --as raw -o answer.bin x.pcapng
  wiretale follow -Y 'http.request.uri contains "login"' --http x.pcapng
  wiretale follow --udp --stream 2 x.pcapng
  wiretale -q -z follow,tls,ascii,0 -r x.pcapng       as tshark takes it`,
		RunE: func(cmd *cobra.Command, args []string) error { return runFollow(cmd.Context(), a, &f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.stream, "stream", "", "the conversation of this `NUMBER`: that of tcp.stream, or of udp.stream with --udp; tcp,N and udp,N and ADDRESS:PORT,ADDRESS:PORT name it too. Not needed when there is one")
	filterFlag(cmd, &f.filter, "the conversations, 16 at most, with frames")
	flags.StringVar(&f.as, "as", "text", "print bytes as `FORM`: text (of UTF-8), ascii, hex, raw, c (arrays), yaml")
	flags.BoolVar(&f.client, "client", false, "only what the client sent: the side that opened the connection, or spoke first")
	flags.BoolVar(&f.server, "server", false, "only what the server sent")
	flags.BoolVar(&f.tcp, "tcp", false, "the bytes of TCP, also where what they carry can be decrypted")
	flags.BoolVar(&f.udp, "udp", false, "--stream is a number of UDP")
	flags.BoolVar(&f.tls, "tls", false, "what TLS carries, and nothing when it cannot be decrypted")
	flags.BoolVar(&f.http, "http", false, "the messages of HTTP, with their content as it was before it was chunked and compressed")
	flags.BoolVar(&f.http2, "http2", false, "the same, of HTTP/2 alone")
	flags.Int64Var(&f.substream, "substream", -1, "only this `NUMBER` of the streams of HTTP/2")
	flags.StringVarP(&f.path, "output", "o", "", "write to this `FILE`, which only you can read when it was encrypted")
	return cmd
}

// formNames are those of --as.
var formNames = map[string]follow.Form{"text": follow.UTF8, "utf-8": follow.UTF8, "ascii": follow.ASCII, "hex": follow.Hex, "raw": follow.Raw, "c": follow.Arrays, "yaml": follow.YAML}

// check makes of the flags what is to be followed.
func (f *followFlags) check(a *app) (following, error) {
	w := following{form: formNames[f.as], dir: -1, substream: f.substream}
	if w.form == "" {
		return w, usage(oneOf(f.as, "text", "ascii", "hex", "raw", "c", "yaml"), "--as %q is none of text, ascii, hex, raw, c, yaml", f.as)
	}
	kinds := 0
	for _, k := range []struct {
		set     bool
		carrier proto.ID
	}{{f.tcp, proto.TCP}, {f.udp, proto.UDP}, {f.tls, proto.TLS}, {f.http, proto.HTTP}, {f.http2, proto.HTTP2}} {
		if k.set {
			kinds++
			w.kind = k.carrier
		}
	}
	switch {
	case kinds > 1:
		return w, usage("", "--tcp, --udp, --tls, --http and --http2 exclude one another")
	case f.client && f.server:
		return w, usage("without them both are printed", "--client and --server exclude one another")
	case f.stream != "" && f.filter != "":
		return w, usage("", "--stream and -Y exclude one another")
	case f.substream >= 0 && w.kind != proto.HTTP2 && w.kind != proto.HTTP:
		return w, usage("--http2 --substream N", "--substream is of --http2")
	case w.form == follow.Raw && f.path == "" && terminal(a.stdout) != nil:
		return w, usage("name a file with -o FILE, or pipe it; --as hex shows bytes", "standard output is a terminal")
	case f.client:
		w.dir = 0
	case f.server:
		w.dir = 1
	}
	return w, nil
}

// A wanted conversation, by its number or by its ends.
type wanted struct {
	proto  proto.ID // TCP or UDP, None for either with ends
	number int
	ends   [2]netip.AddrPort // valid: instead of the number
}

// takes reports whether a conversation is the one.
func (w *wanted) takes(c *flow.Conversation) bool {
	switch {
	case c.Proto != proto.TCP && c.Proto != proto.UDP || w.proto != proto.None && c.Proto != w.proto:
		return false
	case w.ends[0].IsValid():
		return c.Ends == w.ends || c.Ends[0] == w.ends[1] && c.Ends[1] == w.ends[0]
	}
	return c.Stream == w.number
}

func (w *wanted) String() string {
	if w.ends[0].IsValid() {
		return fmt.Sprintf("conversation between %s and %s", w.ends[0], w.ends[1])
	}
	return streamField(w.proto) + " " + strconv.Itoa(w.number)
}

// streamField is the field that numbers conversations of a protocol.
func streamField(id proto.ID) string { return id.String() + ".stream" }

// wantedStream reads --stream.
func wantedStream(text string, of proto.ID) (wanted, error) {
	name, number, ok := strings.Cut(text, ",")
	if !ok {
		number = name
		name = of.String()
	}
	if id := map[string]proto.ID{"tcp": proto.TCP, "udp": proto.UDP}[name]; id != proto.None {
		if n, err := strconv.ParseUint(number, 10, 31); err == nil {
			return wanted{proto: id, number: int(n)}, nil
		}
	}
	w := wanted{}
	for i, end := range strings.SplitN(text, ",", 2) {
		w.ends[i], _ = netip.ParseAddrPort(strings.TrimSpace(end))
	}
	if w.ends[0].IsValid() && w.ends[1].IsValid() {
		return w, nil
	}
	return w, usage("a number as 3, tcp,3 or udp,3, or both ends: 10.0.0.1:50000,10.0.0.2:80", "--stream %q names no conversation", text)
}

func runFollow(ctx context.Context, a *app, f *followFlags, args []string) error {
	w, err := f.check(a)
	if err != nil {
		return err
	}
	want, err := a.filter(f.filter)
	if err != nil {
		return err
	}
	named, err := a.files(args)
	if err != nil {
		return err
	}
	if len(named) > 1 {
		return usage("merge them into one first: wiretale merge", "follow takes one file, not %d", len(named))
	}
	paths, done, err := a.twice(named)
	if err != nil {
		return err
	}
	defer done()
	transport := proto.TCP
	if f.udp {
		transport = proto.UDP
	}
	var list []wanted
	if f.stream != "" {
		one, err := wantedStream(f.stream, transport)
		if err != nil {
			return err
		}
		list = []wanted{one}
	} else {
		var c *engine.Case
		if f.filter != "" {
			c, err = a.matching(ctx, paths, want)
		} else {
			c, err = a.pass(ctx, paths, engine.Options{Rules: []*diag.Rule{}}, func(r *engine.Run) error { return r.All() })
		}
		if err != nil {
			return err
		}
		if list, err = f.choose(c); err != nil {
			return err
		}
		a.applications = nil
	}
	out, err := a.followed(f.path, named)
	if err != nil {
		return err
	}
	w.app, w.out = a, out
	for i := range list {
		w.want = list[i]
		if err = w.run(ctx, paths); err != nil {
			break
		}
	}
	if closing := out.Close(); err == nil {
		err = closing
	}
	return err
}

// maxFollowed bounds the conversations of a filter: each takes a pass.
const maxFollowed = 16

// choose takes the conversations of a case, when there are few enough.
func (f *followFlags) choose(c *engine.Case) (list []wanted, err error) {
	var all []*flow.Conversation
	for conv := range c.Conversations.All() {
		if conv.Proto != proto.TCP && conv.Proto != proto.UDP || f.udp && conv.Proto != proto.UDP || f.tcp && conv.Proto != proto.TCP || conv.Stream < 0 {
			continue
		}
		all = append(all, conv)
	}
	slices.SortStableFunc(all, func(x, y *flow.Conversation) int { return int(x.Proto) - int(y.Proto) })
	most := 1
	if f.filter != "" {
		most = maxFollowed
	}
	if len(all) > most {
		return nil, usage(several(all), "there are %d conversations of TCP and UDP to follow, and %d is the most", len(all), most)
	}
	if len(all) == 0 {
		return nil, &exit{code: exitUnusable, err: errors.New("there is no conversation of TCP or UDP to follow"), hint: "wiretale convs lists what there is"}
	}
	for _, conv := range all {
		list = append(list, wanted{proto: conv.Proto, number: conv.Stream})
	}
	return list, nil
}

// several names the first of some conversations.
func several(all []*flow.Conversation) string {
	var b strings.Builder
	b.WriteString("name one")
	const most = 5
	for i, c := range all {
		if i == most {
			b.WriteString("; wiretale convs lists all")
			break
		}
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s--stream %s,%d (%s <-> %s)", sep, c.Proto, c.Stream, c.Ends[0], c.Ends[1])
	}
	return b.String()
}
