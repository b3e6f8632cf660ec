package procmon

import "github.com/wiretale/wiretale/provider"

// A style is how Process Monitor prints a value in its Detail column.
type style uint8

const (
	hidden   style = iota // not in Detail
	text                  // as it stands
	grouped               // 1,048,576
	decimal               // 1048576
	signed                // -1
	hexed                 // 0x1f
	boolean               // True
	seconds               // 0.0156250
	inWords               // 0.0156250 seconds
	date                  // 7/31/2020 7:37:18 AM
	spaced                // 0A 1B
	joined                // 0A1B
	serial                // 9CAE-C62A
	numbered              // a list: 0: a, 1: b, counted from 0, or from 1 behind a filter
	commas                // a list: a, b
	block                 // a list, each on a line of its own
)

// A word is a field that events may have.
type word struct {
	name  string // of the field
	label string // in the Detail column
	style style
}

// The fields, in no order that matters. Some names come twice: Process Monitor prints a Length of the network without commas.
const (
	fPath uint8 = iota
	fResult
	fDuration
	fDetail
	fLocal
	fRemote
	fRequested

	fOffset
	fLength
	fIOFlags
	fPriority
	fDesiredAccess
	fDisposition
	fOptions
	fAttributes
	fShareMode
	fAllocationSize
	fAllocationNone
	fImpersonating
	fOpenResult
	fSyncType
	fPageProtection
	fFilter
	fFileInformationClass
	fEntries
	fControl
	fWriteLength
	fReadLength
	fExclusive
	fFailImmediately
	fInformation
	fReparseTag
	fEndingOffset
	fMDL
	fCreationTime
	fLastAccessTime
	fLastWriteTime
	fChangeTime
	fFileAttributes
	fEndOfFile
	fNumberOfLinks
	fDeletePending
	fDirectory
	fIndexNumber
	fEaSize
	fAccess
	fPosition
	fMode
	fAlignment
	fDelete
	fName
	fFileSystemAttributes
	fMaximumComponentNameLength
	fFileSystemName
	fVolumeCreationTime
	fVolumeSerialNumber
	fSupportsObjects
	fVolumeLabel
	fTotalAllocationUnits
	fAvailableAllocationUnits
	fCallerAvailableAllocationUnits
	fActualAvailableAllocationUnits
	fSectorsPerAllocationUnit
	fBytesPerSector
	fObjectID

	fGrantedAccess
	fRegDisposition
	fQuery
	fIndex
	fHandleTags
	fUserFlags
	fSubKeys
	fValues
	fType
	fData
	fDataNumber
	fDataBytes
	fDataList
	fHivePath
	fNewName
	fKeySetInformationClass
	fWow64Flags

	fPID
	fParentPID
	fCommandLine
	fCurrentDirectory
	fEnvironment
	fExitStatus
	fUserTime
	fKernelTime
	fPrivateBytes
	fPeakPrivateBytes
	fWorkingSet
	fPeakWorkingSet
	fThreadID
	fThreadUserTime
	fThreadKernelTime
	fImageBase
	fImageSize

	fNetLength
	fMSS
	fSACKOpt
	fTSOpt
	fWSOpt
	fRcvWin
	fRcvWinScale
	fSndWinScale
	fStartTime
	fEndTime
	fSeqNum
	fConnID
	fOther
	fieldCount
)

