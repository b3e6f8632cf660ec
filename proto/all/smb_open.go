package all

import (
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/nbss"
	"github.com/wiretale/wiretale/proto/smb2"
)

// maxNested bounds the messages inside one another: a compressed one in an encrypted one is the most that there is.
const maxNested = 2

// Unlock gives the keys of sessions.
func (f *frames) Unlock(s proto.Secrets) { f.secrets = s }

// Whole holds for frames whose message can be opened, or whose signature can be verified.
func (f *frames) Whole(p *proto.Piece) bool {
	if len(p.Data) < nbss.HeaderLen {
		return false
	}
	switch b := p.Data[nbss.HeaderLen:]; smb2.KindOf(b) {
	case smb2.Encrypted:
		return f.secrets != nil
	case smb2.Compressed:
		return true
	case smb2.Plain:
		var m smb2.Message
		return f.secrets != nil && m.Decode(b) && m.Flags&smb2.Signed != 0
	}
	return false
}

func (f *frames) keys() *smb2.Channel {
	if f.channel == nil {
		f.channel = smb2.NewChannel(f.secrets)
	}
	return f.channel
}

// learn takes what a message says of keys, and looks at its signature.
func (f *frames) learn(u *proto.Unit, l *proto.UnitLayer) {
	if f.secrets == nil { // before there is a message to keep
		return
	}
	b := u.Bytes(l)
	var m smb2.Message
	if !m.Decode(b) {
		return
	}
	whole := len(b) == l.Len
	f.keys().Learn(u.Dir, &m, whole)
	if whole {
		f.keys().Verify(&m, u.Room).Noted(&l.Note)
	}
}

// decrypt opens the encrypted message in a layer, and adds those that are in it.
func (f *frames) decrypt(u *proto.Unit, i int) {
	l := &u.Layers[i]
	if len(u.Opened) >= maxNested {
		f.connection().Missed()
		return
	}
	b := u.Bytes(l)
	text, why := f.keys().Open(u.Dir, b, l.Len, u.Room)
	opened := why == smb2.NotClosed
	smb2.NoteOpened(&l.Note, opened, why)
	f.connection().Sealed(l, b, opened)
	var h smb2.TransformHeader
	if h.Decode(b) {
		u.Locks = append(u.Locks, proto.Lock{ID: proto.SMB2Transform, Of: h.Session, Why: why.String()})
	}
	if opened {
		f.inside(u, u.Open(text, "decrypted"), len(text))
	}
}

// decompress does the same for a compressed message. Of one that is damaged there is what comes before the damage.
func (f *frames) decompress(u *proto.Unit, i int) {
	l := &u.Layers[i]
	if len(u.Opened) >= maxNested {
		f.connection().Missed()
		return
	}
	b := u.Bytes(l)
	size, ok := smb2.CompressedSize(b)
	text, err := smb2.Decompress(b, u.Room)
	opened := err == nil || len(text) >= smb2.HeaderLen
	damage := smb2.NotClosed
	if err != nil {
		damage = smb2.NotAMessage
		f.connection().Missed()
	}
	smb2.NoteOpened(&l.Note, opened, damage)
	if ok && opened {
		f.inside(u, u.Open(text, "decompressed"), int(size))
	}
}

// inside adds the messages in what was opened, n bytes long when nothing is missing.
func (f *frames) inside(u *proto.Unit, in, n int) {
	messages(u.Opened[in-1].Data, 0, n, func(l proto.UnitLayer) {
		l.In, l.Beside = in, true
		u.Layers = append(u.Layers, l)
	})
}
