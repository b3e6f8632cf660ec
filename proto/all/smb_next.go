package all

import (
	"bytes"

	"github.com/wiretale/wiretale/proto/nbss"
	"github.com/wiretale/wiretale/proto/smb2"
)

// begins is what a header of SMB 2 begins with: the magic and the length of the header.
var begins = []byte("\xfeSMB\x40\x00")

// nextFrame is where the first frame with a message of SMB 2 begins in b, behind its first byte; 0 when none is found. It is
// for bytes that begin in the middle of a message: what looks like a header may be in a file that is being
// copied, so the header must be one that a message can have, and the frame must end with b, beyond it, or where another one begins.
func nextFrame(b []byte) int {
	for at := 1; ; at++ {
		i := bytes.Index(b[min(at+nbss.HeaderLen, len(b)):], begins)
		if i < 0 {
			return 0
		}
		at += i
		if plausible(b[at:]) {
			return at
		}
	}
}

// flags are those that a header may have ([MS-SMB2] 2.2.1).
const flags = smb2.Response | smb2.Async | smb2.Related | smb2.Signed | 0x70 | smb2.DFS | smb2.Replay

// plausible reports whether the frame that b begins with can be one of SMB 2.
func plausible(b []byte) bool {
	var h nbss.Header
	var m smb2.Message
	if !h.Decode(b, true) || h.Type != nbss.Message || h.Len < smb2.HeaderLen+2 || !m.Decode(b[nbss.HeaderLen:]) {
		return false
	}
	if m.Command > smb2.OplockBreak || m.Flags&^flags != 0 || m.Next%8 != 0 || int64(m.Next) >= int64(h.Len) {
		return false
	}
	end := nbss.HeaderLen + h.Len
	if end+nbss.HeaderLen > len(b) {
		return true
	}
	next := b[end:]
	return h.Decode(next, true) && (len(next) < nbss.HeaderLen+4 || h.Type != nbss.Message || smb2.KindOf(next[nbss.HeaderLen:]) != smb2.None)
}
