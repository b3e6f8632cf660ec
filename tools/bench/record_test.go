//go:build unix

package main

import "testing"

// TestCounted: what recorders say at their end.
func TestCounted(t *testing.T) {
	kept, lost := counted(ownLosses, "wiretale: x.pcapng: 1000 packets, 2000 events; lost: 3 packets, 4 events\n")
	if kept != "1000 packets, 2000 events" || lost != "3 packets, 4 events" {
		t.Errorf("%q, %q", kept, lost)
	}
	kept, lost = counted(tcpdumpLosses, "tcpdump: listening on lo\n12 packets captured\n24 packets received by filter\n5 packets dropped by kernel\n")
	if kept != "12 packets" || lost != "5 packets" {
		t.Errorf("%q, %q", kept, lost)
	}
	if kept, lost = counted(tcpdumpLosses, "tcpdump: lo: no such device\n"); kept != "?" || lost != "?" {
		t.Errorf("%q, %q", kept, lost)
	}
}

// TestLoads: what is recorded does what it says.
func TestLoads(t *testing.T) {
	if err := calls(400); err != nil {
		t.Error(err)
	}
	if err := packets(100); err != nil {
		t.Error(err)
	}
}
