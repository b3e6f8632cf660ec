// Package tls holds the diagnoses of connections of TLS: why they are not made, who refuses what, and what their opening waits for.
//
// Each handshake that failed has one fault: the one that says most (see faultOf). So no two rules report the same connection.
package tls

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/certificate"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/handshake"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto/tls"
	"github.com/wiretale/wiretale/trace"
)

// Rules lists the family.
func Rules() []*diag.Rule {
	return []*diag.Rule{
		NoCommon, Version, Rejected, Expired, Name, Chain, SNI, ClientCertificate, Killed, Stuck, NotTLS, Slow, RevocationWait, NoResume, Legacy, CannotDecrypt,
	}
}

// An opening is a handshake with its connection, of which the rest stays packed until a rule asks for it.
type opening struct {
	*handshake.Handshake
	ends     [2]netip.AddrPort
	in       *diag.Input
	unpacked *flow.Conversation
}

func open(in *diag.Input, h *handshake.Handshake) *opening {
	return &opening{Handshake: h, ends: in.Conversations.Outline(h.Conv).Ends, in: in}
}

// conv is the connection.
func (o *opening) conv() *flow.Conversation {
	if o.unpacked == nil {
		o.unpacked = o.in.Conversations.At(o.Conv)
	}
	return o.unpacked
}

func (o *opening) client() netip.Addr { return o.ends[o.Client].Addr() }

func (o *opening) server() netip.AddrPort { return o.ends[1-o.Client] }

func (o *opening) pos(m request.Mark) trace.Pos {
	return trace.Pos{Source: o.Source, Number: m.Number}
}

func (o *opening) moment(m request.Mark) flow.Moment {
	return flow.Moment{Pos: o.pos(m), Time: m.Time}
}

// ended is when a side ended the connection, and whether the server did. Not seen for one that is open.
func (o *opening) ended() (at flow.Moment, byServer bool) {
	at, side := diag.Ending(o.conv())
	return at, side != o.Client
}

// unused reports whether the client left, with a close or with an alert that nobody can read, and sent no application data that could be seen.
func (o *opening) unused() bool {
	end, byServer := o.ended()
	own := o.Sealed[0]
	if !end.Seen() || !o.At[handshake.ServerDone].Seen() || byServer && (len(own) == 0 || !o.isAlert(own[len(own)-1])) {
		return false
	}
	return !slices.ContainsFunc(own, func(s handshake.Sealed) bool {
		return s.Type == tls.ApplicationData && (o.Version != tls.TLS13 || !s.Finished() && !s.Alert())
	})
}

// isAlert reports whether an encrypted record is an alert, or has the size of one where its type is encrypted too.
func (o *opening) isAlert(s handshake.Sealed) bool {
	return s.Type == tls.Alert || o.Version == tls.TLS13 && s.Alert()
}

// interval is the time from the SYN, or the first record, to the end of the connection, or its last step.
func (o *opening) interval() diag.Interval {
	from := o.moment(o.First())
	if t := o.conv().TCP; t != nil && t.SYN.Seen() {
		from = t.SYN
	}
	to := o.moment(o.First())
	if s, ok := o.Last(); ok {
		to = o.moment(o.At[s])
	}
	if a := o.Fatal(); a != nil {
		to = o.moment(a.At)
	} else if end, _ := o.ended(); end.Seen() {
		to = end
	} else if o.Version == 0 { // it waits to the end
		to = o.conv().Last
	}
	return diag.Interval{From: from, To: to}
}

// proof are the records that say how it was opened.
func (o *opening) proof() (out []trace.Pos) {
	for _, m := range o.At {
		if m.Seen() {
			out = append(out, o.pos(m))
		}
	}
	for i := range o.Alerts {
		out = append(out, o.pos(o.Alerts[i].At))
	}
	if o.Came.Seen() {
		out = append(out, o.pos(o.Came))
	}
	if end, _ := o.ended(); end.Seen() && !o.Done {
		out = append(out, end.Pos)
	}
	return out
}

// proofOf are the records of several, in order, 20 at most: those of the first ones.
func proofOf(list []*opening) (out []trace.Pos) {
	const most = 20
	for _, o := range list {
		if len(out) >= most {
			break
		}
		out = append(out, o.proof()...)
	}
	slices.SortFunc(out, func(a, b trace.Pos) int { return cmp.Compare(a.Number, b.Number) })
	return slices.Compact(out)
}

func conversations(list []*opening) (out []*flow.Conversation) {
	for _, o := range list {
		out = append(out, o.conv())
	}
	return out
}

