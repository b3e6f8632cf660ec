package api

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/internal/request"
	"github.com/wiretale/wiretale/view/jsonl"
)

// A RequestQuery says which requests, and in which order.
type RequestQuery struct {
	Range
	Conversation int    // its number, -1 for those of all
	Sort         string // one of [RequestColumns], the first when empty
	Desc         bool
	Text         string // a part of the command, the name, the status or the protocol
}

// RequestColumns are those that requests can be sorted by; "asked" is the order of the questions.
var RequestColumns = []string{"asked", "service", "transfer", "whole", "bytes", "depth", "status", "name", "command", "protocol"}

func requestsQuery(q *query) answering {
	w := RequestQuery{q.part(), q.conversation(), q.one("sort", RequestColumns...), q.flag("desc"), q.text("q", "")}
	return func(_ context.Context, a *Analysis) (*pass, error) { return told(a.Requests(w)) }
}

// Requests are `request` lines.
func (a *Analysis) Requests(w RequestQuery) (Page, error) {
	if w.Conversation >= 0 {
		if _, err := a.conversation(w.Conversation); err != nil {
			return Page{}, err
		}
	}
	all := a.Case.Requests.Requests
	var list []int32
	text := strings.ToLower(w.Text)
	for i := range all {
		r := &all[i]
		if (w.Conversation < 0 || r.Conv == w.Conversation) && (text == "" || strings.Contains(strings.ToLower(strings.Join([]string{r.Protocol.String(), r.Command, r.Name, r.Status}, " ")), text)) {
			list = append(list, int32(i))
		}
	}
	if compare := requestOrders[w.Sort]; compare != nil {
		slices.SortStableFunc(list, func(x, y int32) int {
			if w.Desc {
				x, y = y, x
			}
			return compare(&all[x], &all[y])
		})
	} else if w.Desc {
		slices.Reverse(list)
	}
	a.judging.Lock()
	defer a.judging.Unlock()
	splits := a.Case.Points.Splits(all) // in the order of the questions
	return page(w.Range, len(list), func(i int) any {
		at := int(list[i])
		var split *point.Split
		if k, ok := slices.BinarySearchFunc(splits, at, func(s point.Split, at int) int { return cmp.Compare(s.Asked, at) }); ok {
			split = &splits[k]
		}
		return jsonl.RequestOf(a.Case, &all[at], split)
	}), nil
}

// took compares by a time that not all have: those without come first.
func took(of func(*request.Request) (int64, bool)) func(a, b *request.Request) int {
	value := func(r *request.Request) int64 {
		if ns, ok := of(r); ok {
			return ns
		}
		return math.MinInt64
	}
	return func(a, b *request.Request) int { return cmp.Compare(value(a), value(b)) }
}

var requestOrders = map[string]func(a, b *request.Request) int{
	"service":  took((*request.Request).Service),
	"transfer": took((*request.Request).Transfer),
	"whole":    took((*request.Request).Whole),
	"bytes":    func(a, b *request.Request) int { return cmp.Compare(a.Length, b.Length) },
	"depth":    func(a, b *request.Request) int { return cmp.Compare(a.Depth, b.Depth) },
	"status":   func(a, b *request.Request) int { return cmp.Compare(a.Status, b.Status) },
	"name":     func(a, b *request.Request) int { return cmp.Compare(a.Name, b.Name) },
	"command":  func(a, b *request.Request) int { return cmp.Compare(a.Command, b.Command) },
	"protocol": func(a, b *request.Request) int { return cmp.Compare(a.Protocol.String(), b.Protocol.String()) },
}
