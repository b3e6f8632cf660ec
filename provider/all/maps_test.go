package all

import (
	"testing"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/tcpip"
)

// The maps of the stack whose numbers changed their meaning between builds. A build
// between two of which the map is known has only what both agree in.
func TestRenumberedMaps(t *testing.T) {
	tests := []struct {
		name  string
		value uint64
		texts map[int]string // by build, 0 = unknown; "" = the number
	}{
		{"TCP_TIMER_TYPE_ValueMap", 5, map[int]string{7601: "DisconnectTimer", 10240: "DisconnectTimer", 14393: "", 17134: "PacingTimer", 22000: "PacingTimer", 0: ""}},
		{"TCP_TIMER_TYPE_ValueMap", 0, map[int]string{7601: "RetransmitTimer", 14393: "RetransmitTimer", 22000: "RetransmitTimer", 0: "RetransmitTimer"}},
		{"TCP_TIMER_TYPE_ValueMap", 9, map[int]string{7601: "", 14393: "SynOrRstValidationTimer", 17134: "SynOrRstValidationTimer"}},
		{"TCPIP_SLOW_PATH_REASON_ValueMap", 17, map[int]string{7601: "Session state is not compatible", 9600: "", 10240: "TCP options present", 22000: "TCP options present", 0: ""}},
		{"TCPIP_SLOW_PATH_REASON_ValueMap", 6, map[int]string{
			17134: "Destination address is not unicast", 17763: "", 18990: "Destination address is neither TCP/UDP unicast nor UDP multicast", 0: ""}},
		{"TCPIP_TRANSPORT_PACKET_DROP_REASON_ValueMap", 2, map[int]string{7601: "Header is invalid", 14393: "", 17134: "Header is invalid (location 0)", 0: ""}},
		{"TCPIP_TRANSPORT_PACKET_DROP_REASON_ValueMap", 4, map[int]string{
			7601: "Transport endpoint was not found", 14393: "Transport endpoint was not found", 22000: "Transport endpoint was not found", 0: "Transport endpoint was not found"}},
		{"TCPIP_NETWORK_PACKET_DROP_REASON_ValueMap", 265, map[int]string{18363: "", 0: ""}},
	}
	for _, tt := range tests {
		for build, want := range tt.texts {
			r := provider.NewRegistry(All()...)
			r.SetBuild(build)
			if got := r.MapText(tcpip.Provider.GUID, tt.name, tt.value); got != want {
				t.Errorf("%s %d of build %d: got %q, want %q", tt.name, tt.value, build, got, want)
			}
		}
	}
	// Each of the six has two variants at least, and numbers that contradict each other.
	for _, name := range []string{
		"TCP_TIMER_TYPE", "TCPIP_SLOW_PATH_REASON", "TCPIP_NETWORK_PACKET_DROP_REASON", "TCPIP_TEMPLATE_TYPE", "TCP_CONGESTION_ALGORITHM",
		"TCPIP_TRANSPORT_PACKET_DROP_REASON",
	} {
		table := tcpip.Provider.Load()
		agreed, ok := table.Agreed[name+"_ValueMap"]
		if !ok {
			t.Errorf("%s has one variant", name)
			continue
		}
		contradicted := 0
		for _, v := range table.Maps[name+"_ValueMap"] {
			for value := range v.Values {
				if _, ok := agreed.Values[value]; !ok {
					contradicted++
				}
			}
		}
		if contradicted == 0 {
			t.Errorf("%s: no number has had two meanings", name)
		}
	}
}

// Variants are in order of builds and leave none out.
func TestMapsHaveNoGaps(t *testing.T) {
	for _, p := range All() {
		for name, vs := range p.Load().Maps {
			next := 0
			for i, v := range vs {
				if v.From != next || v.To == 0 && i+1 < len(vs) {
					t.Errorf("%s %s: variant %d is of builds %d to %d, want from %d", p.Name, name, i, v.From, v.To, next)
				}
				next = v.To + 1
			}
			if last := vs[len(vs)-1]; last.To != 0 || last.Unsure {
				t.Errorf("%s %s: the last variant ends with build %d, unsure %v", p.Name, name, last.To, last.Unsure)
			}
		}
	}
}
