package redact

import "encoding/binary"

// Types of packets ([MS-TDS] 2.2.3.1.1) and where the login has what lets somebody in (2.2.6.4), from its first byte.
const (
	packetHead   = 8
	typeFedAuth  = 0x08
	typeLogin7   = 0x10
	typeSSPI     = 0x11
	lastPacket   = 0x01
	loginFixed   = 94
	atPassword   = 44
	atExtension  = 56
	atSSPI       = 78
	atChange     = 86
	atFlags3     = 27
	hasExtension = 0x10
	featureAuth  = 0x02 // FEDAUTH
	featuresEnd  = 0xff
	maxFeatures  = 64
)

// A loginTDS is a login that goes on in the next packet.
type loginTDS struct {
	going bool
	at    int    // bytes of it that went by
	parts []part // to blank
}

// A part of a login is blanked, as a password is hidden there or as it is.
type part struct {
	span
	hidden bool
}

// tds looks through a packet.
func (s *Session) tds(b []byte) {
	if len(b) < packetHead {
		return
	}
	body := b[packetHead:]
	switch b[0] {
	case typeSSPI:
		s.blank(packetHead, len(body))
	case typeFedAuth:
		s.blank(packetHead, len(body))
	case typeLogin7:
		l := &s.login
		if !l.going {
			*l = loginTDS{parts: loginParts(body)}
		}
		for _, p := range l.parts {
			from, to := max(p.from-l.at, 0), min(p.to-l.at, len(body))
			if from >= to {
				continue
			}
			if !p.hidden {
				s.blank(packetHead+from, to-from)
				continue
			}
			with := make([]byte, to-from)
			for i := range with { // an x in UTF-16, as the client hides it (2.2.6.4)
				with[i] = [2]byte{0x22, 0xa5}[(l.at+from+i-p.from)&1]
			}
			s.put(packetHead+from, with)
		}
		l.at += len(body)
		l.going = b[1]&lastPacket == 0
	}
}

// loginParts are where a login has credentials. Lengths are counted in characters, but for that of SSPI.
func loginParts(b []byte) (list []part) {
	if len(b) < loginFixed {
		return []part{{span{0, 1 << 20}, false}} // cut before it says where: nothing of it is shown
	}
	at := func(i int) (off, n int) {
		return int(binary.LittleEndian.Uint16(b[i:])), int(binary.LittleEndian.Uint16(b[i+2:]))
	}
	for _, i := range []int{atPassword, atChange} {
		off, n := at(i)
		list = append(list, part{span{off, off + 2*n}, true})
	}
	off, n := at(atSSPI)
	if n == 0xffff {
		n = int(min(binary.LittleEndian.Uint32(b[atChange+4:]), 1<<20))
	}
	list = append(list, part{span{off, off + n}, false})
	if off, n := at(atExtension); b[atFlags3]&hasExtension != 0 && n >= 4 && off+4 <= len(b) {
		list = append(list, features(b, int(min(binary.LittleEndian.Uint32(b[off:]), 1<<20)))...)
	}
	return list
}

// features are the tokens among the features that a login asks for.
func features(b []byte, at int) (list []part) {
	for range maxFeatures {
		if at+5 > len(b) || b[at] == featuresEnd {
			return list
		}
		n := int(min(binary.LittleEndian.Uint32(b[at+1:]), 1<<20))
		if b[at] == featureAuth {
			list = append(list, part{span{at + 6, at + 5 + n}, false})
		}
		at += 5 + n
	}
	return list
}
