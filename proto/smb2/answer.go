package smb2

import (
	"fmt"

	"github.com/wiretale/wiretale/field/ntstatus"
	"github.com/wiretale/wiretale/proto"
)

// answer takes in a response or a notification.
func (c *Connection) answer(u *proto.Unit, l *proto.UnitLayer, t *proto.Turn) {
	m := &c.message
	t.Kind, t.Code, t.Status = proto.Answer, m.Status, statusName(m.Status)
	if m.ID == noMessage {
		t.Kind, t.Status = proto.Tell, ""
		c.base(l, m)
		if o := c.openOf(m, nil); o != nil {
			t.Name = o.full
			nameFile(l, o)
		}
		return
	}
	c.credits += int(m.Credits)
	r, asked := c.asked.Get(m.ID)
	c.base(l, m)
	if asked && m.Flags&Async != 0 { // it has no tree of its own
		m.Tree = r.tree
	}
	if asked {
		t.Name, t.Offset = r.name, r.offset
	}
	if m.Status == statusPending {
		t.Kind = proto.Interim
		return
	}
	t.Size = moved(m)
	t.Failed = failure(m, r)
	if !asked {
		c.unasked(l)
		return
	}
	c.asked.Drop(m.ID)
	c.chain.open = r.open
	c.done(u, l, r)
	c.carry(r.open)
	c.give(r)
}

// unasked is a response to a request that was not seen: of what it says the open file has no name.
func (c *Connection) unasked(l *proto.UnitLayer) {
	m := &c.message
	switch m.Command {
	case Negotiate:
		c.negotiated(m)
	case IOCTL:
		if id := m.FileID(); id != nil {
			if o, ok := c.files.Get(fileKey{treeKey{m.Session, m.Tree}, [16]byte(id)}); ok {
				nameFile(l, o)
			}
		}
	}
}

// done is what the answer to a request changes.
func (c *Connection) done(u *proto.Unit, l *proto.UnitLayer, r *exchange) {
	m := &c.message
	switch ok := m.Status == 0; m.Command {
	case Negotiate:
		c.negotiated(m)
	case SessionSetup:
		c.setUp(u, r)
	case Logoff:
		if ok {
			c.sessions.Drop(m.Session)
		}
	case TreeConnect:
		if ok && len(m.Body()) >= 3 {
			c.connect(u, r)
		}
	case TreeDisconnect:
		if ok {
			c.trees.Drop(treeKey{m.Session, m.Tree})
		}
	case Create:
		c.created(l, r)
	case Close:
		if ok && r.open != nil {
			c.files.Drop(r.open.key)
		}
	case QueryInfo, SetInfo:
		if ok && r.open != nil && r.pattern != "" {
			c.rename(r.open, r.pattern)
		}
		l.Note[noteFlags] |= noteInfo | uint64(r.class)<<classShift | uint64(r.level)<<levelShift
	case QueryDirectory:
		l.Note[noteFlags] |= noteFind | uint64(r.level)<<levelShift
		l.Texts = r.texts
	case IOCTL, OplockBreak:
		if r.open != nil && m.FileID() != nil {
			nameFile(l, r.open)
		}
	}
}

// setUp begins a session, or ends what its request began.
func (c *Connection) setUp(u *proto.Unit, r *exchange) {
	m := &c.message
	switch {
	case m.Status == 0:
		c.sessions.Put(m.Session, &session{frame: u.Frame, texts: r.texts})
	case m.Status != statusMoreProcessing && r.texts != nil:
		c.sessions.Drop(m.Session)
	}
}

// connect adds a tree.
func (c *Connection) connect(u *proto.Unit, r *exchange) {
	m := &c.message
	s, _ := c.sessions.Get(m.Session)
	t := &tree{kind: m.Body()[2], frame: u.Frame, path: r.pattern}
	var texts []string
	if s != nil {
		texts = s.texts
	}
	t.texts = withText(texts, TextTree, r.pattern)
	c.trees.Put(treeKey{m.Session, m.Tree}, t)
}

// created gives the open file that a request began its id.
func (c *Connection) created(l *proto.UnitLayer, r *exchange) {
	m := &c.message
	id := m.FileID()
	if id == nil || r.open == nil || m.Status&0xc0000000 == 0xc0000000 {
		return
	}
	r.open.key = fileKey{treeKey{m.Session, m.Tree}, [16]byte(id)}
	c.files.Put(r.open.key, r.open)
	nameFile(l, r.open)
}

// rename gives an open file another name. Layers that have the texts of the old one keep them.
func (c *Connection) rename(o *open, name string) {
	if _, ok := c.files.Get(o.key); !ok { // its id is not known
		return
	}
	c.files.Drop(o.key)
	share := ""
	if o.texts != nil {
		share = o.texts[TextTree]
	}
	o.texts = withText(o.texts, TextFile, name)
	if o.full = name; share != "" {
		o.full = share + `\` + name
	}
	o.known = true
	c.files.Put(o.key, o)
}

// moved is how many bytes a response brings, or says that the server took; absent when it does not say.
func moved(m *Message) int64 {
	at := tellsOf[min(int(m.Command), len(tellsOf)-1)]
	if at == absent || m.Failed() || len(m.Body()) < int(at)+4 {
		return absent
	}
	return int64(m.u32(int(at)))
}

// failure reports whether a response says that what was asked for was not done. The end of a file,
// of a list or of what was watched are answers like any other, and so is that a client got what it cancelled.
func failure(m *Message, r *exchange) bool {
	const endOfFile, cancelled, severity = 0xc0000011, 0xc0000120, 0xc0000000
	switch {
	case m.Status&severity != severity:
		return false
	case m.Status == statusMoreProcessing && m.Command == SessionSetup:
		return false
	case m.Status == endOfFile && m.Command == Read:
		return false
	case m.Status == cancelled && r != nil && r.cancelled:
		return false
	}
	return true
}

func statusName(status uint32) string {
	if status == 0 {
		return "STATUS_SUCCESS"
	}
	if name := ntstatus.Status(status).Name(); name != "" {
		return name
	}
	return fmt.Sprintf("0x%08x", status)
}

// commands are Wireshark's names by number.
var commands = func() (all [OplockBreak + 1]string) {
	for i := range all {
		all[i] = proto.Names("smb2.cmd")[uint64(i)]
	}
	return all
}()

func commandName(command uint16) string {
	if int(command) < len(commands) {
		return commands[command]
	}
	return "Unknown"
}
