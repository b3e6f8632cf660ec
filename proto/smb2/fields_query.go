package smb2

import (
	"encoding/binary"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// of is a condition for requests about a class of information.
func of(class byte) func(b []byte) bool {
	when := request(QueryInfo, SetInfo)
	return func(b []byte) bool { return when(b) && len(b) > HeaderLen+2 && b[HeaderLen+2] == class }
}

var queryFields = join(
	on(request(QueryDirectory), named(dec("smb2.find.infolevel", "Info Level", 2, 1)), hex("smb2.find.flags", "Find Flags", 3, 1),
		bit("smb2.find.restart_scans", "Restart Scans", 3, 1, 1), bit("smb2.find.single_entry", "Single Entry", 3, 1, 2),
		bit("smb2.find.index_specified", "Index Specified", 3, 1, 4), bit("smb2.find.reopen", "Reopen", 3, 1, 0x10), hex("smb2.file_index", "File Index", 4, 4)),
	[]field.Field{text("smb2.find.pattern", "Search Pattern", QueryDirectory)},
	on(request(QueryDirectory), dec("smb2.output_buffer_len", "Output Buffer Length", 28, 4)),
	on(request(ChangeNotify), hex("smb2.notify.flags", "Notify Flags", 2, 2), bit("smb2.notify.watch_tree", "Watch Tree", 2, 2, 1),
		dec("smb2.output_buffer_len", "Output Buffer Length", 4, 4)),
	on(request(QueryInfo, SetInfo), named(hex("smb2.class", "Class", 2, 1))),
	on(of(FileInfo), named(hex("smb2.file_info.infolevel", "InfoLevel", 3, 1))),
	on(of(FSInfo), named(hex("smb2.fs_info.infolevel", "InfoLevel", 3, 1))),
	on(of(SecurityInfo), named(hex("smb2.sec_info.infolevel", "InfoLevel", 3, 1))),
	on(request(QueryInfo), dec("smb2.max_response_size", "Max Response Size", 4, 4), hex("smb2.getinfo_input_offset", "Getinfo Input Offset", 8, 2),
		dec("smb2.getinfo_input_size", "Getinfo Input Size", 12, 4)),
	on(request(QueryInfo), hex("smb2.getinfo_flags", "Flags", 20, 4)),
	on(request(SetInfo), dec("smb2.setinfo_size", "Setinfo Size", 4, 4), hex("smb2.setinfo_offset", "Setinfo Offset", 8, 2)),
)

// The device, the access, the function and the method of a control code lie in its bits ([MS-FSCC] 2.3).
var ioctlFields = join(
	on(both(IOCTL), named(hex("smb2.ioctl.function", "Function", 4, 4)),
		proto.Little(proto.Hex("smb2.ioctl.function.device", "Device", HeaderLen+4, 4, 0xffff0000)),
		proto.Little(proto.Hex("smb2.ioctl.function.access", "Access", HeaderLen+4, 4, 0xc000)),
		proto.Little(proto.Hex("smb2.ioctl.function.function", "Function", HeaderLen+4, 4, 0x3ffc)),
		proto.Little(proto.Hex("smb2.ioctl.function.method", "Method", HeaderLen+4, 4, 0x3))),
	on(request(IOCTL), dec("smb2.max_ioctl_in_size", "Max Ioctl In Size", 32, 4), dec("smb2.max_ioctl_out_size", "Max Ioctl Out Size", 44, 4),
		hex("smb2.ioctl.flags", "Flags", 48, 4), bit("smb2.ioctl.is_fsctl", "Is FSCTL", 48, 4, 1)),
)

// Breaks of oplocks and leases ([MS-SMB2] 2.2.23 to 2.2.25).
var (
	oplock      = sized(both(OplockBreak), oplockSize)
	leaseAny    = sized(both(OplockBreak), leaseSize, leaseNotifySize)
	leaseReply  = sized(both(OplockBreak), leaseSize)
	leaseNotice = sized(both(OplockBreak), leaseNotifySize)
)

func leaseState(off int) []field.Field {
	return append([]field.Field{hex("smb2.lease.lease_state", "Lease State", off, 4)}, bits("smb2.lease.lease_state.", off, 4, 1,
		[2]string{"read_caching", "Read Caching"}, [2]string{"handle_caching", "Handle Caching"}, [2]string{"write_caching", "Write Caching"})...)
}

var breakFields = join(
	on(oplock, named(hex("smb2.create.oplock", "Oplock", 2, 1))),
	on(leaseNotice, hex("smb2.lease.lease_oplock", "Lease Epoch", 2, 2)),
	on(leaseAny, hex("smb2.lease.lease_flags", "Lease Flags", 4, 4), guid("smb2.lease.lease_key", "Lease Key", 8)),
	on(leaseAny, leaseState(24)...),
	on(leaseNotice, leaseState(28)...),
	on(leaseNotice, hex("smb2.lease.lease_break_reason", "Lease Break Reason", 32, 4), hex("smb2.lease.access_mask_hint", "Access Mask Hint", 36, 4),
		hex("smb2.lease.share_mask_hint", "Share Mask Hint", 40, 4)),
	on(leaseReply, hex("smb2.lease.lease_duration", "Lease Duration", 28, 8)),
)

// inError is a condition for responses whose body is that of an error ([MS-SMB2] 2.2.2).
func inError(b []byte) bool {
	c, response, ok := body(b)
	return ok && response && failed(c, binary.LittleEndian.Uint32(b[8:])) && binary.LittleEndian.Uint16(b[HeaderLen:]) == errorSize
}

var errorFields = on(inError, dec("smb2.error.context_count", "Error Context Count", 2, 1), dec("smb2.error.byte_count", "Byte Count", 4, 4))
