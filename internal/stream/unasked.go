package stream

import (
	"slices"

	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tls"
)

// asksTLS reports whether a direction goes over to TLS at a chunk that its protocol does not take: with a hello of the client, behind what the same
// side said in clear. That the protocol did not say so first has two reasons: the capture has not the answer to STARTTLS, or the greeting
// looked like that of another protocol.
func (a *Applications) asksTLS(t *talk, dir int, c *chunk) bool {
	return t.stream != nil && t.stream.ID != proto.TLS && t.dir[dir].taken > 0 && isClientHello(c.data) && a.choice.takes(&tls.Stream, a.secrets)
}

// isClientHello reports whether bytes begin a ClientHello for sure (RFC 8446, 5.1 and 4.1.2): header of the record, of the message, and the version in it.
func isClientHello(b []byte) bool {
	const header, message = 5, 4
	return len(b) > header+message && b[0] == tls.Handshake && tls.Looks(b) && b[header] == tls.ClientHello && b[header+1] == 0 && b[header+message] == 3
}

// overUnasked lets a connection go over to TLS. What it was goes on inside where the port says that it was that for sure.
func (a *Applications) overUnasked(t *talk) {
	was := t.stream
	a.release(t)
	t.again = nil
	if slices.Contains(was.Ports, a.packet.SrcPort) || slices.Contains(was.Ports, a.packet.DstPort) {
		t.again = was
	}
	t.stream, t.session = a.goOver(proto.TLS)
	t.over, t.port = &proto.UnitLayer{}, 0
}
