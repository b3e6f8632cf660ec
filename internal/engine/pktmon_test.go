package engine_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
)

func analyse(t *testing.T, name string) *engine.Case {
	t.Helper()
	file := shared + "/etl/" + name
	if _, err := os.Stat(file); err != nil {
		t.Skip("../shared/captures is not here: no real Windows trace to read")
	}
	c, err := engine.Analyse(context.Background(), []string{file}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Windows Server 2022: 19 echo requests seen at two places and 19 replies at four, under one id each.
func TestRealPktmonTrace(t *testing.T) {
	c := analyse(t, "pktmon-20348.etl")
	src := c.Sources[0]
	if src.Packets != 114 || src.Sightings != 76 || src.Dropped != 0 {
		t.Errorf("%d records of packets, %d further sightings, %d drops", src.Packets, src.Sightings, src.Dropped)
	}
	if c.Conversations.Len() != 1 || c.Conversations.At(0).Dir[0].Packets != 19 || c.Conversations.At(0).Dir[1].Packets != 19 || c.Conversations.At(0).Dir[0].Sightings != 19 || c.Conversations.At(0).Dir[1].Sightings != 57 {
		t.Errorf("%+v", c.Conversations.At(0).Dir)
	}
	i := slices.IndexFunc(src.Info.Interfaces, func(in trace.Interface) bool { return in.Name == "Ethernet 3" })
	if i < 0 {
		t.Fatal("no interface Ethernet 3")
	}
	in := &src.Info.Interfaces[i]
	if in.Packets != 38 || in.MTU != 1500 || !slices.Contains(in.Addresses, "10.9.1.22") {
		t.Errorf("%+v", in)
	}
	// The recorder's own counts of an edge are more than the records only by what its filter left out.
	lower := func(id uint16) (n trace.Counters) {
		at := slices.IndexFunc(src.Info.Components, func(k trace.Component) bool { return k.ID == id })
		if at < 0 || src.Info.Components[at].Interface != i {
			t.Fatalf("component %d is not of interface %d", id, i)
		}
		for _, e := range src.Info.Components[at].Edges {
			if e.ID == 1 {
				n = e.Flows
			}
		}
		return n
	}
	if n := lower(59); n.PacketsIn != 19 || n.PacketsOut != 19 {
		t.Errorf("netvsc.sys counted %+v", n)
	}
}

// The rundown of the stack names the addresses of the interfaces of a netsh trace.
func TestAddressesOfRealTrace(t *testing.T) {
	c := analyse(t, "small-system-misc-ping.etl")
	got := map[string][]string{}
	packets := map[string]int64{}
	for _, in := range c.Sources[0].Info.Interfaces {
		if len(in.Addresses) > 0 {
			got[in.Name] = in.Addresses
		}
		if in.Packets > 0 {
			packets[in.Name] = in.Packets
		}
	}
	want := map[string][]string{
		"Ethernet":                    {"192.168.2.115", "2003:fa:702:e306:14df:b801:f40:6043", "2003:fa:702:e306:6819:f7b0:d2ac:e9dd", "fe80::6819:f7b0:d2ac:e9dd"},
		"Loopback Pseudo-Interface 1": {"127.0.0.1", "::1"},
		"Npcap Loopback Adapter":      {"169.254.141.156", "fe80::e154:8627:43e8:8d9c"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int64{"Ethernet": 39, "Npcap Loopback Adapter": 4}, packets); diff != "" {
		t.Error(diff)
	}
}
