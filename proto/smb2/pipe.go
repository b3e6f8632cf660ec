package smb2

// Carried is what a message has to do with an open pipe: a file of a share of pipes ([MS-SMB2] 2.2.10).
type Carried struct {
	// Pipe is the number of the open pipe in the connection, from 1 on; 0 when the message is about none.
	Pipe uint32
	Sure bool // it is one: false for a file whose tree is not known
	// Off is where the bytes that go through the pipe begin, from the header of the message on, and Len how many there are; the
	// message says so, and it may have fewer. Len is 0 when it carries none.
	Off, Len int
	Closed   bool // the pipe is closed
}

// Carried is what the message that was taken in last has to do with a pipe.
func (c *Connection) Carried() Carried { return c.carried }

// count numbers an open file.
func (c *Connection) count() uint32 {
	c.opens++
	return c.opens
}

// carry notes what the message carries through a pipe.
func (c *Connection) carry(o *open) {
	m := &c.message
	if o == nil {
		return
	}
	if code, _ := m.Function(); code == PipeTransceive { // its tree may be from before the capture
		o.pipe, o.adrift = true, false
	}
	if !o.pipe && !o.adrift {
		return
	}
	off, n := m.data()
	c.carried = Carried{Pipe: o.number, Sure: o.pipe, Off: off, Len: n, Closed: m.Command == Close && m.Response() && m.Status == 0}
}

// data is the extent of what a WRITE brings, what answers a READ, and both ways of an IOCTL that writes to a pipe and reads from it
// ([MS-SMB2] 2.2.20, 2.2.21, 2.2.31, 2.2.32): where it begins, from the header on, and its length in bytes. It is 0, 0 where there is none.
func (m *Message) data() (off, n int) {
	const most = 1 << 24 // what one message can have
	at, size := uint32(0), uint32(0)
	switch code, _ := m.Function(); {
	case m.Failed():
	case m.Command == Write && !m.Response():
		at, size = uint32(m.u16(2)), m.u32(4)
	case m.Command == Read && m.Response():
		at, size = uint32(m.u16(2)&0xff), m.u32(4)
	case code != PipeTransceive:
	case m.Response():
		at, size = m.u32(32), m.u32(36)
	default:
		at, size = m.u32(24), m.u32(28)
	}
	if at < HeaderLen || at > most || size > most {
		return 0, 0
	}
	return int(at), int(size)
}
