package pcapng

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"github.com/wiretale/wiretale/trace"
)

// Record types of a name resolution block (draft, 4.5).
const (
	nameEnd  = 0
	nameIPv4 = 1
	nameIPv6 = 2
)

// maxNames bounds the list of names that is kept.
const maxNames = 1 << 16

// names decodes a name resolution block: records of type u16, length u16, an address and names that each end with a NUL, padded to four bytes; then options.
func (r *Reader) names(body []byte, rec *trace.Record) {
	rec.Kind, rec.Data = trace.Names, body
	var said []string
	for b := body; len(b) >= 4; {
		kind, n := r.order.Uint16(b), int(r.order.Uint16(b[2:]))
		if kind == nameEnd || n > len(b)-4 {
			break
		}
		if name, ok := nameRecord(kind, b[4:4+n]); ok {
			said = append(said, name.Address+" "+strings.Join(name.Names, " "))
			if len(r.info.Names) < maxNames {
				r.info.Names = append(r.info.Names, name)
			}
		}
		b = b[min(4+(n+3)&^3, len(b)):]
	}
	rec.Text = clip(said, "no names")
}

func nameRecord(kind uint16, v []byte) (trace.Name, bool) {
	size := map[uint16]int{nameIPv4: 4, nameIPv6: 16}[kind]
	if size == 0 || len(v) < size {
		return trace.Name{}, false
	}
	addr, _ := netip.AddrFromSlice(v[:size])
	name := trace.Name{Address: addr.String()}
	for part := range bytes.SplitSeq(v[size:], []byte{0}) {
		if len(part) > 0 {
			name.Names = append(name.Names, string(part))
		}
	}
	return name, len(name.Names) > 0
}

// maxSaid bounds what the text of a block lists.
const maxSaid = 8

func clip(said []string, none string) string {
	switch {
	case len(said) == 0:
		return none
	case len(said) > maxSaid:
		return fmt.Sprintf("%s and %d more", strings.Join(said[:maxSaid], ", "), len(said)-maxSaid)
	}
	return strings.Join(said, ", ")
}

// secretTypes are the registered types of secrets (draft, 4.7); each is four letters.
var secretTypes = map[uint32]string{
	0x544c534b: "TLS key log", 0x5353484b: "SSH key log", 0x57474b4c: "WireGuard key log", 0x5a4e574b: "ZigBee network key", 0x5a415053: "ZigBee APS key",
	0x55414b4c: "OPC UA key log",
}

// secretText describes key material without showing it.
func secretText(kind uint32, data []byte) trace.Secret {
	s := trace.Secret{Type: secretTypes[kind], Bytes: int64(len(data))}
	if s.Type == "" {
		s.Type = fmt.Sprintf("secrets of type 0x%08x", kind)
	}
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			s.Lines++
		}
	}
	return s
}

// statisticsText says what an interface statistics block counts.
func statisticsText(i *trace.Interface) string {
	s := fmt.Sprintf("interface %d", i.ID)
	for _, c := range []struct {
		name string
		n    int64
	}{{"received", i.Received}, {"dropped by the interface", i.IfDrop}, {"accepted by the filter", i.Accepted}, {"dropped by the system", i.OSDrop}, {"delivered", i.Delivered}} {
		if c.n >= 0 {
			s += fmt.Sprintf(", %d %s", c.n, c.name)
		}
	}
	return s
}
