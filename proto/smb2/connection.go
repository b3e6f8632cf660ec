package smb2

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/proto"
)

// A Connection is the state of one connection, as its messages tell it: what
// is asked and not answered, the sessions, trees and open files, what was
// negotiated and the credits ([MS-SMB2] 3.2.1). Other connections of the same
// session are not looked at: a file that was opened on another channel has no name. Its zero value is not ready, see [NewConnection].
type Connection struct {
	Negotiated Negotiated

	asked    proto.Table[uint64, *exchange] // by MessageId
	sessions proto.Table[uint64, *session]
	trees    proto.Table[treeKey, *tree]
	files    proto.Table[fileKey, *open]
	names    interned
	spare    []*exchange
	chain    chain
	message  Message
	carried  Carried
	opens    uint32 // how many files were opened

	credits int  // that the client holds
	counted bool // all messages were seen that change the credits
}

// Bounds of a generation of each table.
const (
	mostAsked    = 4096 // what servers grant at most is 8,192 credits
	mostSessions = 64
	mostTrees    = 256
	mostFiles    = 4096
	mostNames    = 4096
	roomNames    = 256 << 10 // bytes of text
	mostSpare    = 64
)

// NewConnection begins a connection.
func NewConnection() *Connection {
	return &Connection{
		asked: proto.NewTable[uint64, *exchange](mostAsked, roomNames), sessions: proto.NewTable[uint64, *session](mostSessions, roomNames),
		trees: proto.NewTable[treeKey, *tree](mostTrees, roomNames), files: proto.NewTable[fileKey, *open](mostFiles, roomNames),
		names: interned{Texts: proto.NewTexts(mostNames, roomNames)},
	}
}

// Negotiated is what the response to NEGOTIATE says ([MS-SMB2] 2.2.4).
type Negotiated struct {
	Dialect         uint16 // 0 until it is known
	SigningRequired bool
	Capabilities    uint32
	MaxTransact     uint32 // in bytes, as MaxRead and MaxWrite
	MaxRead         uint32
	MaxWrite        uint32
	Cipher          uint16 // of the context of encryption, 0 without one
}

// A session is an authenticated user ([MS-SMB2] 3.2.1.3).
type session struct {
	frame int64 // of the response that ended the set-up
	texts []string
}

// A tree is a connected share ([MS-SMB2] 3.2.1.4).
type tree struct {
	kind  uint8 // of share: 1 disk, 2 pipe, 3 printer
	frame int64 // of the response to TREE_CONNECT
	path  string
	texts []string
}

// An open is an open file, from the request to create it on ([MS-SMB2] 3.2.1.6).
type open struct {
	key   fileKey
	known bool   // the request that named it was seen
	full  string // the name behind the share's path
	pipe  bool
	// adrift says that its tree is not known: it may be a pipe.
	adrift bool
	// number tells it from the others of the connection.
	number uint32
	texts  []string // of the session and the tree, with the name
}

// Ids are the server's: they mean something within one session.
type (
	treeKey struct {
		session uint64
		tree    uint32
	}
	fileKey struct {
		treeKey
		id [16]byte
	}
)

// size is about what an entry takes beside its text, in bytes.
const size = 64

func (s *session) Weight() int  { return size + weigh(s.texts) }
func (t *tree) Weight() int     { return size + weigh(t.texts) }
func (o *open) Weight() int     { return size + len(o.full) }
func (r *exchange) Weight() int { return size + len(r.name) + len(r.pattern) }

func weigh(texts []string) (n int) {
	for _, t := range texts {
		n += len(t)
	}
	return n
}

// A chain is what the next message of a compound may take from the one before ([MS-SMB2] 3.2.4.1.4).
type chain struct {
	session uint64
	tree    uint32
	open    *open
}

// Ids of all ones, which in a related message stand for those of the message before.
const (
	sameSession = ^uint64(0)
	sameTree    = ^uint32(0)
	noMessage   = ^uint64(0) // MessageId of what the server says unasked
)

