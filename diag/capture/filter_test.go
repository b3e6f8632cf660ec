package capture

import "testing"

func TestHidden(t *testing.T) {
	for _, c := range []struct {
		filter         string
		icmp, dns, arp bool
	}{
		{"tcp port 445", true, true, true},
		{"tcp and port 80", true, true, true},
		{"tcp", true, true, true},
		{"udp", true, false, true},
		{"port 53", true, false, true},
		{"tcp port 80 or udp port domain", true, false, true},
		{"arp or icmp or tcp port 80", false, true, false},
		{"host 10.0.0.1 and tcp port 80", true, true, true},
		{"host 10.0.0.1 or tcp port 80", false, false, false},
		{"host 192.168.1.139", false, false, false},
		{"host not 192.168.56.42", false, false, false},
		{"not port 3389", false, false, false},
		{"!(tcp port 22)", false, false, false},
		{"1 eth3: MAC 00:22:48:7b:b3:80", false, false, false},
		{"1 web: TCP, ports 80", true, true, true},
		{"", false, false, false},
	} {
		if icmp, dns, arp := hidden(c.filter); icmp != c.icmp || dns != c.dns || arp != c.arp {
			t.Errorf("%q hides ICMP %v, DNS %v, ARP %v; want %v, %v, %v", c.filter, icmp, dns, arp, c.icmp, c.dns, c.arp)
		}
	}
}
