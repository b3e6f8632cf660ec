package dcerpc

import (
	"bytes"
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// PortTerm is a port of TCP that an endpoint mapper names.
const PortTerm = "epm.proto.tcp_port"

const (
	mapper       = "EPMv4"
	mapOperation = 3 // ept_map
	maxPorts     = 8
)

// tcpFloor begins the floor of a tower that names a port of TCP, and hostFloor the one behind it that names the host (C706, appendix L): length of
// the protocol's part, its number, length of the address, all little-endian whatever the unit is. The address is big-endian.
var tcpFloor, hostFloor = []byte{1, 0, 7, 2, 0}, []byte{1, 0, 9, 4, 0}

// ports are those of TCP in the towers that a response of an endpoint mapper brings. Towers are found by their floors: what is around them depends on the transfer syntax.
func ports(b []byte, note *field.Note) (out []proto.Term) {
	s, operation, ok := Of(note)
	if !ok || operation != mapOperation {
		return nil
	}
	if known := s.Interface(); known == nil || known.Name != mapper {
		return nil
	}
	const portLen = 2
	for len(out) < maxPorts {
		i := bytes.Index(b, tcpFloor)
		if i < 0 {
			break
		}
		b = b[i+len(tcpFloor):]
		if len(b) < portLen || !bytes.HasPrefix(b[portLen:], hostFloor) {
			continue
		}
		if port := binary.BigEndian.Uint16(b); port != 0 {
			out = append(out, proto.Term{Name: PortTerm, Value: uint64(port)})
		}
	}
	return out
}
