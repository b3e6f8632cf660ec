package text

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/point"
	"github.com/wiretale/wiretale/view"
)

// relays names the connections of two points that carry the same bytes. Where each was seen at several points, what the
// two nearest say is enough: between them the bytes take the least time. A point on the host of the proxy says more than any two.
func relays(p *printer, r *point.Result, s Style) {
	same := point.NewSame(r)
	type legs struct{ a, b int }
	type relay struct {
		pair *point.Pair
		of   *point.Relay
	}
	var order []legs
	nearest := map[legs]relay{}
	vague := (*point.Pair)(nil) // the pair with the most connections of which nothing tells which belong together
	for i := range r.Pairs {
		pair := &r.Pairs[i]
		if pair.Ambiguous > 0 && (vague == nil || pair.Ambiguous > vague.Ambiguous) {
			vague = pair
		}
		for k := range pair.Relays {
			x := &pair.Relays[k]
			a, b := same.Of(x.A), same.Of(x.B)
			key := legs{min(a, b), max(a, b)}
			known, ok := nearest[key]
			if !ok {
				order = append(order, key)
			}
			if !ok || x.Took() < known.of.Took() {
				nearest[key] = relay{pair, x}
			}
		}
	}
	for _, x := range r.Inside {
		for k := range x.Relays {
			a, b := same.Of(x.Relays[k].A), same.Of(x.Relays[k].B)
			key := legs{min(a, b), max(a, b)}
			if _, ok := nearest[key]; ok {
				nearest[key] = relay{&point.Pair{A: x.Point, B: x.Point}, &x.Relays[k]}
			}
		}
	}
	label := func(i int) string { return map[bool]string{true: "relayed"}[i == 0] }
	for i, key := range order {
		if i == maxRelays {
			note(p, s, "", fmt.Sprintf("and %d more", len(order)-i))
			break
		}
		note(p, s, label(i), view.RelayText(r, nearest[key].pair, nearest[key].of))
	}
	if vague != nil {
		note(p, s, label(len(order)), fmt.Sprintf("%s of %s carry the same bytes as several of %s: nothing tells which belong together",
			count(int64(vague.Ambiguous), "connection"), view.Printable(r.Points[vague.A].Name), view.Printable(r.Points[vague.B].Name)))
	}
}