var words = [fieldCount]word{
	fPath: {"Path", "Path", hidden}, fResult: {"Result", "Result", hidden}, fDuration: {"Duration", "Duration", hidden}, fDetail: {"Detail", "Detail", hidden},
	fLocal: {"LocalAddress", "LocalAddress", hidden}, fRemote: {"RemoteAddress", "RemoteAddress", hidden}, fRequested: {"Requested", "Requested", hidden},

	fOffset: {"Offset", "Offset", grouped}, fLength: {"Length", "Length", grouped}, fIOFlags: {"IOFlags", "I/O Flags", text}, fPriority: {"Priority", "Priority", text},
	fDesiredAccess: {"DesiredAccess", "Desired Access", text}, fDisposition: {"Disposition", "Disposition", text}, fOptions: {"Options", "Options", text},
	fAttributes: {"Attributes", "Attributes", text}, fShareMode: {"ShareMode", "ShareMode", text},
	fAllocationSize: {"AllocationSize", "AllocationSize", grouped}, fAllocationNone: {"AllocationSize", "AllocationSize", text},
	fImpersonating: {"Impersonating", "Impersonating", text}, fOpenResult: {"OpenResult", "OpenResult", text},
	fSyncType: {"SyncType", "SyncType", text}, fPageProtection: {"PageProtection", "PageProtection", text},
	fFilter: {"Filter", "Filter", text}, fFileInformationClass: {"FileInformationClass", "FileInformationClass", text}, fEntries: {"Entries", "", numbered},
	fControl: {"Control", "Control", text}, fWriteLength: {"WriteLength", "WriteLength", decimal}, fReadLength: {"ReadLength", "ReadLength", decimal},
	fExclusive: {"Exclusive", "Exclusive", boolean}, fFailImmediately: {"FailImmediately", "Fail Immediately", boolean},
	fInformation: {"Information", "Information", text}, fReparseTag: {"ReparseTag", "ReparseTag", hexed}, fEndingOffset: {"EndingOffset", "EndingOffset", grouped}, fMDL: {"MDL", "MDL", hexed},
	fCreationTime: {"CreationTime", "CreationTime", date}, fLastAccessTime: {"LastAccessTime", "LastAccessTime", date},
	fLastWriteTime: {"LastWriteTime", "LastWriteTime", date}, fChangeTime: {"ChangeTime", "ChangeTime", date}, fFileAttributes: {"FileAttributes", "FileAttributes", text},
	fEndOfFile: {"EndOfFile", "EndOfFile", grouped}, fNumberOfLinks: {"NumberOfLinks", "NumberOfLinks", grouped},
	fDeletePending: {"DeletePending", "DeletePending", boolean}, fDirectory: {"Directory", "Directory", boolean}, fIndexNumber: {"IndexNumber", "IndexNumber", hexed},
	fEaSize: {"EaSize", "EaSize", grouped}, fAccess: {"Access", "Access", text}, fPosition: {"Position", "Position", grouped}, fMode: {"Mode", "Mode", text}, fAlignment: {"AlignmentRequirement", "AlignmentRequirement", text},
	fDelete: {"Delete", "Delete", boolean}, fName: {"Name", "Name", text},
	fFileSystemAttributes: {"FileSystemAttributes", "FileSystemAttributes", text}, fMaximumComponentNameLength: {"MaximumComponentNameLength", "MaximumComponentNameLength", grouped},
	fFileSystemName: {"FileSystemName", "FileSystemName", text}, fVolumeCreationTime: {"VolumeCreationTime", "VolumeCreationTime", date},
	fVolumeSerialNumber: {"VolumeSerialNumber", "VolumeSerialNumber", serial}, fSupportsObjects: {"SupportsObjects", "SupportsObjects", boolean}, fVolumeLabel: {"VolumeLabel", "VolumeLabel", text},
	fTotalAllocationUnits: {"TotalAllocationUnits", "TotalAllocationUnits", grouped}, fAvailableAllocationUnits: {"AvailableAllocationUnits", "AvailableAllocationUnits", grouped},
	fCallerAvailableAllocationUnits: {"CallerAvailableAllocationUnits", "CallerAvailableAllocationUnits", grouped},
	fActualAvailableAllocationUnits: {"ActualAvailableAllocationUnits", "ActualAvailableAllocationUnits", grouped},
	fSectorsPerAllocationUnit:       {"SectorsPerAllocationUnit", "SectorsPerAllocationUnit", grouped}, fBytesPerSector: {"BytesPerSector", "BytesPerSector", grouped}, fObjectID: {"ObjectId", "ObjectId", joined},

	fGrantedAccess: {"GrantedAccess", "Granted Access", text}, fRegDisposition: {"Disposition", "Disposition", text}, fQuery: {"Query", "Query", text}, fIndex: {"Index", "Index", grouped},
	fHandleTags: {"HandleTags", "HandleTags", hexed}, fUserFlags: {"UserFlags", "UserFlags", hexed}, fSubKeys: {"SubKeys", "SubKeys", grouped}, fValues: {"Values", "Values", grouped},
	fType: {"Type", "Type", text}, fData: {"Data", "Data", text}, fDataNumber: {"Data", "Data", decimal}, fDataBytes: {"Data", "Data", spaced}, fDataList: {"Data", "Data", commas},
	fHivePath: {"HivePath", "Hive Path", text}, fNewName: {"NewName", "New Name", text},
	fKeySetInformationClass: {"KeySetInformationClass", "KeySetInformationClass", text}, fWow64Flags: {"Wow64Flags", "Wow64Flags", hexed},

	fPID: {"PID", "PID", decimal}, fParentPID: {"ParentPID", "Parent PID", decimal}, fCommandLine: {"CommandLine", "Command line", text},
	fCurrentDirectory: {"CurrentDirectory", "Current directory", text}, fEnvironment: {"Environment", "Environment", block},
	fExitStatus: {"ExitStatus", "Exit Status", signed}, fUserTime: {"UserTime", "User Time", inWords}, fKernelTime: {"KernelTime", "Kernel Time", inWords},
	fPrivateBytes: {"PrivateBytes", "Private Bytes", grouped}, fPeakPrivateBytes: {"PeakPrivateBytes", "Peak Private Bytes", grouped},
	fWorkingSet: {"WorkingSet", "Working Set", grouped}, fPeakWorkingSet: {"PeakWorkingSet", "Peak Working Set", grouped},
	fThreadID: {"ThreadID", "Thread ID", decimal}, fThreadUserTime: {"UserTime", "User Time", seconds}, fThreadKernelTime: {"KernelTime", "Kernel Time", seconds},
	fImageBase: {"ImageBase", "Image Base", hexed}, fImageSize: {"ImageSize", "Image Size", hexed},

	fNetLength: {"Length", "Length", decimal}, fMSS: {"mss", "mss", decimal}, fSACKOpt: {"sackopt", "sackopt", decimal}, fTSOpt: {"tsopt", "tsopt", decimal}, fWSOpt: {"wsopt", "wsopt", decimal},
	fRcvWin: {"rcvwin", "rcvwin", decimal}, fRcvWinScale: {"rcvwinscale", "rcvwinscale", decimal}, fSndWinScale: {"sndwinscale", "sndwinscale", decimal},
	fStartTime: {"startime", "startime", decimal}, fEndTime: {"endtime", "endtime", decimal}, fSeqNum: {"seqnum", "seqnum", decimal}, fConnID: {"connid", "connid", decimal},
	fOther: {"Other", "", text},
}

// vocabulary is the fields as the views see them.
var vocabulary = func() []provider.Field {
	all := make([]provider.Field, fieldCount)
	for i, w := range words {
		f := provider.Field{Name: w.name, In: provider.InUInt64, LengthOf: -1, CountOf: -1}
		switch w.style {
		case text, hidden:
			f.In = provider.InUnicodeString
		case hexed:
			f.In = provider.InHexInt64
		case spaced, joined:
			f.In = provider.InBinary
		case numbered, commas, block:
			f.In, f.Count = provider.InUnicodeString, provider.ToEnd
		}
		all[i] = f
	}
	all[fLocal].In, all[fLocal].Out = provider.InBinary, provider.OutSocketAddress
	all[fRemote].In, all[fRemote].Out = provider.InBinary, provider.OutSocketAddress
	all[fDuration].In, all[fRequested].In = provider.InUInt64, provider.InUInt64
	all[fVolumeSerialNumber].In = provider.InHexInt32
	return all
}()
