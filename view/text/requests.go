package text

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// Requests writes what the requests of a case took: by command, by conversation, by name, and the slowest; most is how many lines a table has.
func Requests(w io.Writer, c *engine.Case, names view.Names, s Style, most int) error {
	p := &printer{w: w}
	if len(c.Requests.Requests) == 0 {
		p.line("No requests: no question of a known protocol was found. wiretale stats hierarchy says what there is.")
		return p.err
	}
	commands := view.RequestsByCommand(c)
	p.line(requestsHead(c, commands))
	p.line()
	t := newTable("protocol", "*command", ">requests", ">failed", ">no answer", ">wait", ">first byte median", ">95%", ">max", ">last byte median", ">max", ">bytes")
	for i := range commands[:min(most, len(commands))] {
		g := &commands[i]
		t.add(g.Protocol.String(), view.Printable(g.Label), strconv.Itoa(g.N), counter(uint64(g.Failed)), counter(uint64(g.N-g.Answered)), counter(uint64(g.Waiting)),
			spread(g.Service, g.Service.Median), spread(g.Service, g.Service.P95), spread(g.Service, g.Service.Max),
			spread(g.Whole, g.Whole.Median), spread(g.Whole, g.Whole.Max), moved(g.Moved))
	}
	t.print(p, s, "")
	more(p, s, len(commands)-most, "command")
	servers := view.RequestsByServer(c)
	busiest(p, s, "who asks whom", servers, most, "client and server")
	several := func(g view.RequestGroup) bool { return g.Conv < 0 }
	if list := view.RequestsByConversation(c); slices.ContainsFunc(servers, several) && len(list) > 0 {
		busiest(p, s, "who asks whom", list, most, "conversation")
	}
	busiest(p, s, "name", view.RequestsByName(c), most, "name")
	p.line()
	p.line(s.paint(bold, "Slowest"))
	requestTable(c, names, view.SlowestRequests(c, most)).print(p, s, "")
	logins(p, c, s, most)
	fileIO(p, c, s, most)
	if list := point.Shares(c.Points.Splits(c.Requests.Requests)); len(list) > 0 {
		p.line()
		p.line(s.paint(bold, "Capture points"))
		for i := range list {
			note(p, s, "requests", view.ShareText(c.Points, &list[i]))
		}
	}
	p.line()
	p.line(s.paint(dim, "first byte: from the end of the question to the first byte of the answer; last byte: from the first byte of the question to the last of the answer"))
	return p.err
}

// requestsHead says how many there are, and what became of them.
func requestsHead(c *engine.Case, groups []view.RequestGroup) string {
	var protocols []string
	answered, failed, waiting := 0, 0, 0
	for i := range groups {
		g := &groups[i]
		if name := g.Protocol.String(); !strings.Contains(" "+strings.Join(protocols, " ")+" ", " "+name+" ") {
			protocols = append(protocols, name)
		}
		answered += g.Answered
		failed += g.Failed
		waiting += g.Waiting
	}
	n := len(c.Requests.Requests)
	text := fmt.Sprintf("%s of %s: %d answered", count(int64(n), "request"), strings.Join(protocols, ", "), answered)
	if failed > 0 {
		text += fmt.Sprintf(", %d of them with a failure", failed)
	}
	if answered < n {
		text += fmt.Sprintf(", %d without an answer", n-answered)
	}
	if waiting > 0 {
		text += fmt.Sprintf(", %d that wait for something to happen", waiting)
	}
	if c.Requests.Beyond > 0 {
		text += fmt.Sprintf("; %d more are not listed", c.Requests.Beyond)
	}
	return text
}

// busiest is the table of groups by where their time went.
func busiest(p *printer, s Style, what string, groups []view.RequestGroup, most int, one string) {
	t := newTable(">conv", "protocol", "*"+what, ">requests", ">bytes", ">rate", ">depth", ">time", ">waiting", ">transfer", ">pauses", ">longest pause")
	for i := range groups[:min(most, len(groups))] {
		g := &groups[i]
		conv, rate, depth, pause := "", "", "", ""
		if g.Conv >= 0 {
			conv = strconv.Itoa(g.Conv)
		}
		if g.Moved > 0 && g.Rate() > 0 {
			rate = view.Rate(g.Rate())
		}
		if g.Depth.Max > 0 {
			depth = fmt.Sprintf("%.1f of %d", g.Depth.Mean, g.Depth.Max)
		}
		if longest := g.Budget.Longest(); longest.Length() > 0 {
			pause = view.Duration(longest.Length())
		}
		total := g.Budget.Total()
		t.add(conv, g.Protocol.String(), view.Printable(g.Label), strconv.Itoa(g.N), moved(g.Moved), rate, depth, view.Duration(total),
			share(g.Budget.Wait, total), share(g.Budget.Transfer, total), share(g.Budget.Pause, total), pause)
	}
	p.line()
	p.line(s.paint(bold, "By "+one))
	t.print(p, s, "")
	more(p, s, len(groups)-most, "line")
}

func more(p *printer, s Style, left int, one string) {
	if left > 0 {
		p.line(s.paint(dim, "and "+count(int64(left), "more "+one)+": --top"))
	}
}

// RequestList writes all requests, a line each, in the order of the questions.
func RequestList(w io.Writer, c *engine.Case, names view.Names, s Style) error {
	p := &printer{w: w}
	list := make([]*request.Request, len(c.Requests.Requests))
	for i := range list {
		list[i] = &c.Requests.Requests[i]
	}
	requestTable(c, names, list).print(p, s, "")
	if c.Requests.Beyond > 0 {
		p.line(s.paint(dim, fmt.Sprintf("and %d more that are not kept", c.Requests.Beyond)))
	}
	return p.err
}

func requestTable(c *engine.Case, names view.Names, list []*request.Request) *table {
	t := newTable(">frame", ">answer", ">conv", "protocol", "command", "*name", ">offset", ">asked for", ">moved", ">first byte", ">last byte", ">depth", "status")
	pos := func(r *request.Request, m request.Mark) string {
		if !m.Seen() {
			return ""
		}
		return names.Pos(trace.Pos{Source: r.Source, Number: m.Number})
	}
	for _, r := range list {
		first, last := "", ""
		if ns, ok := r.Service(); ok {
			first = view.Duration(ns)
		}
		if ns, ok := r.Whole(); ok {
			last = view.Duration(ns)
		}
		status := r.Status
		switch {
		case !r.Answered() && r.Pending.Seen():
			status = "pending"
		case !r.Answered():
			status = "no answer"
		}
		if r.Repeats > 0 {
			status += fmt.Sprintf(" (asked %d times)", r.Repeats+1)
		}
		t.add(pos(r, r.Asked), pos(r, r.Last), strconv.Itoa(r.Conv), r.Protocol.String(), view.Printable(r.Command), view.Printable(r.Name), known(r.Offset), known(r.Wanted), known(r.Moved),
			first, last, strconv.Itoa(int(r.Depth)), view.Printable(status))
	}
	return t
}

// known is a number of bytes, "" when it is not known.
func known(n int64) string {
	if n < 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func moved(n int64) string {
	if n == 0 {
		return ""
	}
	return view.Bytes(n)
}

func spread(s request.Spread, ns int64) string {
	if s.N == 0 {
		return ""
	}
	return view.Duration(ns)
}

// share is a part of a whole in percent.
func share(part, whole int64) string {
	if whole <= 0 || part == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}
