package procmon

// A place is one of the parts of a file operation's event.
type place uint8

const (
	params   place = iota // the parameters of the request, FLT_PARAMETERS
	rest                  // what follows the path: what was handed in
	returned              // what the operation returned
)

// An item is a field at a fixed place. off32 is for logs of 32-bit Windows.
type item struct {
	id           uint8
	in           place
	off32, off64 int
	size         int
}

func at(id uint8, in place, off, size int) item { return item{id, in, off, off, size} }

// layouts are the details that lie at fixed places, by name of the operation: structures of [MS-FSCC], in the order of the Detail column.
var layouts = map[string][]item{
	"QueryBasicInformationFile":    basic(returned),
	"SetBasicInformationFile":      basic(rest),
	"QueryStandardInformationFile": standard(0),
	"QueryAllInformationFile": join(basic(returned), standard(40), []item{
		at(fIndexNumber, returned, 64, 8), at(fEaSize, returned, 72, 4), at(fAccess, returned, 76, 4), at(fPosition, returned, 80, 8), at(fMode, returned, 88, 4), at(fAlignment, returned, 92, 4),
	}),
	"QueryNetworkOpenInformationFile": join(basic(returned)[:4], []item{
		at(fAllocationSize, returned, 32, 8), at(fEndOfFile, returned, 40, 8), at(fFileAttributes, returned, 48, 4),
	}),
	"QueryFileInternalInformationFile": {at(fIndexNumber, returned, 0, 8)},
	"QueryAttributeTagFile":            {at(fAttributes, returned, 0, 4), at(fReparseTag, returned, 4, 4)},
	"QuerySizeInformationVolume": {
		at(fTotalAllocationUnits, returned, 0, 8), at(fAvailableAllocationUnits, returned, 8, 8),
		at(fSectorsPerAllocationUnit, returned, 16, 4), at(fBytesPerSector, returned, 20, 4),
	},
	"QueryFullSizeInformationVolume": {
		at(fTotalAllocationUnits, returned, 0, 8), at(fCallerAvailableAllocationUnits, returned, 8, 8), at(fActualAvailableAllocationUnits, returned, 16, 8),
		at(fSectorsPerAllocationUnit, returned, 24, 4), at(fBytesPerSector, returned, 28, 4),
	},
	"QueryInformationVolume": {
		at(fVolumeCreationTime, returned, 0, 8), at(fVolumeSerialNumber, returned, 8, 4), at(fSupportsObjects, returned, 16, 1), at(fVolumeLabel, returned, 12, 4),
	},
	"QueryAttributeInformationVolume": {
		at(fFileSystemAttributes, returned, 0, 4), at(fMaximumComponentNameLength, returned, 4, 4), at(fFileSystemName, returned, 8, 4),
	},
	"QueryObjectIdInformationVolume": {at(fObjectID, returned, 0, 16)},
	"QueryNameInformationFile":       {at(fName, returned, 0, 4)},
	"SetEndOfFileInformationFile":    {at(fEndOfFile, rest, 0, 8)},
	"SetAllocationInformationFile":   {at(fAllocationSize, rest, 0, 8)},
	"SetDispositionInformationFile":  {at(fDelete, rest, 0, 1)},
	"FASTIO_ACQUIRE_FOR_MOD_WRITE":   {at(fEndingOffset, rest, 0, 8)},
	"FASTIO_MDL_READ_COMPLETE":       {{fMDL, params, 0, 0, 0}},
	"QuerySecurityFile":              {at(fInformation, params, 0, 4)},
	"SetSecurityFile":                {at(fInformation, params, 0, 4)},
	"LockFile": {
		{fExclusive, params, 21, 33, 1}, {fOffset, params, 8, 16, 8}, at(fLength, rest, 0, 8), {fFailImmediately, params, 20, 32, 1},
	},
	"UnlockFileSingle":      {{fOffset, params, 8, 16, 8}, at(fLength, rest, 0, 8)},
	"NotifyChangeDirectory": {{fFilter, params, 4, 8, 4}},
	"CreateFileMapping":     {at(fSyncType, params, 0, 4), at(fPageProtection, params, 4, 4)},
}

// basic is FileBasicInformation, [MS-FSCC] 2.4.7.
func basic(in place) []item {
	return []item{
		at(fCreationTime, in, 0, 8), at(fLastAccessTime, in, 8, 8), at(fLastWriteTime, in, 16, 8), at(fChangeTime, in, 24, 8), at(fFileAttributes, in, 32, 4),
	}
}

// standard is FileStandardInformation, [MS-FSCC] 2.4.47.
func standard(off int) []item {
	return []item{
		at(fAllocationSize, returned, off, 8), at(fEndOfFile, returned, off+8, 8), at(fNumberOfLinks, returned, off+16, 4),
		at(fDeletePending, returned, off+20, 1), at(fDirectory, returned, off+21, 1),
	}
}

func join(lists ...[]item) []item {
	var out []item
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}
