package smb2

import "github.com/wiretale/wiretale/proto"

// Names of the terms of a connection. Sizes are in bytes.
const (
	TermDialect      = "smb2.dialect"
	TermCapabilities = "smb2.capabilities"
	TermMaxRead      = "smb2.max_read_size"
	TermMaxWrite     = "smb2.max_write_size"
	TermSecurityMode = "smb2.sec_mode"
)

// bargain notes in a turn what the message changes of the credits, and what was agreed on when it ends the set-up of a session.
func (c *Connection) bargain(t *proto.Turn) {
	m := &c.message
	if t.Kind == proto.Ask {
		t.Charge = int32(max(m.CreditCharge, 1))
	}
	if c.counted {
		t.Left = int32(max(c.credits, 0)) + 1
	}
	n := &c.Negotiated
	if m.Command != SessionSetup || !m.Response() || m.Status != 0 || n.Dialect == 0 {
		return
	}
	mode := uint64(signingEnabled)
	if n.SigningRequired {
		mode |= signingRequired
	}
	t.Terms = []proto.Term{
		{Name: TermDialect, Value: uint64(n.Dialect)}, {Name: TermCapabilities, Value: uint64(n.Capabilities)},
		{Name: TermMaxRead, Value: uint64(n.MaxRead)}, {Name: TermMaxWrite, Value: uint64(n.MaxWrite)}, {Name: TermSecurityMode, Value: mode},
	}
}

// Bits of the security mode ([MS-SMB2] 2.2.4).
const (
	signingEnabled  = 1
	signingRequired = 2
)
