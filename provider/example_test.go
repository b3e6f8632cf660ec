package provider_test

import (
	"encoding/hex"
	"fmt"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/all"
	"github.com/wiretale/wiretale/provider/tcpip"
	"github.com/wiretale/wiretale/trace"
)

// Events come from a reader such as format/etl; this one is written out.
func ExampleRegistry() {
	r := provider.NewRegistry(all.All()...)
	r.SetBuild(7601)
	payload, _ := hex.DecodeString("01000000" + "03000000" + "00000000" + "28dd2189") // states, SndNxt, a 32-bit pointer
	rec := &trace.Record{Kind: trace.Event, Data: payload, Event: &trace.EventHeader{
		Header: trace.HeaderEvent, Provider: tcpip.Provider.GUID, ID: 1051, PointerSize: 4,
	}}
	if r.Learn(rec) {
		return // it describes other events
	}
	var e provider.Event
	r.Decode(rec, &e)
	fmt.Printf("%s: %s\n", provider.AppendName(nil, &e), provider.AppendText(nil, &e))
	fmt.Println(provider.MapText(&e, 1), e.Uint("SndNxt"))
	// Output:
	// TcpTcbStateChange: TCP: connection 0x8921DD28 transition from ListenState to SynRcvdState, SndNxt = 0 (0x0).
	// SynRcvdState 0
}
