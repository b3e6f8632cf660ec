package smb

import (
	"encoding/binary"
	"fmt"

	"github.com/wiretale/wiretale/field/ntstatus"
	"github.com/wiretale/wiretale/proto"
)

// A Connection is the state of one connection: what is asked and not answered,
// the trees and the open files ([MS-CIFS] 3.2.1). Numbers of trees and files are those of the connection. Use [NewConnection].
type Connection struct {
	asked proto.Table[uint64, exchange]
	trees proto.Table[uint16, name]
	files proto.Table[uint16, name]
	names proto.Texts
	wide  []byte
}

// Bounds of a generation of each table.
const (
	mostAsked = 1024
	mostFiles = 4096
	roomNames = 256 << 10 // bytes of text
)

// NewConnection begins a connection.
func NewConnection() *Connection {
	return &Connection{asked: proto.NewTable[uint64, exchange](mostAsked, roomNames), trees: proto.NewTable[uint16, name](mostFiles, roomNames),
		files: proto.NewTable[uint16, name](mostFiles, roomNames), names: proto.NewTexts(mostFiles, roomNames)}
}

// An exchange is what a request asked.
type exchange struct {
	name   string
	offset int64
	file   uint16 // of a CLOSE
}

// A name is that of a tree or of a file behind its tree.
type name struct {
	text string
	pipe bool
}

func (e exchange) Weight() int { return len(e.name) }
func (n name) Weight() int     { return len(n.text) }

// Commands that tell more than their name ([MS-CIFS] 2.2.2.1).
const (
	closeFile     = 0x04
	lockingAndX   = 0x24
	transaction2  = 0x26 // secondary requests, which go on with one
	openAndX      = 0x2d
	readAndX      = 0x2e
	writeAndX     = 0x2f
	trans2More    = 0x33
	treeConnect   = 0x75
	ntTransact    = 0xa0
	ntMore        = 0xa1
	ntCreate      = 0xa2
	ntCancel      = 0xa4
	noAndX        = 0xff
	notifyChange  = 4      // function of an NT_TRANSACT
	notification  = 0xffff // Mid of what the server says unasked
	maxAndX       = 8      // commands of a chain that are looked at
	keyOfVersion1 = 1 << 63
)

// Message takes in the message b, which is a layer of the unit, and adds its turn. Messages come in the order in which they were sent.
func (c *Connection) Message(u *proto.Unit, layer int, b []byte) {
	var h Header
	if !h.Decode(b) {
		return
	}
	key := uint64(keyOfVersion1) | uint64(binary.LittleEndian.Uint16(b[26:]))<<16 | uint64(h.Mid)
	t := proto.Turn{Kind: proto.Ask, Key: key, Command: commandName(h.Command), Offset: -1, Size: -1, Layer: layer}
	if h.Response() {
		c.answer(&h, b, &t)
	} else {
		c.ask(&h, b, &t)
	}
	u.Turns = append(u.Turns, t)
}

// ask takes in a request.
func (c *Connection) ask(h *Header, b []byte, t *proto.Turn) {
	switch {
	case h.Mid == notification, h.Command == ntCancel, h.Command == transaction2, h.Command == trans2More, h.Command == ntMore:
		t.Kind = proto.Tell // it has no answer of its own
		return
	case h.Command == Negotiate && offersVersion2(b):
		t.Kind = proto.Tell // the answer is a message of version 2
		return
	}
	e := exchange{offset: -1}
	each(h.Command, b, func(command uint8, w words) {
		c.part(h, command, w, &e, t)
	})
	t.Name, t.Offset = e.name, e.offset
	c.asked.Put(t.Key, e)
}

