package procmon

import (
	"strconv"

	"github.com/wiretale/wiretale/field"
)

// A flag is bits with their name. Names stand in the order of the list, and bits that were named are not named again.
type flag struct {
	bits uint64
	name string
}

// appendFlags appends the names of the bits, and returns the bits that have none.
func appendFlags(dst []byte, list []flag, u uint64, separator string) ([]byte, uint64) {
	at := len(dst)
	for _, f := range list {
		if u&f.bits == f.bits {
			if len(dst) > at {
				dst = append(dst, separator...)
			}
			dst = append(dst, f.name...)
			u &^= f.bits
		}
	}
	return dst, u
}

// flags puts bits by their names.
func (d *decoder) flags(id uint8, list []flag, u uint64, separator, none string, at field.Span) {
	b, _ := appendFlags(d.scratch[:0], list, u, separator)
	if len(b) == 0 {
		b = append(b, none...)
	}
	d.put(id, d.kept(b), at)
}

// bits puts bits by their names, and those without a name as a number.
func (d *decoder) bits(id uint8, list []flag, u uint64, at field.Span) {
	b, left := appendFlags(d.scratch[:0], list, u, ", ")
	if left != 0 {
		if len(b) > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(append(b, "0x"...), left, 16)
	}
	d.put(id, d.kept(b), at)
}

// A mask is the rights on a kind of object: what the generic rights stand for (read, write, execute, all), and the names of rights.
type mask struct {
	generic [4]uint64
	names   []flag
}

// access puts an access mask, [MS-DTYP] 2.4.3.
func (d *decoder) access(id uint8, m *mask, u uint64, at field.Span) {
	for i, bit := range [...]uint64{1 << 31, 1 << 30, 1 << 29, 1 << 28} {
		if u&bit != 0 {
			u |= m.generic[i]
		}
	}
	b, _ := appendFlags(d.scratch[:0], m.names, u, ", ")
	if len(b) == 0 {
		b = strconv.AppendUint(append(b, "None 0x"...), u, 16)
	}
	d.put(id, d.kept(b), at)
}

var fileAccess = mask{[4]uint64{0x120089, 0x120116, 0x1200a0, 0x1f01ff}, append([]flag{
	{0x1f01ff, "All Access"}, {0x1201bf, "Generic Read/Write/Execute"}, {0x12019f, "Generic Read/Write"}, {0x1200a9, "Generic Read/Execute"},
	{0x1201b6, "Generic Write/Execute"}, {0x120089, "Generic Read"}, {0x120116, "Generic Write"}, {0x1200a0, "Generic Execute"},
	{0x1, "Read Data/List Directory"}, {0x2, "Write Data/Add File"}, {0x4, "Append Data/Add Subdirectory/Create Pipe Instance"}, {0x8, "Read EA"}, {0x10, "Write EA"},
	{0x20, "Execute/Traverse"}, {0x40, "Delete Child"}, {0x80, "Read Attributes"}, {0x100, "Write Attributes"},
}, standardAccess...)}

var registryAccess = mask{[4]uint64{0x20019, 0x20006, 0x20019, 0xf003f}, append([]flag{
	{0xf003f, "All Access"}, {0x2001f, "Read/Write"}, {0x20019, "Read"}, {0x20006, "Write"},
	{0x1, "Query Value"}, {0x2, "Set Value"}, {0x4, "Create Sub Key"}, {0x8, "Enumerate Sub Keys"}, {0x10, "Notify"}, {0x20, "Create Link"},
	{0x300, "WOW64_Res"}, {0x200, "WOW64_32Key"}, {0x100, "WOW64_64Key"},
}, standardAccess...)}

var standardAccess = []flag{
	{0x10000, "Delete"}, {0x20000, "Read Control"}, {0x40000, "Write DAC"}, {0x80000, "Write Owner"}, {0x100000, "Synchronize"},
	{0x1000000, "Access System Security"}, {0x2000000, "Maximum Allowed"},
}

var createOptions = []flag{
	{0x1, "Directory"}, {0x2, "Write Through"}, {0x4, "Sequential Access"}, {0x8, "No Buffering"}, {0x10, "Synchronous IO Alert"}, {0x20, "Synchronous IO Non-Alert"},
	{0x40, "Non-Directory File"}, {0x80, "Create Tree Connection"}, {0x100, "Complete If Oplocked"}, {0x200, "No EA Knowledge"}, {0x400, "Open for Recovery"},
	{0x800, "Random Access"}, {0x1000, "Delete On Close"}, {0x2000, "Open By ID"}, {0x4000, "Open For Backup"}, {0x8000, "No Compression"},
	{0x100000, "Reserve OpFilter"}, {0x200000, "Open Reparse Point"}, {0x400000, "Open No Recall"}, {0x800000, "Open For Free Space Query"},
	{0x10000, "Open Requiring Oplock"}, {0x20000, "Disallow Exclusive"},
}

