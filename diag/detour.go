package diag

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// A Detour is a service that a client asks at one address over UDP, and that answers from another (X3).
type Detour struct {
	Client      netip.Addr
	Asked, From netip.AddrPort
	// Protocol is that whose messages say that the one answers the other; None when only addresses and ports do.
	Protocol proto.ID
	// Sources are those that have answers, in order; Answered is how many the one with most of them has, of so many questions to the address.
	Sources      []int
	Answered, Of int
	// Without names the points that have the questions and none of the answers; "" without any.
	Without string
	// Between names the two points that the answers vanish between, "client and server"; "" when that is not known.
	Between       string
	Where         []trace.Pos
	Conversations []*flow.Conversation
	Questions     []*request.Request // of the source with most answers, in order; none when only addresses and ports tell
}

const (
	// soon is how soon after the question an answer must come to be one.
	soon = time.Second
	// soonKeyed is the same where the messages say that they belong together: clients wait for so long.
	soonKeyed = 5 * time.Second
)

// services are ports at which any host may answer for another, or all do: DHCP (RFC 2131), SSDP, multicast DNS, LLMNR, NetBIOS names.
var services = map[uint16]bool{67: true, 68: true, 137: true, 138: true, 546: true, 547: true, 1900: true, 5353: true, 5355: true, 3702: true}

type detours struct {
	list      []*Detour
	questions map[*request.Request]bool // that were answered from elsewhere
}

// A stray is a question with the answer that came from elsewhere: the conversations, and the records that show both.
type stray struct {
	question, answer *flow.Conversation
	asked, answered  flow.Moment
	n                int              // how many of them the two are
	request          *request.Request // the question; nil when only addresses and ports tell
}

// course is what one cause makes: who asks whom, and who answers.
type course struct {
	client      netip.Addr
	asked, from netip.AddrPort
	protocol    proto.ID
}

// Detours are the services that answer from another address than was asked. They are found once a run.
func (in *Input) Detours() []*Detour { return in.findDetours().list }

// AnsweredElsewhere reports whether a question got its answer from another address.
func (in *Input) AnsweredElsewhere(r *request.Request) bool { return in.findDetours().questions[r] }

// findDetours looks first at what messages say, then at addresses and ports.
func (in *Input) findDetours() *detours {
	if in.detours != nil {
		return in.detours
	}
	in.detours = &detours{questions: map[*request.Request]bool{}}
	groups := map[course][]stray{}
	var order []course
	add := func(c course, s stray) {
		if groups[c] == nil {
			order = append(order, c)
		}
		groups[c] = append(groups[c], s)
	}
	known := map[[2]*flow.Conversation]bool{}
	in.keyedStrays(func(id proto.ID, s stray) {
		known[[2]*flow.Conversation{s.question, s.answer}] = true
		add(courseOf(id, &s), s)
	})
	in.plainStrays(func(s stray) {
		if !known[[2]*flow.Conversation{s.question, s.answer}] {
			add(courseOf(proto.None, &s), s)
		}
	})
	if len(order) == 0 {
		return in.detours
	}
	asked := in.questions()
	for _, c := range order {
		in.detours.list = append(in.detours.list, in.detour(c, groups[c], asked))
	}
	return in.detours
}

func courseOf(id proto.ID, s *stray) course {
	return course{s.question.Ends[0].Addr(), s.question.Ends[1], s.answer.Ends[0], id}
}

// seeker is who waits for an answer to which protocol, and by what it will be known.
type seeker struct {
	source   int
	client   netip.AddrPort
	protocol proto.ID
	key      uint64
}

