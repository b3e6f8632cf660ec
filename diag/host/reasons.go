package host

import (
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/session"
)

// ordinary are reasons with which the stack counts segments that it has used or
// does not need, by the beginning of their plain text.
var ordinary = []string{
	"received rst", "missed rst", "fin received", "fin-wait2", "duplicate segment", "tcb removed",
	"time-wait", "packet dropped by time-wait",
	"tcp-old-data", "tcp-old-ack", "tcp-close", "tcp-reset", "tcp-fastopen", "otherhost", "no-socket", "not-specified",
}

// released are reasons with which Linux frees a packet that nothing was lost of: it was used, or its socket was closed
// (include/net/dropreason-core.h). Whoever closes with data unread has a finding of the reset that follows.
var released = []string{"queue-purge", "skb-consumed"}

func isReleased(d *session.Drop) bool {
	return d.By == session.LinuxKernel && slices.Contains(released, plain(d.Reason))
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
	{"netfilter-drop", "find the rule: nft list ruleset (with counters), iptables -vnL; nft monitor trace names it"},
	{"socket-rcvbuff", "the receive buffer of the socket is full: the process reads too slowly; see host.recv_late"},
	{"socket-backlog", "the queue of the socket is full while a process holds it: look at the load of the host"},
	{"socket-filter", "a filter of the socket (SO_ATTACH_FILTER, BPF) refuses it"},
	{"ip-outnoroutes", "look at the routing table: ip route get ADDRESS"},
	{"ip-innoroutes", "look at the routing table, and at net.ipv4.ip_forward: ip route get ADDRESS from ADDRESS iif INTERFACE"},
	{"ip-rpfilter", "packets come in where the way back does not go: net.ipv4.conf.*.rp_filter, ip route get"},
	{"neigh-", "the next hop does not answer ARP or neighbour discovery: ip neigh"},
	{"qdisc-drop", "the queue of the interface is full: tc -s qdisc"},
	{"cpu-backlog", "the host takes packets too slowly: net.core.netdev_max_backlog, /proc/net/softnet_stat"},
	{"tcp-csum", "the packets are damaged: look at cards, drivers and offload settings on the way"},
	{"udp-csum", "the packets are damaged: look at cards, drivers and offload settings on the way"},
	{"ip-csum", "the packets are damaged: look at cards, drivers and offload settings on the way"},
	{"pkt-too-big", "compare the MTU of the interfaces on the path"},
	{"tcp-zerowindow", "the process reads too slowly: its window was closed; see host.recv_late"},
	{"tcp-overwindow", "the sender sends more than the window: the process reads too slowly"},
	{"nomem", "look at the memory of the host"},
	{"proto-mem", "look at the memory for sockets: net.ipv4.tcp_mem, net.ipv4.udp_mem"},
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
