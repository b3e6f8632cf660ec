package host

import (
	"slices"
	"strings"
)

// ordinary are reasons with which the stack counts segments that it has used or
// does not need, by the beginning of their plain text.
var ordinary = []string{
	"received rst", "missed rst", "fin received", "fin-wait2", "duplicate segment", "tcb removed",
	"time-wait", "packet dropped by time-wait",
}

// advice says what to do about a reason, by the beginning of its plain text.
var advice = []struct{ reason, do string }{
	{"inspection", "find the filter of the Windows Filtering Platform: netsh wfp show netevents, then netsh wfp show state"},
	{"receive inspection", "find the filter of the Windows Filtering Platform: netsh wfp show netevents, then netsh wfp show state"},
	{"accept inspection", "find the filter of the Windows Filtering Platform: netsh wfp show netevents, then netsh wfp show state"},
	{"transport endpoint was not found", "nothing listens on that port: start the service, or stop who asks"},
	{"port unreachable", "nothing listens on that port: start the service, or stop who asks"},
	{"checksum is invalid", "the packets are damaged: look at cards, drivers and offload settings on the way"},
	{"bad checksum", "the packets are damaged: look at cards, drivers and offload settings on the way"},
	{"listener dropped syn", "the listener cannot keep up: look at its backlog and at the memory of the host"},
	{"no route", "look at the routing table: route print"},
	{"address resolution", "the next hop does not answer ARP or neighbour discovery"},
	{"insufficient resources", "look at memory, and at the buffers of the network card"},
	{"receive queue full", "look at memory, and at the buffers of the network card"},
	{"allocation failure", "look at the memory of the host"},
	{"host out of memory", "look at the memory of the host"},
	{"mtu mismatch", "compare the MTU of the interfaces on the path"},
	{"fragment mtu", "compare the MTU of the interfaces on the path"},
	{"failed security policy", "look at the policy of the virtual switch"},
	{"filtered vlan", "look at the VLAN settings of the virtual switch"},
	{"unauthorized vlan", "look at the VLAN settings of the virtual switch"},
}

// plain is what the maps of different providers and Windows versions write
// alike: "Packet dropped by TIME-WAIT TCB (subreason 0)" of
// Microsoft-Windows-TCPIP is "INET: packet dropped by TIME_WAIT TCB" of Microsoft-Windows-PktMon.
func plain(reason string) string {
	return strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(reason), "inet: "), "_", "-")
}

func isOrdinary(reason string) bool {
	reason = plain(reason)
	return slices.ContainsFunc(ordinary, func(s string) bool { return strings.HasPrefix(reason, s) })
}

func advise(reason string) string {
	reason = plain(reason)
	for _, a := range advice {
		if strings.HasPrefix(reason, a.reason) {
			return a.do
		}
	}
	return "follow the reason: policy, missing listener, damaged header or lack of resources"
}
