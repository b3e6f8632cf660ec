package dns

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Types of records that are treated apart (IANA, "Domain Name System (DNS) Parameters").
const (
	TypeA       = 1
	TypeNS      = 2
	TypeCNAME   = 5
	TypeSOA     = 6
	TypeWKS     = 11
	TypePTR     = 12
	TypeHINFO   = 13
	TypeMX      = 15
	TypeTXT     = 16
	TypeSIG     = 24
	TypeAAAA    = 28
	TypeNXT     = 30
	TypeSRV     = 33
	TypeNAPTR   = 35
	TypeKX      = 36
	TypeDNAME   = 39
	TypeOPT     = 41
	TypeDS      = 43
	TypeRRSIG   = 46
	TypeNSEC    = 47
	TypeDNSKEY  = 48
	TypeNSEC3   = 50
	TypeCDS     = 59
	TypeCDNSKEY = 60
	TypeCSYNC   = 62
	TypeSVCB    = 64
	TypeHTTPS   = 65
	TypeSPF     = 99
	TypeCAA     = 257
	TypeDLV     = 32769
	TypeWINSR   = 65282
)

// A shape says what a summary shows of a record behind its type.
type shape uint8

const (
	nothing    shape = iota
	owner            // the name that the record belongs to
	address4         // an IPv4 address
	address6         // an IPv6 address
	target           // a name
	preferred        // a number and a name
	service          // three numbers and a name
	twoStrings       // two counted strings
	replaced         // NAPTR: two numbers and the flags
	winsReply        // three numbers of four bytes, which are not shown, and a name
)

// shapes are those of Wireshark's Info column.
var shapes = map[uint16]shape{
	TypeA: address4, TypeWKS: address4, TypeAAAA: address6, TypeNS: target, TypeCNAME: target, TypeSOA: target, TypePTR: target, TypeDNAME: target,
	TypeNXT: target, TypeNSEC: target, TypeMX: preferred, TypeKX: preferred, TypeSRV: service, TypeHINFO: twoStrings, TypeNAPTR: replaced, TypeWINSR: winsReply,
	3: owner, 4: owner, 7: owner, 8: owner, 9: owner, 10: owner, 14: owner, 17: owner, 18: owner, 19: owner, 20: owner, 21: owner, 22: owner, 23: owner,
	26: owner, 27: owner, 42: owner, 49: owner, 51: owner, 52: owner, 55: owner,
}

// AppendData appends the data of a record as a summary shows it, each value
// behind a space; most types show nothing. It reports false when the data ends too early.
func AppendData(dst []byte, m *Message, r *Record) ([]byte, bool) {
	s := shapes[r.Type]
	if r.Said == 0 || s == nothing {
		return dst, true
	}
	if r.DataLen < r.Said {
		return dst, false
	}
	b := m.Bytes[r.Data : r.Data+r.DataLen]
	switch s {
	case owner:
		return spaced(dst, m, r.Off)
	case address4:
		if len(b) < 4 {
			return dst, false
		}
		return netip.AddrFrom4([4]byte(b)).AppendTo(append(dst, ' ')), true
	case address6:
		if len(b) < 16 {
			return dst, false
		}
		return netip.AddrFrom16([16]byte(b)).AppendTo(append(dst, ' ')), true
	case target:
		return spaced(dst, m, r.Data)
	case preferred:
		return numbersAndName(dst, m, r, 1)
	case service:
		return numbersAndName(dst, m, r, 3)
	case winsReply:
		return spaced(dst, m, r.Data+12)
	case replaced:
		if len(b) < 5 {
			return dst, false
		}
		return appendStrings(numbers(dst, b, 2), b[4:], 1)
	}
	return appendStrings(dst, b, 2)
}

// spaced appends a name behind a space, nothing where there is none.
func spaced(dst []byte, m *Message, off int) ([]byte, bool) {
	text, ok := AppendName(append(dst, ' '), m.Bytes, off)
	if !ok {
		return dst, false
	}
	return text, true
}

func numbersAndName(dst []byte, m *Message, r *Record, n int) ([]byte, bool) {
	if r.DataLen < 2*n {
		return dst, false
	}
	text, ok := spaced(numbers(dst, m.Bytes[r.Data:], n), m, r.Data+2*n)
	if !ok {
		return dst, false
	}
	return text, true
}

// numbers appends n numbers of two bytes.
func numbers(dst, b []byte, n int) []byte {
	for i := range n {
		dst = strconv.AppendUint(append(dst, ' '), uint64(binary.BigEndian.Uint16(b[2*i:])), 10)
	}
	return dst
}

// appendStrings appends n strings, each with its length before it (RFC 1035, 3.3).
func appendStrings(dst, b []byte, n int) ([]byte, bool) {
	for range n {
		if len(b) == 0 || 1+int(b[0]) > len(b) {
			return dst, false
		}
		end := 1 + int(b[0])
		dst = appendText(append(dst, ' '), b[1:end])
		b = b[end:]
	}
	return dst, true
}

// listed yields the types in the list of a record, each with the offset of the byte that has its bit (RFC 4034,
// 4.1.2): blocks of a window number, a length, and bits from the highest on. It reports false when yield does.
func listed(m *Message, r *Record, yield func(off int, t uint16) bool) bool {
	b := m.Bytes[:r.Data+r.DataLen]
	at := listStart(m, r)
	for at > r.Data && at+2 <= len(b) {
		window, end := uint16(b[at])<<8, at+2+int(b[at+1])
		if end > len(b) {
			return true
		}
		for i := range b[at+2 : end] {
			for bit := range 8 {
				off := at + 2 + i
				if b[off]&(0x80>>bit) != 0 && !yield(off, window|uint16(8*i+bit)) {
					return false
				}
			}
		}
		at = end
	}
	return true
}

// listStart is where the list of types begins in a record that has one; 0 in any other.
func listStart(m *Message, r *Record) int {
	b := m.Bytes[:r.Data+r.DataLen]
	switch r.Type {
	case TypeNSEC:
		if n := NameLen(b, r.Data); n > 0 {
			return r.Data + n
		}
	case TypeNSEC3: // algorithm, flags, iterations, salt and hash with their lengths (RFC 5155, 3.2)
		hash := r.Data + 4
		if hash < len(b) {
			hash += 1 + int(b[hash])
		}
		if hash < len(b) {
			return hash + 1 + int(b[hash])
		}
	case TypeCSYNC: // serial and flags (RFC 7477, 2.1.1)
		return r.Data + 6
	}
	return 0
}
