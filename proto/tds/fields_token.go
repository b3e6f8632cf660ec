package tds

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// each walks the tokens from one kind to another that have n bytes at least.
func each(from, to byte, n int) func([]byte, *field.Note, func(int, []byte) bool) {
	return func(b []byte, note *field.Note, yield func(off int, part []byte) bool) {
		tokens(b, note, func(t *token) bool { return t.kind < from || t.kind > to || len(t.b) < n || yield(t.off, t.b) })
	}
}

// part walks a text in the tokens of a kind: its length is at the offset that at finds, in characters, and has size bytes.
func part(kind byte, size int, at func(t *token) int) func([]byte, *field.Note, func(int, []byte) bool) {
	return func(b []byte, note *field.Note, yield func(off int, part []byte) bool) {
		tokens(b, note, func(t *token) bool {
			if t.kind != kind {
				return true
			}
			off := at(t)
			if off == 0 || off+size > len(t.b) {
				return true
			}
			n := int(t.b[off])
			if size == 2 {
				n = int(binary.LittleEndian.Uint16(t.b[off:]))
			}
			from, to := off+size, off+size+2*n
			return n == 0 || to > len(t.b) || yield(t.off+from, t.b[from:to])
		})
	}
}

// moved makes a walk one of what lies in the tokens of a kind from an offset on.
func moved(kind byte, at func(t *token) int) func([]byte, *field.Note, func(int, []byte) bool) {
	return func(b []byte, note *field.Note, yield func(off int, part []byte) bool) {
		tokens(b, note, func(t *token) bool {
			off := at(t)
			return t.kind != kind || off == 0 || off >= len(t.b) || yield(t.off+off, t.b[off:])
		})
	}
}

func tokenFields() []field.Field {
	all := []field.Field{
		place(proto.Little(proto.Dec("tds.returnstatus.value", "Value", 1, 4, 0)), each(ReturnStatus, ReturnStatus, 5)),
		place(proto.Little(proto.Dec("tds.loginack.length", "Token length", 1, 2, 0)), each(LoginAck, LoginAck, 3)),
		place(proto.Dec("tds.loginack.interface", "Interface", 3, 1, 0), each(LoginAck, LoginAck, 4)),
		place(proto.Hex("tds.loginack.tdsversion", "TDS version", 4, 4, 0), each(LoginAck, LoginAck, 8)),
		wording("tds.loginack.progname", "Server name", part(LoginAck, 1, func(*token) int { return 8 }), nil),
		place(proto.Little(proto.Dec("tds.envchange.length", "Token length", 1, 2, 0)), each(EnvChange, EnvChange, 3)),
		proto.Named(place(proto.Dec("tds.envchange.type", "Type", 3, 1, 0), each(EnvChange, EnvChange, 4)), proto.Names("tds.envchange.type")),
		wording("tds.envchange.newvalue_string", "New Value", part(EnvChange, 1, newValue), nil),
		wording("tds.envchange.oldvalue_string", "Old Value", part(EnvChange, 1, oldValue), nil),
	}
	all = append(all, sayingFields(Error, "tds.error")...)
	all = append(all, sayingFields(Info, "tds.info")...)
	all = append(all, doneFields(Done, "tds.done")...)
	for _, bit := range []struct {
		name, title string
		mask        uint64
		last        byte // kind of token that has it
	}{
		{"more", "More", doneMore, DoneInProc}, {"error", "Error", doneError, DoneInProc}, {"inxact", "In Transaction", 4, DoneInProc},
		{"proc", "Procedure", 8, DoneProc}, {"count", "Row count valid", doneCount, DoneInProc}, {"attn", "Acknowledge ATTN", doneCancel, DoneInProc},
		{"event", "Event", 0x40, DoneInProc}, {"srverror", "Server Error", doneServer, DoneInProc},
	} {
		all = append(all, place(proto.Little(proto.Bit("tds.done.status."+bit.name, bit.title, 1, 2, bit.mask)), each(Done, bit.last, shortDone)))
	}
	all = append(all, doneFields(DoneProc, "tds.doneproc")...)
	return append(all, doneFields(DoneInProc, "tds.doneinproc")...)
}

// newValue and oldValue are the offsets of the lengths of the two texts that a change of the environment has, when it has texts.
func newValue(t *token) int {
	if len(t.b) < 5 || t.b[3] == 0 || t.b[3] > 6 && t.b[3] != 13 && t.b[3] != 19 {
		return 0
	}
	return 4
}

func oldValue(t *token) int {
	if newValue(t) == 0 {
		return 0
	}
	return 5 + 2*int(t.b[4])
}

// sayingFields are those of ERROR and INFO ([MS-TDS] 2.2.7.10 and 2.2.7.13).
func sayingFields(kind byte, name string) []field.Field {
	message := func(t *token) int { at, _, _, _ := t.sayings(); return at }
	server := func(t *token) int { _, at, _, _ := t.sayings(); return at }
	procedure := func(t *token) int { _, _, at, _ := t.sayings(); return at }
	line := func(t *token) int { _, _, _, at := t.sayings(); return at }
	return []field.Field{
		place(proto.Little(proto.Dec(name+".length", "Token length", 1, 2, 0)), each(kind, kind, 3)),
		place(proto.Little(proto.Dec(name+".number", "SQL Error Number", 3, 4, 0)), each(kind, kind, errorHead)),
		place(proto.Dec(name+".state", "State", 7, 1, 0), each(kind, kind, errorHead)),
		place(proto.Dec(name+".class", "Class (Severity)", 8, 1, 0), each(kind, kind, errorHead)),
		place(proto.Little(proto.Dec(name+".msgtext_length", "Error message length", 9, 2, 0)), each(kind, kind, errorHead)),
		wording(name+".msgtext", "Error message", part(kind, 2, message), nil),
		place(proto.Dec(name+".servername_length", "Server name length", 0, 1, 0), moved(kind, server)),
		wording(name+".servername", "Server name", part(kind, 1, server), nil),
		place(proto.Dec(name+".procname_length", "Process name length", 0, 1, 0), moved(kind, procedure)),
		wording(name+".procname", "Process name", part(kind, 1, procedure), nil),
		place(proto.Little(proto.Dec(name+".linenumber", "Line number", 0, 2, 0)), moved(kind, line)),
	}
}

// doneFields are those of a DONE ([MS-TDS] 2.2.7.6 to 2.2.7.8).
func doneFields(kind byte, name string) []field.Field {
	exactly := func(n int) func([]byte, *field.Note, func(int, []byte) bool) {
		return func(b []byte, note *field.Note, yield func(off int, part []byte) bool) {
			tokens(b, note, func(t *token) bool { return t.kind != kind || len(t.b) != n || yield(t.off, t.b) })
		}
	}
	all := []field.Field{place(proto.Little(proto.Hex(name+".status", "Status flags", 1, 2, 0)), each(kind, kind, shortDone))}
	return append(all,
		place(proto.Little(proto.Hex(name+".curcmd", "Operation", 3, 2, 0)), each(kind, kind, shortDone)),
		place(proto.Little(proto.Dec(name+".donerowcount", "Row count", 5, 4, 0)), exactly(shortDone)),
		place(proto.Little(proto.Dec(name+".donerowcount64", "Row count", 5, 8, 0)), exactly(longDone)))
}
