package cleartext

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
)

// Ports say which port of a server becomes which.
type Ports []portRule

// A portRule is for one port, or for any when from is 0; to is 0 for a port that stays.
type portRule struct{ from, to uint16 }

// UsualPorts are those of services whose protocols have another port without TLS (IANA, Service Name and Port Number Registry).
// That of the Remote Desktop Protocol is the same with and without.
const UsualPorts = "443:80,465:25,563:119,636:389,853:53,989:20,990:21,992:23,993:143,995:110,3269:3268,3389:keep,5061:5060,5223:5222,5671:5672,6697:6667,8443:8080,8883:1883"

// ParsePorts reads rules FROM:TO, separated by commas. FROM is a port or *, TO a port or keep. The first rule of a port holds; the usual ones come last.
func ParsePorts(text string) (p Ports, err error) {
	for part := range strings.SplitSeq(text+","+UsualPorts, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		from, to, ok := strings.Cut(part, ":")
		if !ok {
			return nil, fmt.Errorf("%q is not FROM:TO", part)
		}
		var r portRule
		if from != "*" {
			if r.from, err = port(from); err != nil {
				return nil, err
			}
		}
		if to != "keep" {
			if r.to, err = port(to); err != nil {
				return nil, err
			}
		}
		p = append(p, r)
	}
	return p, nil
}

func port(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no port", text)
	}
	return uint16(n), nil
}

// Of is what a port becomes that a protocol was found at: without a rule that of the protocol, so that programs that go by ports know it.
func (p Ports) Of(port uint16, found proto.ID) uint16 {
	for _, r := range p {
		if r.from == 0 || r.from == port {
			if r.to == 0 {
				return port
			}
			return r.to
		}
	}
	if found == proto.HTTP2 { // no port is its own: it begins as HTTP does
		found = proto.HTTP
	}
	if s := all.Stream(found); s != nil && len(s.Ports) > 0 && !slices.Contains(s.Ports, port) {
		return s.Ports[0]
	}
	return port
}
