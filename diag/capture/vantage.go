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
		if v.ByChecksum {
			continue // cap.tx_csum_offload says so
		}
		f := diag.Finding{Severity: diag.Note, Confidence: v.Confidence, Source: i, Facts: v.Facts, Filter: fromAny(v.Hosts)}
		both := "capture at the other end as well to tell loss on the way from a slow host"
		switch v.Place {
		case diag.PlaceUnknown, diag.PlaceBoth:
			continue
		case diag.PlaceHost:
			f.Summary = "captured at " + places(v.Hosts)
			f.Fix = []string{"nothing: what it sends is seen as it was sent; " + both}
		case diag.PlaceNear:
			f.Summary = "captured near " + places(v.Hosts)
			f.Fix = []string{both}
		case diag.PlaceBetween:
			f.Summary = "captured on the way, far from both ends"
			f.Fix = []string{"capture at the ends to tell loss on the way from a slow host"}
		}
		if len(v.Hosts) == 1 {
			f.Host = v.Hosts[0].Addr.String()
		}
		out = append(out, f)
	}
	return out
}

// role is the part that the hosts have in their connections: "client", "server", or "" when they have both or none is known.
func role(hosts ...*flow.Host) string {
	var client, server int64
	for _, h := range hosts {
		client, server = client+h.Place.AsClient, server+h.Place.AsServer
	}
	switch {
	case client > 0 && server == 0:
		return "client"
	case server > 0 && client == 0:
		return "server"
	}
	return ""
}

// places names the hosts with their part: "the server 10.0.0.1".
func places(hosts []*flow.Host) string {
	if r := role(hosts...); r != "" {
		return "the " + r + " " + names(hosts)
	}
	return names(hosts)
}
