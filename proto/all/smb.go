package all

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/nbss"
	"github.com/wiretale/wiretale/proto/smb2"
)

// maxChain bounds the messages of a compound: a packet has room for few layers.
const maxChain = 24

// SMBLayers yields the layers of a frame of the session service and of the
// messages of SMB in it: the protocol, where it begins in b, its length, and whether it stands beside the one before instead of inside it.
func SMBLayers(b []byte, yield func(id proto.ID, off, n int, beside bool)) {
	yield(proto.NBSS, 0, len(b), false)
	if len(b) < nbss.HeaderLen || b[0] != nbss.Message {
		return
	}
	at := nbss.HeaderLen
	switch smb2.KindOf(b[at:]) {
	case smb2.Version1:
		yield(proto.SMB, at, len(b)-at, false)
	case smb2.Encrypted:
		yield(proto.SMB2Transform, at, len(b)-at, false)
	case smb2.Compressed:
		yield(proto.SMB2Compressed, at, len(b)-at, false)
	case smb2.Plain:
		for i := range maxChain {
			n := smb2.Next(b[at:])
			if n == 0 {
				return
			}
			yield(proto.SMB2, at, n, i > 0)
			at += n
		}
	}
}
