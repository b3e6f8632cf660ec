package smb2

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// epoch is 1970-01-01 in units of 100 ns since 1601-01-01.
const epoch = 116444736000000000

// moment is a time, eight bytes in units of 100 ns since 1601-01-01 ([MS-DTYP] 2.3.3); 0 and what no time of 64 bits of nanoseconds can be is none.
func moment(name, title string, off int, when func(b []byte) bool) field.Field {
	off += HeaderLen
	return field.Field{Name: name, Title: title, Type: field.Time, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		if off+8 > len(b) || !when(b) {
			return
		}
		u := binary.LittleEndian.Uint64(b[off:])
		const most = (1<<63 - 1) / 100
		if since := int64(u - epoch); u != 0 && u < 1<<63 && since < most && since > -most {
			yield(field.Span{Off: off, Len: 8}, field.Value{Type: field.Time, U: uint64(since * 100)})
		}
	}}
}

// text is the text of a request, [Message.Name].
func text(name, title string, command uint16) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		var m Message
		if !request(command)(b) || !m.Decode(b) {
			return
		}
		if s, ok := m.Name(); ok {
			off := HeaderLen
			if s != nil {
				off = cap(b) - cap(s)
			}
			yield(field.Span{Off: off, Len: len(s)}, field.S(Text(s)))
		}
	}}
}

// access is a mask of rights ([MS-SMB2] 2.2.13.1).
func access(off int) []field.Field {
	fields := []field.Field{hex("smb.access_mask", "Access Mask", off, 4)}
	fields = append(fields, bits("smb.access.", off, 4, 1, [2]string{"read", "Read"}, [2]string{"write", "Write"}, [2]string{"append", "Append"},
		[2]string{"read_ea", "Read EA"}, [2]string{"write_ea", "Write EA"}, [2]string{"execute", "Execute"}, [2]string{"delete_child", "Delete Child"},
		[2]string{"read_attributes", "Read Attributes"}, [2]string{"write_attributes", "Write Attributes"})...)
	fields = append(fields, bits("smb.access.", off, 4, 0x10000, [2]string{"delete", "Delete"}, [2]string{"read_control", "Read Control"},
		[2]string{"write_dac", "Write DAC"}, [2]string{"write_owner", "Write Owner"}, [2]string{"synchronize", "Synchronize"})...)
	return append(fields, bits("smb.access.", off, 4, 0x1000000, [2]string{"system_security", "System Security"}, [2]string{"maximum_allowed", "Maximum Allowed"},
		[2]string{}, [2]string{}, [2]string{"generic_all", "Generic All"}, [2]string{"generic_execute", "Generic Execute"},
		[2]string{"generic_write", "Generic Write"}, [2]string{"generic_read", "Generic Read"})...)
}

// attributes of a file ([MS-FSCC] 2.6).
func attributes(off int) []field.Field {
	return append([]field.Field{hex("smb2.file_attribute", "File Attributes", off, 4)}, bits("smb2.file_attribute.", off, 4, 1,
		[2]string{"read_only", "Read Only"}, [2]string{"hidden", "Hidden"}, [2]string{"system", "System"}, [2]string{},
		[2]string{"directory", "Directory"}, [2]string{"archive", "Requires archived"}, [2]string{}, [2]string{"normal", "Normal"},
		[2]string{"temporary", "Temporary"}, [2]string{"sparse", "Sparse"}, [2]string{"reparse", "Reparse Point"}, [2]string{"compressed", "Compressed"},
		[2]string{"offline", "Offline"}, [2]string{"not_content_indexed", "Not Content Indexed"}, [2]string{"encrypted", "Encrypted"})...)
}

// times are the four times of a file.
func times(off int, when func(b []byte) bool) []field.Field {
	return []field.Field{moment("smb2.create.time", "Create", off, when), moment("smb2.last_access.time", "Last Access", off+8, when),
		moment("smb2.last_write.time", "Last Write", off+16, when), moment("smb2.last_change.time", "Last Change", off+24, when)}
}

// lengths are what a file takes on the disk and how long it is.
func lengths(off int) []field.Field {
	return []field.Field{dec("smb2.allocation_size", "Allocation Size", off, 8), dec("smb2.eof", "End Of File", off+8, 8)}
}

// options of a CREATE ([MS-SMB2] 2.2.13).
var options = bits("smb.nt.create_options.", 40, 4, 1,
	[2]string{"directory", "Directory"}, [2]string{"write_through", "Write Through"}, [2]string{"sequential_only", "Sequential Only"},
	[2]string{"intermediate_buffering", "Intermediate Buffering"}, [2]string{"sync_io_alert", "Sync I/O Alert"}, [2]string{"sync_io_nonalert", "Sync I/O Nonalert"},
	[2]string{"non_directory", "Non-Directory"}, [2]string{"create_tree_connection", "Create Tree Connection"},
	[2]string{"complete_if_oplocked", "Complete If Oplocked"}, [2]string{"no_ea_knowledge", "No EA Knowledge"},
	[2]string{"eight_dot_three_only", "8.3 Only"}, [2]string{"random_access", "Random Access"}, [2]string{"delete_on_close", "Delete On Close"},
	[2]string{"open_by_fileid", "Open By FileID"}, [2]string{"backup_intent", "Backup Intent"}, [2]string{"no_compression", "No Compression"})

