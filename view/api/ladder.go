package api

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// A LadderQuery says which packets are drawn between hosts: those of conversations, or those that pass a filter.
type LadderQuery struct {
	Range
	Conversations []int // their numbers; none without a filter is the one of the first finding
	Filter        string
}

// A Ladder is a sequence diagram: who sent what to whom, over time.
type Ladder struct {
	Hosts     []Host    `json:"hosts" doc:"clients first, then what is between, then servers"`
	MoreHosts int       `json:"more_hosts,omitempty" doc:"hosts that are left out with what they sent: 40 are the most"`
	Clock     string    `json:"clock,omitempty" doc:"with several points: by whose clock times are"`
	Messages  []Message `json:"messages" doc:"those from offset on, limit at most, in order of time"`
	Total     int       `json:"total" doc:"messages in all"`
	Of        int       `json:"of,omitempty" doc:"of a report that has the first alone: messages that there are"`
}

// A Host is one that sent or received.
type Host struct {
	Address string `json:"address" doc:"of the network"`
	Name    string `json:"name,omitempty" doc:"as the capture has it"`
	Role    string `json:"role,omitempty" doc:"'client', 'proxy': it carried on what it got, 'server'"`
}

// A Message is a packet on its way.
type Message struct {
	Time         string `json:"time,omitempty" doc:"when it was sent, or seen first; on the one clock of several points"`
	Arrived      string `json:"arrived,omitempty" doc:"when it came by at the last point that has it, on that clock"`
	From         int    `json:"from" doc:"index in hosts"`
	To           int    `json:"to" doc:"index in hosts"`
	Label        string `json:"label" doc:"what it is"`
	Kind         string `json:"kind" doc:"'open', 'close', 'reset', 'ack', 'data', 'request', 'answer', 'failure', 'other'"`
	Analysis     string `json:"analysis,omitempty" doc:"verdicts on the segment, Wireshark's names after 'tcp.analysis.', separated by commas"`
	Conversation *int   `json:"conversation,omitempty" doc:"its number"`
	Source       int    `json:"source" doc:"index of the source"`
	Frame        int64  `json:"frame" doc:"number of the record"`
	Length       int    `json:"length" doc:"bytes of payload"`
	LostAt       []int  `json:"lost_at,omitempty" doc:"sources of the points that it should have passed next and did not"`
}

const (
	maxHosts   = 40
	maxLadders = 20 // conversations that may be named
	labelRunes = 80
)

func ladderQuery(q *query) answering {
	w := LadderQuery{Range: q.part(), Filter: q.text("filter", "")}
	for _, text := range q.list("conversation", maxLadders) {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			q.fail(fmt.Sprintf("conversation %q is no number", text), "")
		}
		w.Conversations = append(w.Conversations, int(n))
	}
	if w.Filter != "" && len(w.Conversations) > 0 {
		q.fail("a ladder is of conversations or of a filter", "")
	}
	return func(_ context.Context, a *Analysis) (*pass, error) { return a.ladder(w) }
}

// ladder draws packets between hosts.
func (a *Analysis) ladder(w LadderQuery) (*pass, error) {
	l := &laddering{a: a, w: w, clock: newClock(a.Case.Points), hosts: map[netip.Addr]int{}, shown: map[*point.Packet]int{}, frames: map[position]int{}, last: map[int]int64{}}
	l.out = Ladder{Hosts: []Host{}, Messages: []Message{}}
	var err error
	if w.Filter != "" {
		err = l.filtered()
	} else {
		err = l.named()
	}
	return &pass{of: l.of, applications: true, clock: l.clock, visit: l.row, answer: func() any {
		l.requests()
		l.roles()
		return &l.out
	}}, err
}

// A laddering puts a ladder together.
type laddering struct {
	a      *Analysis
	w      LadderQuery
	wants  func(*engine.Row) bool
	of     []*flow.Conversation // nil with a filter
	lanes  []*view.Lanes        // of the conversations that several points have
	clock  *clock
	hosts  map[netip.Addr]int
	asked  [maxHosts]bool        // by host: it is the client of a conversation
	served [maxHosts]bool        // by host: it is the server of one
	shown  map[*point.Packet]int // messages of the page by what points share; -1 for those of other pages
	frames map[position]int      // messages of the page by their records
	last   map[int]int64         // by message: when it was seen last
	out    Ladder
}

// filtered takes the rows that pass.
func (l *laddering) filtered() error {
	f, err := l.a.filter(l.w.Filter)
	if err != nil {
		return err
	}
	l.wants = f.Matcher().Match
	return nil
}