// keyedStrays pairs answers to no question with questions without an answer, of the same client and with what pairs them in the protocol.
func (in *Input) keyedStrays(yield func(proto.ID, stray)) {
	if len(in.Unasked) == 0 {
		return
	}
	open := map[seeker][]*request.Request{}
	for i := range in.Requests {
		r := &in.Requests[i]
		if r.First.Seen() || r.Dir != 0 {
			continue
		}
		c := in.Conversations.At(r.Conv)
		if c.Proto != proto.UDP || ToMany(c.Ends[1].Addr()) || services[c.Ends[1].Port()] {
			continue
		}
		k := seeker{c.Source, c.Ends[0], r.Protocol, r.Key()}
		open[k] = append(open[k], r)
	}
	for i := range in.Unasked {
		u := &in.Unasked[i]
		a := in.Conversations.At(u.Conv)
		if a.Proto != proto.UDP || u.Dir != 1 {
			continue
		}
		k := seeker{a.Source, a.Ends[1], u.Protocol, u.Key()}
		open[k] = in.stillOpen(open[k], u)
		q := in.asker(u, a, open[k])
		if q == nil {
			continue
		}
		in.detours.questions[q] = true
		pos := func(m request.Mark) flow.Moment {
			return flow.Moment{Pos: trace.Pos{Source: a.Source, Number: m.Number}, Time: m.Time}
		}
		yield(u.Protocol, stray{in.Conversations.At(q.Conv), a, pos(q.Asked), pos(u.First), 1, q})
	}
}

// stillOpen leaves out the first questions of a list that were answered, or that are too old for the answer u and all that come later.
func (in *Input) stillOpen(open []*request.Request, u *request.Request) []*request.Request {
	for len(open) > 0 && (in.detours.questions[open[0]] || time.Duration(u.First.Time-open[0].Asked.Time) > soonKeyed) {
		open = open[1:]
	}
	return open
}

// maxAskers bounds the questions that an answer is compared with.
const maxAskers = 64

// asker is the question that an answer belongs to, nil when there is none, or when the client asked several servers.
func (in *Input) asker(u *request.Request, a *flow.Conversation, open []*request.Request) (found *request.Request) {
	for _, q := range open[:min(len(open), maxAskers)] {
		switch to := in.Conversations.At(q.Conv).Ends[1]; {
		case q.Conv == u.Conv || to == a.Ends[0] || q.Asked.Number > u.First.Number || u.First.Time < q.Asked.Time || in.detours.questions[q]:
		case q.Name != "" && u.Name != "" && u.Protocol == proto.DNS && !strings.EqualFold(q.Name, u.Name):
		case found != nil && in.Conversations.At(found.Conv).Ends[1] != to:
			return nil
		case found == nil:
			found = q
		}
	}
	return found
}

// plainStrays pairs conversations of which each has one direction only, by addresses and ports.
func (in *Input) plainStrays(yield func(stray)) {
	type asked struct {
		source int
		client netip.AddrPort
		port   uint16
	}
	var open []*flow.Conversation
	questions := map[asked][]*flow.Conversation{}
	for c := range in.Conversations.With(flow.Unanswered) {
		open = append(open, c)
		k := asked{c.Source, c.Ends[0], c.Ends[1].Port()}
		questions[k] = append(questions[k], c)
	}
	if len(open) < 2 {
		return
	}
	for _, a := range open {
		if q := in.questionOf(a, questions[asked{a.Source, a.Ends[1], a.Ends[0].Port()}]); q != nil {
			yield(stray{q, a, q.First, a.First, int(min(q.Dir[0].Packets, a.Dir[0].Packets)), nil})
		}
	}
}

// questionOf is the one among the questions that the conversation answers from another address, nil when there is none, or several, or too many to tell.
func (in *Input) questionOf(a *flow.Conversation, list []*flow.Conversation) (found *flow.Conversation) {
	port := a.Ends[0].Port()
	if len(list) > maxAskers || services[port] || port >= 49152 || port == a.Ends[1].Port() && port > 1024 && port != 1434 {
		return nil
	}
	for _, q := range list {
		to := q.Ends[1].Addr()
		if q == a || to == a.Ends[0].Addr() || ToMany(to) {
			continue
		}
		if d, ok := in.Elapsed(q.First, a.First); !ok && !in.Sources[a.Source].Untimed || d > soon || a.First.Pos.Number < q.First.Pos.Number {
			continue
		}
		if found != nil {
			return nil
		}
		found = q
	}
	return found
}

// ToMany reports whether what is sent to an address may be answered by many: multicast, and addresses that end as those to all hosts of a network do.
func ToMany(a netip.Addr) bool {
	return a.IsMulticast() || a.Is4() && a.As4()[3] == 255
}