var sameFile = [16]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// Message takes in the message b, which is a layer of the unit: it adds the
// layer's note and texts and the unit's turn. Messages come in the order in which they were sent.
func (c *Connection) Message(u *proto.Unit, layer int, b []byte) {
	m := &c.message
	c.carried = Carried{}
	if !m.Decode(b) {
		c.counted = false
		return
	}
	if before := layer - 1; before < 0 || u.Layers[before].ID != proto.SMB2 && u.Layers[before].ID != proto.DCERPC {
		c.chain = chain{}
	}
	if m.Flags&Related != 0 {
		if m.Session == sameSession {
			m.Session = c.chain.session
		}
		if m.Tree == sameTree {
			m.Tree = c.chain.tree
		}
	}
	if u.Gap {
		c.counted = false
	}
	t := proto.Turn{Key: m.ID, Command: commandName(m.Command), Offset: absent, Size: absent, Layer: layer}
	l := &u.Layers[layer]
	if m.Response() {
		c.answer(u, l, &t)
	} else {
		c.ask(u, l, &t)
	}
	c.chain.session = m.Session
	if m.Flags&Async == 0 {
		c.chain.tree = m.Tree
	}
	c.bargain(&t)
	if c.counted {
		l.Note[noteCredits] = uint64(max(c.credits, 0)) + 1
	}
	u.Turns = append(u.Turns, t)
	m.Bytes = nil
}

// Credits are how many credits the client holds: at 0 it must wait for an
// answer ([MS-SMB2] 3.2.4.1.2). ok is false when messages are missing, or came encrypted.
func (c *Connection) Credits() (held int, ok bool) { return c.credits, c.counted }

// Missed says that a message of the connection could not be read.
func (c *Connection) Missed() { c.counted = false }

// charge takes what a request costs from the credits. A connection begins with one.
func (c *Connection) charge(m *Message) {
	if m.Command == Negotiate && m.ID == 0 {
		c.credits, c.counted = 1, true
	}
	if m.Command != Cancel {
		c.credits -= int(max(m.CreditCharge, 1))
	}
}

// Upgraded says that the negotiation began with a message of version 1, which costs the credit that the connection begins with.
func (c *Connection) Upgraded() { c.credits, c.counted = 0, true }

// negotiated keeps what a response to NEGOTIATE says.
func (c *Connection) negotiated(m *Message) {
	if m.Failed() || len(m.Body()) < 40 {
		return
	}
	c.Negotiated = Negotiated{Dialect: m.u16(4), SigningRequired: m.Body()[2]&2 != 0, Capabilities: m.u32(24),
		MaxTransact: m.u32(28), MaxRead: m.u32(32), MaxWrite: m.u32(36)}
	contexts(m.Bytes, func(off, n int) bool {
		if e := m.Bytes[off : off+n]; n >= 12 && binary.LittleEndian.Uint16(e) == encryption {
			c.Negotiated.Cipher = binary.LittleEndian.Uint16(e[10:])
		}
		return true
	})
}

// base are the note and the texts of a layer as session and tree say them. A message that tells of what was pending has no tree.
func (c *Connection) base(l *proto.UnitLayer, m *Message) (t *tree, texts []string) {
	c.user(l, m.Session)
	if m.Flags&Async == 0 {
		t, _ = c.trees.Get(treeKey{m.Session, m.Tree})
	}
	if t != nil {
		l.Note[noteTree] = uint64(t.frame)
		l.Note[noteFlags] |= uint64(t.kind) << shareShift
		l.Texts = t.texts
	}
	return t, l.Texts
}

// user are the note and the texts of a layer as its session says them.
func (c *Connection) user(l *proto.UnitLayer, id uint64) {
	if s, ok := c.sessions.Get(id); ok {
		l.Note[noteSession], l.Texts = uint64(s.frame), s.texts
	}
}

// Sealed takes in an encrypted message, which is a layer of the unit: its session is known, and what it says to the credits is not unless it is opened.
func (c *Connection) Sealed(l *proto.UnitLayer, b []byte, opened bool) {
	c.counted = c.counted && opened
	if len(b) >= TransformLen {
		c.user(l, binary.LittleEndian.Uint64(b[44:]))
	}
}
