package krb

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/proto/kerberos"
)

//go:embed skew.md
var skewPage string

// Skew: the clocks of a client and a server of Kerberos differ by too much (K2).
var Skew = &diag.Rule{ID: "krb.skew", Title: "clocks differ by more than Kerberos allows", Page: skewPage, Requests: true, Run: skew}

const (
	// believed is how far the client's time may be off: servers put a random number in its place, which is nearly always farther away.
	believed = 30 * 24 * time.Hour
	// right is how near to the clock of the capture a clock is that agrees with it.
	right = time.Minute
)

func skew(in *diag.Input) (out []diag.Finding) {
	for _, g := range diag.GroupsOf(asks(in), func(a diag.Ask) (kdc, bool) { return kdcOf(a), failed(a.Request, tooSkewed) }) {
		f := in.FindingOn(g, kerberosLayer)
		f.Severity = diag.Error
		f.Summary = fmt.Sprintf("%v refused %s of %s because the clocks differ by more than it allows", g[0].Talk.Server, diag.Count(len(g), "request"), diag.ClientsOf(g))
		client, server := times(g[len(g)-1])
		_, timed := in.Elapsed(g[0].Talk.Moment(g[0].Asked), g[0].Talk.Moment(g[0].Last))
		captured := time.Unix(0, g[len(g)-1].Last.Time)
		side := ""
		switch {
		case client.IsZero() || server.Sub(client).Abs() > believed:
			if !server.IsZero() && timed {
				f.Facts = append(f.Facts, diag.Fact{Name: "server's clock against that of the capture", Value: signed(server.Sub(captured))})
				if server.Sub(captured).Abs() > right {
					f.Summary += fmt.Sprintf(": the server's is %s that of the capture", ahead(server.Sub(captured)))
				}
			}
		default:
			f.Summary += fmt.Sprintf(": the client's is %s the server's", ahead(client.Sub(server)))
			if timed {
				side = wrong(client.Sub(captured), server.Sub(captured))
			}
		}
		f.Fix = []string{"let client and server take their time from the same source (w32tm /query /status, chronyc tracking), and look at the time zone: Kerberos compares UTC"}
		if side != "" {
			f.Summary += fmt.Sprintf("; that of the %s is wrong, if the clock of the capture is right", side)
			f.Fix = append([]string{"set the clock of the " + side}, f.Fix...)
		}
		if !server.IsZero() {
			f.Facts = append(f.Facts, diag.Fact{Name: "server's time", Value: server.UTC().Format(time.DateTime)})
		}
		said(&f, g)
		f.RuledOut = []string{"a wrong password: it has an error of its own"}
		out = append(out, f)
	}
	return out
}

// times are those of the error, zero where it has none.
func times(a diag.Ask) (client, server time.Time) {
	for _, t := range a.Terms {
		switch t.Name {
		case kerberos.ClientTimeTerm:
			client = time.Unix(int64(t.Value), 0)
		case kerberos.ServerTimeTerm:
			server = time.Unix(int64(t.Value), 0)
		}
	}
	return client, server
}

// wrong is the side whose clock is off where the other's agrees with that of the capture; "" when that does not tell.
func wrong(client, server time.Duration) string {
	switch c, s := client.Abs() <= right, server.Abs() <= right; {
	case c && !s:
		return "server"
	case s && !c:
		return "client"
	}
	return ""
}

// ahead is a difference in words.
func ahead(d time.Duration) string {
	if d < 0 {
		return diag.Duration(-d) + " behind"
	}
	return diag.Duration(d) + " ahead of"
}

func signed(d time.Duration) string {
	if d < 0 {
		return "-" + diag.Duration(-d)
	}
	return "+" + diag.Duration(d)
}
