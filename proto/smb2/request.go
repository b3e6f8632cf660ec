package smb2

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/proto"
)

// An exchange is what a message asked that is not answered.
type exchange struct {
	command      uint16
	class, level uint8 // of information
	cancelled    bool
	session      uint64
	tree         uint32
	offset, size int64
	name         string   // what the turns are about
	pattern      string   // of a QUERY_DIRECTORY; the share of a TREE_CONNECT; what a file is renamed to
	open         *open    // that it is about, or that it creates; nil when there is none
	texts        []string // of who authenticates, of the session set-up; of the layer, of a QUERY_DIRECTORY
}

// take is an exchange to fill. Those that are over are used again: a connection that reads does not allocate.
func (c *Connection) take() *exchange {
	if n := len(c.spare); n > 0 {
		r := c.spare[n-1]
		c.spare = c.spare[:n-1]
		return r
	}
	return new(exchange)
}

func (c *Connection) give(r *exchange) {
	if *r = (exchange{}); len(c.spare) < mostSpare {
		c.spare = append(c.spare, r)
	}
}

// ask takes in a request.
func (c *Connection) ask(u *proto.Unit, l *proto.UnitLayer, t *proto.Turn) {
	m := &c.message
	c.charge(m)
	t.Kind = proto.Ask
	tree, texts := c.base(l, m)
	if m.Command == Cancel { // it has the id of what it cancels, and no answer
		t.Kind = proto.Tell
		if r, ok := c.asked.Get(m.ID); ok {
			r.cancelled = true
			t.Name = r.name
		}
		return
	}
	r := c.take()
	*r = exchange{command: m.Command, session: m.Session, tree: m.Tree, offset: absent, size: absent}
	switch m.Command {
	case TreeConnect:
		c.askTree(r)
	case Create:
		c.askCreate(r, tree, texts)
	case SessionSetup:
		if r.texts = c.account(m); r.texts != nil { // who it is is known before the server agrees
			c.sessions.Put(m.Session, &session{frame: u.Frame, texts: r.texts})
		}
	default:
		c.askFile(r, l, tree, texts)
	}
	t.Name, t.Offset, t.Size, t.Waits = r.name, r.offset, r.size, waits(m, r, tree)
	if c.chain.open = r.open; m.ID == noMessage {
		c.give(r)
		return
	}
	if old, ok := c.asked.Get(m.ID); ok { // its answer was not seen
		c.asked.Drop(m.ID)
		c.give(old)
	}
	c.asked.Put(m.ID, r)
}

func (c *Connection) askTree(r *exchange) {
	path, _ := c.message.Name()
	r.name = c.names.join("", path)
	r.pattern = r.name
}

// askCreate begins an open file, which the other messages of the compound are about.
func (c *Connection) askCreate(r *exchange, t *tree, texts []string) {
	wide, ok := c.message.Name()
	r.open = &open{number: c.count(), adrift: t == nil, known: ok, pipe: t != nil && t.kind == sharePipe, full: c.full(t, wide)}
	r.open.texts = withText(texts, TextFile, c.names.join("", wide))
	r.name = r.open.full
}

// sharePipe is the type of the share that has pipes instead of files ([MS-SMB2] 2.2.10).
const sharePipe = 2

// full is the name of a file behind the path of its share.
func (c *Connection) full(t *tree, wide []byte) string {
	if t == nil {
		return c.names.join("", wide)
	}
	return c.names.join(t.path, wide)
}

// askFile is a request about an open file, or about none.
func (c *Connection) askFile(r *exchange, l *proto.UnitLayer, t *tree, texts []string) {
	m := &c.message
	r.open = c.openOf(m, t)
	if o := r.open; o != nil {
		r.name = o.full
		if m.FileID() != nil && [16]byte(m.FileID()) != sameFile {
			nameFile(l, o)
		}
	}
	r.offset, r.size = extentOf(m)
	c.carry(r.open)
	switch m.Command {
	case QueryInfo, SetInfo:
		r.class, r.level, _ = m.Info()
		if wide := m.renamed(); wide != nil {
			r.pattern = c.names.join("", wide)
		}
	case QueryDirectory:
		wide, _ := m.Name()
		r.level, _ = m.Level()
		r.pattern = c.names.join("", wide)
		r.texts = withText(texts, TextPattern, r.pattern)
	}
}