// part is one command of a request.
func (c *Connection) part(h *Header, command uint8, w words, e *exchange, t *proto.Turn) {
	switch command {
	case treeConnect:
		e.name = c.text(h, w.bytes, w.from, int(w.u16(6)), "")
	case ntCreate:
		e.name = c.text(h, w.bytes, w.from, 0, c.tree(h))
	case openAndX:
		e.name = c.text(h, w.bytes, w.from, 0, c.tree(h))
	case readAndX:
		f := c.file(w.u16(4), e)
		e.offset, t.Size, t.Waits = w.offset(6, 20, 12), int64(w.u16(10)), f.pipe
		if high := w.u16(14); high != 0xffff { // what no read is as long as stands for a time-out there ([MS-SMB] 2.2.4.2.1)
			t.Size |= int64(high) << 16
		}
	case writeAndX:
		c.file(w.u16(4), e)
		e.offset, t.Size = w.offset(6, 24, 14), int64(w.u16(18))<<16|int64(w.u16(20))
	case closeFile:
		c.file(w.u16(0), e)
		e.file = w.u16(0)
	case lockingAndX:
		c.file(w.u16(4), e)
		t.Waits = w.u32(8) != 0
	case ntTransact:
		t.Waits = len(w.words) >= 38 && w.u16(36) == notifyChange
	}
}

// answer takes in a response.
func (c *Connection) answer(h *Header, b []byte, t *proto.Turn) {
	t.Kind, t.Code, t.Status, t.Failed = proto.Answer, h.Status, statusName(h), failure(h)
	e, asked := c.asked.Get(t.Key)
	t.Name = e.name
	if asked {
		t.Offset = e.offset
		c.asked.Drop(t.Key)
	}
	each(h.Command, b, func(command uint8, w words) {
		switch known := asked && !t.Failed && e.name != ""; command {
		case treeConnect:
			if known {
				c.trees.Put(h.Tree, name{e.name, len(e.name) >= 4 && e.name[len(e.name)-4:] == "IPC$"})
			}
		case ntCreate:
			if known && len(w.words) >= 7 {
				c.files.Put(w.u16(5), name{e.name, c.pipe(h)})
			}
		case openAndX:
			if known && len(w.words) >= 6 {
				c.files.Put(w.u16(4), name{e.name, c.pipe(h)})
			}
		case closeFile:
			if asked && !t.Failed {
				c.files.Drop(e.file)
			}
		case readAndX:
			if len(w.words) >= 24 {
				t.Size = int64(w.u16(10)) | int64(w.u16(14))<<16
			}
		case writeAndX:
			if len(w.words) >= 12 {
				t.Size = int64(w.u16(4)) | int64(w.u16(8))<<16
			}
		}
	})
}

// file is the open file with a number. One that was opened before the capture goes by its number.
func (c *Connection) file(id uint16, e *exchange) name {
	f, ok := c.files.Get(id)
	if !ok {
		f.text = fmt.Sprintf("FID 0x%04x", id)
		c.files.Put(id, f)
	}
	e.name = f.text
	return f
}

func (c *Connection) tree(h *Header) string {
	t, _ := c.trees.Get(h.Tree)
	return t.text
}

func (c *Connection) pipe(h *Header) bool {
	t, _ := c.trees.Get(h.Tree)
	return t.pipe
}

// failure reports whether a response says that what was asked for was not done.
func failure(h *Header) bool {
	const moreProcessing, severity = 0xc0000016, 0xc0000000
	if !h.NTStatus {
		return h.Status&0xff != 0
	}
	return h.Status&severity == severity && h.Status != moreProcessing
}

func statusName(h *Header) string {
	switch {
	case h.Status == 0:
		return "STATUS_SUCCESS"
	case !h.NTStatus:
		return fmt.Sprintf("class %d code %d", h.Status&0xff, h.Status>>16)
	}
	if text := ntstatus.Status(h.Status).Name(); text != "" {
		return text
	}
	return fmt.Sprintf("0x%08x", h.Status)
}

// commands are Wireshark's names by number.
var commands = func() (all [256]string) {
	for i := range all {
		if all[i] = proto.Names("smb.cmd")[uint64(i)]; all[i] == "" {
			all[i] = "Unknown"
		}
	}
	return all
}()

func commandName(command uint8) string { return commands[command] }
