package ldap

import (
	_ "embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/wiretale/wiretale/diag"
)

//go:embed slow_search.md
var slowSearchPage string

// SlowSearch: a search in a directory takes long (K12).
var SlowSearch = &diag.Rule{ID: "ldap.slow_search", Title: "a search in a directory takes long", Page: slowSearchPage, Requests: true, DoubtedBy: []string{"cap.gaps", "cap.drops.reported"}, Run: slowSearch}

// maxSearches is how many searches a finding lists.
const maxSearches = 5

// slowSearch makes one finding of each server: what it searches in has one index.
func slowSearch(in *diag.Input) (out []diag.Finding) {
	type server struct {
		source int
		addr   netip.AddrPort
	}
	repairs := map[*diag.Talk]time.Duration{}
	for _, g := range diag.GroupsOf(asks(in), func(a diag.Ask) (server, bool) {
		if !diag.SlowSearch(a.Request) {
			return server{}, false
		}
		lost, known := repairs[a.Talk]
		if !known {
			lost = a.Talk.Repairs()
			repairs[a.Talk] = lost
		}
		d, timed := in.Elapsed(a.Talk.Moment(a.Asked), a.Talk.Moment(a.Last))
		return server{a.Talk.Source, a.Talk.Server}, timed && d-lost >= diag.LeastSearch
	}) {
		if f, ok := searching(in, g); ok {
			out = append(out, f)
		}
	}
	return out
}

func searching(in *diag.Input, list []diag.Ask) (f diag.Finding, ok bool) {
	f = in.FindingOn(list, "ldap.protocolOp == 3 || ldap.protocolOp == 5")
	f.Severity = diag.Warning
	if !in.Charge(&f, diag.Took(list)) {
		return f, false
	}
	longest := list[0]
	var before time.Duration // to the first entry, or to the end
	for _, a := range list {
		if took(a) > took(longest) {
			longest = a
		}
		ns, _ := a.Service()
		before += time.Duration(ns)
	}
	f.Summary = fmt.Sprintf("%v took %s for %s of %s: the longest took %s, %s", list[0].Talk.Server, diag.Duration(f.Cost), diag.Count(len(list), "search"), diag.ClientsOf(list), diag.Duration(took(longest)), below(longest))
	f.Facts = []diag.Fact{{Name: "before the first entry or the end", Value: fmt.Sprintf("%s in all", diag.Duration(before))}}
	for _, a := range list[:min(len(list), maxSearches)] {
		f.Facts = append(f.Facts, diag.Fact{Name: "search", Value: fmt.Sprintf("frame %d: %s, %s, %s, %s of entries", a.Asked.Number, below(a), diag.Duration(took(a)), a.Status, diag.Size(max(a.Moved, 0)))})
	}
	f.RuledOut = []string{
		"searches that stay open until something changes: those have no end, and are not counted",
		"loss, closed windows and held segments: a search that would have taken less than a second without them is not counted",
	}
	f.Fix = []string{
		"look at the filter of these searches (the field ldap.filter of their frames): an attribute in it without an index makes the server read every entry below the base; index it, or add a term that has an index",
		"narrow the base and the scope, and ask for the attributes that are needed",
		"Active Directory writes expensive and inefficient searches to the directory service log (event 1644) when field engineering is switched on",
	}
	return f, true
}

func took(a diag.Ask) time.Duration {
	ns, _ := a.Whole()
	return time.Duration(ns)
}

// below is where a search looks, in words.
func below(a diag.Ask) string {
	if a.Name == "" {
		return "below the root of the server"
	}
	return "below " + diag.NamesOf([]diag.Ask{a}, func(a diag.Ask) string { return a.Name })
}
