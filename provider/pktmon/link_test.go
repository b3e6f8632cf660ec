package pktmon

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/trace"
)

func TestLink(t *testing.T) {
	const (
		macs = "2c3358e26e9f 2ccf67db4bcc "
		ip4  = "45000028 2b074000 80060000 0a000001 0a000002 1000 0050 00000000 00000000 5010 0400 0000 0000"
		qos  = "8802 2c00 2c3358e26e9f 286f7fb00cc9 2ccf67db4bcc f045 0100 aaaa03000000 0800 "
	)
	tests := []struct {
		name string
		kind uint16
		hex  string
		want trace.LinkType
	}{
		{"Ethernet", typeEthernet, macs + "0800" + ip4, trace.LinkEthernet},
		{"QoS data", typeWiFi, qos + ip4, trace.LinkWiFi},
		{"null frame", typeWiFi, "4802 0000 ffffffffffff 286f7fb00cc9 000000000000 0000", trace.LinkWiFi},
		{"encrypted data", typeWiFi, "0842 0000 ffffffffffff 286f7fb00cc9 000000000000 1000 a1b2c3d4e5f60708", trace.LinkWiFi},
		{"IPv4 over Ethernet called Wi-Fi", typeWiFi, macs + "0800" + ip4, trace.LinkEthernet},
		{"IPv6 over Ethernet called Wi-Fi", typeWiFi, "333300000001 2ccf67db4bcc 86dd 6000000000083aff", trace.LinkEthernet},
		{"ARP over Ethernet called Wi-Fi", typeWiFi, "ffffffffffff 2ccf67db4bcc 0806 0001 0800 0604 0001", trace.LinkEthernet},
		{"EAPOL over Ethernet called Wi-Fi", typeWiFi, macs + "888e 0203 005f", trace.LinkEthernet},
		{"tagged, called Wi-Fi", typeWiFi, macs + "8100 000a 0800 45", trace.LinkEthernet},
		{"an address like an EtherType", typeWiFi, "0802 0000 ffffffffffff 286f 0800 1111 000000000000 1000 aaaa03 000000 0806", trace.LinkWiFi},
		{"unknown type over Ethernet called Wi-Fi", typeWiFi, "ffffffffffff 90a5af5a2905 8300 0000 0000 0000 0200", trace.LinkEthernet},
		{"too short to tell", typeWiFi, "2c30", trace.LinkWiFi},
		{"IP", typeIP, ip4, trace.LinkRaw},
		{"HTTP", 4, "474554", trace.LinkUnknown},
	}
	for _, tt := range tests {
		b, err := hex.DecodeString(strings.ReplaceAll(tt.hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := link(tt.kind, b); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Some drivers hand up frames that they decrypted with the Protected flag still set: nobody could read those.
func TestDecryptedFrames(t *testing.T) {
	const header = "0842 2400 200b742a72da 34f7169571ea 34f7169571e9 40e2 "
	for frame, want := range map[string]string{
		header + "aaaa03000000 0800 45": "0802", // what cleared the flag
		header + "a1b2c3d4e5f607084500": "0842", // still encrypted
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(frame, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		var p Packets
		var out trace.Record
		ev := packetEvent(eventPacket, packetHead(1, 0, 3, typeWiFi, 12, 1, 0, 0), string(b))
		if !p.Next(ev, &out) || out.Link != trace.LinkWiFi || hex.EncodeToString(out.Data[:2]) != want || len(out.Data) != len(b) {
			t.Errorf("%s: %x", frame, out.Data)
		}
		if cleared := want == "0802"; (len(out.Meta.Comments) == 1) != cleared || ev.Data[headerLen+1] != 0x42 {
			t.Errorf("%s: comments %q, event %x", frame, out.Meta.Comments, ev.Data[headerLen:headerLen+2])
		}
	}
}