// openOf is the open file that a message is about, nil when it is about none. One that was opened before the capture goes by its id.
func (c *Connection) openOf(m *Message, t *tree) *open {
	id := m.FileID()
	if id == nil {
		return nil
	}
	key := fileKey{treeKey{m.Session, m.Tree}, [16]byte(id)}
	if key.id == sameFile {
		return c.chain.open
	}
	if o, ok := c.files.Get(key); ok {
		return o
	}
	o := &open{number: c.count(), adrift: t == nil, key: key, pipe: t != nil && t.kind == sharePipe, full: guidText(id)}
	if t != nil {
		o.full = t.path + `\` + o.full
	}
	c.files.Put(key, o)
	return o
}

// guidText is a file id as Wireshark prints it.
func guidText(id []byte) string {
	const digits = "0123456789abcdef"
	order := [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}
	b := make([]byte, 0, 36)
	for i, at := range order {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, digits[id[at]>>4], digits[id[at]&15])
	}
	return string(b)
}

// nameFile notes the name of the file that the message's file id stands for.
func nameFile(l *proto.UnitLayer, o *open) {
	if o.known {
		l.Note[noteFlags] |= noteNamed
		l.Texts = o.texts
	}
}

// extentOf are where a request begins in the file and how many bytes it is about, absent where that has no meaning.
func extentOf(m *Message) (offset, size int64) {
	offset, size = absent, absent
	if off, n, ok := m.Range(); ok {
		return int64(min(off, 1<<63-1)), int64(n)
	}
	if at := asks[min(int(m.Command), len(asks)-1)]; at != absent && len(m.Body()) >= int(at)+4 {
		size = int64(m.u32(int(at)))
	}
	return offset, size
}

// asks and tellsOf are the offsets in the bodies of requests and of responses of how many bytes are asked for, or moved.
var (
	asks    = offsets(map[uint16]int8{IOCTL: 28, QueryDirectory: 28, ChangeNotify: 4, QueryInfo: 4, SetInfo: 4})
	tellsOf = offsets(map[uint16]int8{Read: 4, Write: 4, IOCTL: 36, QueryDirectory: 4, ChangeNotify: 4, QueryInfo: 4})
)

// offsets is a table by command; behind the last one nothing is.
func offsets(at map[uint16]int8) (all [OplockBreak + 2]int8) {
	for i := range all {
		all[i] = absent
	}
	for command, off := range at {
		all[command] = off
	}
	return all
}

// Flags of the first element of a LOCK ([MS-SMB2] 2.2.26.1).
const (
	lockUnlock    = 4
	lockImmediate = 0x10
)

// waits reports whether a request is answered when something happens that is not the server's to do.
func waits(m *Message, r *exchange, t *tree) bool {
	pipe := r.open != nil && r.open.pipe
	switch m.Command {
	case ChangeNotify:
		return true
	case Lock:
		return m.u32(40)&(lockUnlock|lockImmediate) == 0
	case Read:
		return pipe
	case IOCTL:
		code, _ := m.Function()
		return code == PipeWait
	}
	return false
}

// renamed is what a SET_INFO renames a file to, in UTF-16LE; nil when it does not ([MS-FSCC] 2.4.37.2).
func (m *Message) renamed() []byte {
	const rename, fixed = 10, 20
	class, level, ok := m.Info()
	if !ok || m.Command != SetInfo || class != FileInfo || level != rename || m.u32(4) > 1<<20 {
		return nil
	}
	b := m.buffer(int(m.u16(8)), int(m.u32(4)))
	if len(b) < fixed {
		return nil
	}
	n := binary.LittleEndian.Uint32(b[16:])
	return b[fixed : fixed+min(int64(n), int64(len(b)-fixed))]
}

// account are the texts of who authenticates; nil when the message does not say.
func (c *Connection) account(m *Message) []string {
	n, ok := m.NTLM()
	if !ok || n.Type != 3 {
		return nil
	}
	texts := make([]string, textCount)
	for which, b := range map[int][]byte{TextAccount: n.User, TextDomain: n.Domain, TextHost: n.Host} {
		if n.Unicode {
			texts[which] = c.names.join("", b)
		} else {
			texts[which] = c.names.Keep(b)
		}
	}
	return texts
}