var createFields = join(
	on(request(Create), named(hex("smb2.create.oplock", "Oplock", 3, 1)), named(dec("smb2.impersonation.level", "Impersonation level", 4, 4)),
		hex("smb2.create_flags", "Create Flags", 8, 8)),
	on(request(Create), access(24)...),
	on(request(Create), attributes(28)...),
	on(request(Create), hex("smb.share_access", "Share Access", 32, 4), bit("smb.share.access.read", "Read", 32, 4, 1), bit("smb.share.access.write", "Write", 32, 4, 2),
		bit("smb.share.access.delete", "Delete", 32, 4, 4), named(dec("smb2.create.disposition", "Disposition", 36, 4)), hex("smb.create_options", "Create Options", 40, 4)),
	on(request(Create), options...),
	[]field.Field{text("smb2.filename", "Filename", Create)},
	on(response(Create), named(hex("smb2.create.oplock", "Oplock", 2, 1)), hex("smb2.create.rep_flags", "Response Flags", 3, 1),
		named(dec("smb2.create.action", "Create Action", 4, 4))),
	times(8, response(Create)),
	on(response(Create), lengths(40)...),
	on(response(Create), attributes(56)...),
	on(both(Close), hex("smb2.close.flags", "Close Flags", 2, 2), bit("smb2.close.pq_attrib", "PostQuery Attrib", 2, 2, 1)),
	times(8, response(Close)),
	on(response(Close), lengths(40)...),
	on(response(Close), attributes(56)...),
)

var fileFields = join(
	[]field.Field{{Name: "smb2.fid", Title: "File Id", Type: field.GUID, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		var m Message
		if m.Decode(b) {
			if id := m.FileID(); id != nil {
				yield(field.Span{Off: cap(b) - cap(id), Len: 16}, field.Value{Type: field.GUID, B: id})
			}
		}
	}}},
	on(request(Read), hex("smb2.read_padding", "Padding", 2, 1), hex("smb2.read_flags", "Flags", 3, 1), bit("smb2.read_flags.unbuffered", "Unbuffered", 3, 1, 1),
		bit("smb2.read_flags.compressed", "Compressed", 3, 1, 2), dec("smb2.read_length", "Read Length", 4, 4), dec("smb2.file_offset", "File Offset", 8, 8),
		dec("smb2.min_count", "Min Count", 32, 4), named(hex("smb2.channel", "Channel", 36, 4)), dec("smb2.remaining_bytes", "Remaining Bytes", 40, 4)),
	on(response(Read), dec("smb2.read_remaining", "Read Remaining", 8, 4)),
	on(request(Write), hex("smb2.data_offset", "Data Offset", 2, 2), dec("smb2.write_length", "Write Length", 4, 4), dec("smb2.file_offset", "File Offset", 8, 8),
		named(hex("smb2.channel", "Channel", 32, 4)), dec("smb2.remaining_bytes", "Remaining Bytes", 36, 4), hex("smb2.write.flags", "Write Flags", 44, 4),
		bit("smb2.write.flags.write_through", "Write through", 44, 4, 1), bit("smb2.write.flags.unbuffered", "Unbuffered", 44, 4, 2)),
	on(response(Write), dec("smb2.write.count", "Write Count", 4, 4), dec("smb2.write.remaining", "Write Remaining", 8, 4)),
	on(request(Lock), dec("smb2.lock_count", "Lock Count", 2, 2)),
	[]field.Field{
		locks.In(proto.Little(proto.Dec("smb2.file_offset", "File Offset", 0, 8, 0)), nil),
		locks.In(proto.Little(proto.Dec("smb2.lock_length", "Length", 8, 8, 0)), nil),
		locks.In(proto.Little(proto.Hex("smb2.lock_flags", "Flags", 16, 4, 0)), nil),
		locks.In(proto.Little(proto.Bit("smb2.lock_flags.shared", "Shared", 16, 4, 1)), nil),
		locks.In(proto.Little(proto.Bit("smb2.lock_flags.exclusive", "Exclusive", 16, 4, 2)), nil),
		locks.In(proto.Little(proto.Bit("smb2.lock_flags.unlock", "Unlock", 16, 4, 4)), nil),
		locks.In(proto.Little(proto.Bit("smb2.lock_flags.fail_immediately", "Fail Immediately", 16, 4, 0x10)), nil),
	},
)

// lockLen is the length of an element of a LOCK ([MS-SMB2] 2.2.26.1).
const lockLen = 24

var locks = proto.Walk(func(b []byte, yield func(off, n int) bool) {
	if !request(Lock)(b) || len(b) < HeaderLen+4 {
		return
	}
	at := HeaderLen + 24
	for n := binary.LittleEndian.Uint16(b[HeaderLen+2:]); n > 0 && at+lockLen <= len(b) && yield(at, lockLen); n-- {
		at += lockLen
	}
})