// clients are the addresses of the clients in words.
func clients(list []*opening) string {
	return diag.List(diag.Distinct(list, func(o *opening) string { return o.client().String() }), 3)
}

// named is the server of an opening in words: its endpoint, and what the client calls it.
func named(o *opening) string {
	if o.Name != "" {
		return fmt.Sprintf("%s (%v)", o.Name, o.server())
	}
	return o.server().String()
}

// base is what all findings of the family have in common.
func base(in *diag.Input, list []*opening) diag.Finding {
	f := note(in, list, len(list))
	var waits []diag.Interval
	for _, o := range list {
		waits = append(waits, o.interval())
	}
	f.Cost, _ = in.Waited(waits)
	return f
}

// mostNoted is how many conversations a note has: of a server that all connections go to, the first ones stand for the others, and those stay packed.
const mostNoted = 4096

// note is a finding that costs nothing, with so many of the conversations at most.
func note(in *diag.Input, list []*opening, most int) diag.Finding {
	first := list[0]
	f := diag.Finding{
		Severity: diag.Error, Confidence: diag.Proven, Source: first.Source, Host: first.server().Addr().String(), Count: len(list),
		Conversations: conversations(list[:min(len(list), most)]), Where: proofOf(list), Facts: first.facts(in),
	}
	f.Filter = diag.Streams(f.Conversations, diag.EndpointFilter(first.server(), first.conv()))
	return f
}

// facts are the steps with their times, what both sides agreed on, and the certificates.
func (o *opening) facts(in *diag.Input) (out []diag.Fact) {
	last := flow.Moment{}
	for s, m := range o.At {
		if !m.Seen() || m == o.At[handshake.HelloBegins] && s != int(handshake.HelloEnds) {
			continue
		}
		text := fmt.Sprintf("frame %d", m.Number)
		if d, ok := in.Elapsed(last, o.moment(m)); ok && last.Seen() {
			text += ", " + diag.Duration(d) + " later"
		}
		last = o.moment(m)
		out = append(out, diag.Fact{Name: handshake.Step(s).String(), Value: text})
	}
	for i := range o.Alerts {
		out = append(out, diag.Fact{Name: "alert", Value: fmt.Sprintf("frame %d: %s", o.Alerts[i].At.Number, alertText(&o.Alerts[i]))})
	}
	if o.Version != 0 && o.Suite != 0 {
		out = append(out, diag.Fact{Name: "chosen", Value: tls.VersionName(o.Version) + ", " + tls.SuiteName(o.Suite)})
	}
	out = append(out, chainFacts("certificate", o.Chains[1])...)
	out = append(out, chainFacts("certificate of the client", o.Chains[0])...)
	if end, byServer := o.ended(); end.Seen() {
		out = append(out, diag.Fact{Name: "closed by", Value: fmt.Sprintf("%s in frame %d", sides[byServer], end.Pos.Number)})
	}
	return out
}

var sides = map[bool]string{false: "the client", true: "the server"}

// alertText is an alert in words.
func alertText(a *handshake.Alert) string {
	return fmt.Sprintf("%s says %s (%d)", sides[a.Server], tls.AlertName(a.Code), a.Code)
}

// day is a date of a certificate.
func day(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.Format(time.DateOnly)
}

// chainFacts say what the certificates are, each in one line.
func chainFacts(title string, chain []*certificate.Certificate) (out []diag.Fact) {
	for i, c := range chain {
		text := fmt.Sprintf("%s; issued by %s; %s to %s", c.Subject, c.Issuer, day(c.NotBefore), day(c.NotAfter))
		if c.Key != "" {
			text += fmt.Sprintf("; %s %d, %s", c.Key, c.Bits, c.Signature)
		}
		if names := c.For(); i == 0 && len(names) > 0 {
			text += "; for " + diag.List(names, 6)
		}
		out = append(out, diag.Fact{Name: fmt.Sprintf("%s %d", title, i+1), Value: text})
	}
	return out
}

// endpoint is a server in a source.
type endpoint struct {
	source int
	server netip.AddrPort
}

func (o *opening) endpoint() endpoint { return endpoint{o.Source, o.server()} }

// times are those of certificates: moments of a source with a clock.
func (o *opening) time(in *diag.Input) (time.Time, bool) {
	m := o.First()
	if m.Time == trace.NoTime || in.Sources[o.Source].Untimed {
		return time.Time{}, false
	}
	return time.Unix(0, m.Time), true
}
