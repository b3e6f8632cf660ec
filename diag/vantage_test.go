package diag_test

import (
	"net/netip"
	"testing"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

// sender is a host that sent packets with a full TTL.
func sender(address string, p flow.Place) *flow.Host {
	h := &flow.Host{Addr: netip.MustParseAddr(address), Sent: flow.Quality{Packets: 20}, InitialTTL: 20, Place: p}
	h.TTLs[64] = true
	return h
}

func TestVantage(t *testing.T) {
	far := sender("10.9.0.2", flow.Place{Incoming: 20})
	routed := sender("10.0.0.1", flow.Place{Outgoing: 20})
	routed.InitialTTL, routed.TTLs[64], routed.TTLs[63] = 0, false, true
	for _, c := range []struct {
		name  string
		own   []string // addresses of the interface
		hosts []*flow.Host
		tick  bool
		want  diag.Place
		at    string
	}{
		{"marked by the recorder", nil, []*flow.Host{sender("10.0.0.1", flow.Place{Outgoing: 20}), far}, false, diag.PlaceHost, "10.0.0.1"},
		{"few marks", nil, []*flow.Host{sender("10.0.0.1", flow.Place{Outgoing: 3}), far}, false, diag.PlaceUnknown, ""},
		{"passes through", nil, []*flow.Host{sender("10.0.0.1", flow.Place{Outgoing: 20, Incoming: 20}), far}, false, diag.PlaceUnknown, ""},
		{"a router's neighbour", nil, []*flow.Host{routed, far}, false, diag.PlaceUnknown, ""},
		{"address of the interface", []string{"10.0.0.1/24"}, []*flow.Host{sender("10.0.0.1", flow.Place{}), sender("10.9.0.2", flow.Place{})}, false, diag.PlaceHost, "10.0.0.1"},
		{"another address of the interface", []string{"fd00::1", "10.0.0.7"}, []*flow.Host{sender("10.0.0.1", flow.Place{}), sender("10.9.0.2", flow.Place{})}, false, diag.PlaceUnknown, ""},
		{"near", nil, []*flow.Host{sender("10.0.0.1", flow.Place{Near: 5}), sender("10.9.0.2", flow.Place{Far: 5})}, false, diag.PlaceNear, ""},
		{"near by a coarse clock", nil, []*flow.Host{sender("10.0.0.1", flow.Place{Near: 5}), sender("10.9.0.2", flow.Place{Far: 5})}, true, diag.PlaceUnknown, ""},
		{"between", nil, []*flow.Host{sender("10.0.0.1", flow.Place{Between: 5}), sender("10.9.0.2", flow.Place{Between: 5})}, false, diag.PlaceBetween, ""},
		{"nothing", nil, []*flow.Host{sender("10.0.0.1", flow.Place{}), sender("10.9.0.2", flow.Place{})}, false, diag.PlaceUnknown, ""},
	} {
		in := &diag.Input{Sources: []*trace.Info{{Interfaces: []trace.Interface{{Addresses: c.own}}}}, Hosts: c.hosts}
		if c.tick {
			in.Recordings = []diag.Recording{{Tick: 15_625_000}}
		}
		v := in.Vantage(0)
		if v.Place != c.want {
			t.Errorf("%s: place %d, want %d: %+v", c.name, v.Place, c.want, v)
		}
		for _, h := range c.hosts {
			if got := v.At(h.Addr); got != (h.Addr.String() == c.at) {
				t.Errorf("%s: captured at %v: %v", c.name, h.Addr, got)
			}
		}
	}
}
