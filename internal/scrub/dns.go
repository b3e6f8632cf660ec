package scrub

import "encoding/binary"

// DNS types whose data is an address or has names.
const (
	typeA, typeNS, typeCNAME, typeSOA, typePTR = 1, 2, 5, 6, 12
	typeMX, typeTXT, typeAAAA, typeSRV         = 15, 16, 28, 33
	typeDNAME, typeOPT                         = 39, 41
)

// dns replaces the names and addresses in a message (RFC 1035, 4). Labels keep their lengths, so pointers stay right.
func (s *Scrubber) dns(in, out []byte) {
	if len(in) < 12 {
		return
	}
	copy(out, in[:12])
	be := binary.BigEndian
	at := 12
	for section := range 4 {
		for range be.Uint16(in[4+2*section:]) {
			var ok bool
			if at, ok = s.dnsName(in, out, at); !ok {
				return
			}
			fixed := 10
			if section == 0 {
				fixed = 4
			}
			if at+fixed > len(in) {
				return
			}
			copy(out[at:], in[at:at+fixed])
			kind := be.Uint16(in[at:])
			at += fixed
			if section > 0 {
				n := int(be.Uint16(in[at-2:]))
				s.dnsData(kind, in, out, at, min(at+n, len(in)))
				at += n
			}
		}
	}
}

// dnsName replaces the name at a place and returns where it ends.
func (s *Scrubber) dnsName(in, out []byte, at int) (int, bool) {
	for at < len(in) {
		n := int(in[at])
		switch {
		case n == 0:
			s.counts["names"]++
			return at + 1, true
		case n >= 0xc0:
			if at+2 > len(in) {
				return at, false
			}
			copy(out[at:], in[at:at+2])
			s.counts["names"]++
			return at + 2, true
		case n > 63 || at+1+n > len(in):
			return at, false
		}
		out[at] = in[at]
		copy(out[at+1:at+1+n], s.secret.label(string(in[at+1:at+1+n])))
		at += 1 + n
	}
	return at, false
}

// dnsData writes what stays of the data of a record. Text and what is not known become zeros; the lengths in it stay.
func (s *Scrubber) dnsData(kind uint16, in, out []byte, at, end int) {
	in, b := in[:end], in[at:end]
	name := func(off int) int {
		to, ok := s.dnsName(in, out, min(at+off, end))
		if !ok {
			return end
		}
		return to
	}
	switch kind {
	case typeA, typeAAAA:
		s.address(b, out[at:end])
	case typeNS, typeCNAME, typePTR, typeDNAME:
		name(0)
	case typeMX:
		copy(out[at:end], b[:min(2, len(b))])
		name(2)
	case typeSRV:
		copy(out[at:end], b[:min(6, len(b))])
		name(6)
	case typeSOA:
		to := name(0)
		if to < end {
			at = to
			to = name(0)
		}
		if to+20 == end {
			copy(out[to:end], in[to:end])
		}
	case typeTXT:
		for k := 0; k < len(b); k += 1 + int(b[k]) {
			out[at+k] = b[k]
		}
	case typeOPT:
		for k := 0; k+4 <= len(b); k += 4 + int(binary.BigEndian.Uint16(b[k+2:])) {
			copy(out[at+k:], b[k:k+4])
		}
	}
}
