package view

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/proto"
)

// A RequestGroup is requests that have something in common, with what they took.
type RequestGroup struct {
	Protocol proto.ID
	Label    string // the command, the name, or who asks whom
	Conv     int    // number of the conversation when all of them are of one, else -1
	List     []*request.Request
	request.Measure
}

// groupKey is what the requests of a group have in common; the rest is zero.
type groupKey struct {
	protocol, label string
	conv, dir       int
}

// RequestsByCommand groups the requests of a case by protocol and command, the most numerous first.
func RequestsByCommand(c *engine.Case) []RequestGroup {
	groups := group(c, func(r *request.Request) groupKey { return groupKey{protocol: r.Protocol.String(), label: r.Command} })
	slices.SortStableFunc(groups, func(a, b RequestGroup) int { return cmp.Compare(b.N, a.N) })
	return groups
}

// RequestsByName groups them by protocol and what they are about, those that took longest first; what has no name is left out.
func RequestsByName(c *engine.Case) []RequestGroup {
	groups := group(c, func(r *request.Request) groupKey { return groupKey{protocol: r.Protocol.String(), label: r.Name} })
	return longest(slices.DeleteFunc(groups, func(g RequestGroup) bool { return g.Label == "" }))
}

// RequestsByServer groups them by protocol, by the host that asks and by the server, those that took longest first. A client
// may use a port of its own for each question, as that of DNS does.
func RequestsByServer(c *engine.Case) []RequestGroup {
	labels := map[[2]int]string{}
	return longest(group(c, func(r *request.Request) groupKey {
		id := [2]int{r.Conv, r.Dir}
		if labels[id] == "" {
			conv := c.Conversations.At(r.Conv)
			labels[id] = conv.Ends[r.Dir].Addr().String() + " > " + Endpoint(conv.Ends[1-r.Dir], conv.Proto)
		}
		return groupKey{protocol: r.Protocol.String(), label: labels[id]}
	}))
}

// RequestsByConversation groups them by protocol, conversation and the side that asks, those that took longest first; one with a single request is left out.
func RequestsByConversation(c *engine.Case) []RequestGroup {
	groups := group(c, func(r *request.Request) groupKey {
		return groupKey{protocol: r.Protocol.String(), conv: r.Conv, dir: r.Dir}
	})
	groups = slices.DeleteFunc(groups, func(g RequestGroup) bool { return g.N < 2 })
	for i := range groups {
		g := &groups[i]
		conv, dir := c.Conversations.At(g.Conv), g.List[0].Dir
		g.Label = Endpoint(conv.Ends[dir], conv.Proto) + " > " + Endpoint(conv.Ends[1-dir], conv.Proto)
	}
	return longest(groups)
}

func group(c *engine.Case, key func(*request.Request) groupKey) (groups []RequestGroup) {
	index := map[groupKey]int{}
	for i := range c.Requests.Requests {
		r := &c.Requests.Requests[i]
		k := key(r)
		at, ok := index[k]
		if !ok {
			at = len(groups)
			index[k] = at
			groups = append(groups, RequestGroup{Protocol: r.Protocol, Label: k.label, Conv: r.Conv})
		}
		if r.Conv != groups[at].Conv {
			groups[at].Conv = -1
		}
		groups[at].List = append(groups[at].List, r)
	}
	for i := range groups {
		groups[i].Measure = request.MeasureOf(groups[i].List)
	}
	return groups
}

// longest sorts by the time in which something was open.
func longest(groups []RequestGroup) []RequestGroup {
	busy := func(g *RequestGroup) int64 { return g.Budget.Wait + g.Budget.Transfer }
	slices.SortStableFunc(groups, func(a, b RequestGroup) int { return cmp.Compare(busy(&b), busy(&a)) })
	return groups
}

// SlowestRequests are those whose answers took longest, at most n, without those that wait for something to happen.
func SlowestRequests(c *engine.Case, n int) []*request.Request {
	var list []*request.Request
	for i := range c.Requests.Requests {
		if r := &c.Requests.Requests[i]; r.Answered() && !r.Waits {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b *request.Request) int {
		x, _ := a.Whole()
		y, _ := b.Whole()
		return cmp.Compare(y, x)
	})
	return list[:min(n, len(list))]
}

// Rate is bits a second for people: three significant digits and the unit that fits.
func Rate(bits float64) string {
	unit := "bit/s"
	for _, next := range []string{"kbit/s", "Mbit/s", "Gbit/s"} {
		if bits < 1000 {
			break
		}
		bits, unit = bits/1000, next
	}
	decimals := 0
	switch {
	case bits < 10:
		decimals = 2
	case bits < 100:
		decimals = 1
	}
	return strconv.FormatFloat(bits, 'f', decimals, 64) + " " + unit
}
