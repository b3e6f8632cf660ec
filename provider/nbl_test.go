package provider

import "testing"

func TestNBLInfo(t *testing.T) {
	tests := []struct {
		name     string
		info     NBLInfo
		outbound bool
		want     string
	}{
		{"nothing", NBLInfo{}, true, ""},
		{"sent, TCP over IPv4", NBLInfo{Checksum: 1 | 4 | 16}, true, "out of band: checksum left to the card"},
		{"sent, only the IP checksum", NBLInfo{Checksum: 1 | 16}, true, ""},
		{"sent large with a tag", NBLInfo{Checksum: 2 | 4, LargeSend: 1440 | 54<<20 | 1<<30, Tag: 5 | 10<<4}, true,
			"out of band: checksum left to the card, large send, cut to 1440 bytes, 802.1Q tag: VLAN 10, priority 5"},
		{"received", NBLInfo{Checksum: 8 | 32, Coalesced: 12}, false, "out of band: TCP checksum good, IP checksum good, 12 segments joined by the card"},
		{"received damaged", NBLInfo{Checksum: 2}, false, "out of band: UDP checksum failed"},
		{"a tag of priority only", NBLInfo{Tag: 3}, false, "out of band: 802.1Q tag: VLAN 0, priority 3"},
	}
	for _, tt := range tests {
		if got := tt.info.Text(tt.outbound); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