// fileAttributes are those of [MS-FSCC] 2.6, in letters.
var fileAttributes = []flag{
	{0x1, "R"}, {0x2, "H"}, {0x4, "S"}, {0x10, "D"}, {0x20, "A"}, {0x40, "D"}, {0x80, "N"}, {0x100, "T"}, {0x200, "SF"}, {0x400, "RP"},
	{0x800, "C"}, {0x1000, "O"}, {0x2000, "NCI"}, {0x4000, "E"}, {0x10000, "V"},
}

var shareModes = []flag{{1, "Read"}, {2, "Write"}, {4, "Delete"}}

var ioFlags = []flag{
	{0x10, "Buffered"}, {0x1, "Non-cached"}, {0x2, "Paging I/O"}, {0x4, "Synchronous"}, {0x40, "Synchronous Paging I/O"}, {0x400000, "Write Through"},
}

// ioFlagMask is the bits of an I/O request's flags that are printed.
const ioFlagMask = 0xe000ff

var priorities = [...]string{1: "Very Low", 2: "Low", 3: "Normal", 4: "High", 5: "Critical"}

var dispositions = [...]string{"Supersede", "Open", "Create", "OpenIf", "Overwrite", "OverwriteIf"}

var openResults = [...]string{"Superseded", "Opened", "Created", "Overwritten", "Exists", "DoesNotExist"}

// pageProtections are the first that matches; PAGE_NOCACHE comes on top.
var pageProtections = []flag{
	{0x02, "PAGE_READONLY"}, {0x04, "PAGE_READWRITE"}, {0x08, "PAGE_WRITECOPY"}, {0x10, "PAGE_EXECUTE"}, {0x20, "PAGE_EXECUTE_READ"}, {0x40, "PAGE_EXECUTE_READWRITE"},
}

const pageNoCache = 0x200

// securityInformation is SECURITY_INFORMATION, [MS-DTYP] 2.4.7.
var securityInformation = []flag{
	{0x1, "Owner"}, {0x2, "Group"}, {0x4, "DACL"}, {0x8, "SACL"}, {0x10, "Label"}, {0x20, "Attribute"}, {0x40, "Scope"}, {0x80, "Process Trust Label"},
	{0x80000000, "DACL Protected"}, {0x40000000, "SACL Protected"}, {0x20000000, "DACL Unprotected"}, {0x10000000, "SACL Unprotected"},
}

// notifyFilter is what a watcher of a directory waits for, [MS-SMB2] 2.2.35.
var notifyFilter = []flag{
	{0x1, "FILE_NOTIFY_CHANGE_FILE_NAME"}, {0x2, "FILE_NOTIFY_CHANGE_DIR_NAME"}, {0x4, "FILE_NOTIFY_CHANGE_ATTRIBUTES"}, {0x8, "FILE_NOTIFY_CHANGE_SIZE"},
	{0x10, "FILE_NOTIFY_CHANGE_LAST_WRITE"}, {0x20, "FILE_NOTIFY_CHANGE_LAST_ACCESS"}, {0x40, "FILE_NOTIFY_CHANGE_CREATION"}, {0x80, "FILE_NOTIFY_CHANGE_EA"},
	{0x100, "FILE_NOTIFY_CHANGE_SECURITY"}, {0x200, "FILE_NOTIFY_CHANGE_STREAM_NAME"}, {0x400, "FILE_NOTIFY_CHANGE_STREAM_SIZE"}, {0x800, "FILE_NOTIFY_CHANGE_STREAM_WRITE"},
}

// fileSystemAttributes is FileFsAttributeInformation, [MS-FSCC] 2.5.1, as far as Process Monitor names the bits.
var fileSystemAttributes = []flag{
	{0x2, "Case Preserved"}, {0x1, "Case Sensitive"}, {0x4, "Unicode"}, {0x8, "ACLs"}, {0x10, "Compression"}, {0x40000, "Named Streams"}, {0x20000, "EFS"}, {0x10000, "Object IDs"},
	{0x80, "Reparse Points"}, {0x40, "Sparse Files"}, {0x20, "Quotas"}, {0x200000, "Transactions"},
}

// modes is FileModeInformation, [MS-FSCC] 2.4.31: the options of CreateFile that stay.
var modes = createOptions

// alignments are the masks of FileAlignmentInformation, [MS-FSCC] 2.4.3.
var alignments = map[uint64]string{0: "Byte", 1: "Word", 3: "Long", 7: "Quad", 0xf: "Octa", 0x1f: "32 bytes", 0x3f: "64 bytes", 0x7f: "128 bytes", 0xff: "256 bytes", 0x1ff: "512 bytes"}
