// Package ssrp decodes the SQL Server Resolution Protocol ([MC-SQLR]), with
// which a client asks the SQL Server Browser on UDP port 1434 where an
// instance listens. Numbers are little-endian, text is in the code page of its sender.
package ssrp

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Types of messages, [MC-SQLR] 2.2.1 to 2.2.6.
const (
	BroadcastQuery = 0x02 // CLNT_BCAST_EX: who is there?
	UnicastQuery   = 0x03 // CLNT_UCAST_EX: which instances has the host?
	InstanceQuery  = 0x04 // CLNT_UCAST_INST: where is this instance?
	Response       = 0x05 // SVR_RESP, and SVR_RESP (DAC)
	AdminQuery     = 0x0f // CLNT_UCAST_DAC: where is the administrator connection of this instance?
)

const (
	responseHead = 3   // type and size
	adminHead    = 2   // type and version
	adminLen     = 6   // of the answer to an administrator's query
	adminVersion = 1   // the only version there is
	maxInstance  = 32  // bytes of an instance name with its zero
	maxName      = 255 // bytes of any name
	maxPort      = 5   // digits of a port
)

// begins is what the data of a response begins with.
var begins = []byte("ServerName;")

// A Message is one datagram. Slices alias what Decode got.
type Message struct {
	Type uint8
	// Instance is the name that a query asks for, without the zero that ends it.
	Instance []byte
	// Size is the length of the data of a response as it says; Data is what was captured of it.
	Size int
	Data []byte
	// Port is the port of the administrator connection; valid iff Admin.
	Port  uint16
	Admin bool

	named int // bytes of the name of a query, its zero included
	ended bool
	extra int // bytes behind the data that the size of a response does not count
}

// Is reports whether b looks like a message: a known type with a length that fits. What a
// response says of its size is no condition: a datagram may be cut.
func Is(b []byte) bool {
	var m Message
	return m.Decode(b)
}

// Decode reads the message b. It reports whether b is one. What breaks a rule and is a message all the same says so in Wrong.
func (m *Message) Decode(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	*m = Message{Type: b[0]}
	switch b[0] {
	case BroadcastQuery, UnicastQuery:
		return len(b) == 1
	case InstanceQuery:
		return m.asks(b[1:])
	case AdminQuery:
		return len(b) > adminHead && b[1] == adminVersion && m.asks(b[adminHead:])
	case Response:
		return m.response(b)
	}
	return false
}

// asks takes the name of a query. One that is too long must end as it should, to be taken for one.
func (m *Message) asks(name []byte) bool {
	i := bytes.IndexByte(name, 0)
	m.Instance, m.named, m.ended = name, len(name), i >= 0
	if m.ended {
		m.Instance = name[:i]
	}
	return len(name) > 0 && (len(name) <= maxInstance || len(name) <= maxName && i == len(name)-1)
}

func (m *Message) response(b []byte) bool {
	if len(b) < responseHead {
		return false
	}
	m.Size = int(binary.LittleEndian.Uint16(b[1:]))
	if m.Size == adminLen && len(b) == adminLen && b[3] == adminVersion {
		m.Admin, m.Port = true, binary.LittleEndian.Uint16(b[4:])
		return true
	}
	m.Data = b[responseHead:min(len(b), responseHead+m.Size)]
	m.extra = len(b) - responseHead - len(m.Data)
	return m.extra == 0 || bytes.HasPrefix(b[responseHead:], begins)
}

// Wrong is what the message breaks the specification in; "" for nothing. A response that is shorter than it says may be cut by the capture: that is not wrong.
func (m *Message) Wrong() string {
	switch {
	case m.named > maxInstance:
		return fmt.Sprintf("the name takes %d bytes, %d are allowed", m.named, maxInstance)
	case m.named > 0 && !m.ended:
		return "no zero ends the name"
	case m.extra > 0:
		return fmt.Sprintf("the size is %d, and %d bytes follow", m.Size, m.Size+m.extra)
	}
	return ""
}

// Pairs walks the data of a response, a key and its value at a time, both
// divided by semicolons; an empty key ends the record of one instance. The zero value with the data is at its start.
type Pairs struct {
	Data []byte
	at   int
}

// groups is how many values the key of Banyan VINES has: item, group, item, group, organisation ([MC-SQLR] 2.2.5).
const groups = 5

// Next is the next key with its value, and where the value lies in the data.
// First marks the first pair of an instance's record. It reports false at the end.
func (p *Pairs) Next() (key, value []byte, off int, first, ok bool) {
	first = p.at == 0
	for {
		key, _, ok = p.token()
		if !ok {
			return nil, nil, 0, false, false
		}
		if len(key) > 0 {
			break
		}
		first = true
	}
	value, off, _ = p.token()
	if string(key) == "bv" {
		for range groups - 1 {
			if p.at >= len(p.Data) || p.Data[p.at] == ';' {
				break
			}
			t, from, _ := p.token()
			value = p.Data[off : from+len(t)]
		}
	}
	return key, value, off, first, true
}

// token is what lies up to the next semicolon or the end.
func (p *Pairs) token() (t []byte, off int, ok bool) {
	if p.at >= len(p.Data) {
		return nil, len(p.Data), false
	}
	off = p.at
	for p.at < len(p.Data) && p.Data[p.at] != ';' {
		p.at++
	}
	t = p.Data[off:p.at]
	p.at++
	return t, off, true
}

// Value is the value of a key in the first record that has it; nil when none has.
func (m *Message) Value(key string) []byte {
	p := Pairs{Data: m.Data}
	for {
		k, v, _, _, ok := p.Next()
		if !ok || string(k) == key {
			return v
		}
	}
}

// Instances is how many instances a response tells of.
func (m *Message) Instances() int {
	n := 0
	p := Pairs{Data: m.Data}
	for {
		_, _, _, first, ok := p.Next()
		if !ok {
			return n
		}
		if first {
			n++
		}
	}
}
