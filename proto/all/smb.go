package all

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/nbss"
	"github.com/wiretale/wiretale/proto/smb"
	"github.com/wiretale/wiretale/proto/smb2"
)

// The session service of NetBIOS and SMB over TCP directly differ in how long a frame may be.
var (
	sessionService = proto.Stream{ID: proto.NBSS, Ports: []uint16{nbss.Port}, Resumes: true, New: func() proto.Session { return &frames{} }}
	directTCP      = proto.Stream{ID: proto.NBSS, Ports: []uint16{nbss.DirectPort}, Resumes: true, New: func() proto.Session { return &frames{direct: true} }}
)

// frames cut a connection into frames of the session service. Messages of SMB lie in them whole.
type frames struct {
	direct  bool
	smb2    *smb2.Connection // nil before the first message
	smb     *smb.Connection
	secrets proto.Secrets
	channel *smb2.Channel              // nil before it is asked
	pipes   proto.Table[uint32, *pipe] // by their numbers
}

// Extent is one frame. What begins with none is a continuation: the rest of a
// frame whose begin was not captured, up to the next message that can be found, or as far as the segment goes.
func (f *frames) Extent(p *proto.Piece) proto.Extent {
	switch n := nbss.Extent(p.Data, f.direct); {
	case n > 0:
		return proto.Extent(n)
	case n == 0 && p.Len < nbss.HeaderLen:
		return proto.More
	case len(p.Data) == 0: // not captured
		return proto.NotThis
	}
	if n := nextFrame(p.Data); n > 0 {
		return proto.Extent(n)
	}
	return proto.Extent(p.Len)
}

func (f *frames) Unit(u *proto.Unit) {
	if f.smb2 != nil && !u.Rest && (u.Gap || len(u.Data) < min(u.Len, nbss.HeaderLen+smb2.HeaderLen)) {
		f.smb2.Missed()
	}
	if u.Rest || nbss.Extent(u.Data, f.direct) <= 0 {
		u.Layers = append(u.Layers, proto.UnitLayer{ID: proto.NBSSContinuation, Len: u.Len})
		return
	}
	SMBLayers(u.Data, u.Len, func(l proto.UnitLayer) { u.Layers = append(u.Layers, l) })
	for i := 0; i < len(u.Layers); i++ { // what is opened adds some
		f.message(u, i)
	}
}

// message takes in the message in a layer of a unit.
func (f *frames) message(u *proto.Unit, i int) {
	switch l := &u.Layers[i]; l.ID {
	case proto.SMB2:
		f.connection().Message(u, i, u.Bytes(l))
		f.learn(u, l)
		f.called(u, i)
	case proto.SMB:
		f.version1(u, i, u.Bytes(l))
	case proto.SMB2Transform:
		f.decrypt(u, i)
	case proto.SMB2Compressed:
		f.decompress(u, i)
	}
}

// version1 takes in a message of SMB 1. When version 2 is negotiated with it, the connection is that of version 2 from there on.
func (f *frames) version1(u *proto.Unit, i int, b []byte) {
	if f.smb == nil {
		f.smb = smb.NewConnection()
	}
	f.smb.Message(u, i, b)
	if t := &u.Turns; len(*t) > 0 && (*t)[len(*t)-1].Kind == proto.Tell && len(b) > 4 && b[4] == smb.Negotiate {
		f.connection().Upgraded()
	}
}

func (f *frames) connection() *smb2.Connection {
	if f.smb2 == nil {
		f.smb2, f.pipes = smb2.NewConnection(), proto.NewTable[uint32, *pipe](maxPipes, roomPipes)
	}
	return f.smb2
}

// maxChain bounds the messages of a compound: a packet has room for few layers.
const maxChain = 24

// SMBLayers yields the layers of a frame of the session service and of the messages of SMB in it. b is what was captured of the frame's n bytes.
func SMBLayers(b []byte, n int, yield func(proto.UnitLayer)) {
	yield(proto.UnitLayer{ID: proto.NBSS, Len: n, Head: nbss.HeaderLen})
	if len(b) < nbss.HeaderLen || b[0] != nbss.Message {
		return
	}
	messages(b, nbss.HeaderLen, n, yield)
}

// messages yields the layers of the messages of SMB from at on in n bytes, of which b was captured.
func messages(b []byte, at, n int, yield func(proto.UnitLayer)) {
	switch smb2.KindOf(b[at:]) {
	case smb2.Version1:
		yield(proto.UnitLayer{ID: proto.SMB, Off: at, Len: n - at})
	case smb2.Encrypted:
		yield(proto.UnitLayer{ID: proto.SMB2Transform, Off: at, Len: n - at})
	case smb2.Compressed:
		yield(proto.UnitLayer{ID: proto.SMB2Compressed, Off: at, Len: n - at})
	case smb2.Plain:
		for i := range maxChain {
			length := smb2.Next(b[at:])
			if length == 0 {
				return
			}
			if at+length == len(b) { // the last, which the capture may have cut
				length = n - at
			}
			yield(proto.UnitLayer{ID: proto.SMB2, Off: at, Len: length, Head: smb2.HeaderLen, Beside: i > 0})
			if at += length; at >= len(b) {
				return
			}
		}
	}
}
