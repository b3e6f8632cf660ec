package capture

import (
	_ "embed"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
)

//go:embed vantage.md
var vantagePage string

// Vantage: where the capture was taken (Q12).
var Vantage = &diag.Rule{ID: "cap.vantage", Title: "where the capture was taken", Page: vantagePage, Quality: true, Run: vantage}

func vantage(in *diag.Input) []diag.Finding {
	var out []diag.Finding
	for i, s := range in.Sources {
		if s.Session != nil {
			continue // a trace of the machine itself, as its name says
		}
		v := in.Vantage(i)
		f := diag.Finding{Severity: diag.Note, Confidence: v.Confidence, Source: i, Facts: v.Facts, Filter: fromAny(v.Hosts)}
		both := "capture at the other end as well to tell loss on the way from a slow host"
		switch v.Place {
		case diag.PlaceUnknown:
			continue
		case diag.PlaceHost:
			f.Summary = "captured at " + role(v.Hosts) + names(v.Hosts)
			f.Fix = []string{"nothing: what it sends is seen as it was sent; " + both}
		case diag.PlaceNear:
			f.Summary = "captured near " + role(v.Hosts) + names(v.Hosts)
			f.Fix = []string{both}
		case diag.PlaceBetween:
			f.Summary = "captured on the way, far from both ends"
			f.Fix = []string{"capture at the ends to tell loss on the way from a slow host"}
		case diag.PlaceBoth:
			if loopback(v.Hosts) {
				continue
			}
			f.Summary = "captured where both ends are on one machine or virtual network: " + names(v.Hosts)
			f.Fix = []string{"nothing; there is no network in the times"}
		}
		if len(v.Hosts) == 1 {
			f.Host = v.Hosts[0].Addr.String()
		}
		out = append(out, f)
	}
	return out
}

// role is "the server " or "the client " when the hosts were one thing only.
func role(hosts []*flow.Host) string {
	var client, server int64
	for _, h := range hosts {
		client, server = client+h.Place.AsClient, server+h.Place.AsServer
	}
	switch {
	case client > 0 && server == 0:
		return "the client "
	case server > 0 && client == 0:
		return "the server "
	}
	return ""
}

func loopback(hosts []*flow.Host) bool {
	for _, h := range hosts {
		if !h.Addr.IsLoopback() {
			return false
		}
	}
	return true
}