func (in *Input) detour(c course, list []stray, asked map[target]int) *Detour {
	d := &Detour{Client: c.client, Asked: c.asked, From: c.from, Protocol: c.protocol}
	bySource, known := map[int]int{}, map[*flow.Conversation]bool{}
	for _, s := range list {
		bySource[s.question.Source] += s.n
		d.Where = append(d.Where, s.asked.Pos, s.answered.Pos)
		for _, one := range []*flow.Conversation{s.question, s.answer} {
			if !known[one] {
				known[one] = true
				d.Conversations = append(d.Conversations, one)
			}
		}
	}
	most := -1
	for s, n := range bySource {
		d.Sources = append(d.Sources, s)
		if most < 0 || n > bySource[most] || n == bySource[most] && s < most {
			most = s
		}
	}
	for _, s := range list {
		if s.request != nil && s.question.Source == most {
			d.Questions = append(d.Questions, s.request)
		}
	}
	slices.Sort(d.Sources)
	slices.SortFunc(d.Where, func(a, b trace.Pos) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Number, b.Number))
	})
	d.Where = slices.Compact(d.Where)
	d.Answered, d.Of = bySource[most], max(bySource[most], asked[target{most, c.client, c.asked, c.protocol}])
	d.Without, d.Between = in.without(list, d.Sources)
	return d
}

// A target is what a client asks in a source.
type target struct {
	source   int
	client   netip.Addr
	server   netip.AddrPort
	protocol proto.ID
}

// questions are how many questions clients put to each server, as far as requests tell, and conversations without an answer.
func (in *Input) questions() map[target]int {
	out := map[target]int{}
	for _, t := range in.Talks() {
		for _, r := range t.Requests {
			out[target{t.Source, t.Client, t.Server, t.Protocol}] += 1 + int(r.Repeats)
		}
	}
	for q := range in.Conversations.With(flow.Unanswered) {
		out[target{q.Source, q.Ends[0].Addr(), q.Ends[1], proto.None}] += int(q.Dir[0].Packets)
	}
	return out
}

// without names the other points that have the questions and none of the answers, "" when there is none; and the two points that the answers
// vanish between, "" when there are more.
func (in *Input) without(list []stray, sources []int) (names, between string) {
	if in.Points == nil {
		return "", ""
	}
	seen := map[int]bool{}
	for _, s := range list {
		for _, t := range in.Twins(s.question) {
			seen[t.Source] = true
		}
	}
	var lacking, both []string
	for i := range in.Points.Points {
		p := &in.Points.Points[i]
		has := slices.Contains(sources, p.Source)
		if seen[p.Source] && !has {
			lacking = append(lacking, p.Name)
		}
		if seen[p.Source] || has {
			both = append(both, p.Name)
		}
	}
	if len(lacking) == 1 && len(both) == 2 {
		between = both[0] + " and " + both[1]
	}
	return List(lacking, 5), between
}

// minSure is how many times make a pattern.
const minSure = 3

// Finding is what all findings about a detour have.
func (d *Detour) Finding() Finding {
	f := Finding{Severity: Warning, Confidence: Possible, Source: d.Sources[0], Host: d.From.Addr().String(), Count: d.Answered, Where: d.Where, Conversations: d.Conversations}
	if d.Answered >= minSure {
		f.Confidence = Likely
	}
	if len(d.Sources) > 1 {
		f.Source = -1
	}
	switch {
	case d.Without != "":
		f.Confidence, f.Severity, f.Between = Proven, Error, d.Between
		f.RuledOut = append(f.RuledOut, "loss of the queries: they are at both points")
	case len(d.Sources) > 1:
		f.Confidence = Proven
	}
	f.RuledOut = append(f.RuledOut, "broadcast and multicast, which many may answer")
	client := anyAddress(d.Client)
	f.Filter = AllOf("udp.port == "+portOf(d.Asked), client, AnyOf(anyAddress(d.Asked.Addr()), anyAddress(d.From.Addr())))
	return f
}

// Arrival says what became of the answers at the other points, as the end of a sentence; "" with one point.
func (d *Detour) Arrival() string {
	switch {
	case d.Without != "":
		return "; none of the answers is at " + d.Without + ", which has the queries: dropped in between"
	case len(d.Sources) > 1:
		return "; the answers are at the other point too: the client may refuse them"
	}
	return ""
}
