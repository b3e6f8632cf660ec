package scrub

import (
	"bytes"
	"encoding/binary"

	"github.com/wiretale/wiretale/internal/packet"
)

// Places in a message of DHCP in bytes (RFC 2131, 2), and what its options begin with.
const (
	dhcpAddresses = 12 // of the client, of the client to be, of the next server, of the relay
	dhcpHardware  = 28
	dhcpServer    = 44
	dhcpFile      = 108
	dhcpMagic     = 236
	dhcpOptions   = dhcpMagic + 4
	magic         = 0x63825363
)

// isDHCP reports whether the payload of a datagram is a message of DHCP.
func isDHCP(p *packet.Packet) bool {
	ports := p.SrcPort == 67 || p.SrcPort == 68 || p.DstPort == 67 || p.DstPort == 68
	return ports && len(p.Payload) >= dhcpOptions && binary.BigEndian.Uint32(p.Payload[dhcpMagic:]) == magic
}

// A dhcpKind is what an option holds (RFC 2132, RFC 3046, RFC 3397, RFC 3442, RFC 4702).
type dhcpKind uint8

const (
	dhcpUnknown dhcpKind = iota // zeros
	dhcpPlain                   // says nothing of anybody
	dhcpAddress
	dhcpText
	dhcpClientID
	dhcpFQDN
	dhcpDomains
	dhcpRoutes
	dhcpNested // options in the option: their values become zeros
)

var dhcpKinds = func() (k [256]dhcpKind) {
	for kind, options := range map[dhcpKind][]byte{
		dhcpPlain:   {1, 2, 13, 19, 20, 22, 23, 24, 25, 26, 27, 29, 30, 31, 34, 35, 36, 37, 38, 39, 46, 51, 52, 53, 55, 57, 58, 59, 108, 116},
		dhcpAddress: {3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 21, 28, 32, 33, 41, 42, 44, 45, 48, 49, 50, 54, 65, 68, 69, 70, 71, 72, 73, 74, 75, 76, 85, 118, 150},
		dhcpText:    {12, 14, 15, 17, 18, 40, 47, 56, 60, 62, 64, 66, 67, 86, 87, 100, 101},
		dhcpNested:  {43, 82}, dhcpClientID: {61}, dhcpFQDN: {81}, dhcpDomains: {119}, dhcpRoutes: {121, 249},
	} {
		for _, o := range options {
			k[o] = kind
		}
	}
	return k
}()

// dhcp keeps the shape of a message: kinds of it and of its options, lengths, times, the number of the transaction. Addresses and names are replaced.
func (s *Scrubber) dhcp(in, out []byte) {
	copy(out[:dhcpAddresses], in)
	for at := dhcpAddresses; at < dhcpHardware; at += 4 {
		s.address(in[at:at+4], out[at:at+4])
	}
	if in[1] == 1 && in[2] == 6 { // Ethernet
		s.secret.MAC(out[dhcpHardware:dhcpHardware+6], in[dhcpHardware:dhcpHardware+6])
		s.counts["link-layer addresses"]++
	}
	s.untilZero(in[dhcpServer:dhcpFile], out[dhcpServer:dhcpFile])
	s.untilZero(in[dhcpFile:dhcpMagic], out[dhcpFile:dhcpMagic])
	copy(out[dhcpMagic:dhcpOptions], in[dhcpMagic:])
	for at := dhcpOptions; at < len(in); {
		kind := in[at]
		out[at] = kind
		if at++; kind == 0 {
			continue
		}
		if kind == 255 || at == len(in) {
			break
		}
		n := int(in[at])
		out[at] = in[at]
		at++
		end := min(at+n, len(in))
		s.dhcpOption(dhcpKinds[kind], in[at:end], out[at:end])
		at = end
	}
	s.counts["messages of DHCP"]++
}

// untilZero replaces the words of a text that a zero ends.
func (s *Scrubber) untilZero(in, out []byte) {
	if n := bytes.IndexByte(in, 0); n > 0 {
		s.secret.words(out[:n], in[:n])
	}
}

// dhcpOption writes what stays of the value of an option.
func (s *Scrubber) dhcpOption(kind dhcpKind, in, out []byte) {
	switch kind {
	case dhcpPlain:
		copy(out, in)
	case dhcpAddress:
		for at := 0; at+4 <= len(in); at += 4 {
			s.address(in[at:at+4], out[at:at+4])
		}
	case dhcpText:
		s.secret.words(out, in)
	case dhcpClientID:
		if len(in) == 7 && in[0] == 1 {
			out[0] = in[0]
			s.secret.MAC(out[1:], in[1:])
		}
	case dhcpFQDN:
		const fixed, wire = 3, 4 // flags and two codes; the flag for names as DNS has them
		if len(in) < fixed {
			return
		}
		if copy(out, in[:fixed]); in[0]&wire != 0 {
			s.dnsName(in, out, fixed)
			return
		}
		s.secret.words(out[fixed:], in[fixed:])
	case dhcpDomains:
		for at, ok := 0, true; ok && at < len(in); {
			at, ok = s.dnsName(in, out, at)
		}
	case dhcpRoutes: // bits, as many bytes of the network as they need, and the router
		for at := 0; at < len(in); {
			n := 1 + (int(in[at])+7)/8
			if n > 5 || at+n+4 > len(in) {
				return
			}
			out[at] = in[at]
			var network [4]byte
			copy(network[:], in[at+1:at+n])
			s.address(network[:], network[:])
			copy(out[at+1:at+n], network[:])
			s.address(in[at+n:at+n+4], out[at+n:at+n+4])
			at += n + 4
		}
	case dhcpNested:
		for at := 0; at+2 <= len(in); at += 2 + int(in[at+1]) {
			copy(out[at:], in[at:at+2])
		}
	}
}