// named takes conversations, what they are at other points, and those that a proxy carries them on with.
func (l *laddering) named() error {
	if len(l.w.Conversations) == 0 {
		l.w.Conversations = []int{-1}
	}
	wanted := map[int]*flow.Conversation{}
	var add func(conv *flow.Conversation)
	add = func(conv *flow.Conversation) {
		if conv == nil || wanted[conv.ID] != nil {
			return
		}
		wanted[conv.ID] = conv
		for _, r := range relaysOf(l.a.Case.Points, conv) {
			add(r)
		}
		l.a.judging.Lock()
		sel := view.SelectConversation(l.a.Case, conv)
		lanes := view.NewLanes(l.a.Case, sel)
		l.a.judging.Unlock()
		if lanes == nil {
			return
		}
		l.lanes = append(l.lanes, lanes)
		l.out.Clock = lanes.Certainty()
		for _, o := range lanes.Convs {
			if o != nil && wanted[o.ID] == nil {
				wanted[o.ID] = o
				for _, r := range relaysOf(l.a.Case.Points, o) {
					add(r)
				}
			}
		}
	}
	for _, n := range l.w.Conversations {
		conv, err := l.a.conversation(n)
		if err != nil {
			return err
		}
		add(conv)
	}
	for _, conv := range wanted {
		l.of = append(l.of, conv)
	}
	l.wants = func(row *engine.Row) bool {
		s := row.Sighting
		return s != nil && s.Conv != nil && wanted[s.Conv.ID] != nil
	}
	return nil
}

// relaysOf are the conversations that carry on the bytes of one.
func relaysOf(r *point.Result, conv *flow.Conversation) (out []*flow.Conversation) {
	if r == nil {
		return nil
	}
	add := func(list []point.Relay) {
		for i := range list {
			switch conv.ID {
			case list[i].A.ID:
				out = append(out, list[i].B)
			case list[i].B.ID:
				out = append(out, list[i].A)
			}
		}
	}
	for i := range r.Pairs {
		add(r.Pairs[i].Relays)
	}
	for i := range r.Inside {
		add(r.Inside[i].Relays)
	}
	return out
}

// row takes in a row: a packet is a message once, however often it was seen.
func (l *laddering) row(row *engine.Row) error {
	p := row.Packet
	if !l.wants(row) || p == nil || !p.Src.IsValid() || !p.Dst.IsValid() || row.Sighting != nil && row.Sighting.Duplicate {
		return nil
	}
	same, lost := l.at(row)
	at := l.clock.at(row.Record)
	if same != nil {
		if n, ok := l.shown[same]; ok {
			l.arrived(n, at)
			return nil
		}
	}
	from, to := l.host(p.Src), l.host(p.Dst)
	if from < 0 || to < 0 {
		return nil
	}
	l.role(row, from, to)
	n := l.out.Total
	l.out.Total++
	place := -1
	if n >= l.w.Offset && len(l.out.Messages) < l.w.Limit {
		place = len(l.out.Messages)
		m := messageOf(row)
		m.From, m.To, m.LostAt = from, to, lost
		if at != trace.NoTime && !view.Untimed(l.a.Case, row.Source) {
			m.Time = view.ISO(at)
			l.last[place] = at
		}
		l.frames[positionOf(row.Record.Pos)] = place
		l.out.Messages = append(l.out.Messages, m)
	}
	if same != nil {
		l.shown[same] = place
	}
	return nil
}

// at is the packet that several points have, and where it was lost.
func (l *laddering) at(row *engine.Row) (same *point.Packet, lost []int) {
	for _, lanes := range l.lanes {
		p := lanes.Packet(row)
		if p == nil {
			continue
		}
		for i := range p.Lost {
			if p.Lost[i] {
				lost = append(lost, lanes.Source(i))
			}
		}
		return p, lost
	}
	return nil, nil
}

// arrived notes that a message was seen once more, at another point.
func (l *laddering) arrived(n int, at int64) {
	if before, timed := l.last[n]; n >= 0 && timed && at > before {
		l.last[n] = at
		l.out.Messages[n].Arrived = view.ISO(at)
	}
}

// host is the index of a host, -1 when there are too many.
func (l *laddering) host(addr netip.Addr) int {
	n, known := l.hosts[addr]
	switch {
	case known:
		return n
	case len(l.out.Hosts) == maxHosts:
		l.hosts[addr] = -1
		l.out.MoreHosts++
		return -1
	}
	n = len(l.out.Hosts)
	l.hosts[addr] = n
	l.out.Hosts = append(l.out.Hosts, Host{Address: addr.String(), Name: l.name(addr)})
	return n
}

// name is what a capture itself calls an address.
func (l *laddering) name(addr netip.Addr) string {
	for _, src := range l.a.Case.Sources {
		for _, n := range src.Info.Names {
			if n.Address == addr.String() && len(n.Names) > 0 {
				return view.Printable(n.Names[0])
			}
		}
	}
	return ""
}

func (l *laddering) role(row *engine.Row, from, to int) {
	s := row.Sighting
	if s == nil || s.Conv == nil || !s.Conv.Opened {
		return
	}
	if sideOf(s.Conv, row.Packet.Src, row.Packet.SrcPort, s.Dir) == 1 {
		from, to = to, from
	}
	l.asked[from], l.served[to] = true, true
}

// roles puts hosts in their order: clients, what is between, servers.
func (l *laddering) roles() {
	rank := map[string]int{"client": 0, "": 1, "proxy": 1, "server": 2}
	order := make([]int, len(l.out.Hosts))
	for i := range l.out.Hosts {
		order[i] = i
		switch h := &l.out.Hosts[i]; {
		case l.asked[i] && l.served[i]:
			h.Role = "proxy"
		case l.asked[i]:
			h.Role = "client"
		case l.served[i]:
			h.Role = "server"
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank[l.out.Hosts[a].Role] - rank[l.out.Hosts[b].Role] })
	hosts, place := make([]Host, len(order)), make([]int, len(order))
	for i, old := range order {
		hosts[i], place[old] = l.out.Hosts[old], i
	}
	l.out.Hosts = hosts
	for i := range l.out.Messages {
		m := &l.out.Messages[i]
		m.From, m.To = place[m.From], place[m.To]
	}
}

// messageOf says what a packet is, without the requests that it may be part of.
func messageOf(row *engine.Row) Message {
	p, s := row.Packet, row.Sighting
	m := Message{Source: row.Source, Frame: row.Record.Pos.Number, Length: p.PayloadLen, Kind: "other"}
	if conv := row.Object.Conv; conv != nil {
		m.Conversation = &conv.ID
	}
	c := view.ColumnsOf(row)
	m.Label = short(c.Protocol + " " + c.Info)
	if s == nil || !s.TCP {
		if p.PayloadLen > 0 && p.Transport == proto.UDP {
			m.Kind = "data"
		}
		return m
	}
	flags := p.TCP.Flags
	m.Analysis = s.Analysis.String()
	if !slices.Contains([]string{"", "TCP"}, c.Protocol) {
		m.Kind = "data"
		return m
	}
	switch m.Label = view.TCPFlags(flags); {
	case flags&tcp.RST != 0:
		m.Kind = "reset"
	case flags&tcp.SYN != 0:
		m.Kind = "open"
	case flags&tcp.FIN != 0:
		m.Kind = "close"
	case p.PayloadLen > 0:
		m.Kind, m.Label = "data", fmt.Sprintf("%d bytes", p.PayloadLen)
		return m
	default:
		m.Kind, m.Label = "ack", fmt.Sprintf("ACK %d", s.RelAck)
	}
	if p.PayloadLen > 0 {
		m.Label += fmt.Sprintf(", %d bytes", p.PayloadLen)
	}
	return m
}

// short cuts a label.
func short(text string) string {
	text = view.Printable(strings.TrimSpace(text))
	if r := []rune(text); len(r) > labelRunes {
		return string(r[:labelRunes-1]) + "…"
	}
	return text
}

// requests names the questions and answers that messages of the page begin.
func (l *laddering) requests() {
	named := map[int]int{}
	name := func(source int, frame int64, kind, label string) {
		n, ok := l.frames[position{source, frame}]
		if !ok || frame == 0 {
			return
		}
		m := &l.out.Messages[n]
		switch named[n]++; {
		case named[n] == 1:
			m.Kind, m.Label = kind, short(label)
		case kind == "failure" || m.Kind != "failure":
			m.Kind = kind
			fallthrough
		default:
			m.Label = short(m.Label + "; " + label)
		}
	}
	all := l.a.Case.Requests.Requests
	for i := range all {
		r := &all[i]
		name(r.Source, r.Asked.Number, "request", view.RequestName(r))
		kind := "answer"
		if r.Failed {
			kind = "failure"
		}
		name(r.Source, r.First.Number, kind, answerName(r))
	}
}

func answerName(r *request.Request) string {
	label := "answer to " + view.RequestName(r)
	if r.Status != "" {
		return r.Status + ", " + label
	}
	return label
}
