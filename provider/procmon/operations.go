package procmon

// operations are the names of operations by class and code, as the Operation column has them. Those of the network
// stand behind the protocol.
var operations = [...][]string{
	Process: {
		"Process Defined", "Process Create", "Process Exit", "Thread Create", "Thread Exit", "Load Image", "Thread Profile", "Process Start",
		"Process Statistics", "System Statistics",
	},
	Registry: {
		"RegOpenKey", "RegCreateKey", "RegCloseKey", "RegQueryKey", "RegSetValue", "RegQueryValue", "RegEnumValue", "RegEnumKey",
		"RegSetInfoKey", "RegDeleteKey", "RegDeleteValue", "RegFlushKey", "RegLoadKey", "RegUnloadKey", "RegRenameKey", "RegQueryMultipleValueKey",
		"RegSetKeySecurity", "RegQueryKeySecurity",
	},
	FileSystem: {
		"VolumeDismount", "VolumeMount", "FASTIO_MDL_WRITE_COMPLETE", "WriteFile", "FASTIO_MDL_READ_COMPLETE", "ReadFile", "QueryOpen", "FASTIO_CHECK_IF_POSSIBLE",
		"IRP_MJ_12", "IRP_MJ_11", "IRP_MJ_10", "IRP_MJ_9", "IRP_MJ_8", "FASTIO_NOTIFY_STREAM_FO_CREATION", "FASTIO_RELEASE_FOR_CC_FLUSH", "FASTIO_ACQUIRE_FOR_CC_FLUSH",
		"FASTIO_RELEASE_FOR_MOD_WRITE", "FASTIO_ACQUIRE_FOR_MOD_WRITE", "FASTIO_RELEASE_FOR_SECTION_SYNCHRONIZATION", "CreateFileMapping", "CreateFile", "CreatePipe", "IRP_MJ_CLOSE", "ReadFile",
		"WriteFile", "QueryInformationFile", "SetInformationFile", "QueryEAFile", "SetEAFile", "FlushBuffersFile", "QueryVolumeInformation", "SetVolumeInformation",
		"DirectoryControl", "FileSystemControl", "DeviceIoControl", "InternalDeviceIoControl", "Shutdown", "LockUnlockFile", "CloseFile", "CreateMailSlot",
		"QuerySecurityFile", "SetSecurityFile", "Power", "SystemControl", "DeviceChange", "QueryFileQuota", "SetFileQuota", "PlugAndPlay",
	},
	Profiling: {
		"Thread Profiling", "Process Profiling", "Debug Output Profiling",
	},
	Network: {
		"Unknown", "Other", "Send", "Receive", "Accept", "Connect", "Disconnect", "Reconnect",
		"Retransmit", "TCPCopy",
	},
}

// refined are the names of operations that a sub-operation says more of, by operation.
var refined = map[uint16]map[uint8]string{
	queryInformation: {
		4: "QueryBasicInformationFile", 5: "QueryStandardInformationFile", 6: "QueryFileInternalInformationFile", 7: "QueryEaInformationFile", 9: "QueryNameInformationFile",
		14: "QueryPositionInformationFile", 18: "QueryAllInformationFile", 20: "QueryEndOfFile", 22: "QueryStreamInformationFile", 28: "QueryCompressionInformationFile",
		29: "QueryId", 31: "QueryMoveClusterInformationFile", 34: "QueryNetworkOpenInformationFile", 35: "QueryAttributeTagFile", 37: "QueryIdBothDirectory",
		39: "QueryValidDataLength", 40: "QueryShortNameInformationFile", 43: "QueryIoPiorityHint", 46: "QueryLinks", 48: "QueryNormalizedNameInformationFile",
		49: "QueryNetworkPhysicalNameInformationFile", 50: "QueryIdGlobalTxDirectoryInformation", 51: "QueryIsRemoteDeviceInformation", 52: "QueryAttributeCacheInformation", 53: "QueryNumaNodeInformation",
		54: "QueryStandardLinkInformation", 55: "QueryRemoteProtocolInformation", 56: "QueryRenameInformationBypassAccessCheck", 57: "QueryLinkInformationBypassAccessCheck", 58: "QueryVolumeNameInformation",
		59: "QueryIdInformation", 60: "QueryIdExtdDirectoryInformation", 62: "QueryHardLinkFullIdInformation", 63: "QueryIdExtdBothDirectoryInformation", 67: "QueryDesiredStorageClassInformation",
		68: "QueryStatInformation", 69: "QueryMemoryPartitionInformation", 70: "QuerySatLxInformation", 71: "QueryCaseSensitiveInformation", 72: "QueryLinkInformationEx",
		73: "QueryLinkInfomraitonBypassAccessCheck", 74: "QueryStorageReservedIdInformation", 75: "QueryCaseSensitiveInformationForceAccessCheck",
	},
	setInformation: {
		4: "SetBasicInformationFile", 10: "SetRenameInformationFile", 11: "SetLinkInformationFile", 13: "SetDispositionInformationFile", 14: "SetPositionInformationFile",
		19: "SetAllocationInformationFile", 20: "SetEndOfFileInformationFile", 22: "SetFileStreamInformation", 23: "SetPipeInformation", 39: "SetValidDataLengthInformationFile",
		40: "SetShortNameInformation", 61: "SetReplaceCompletionInformation", 64: "SetDispositionInformationEx", 65: "SetRenameInformationEx", 66: "SetRenameInformationExBypassAccessCheck",
		74: "SetStorageReservedIdInformation",
	},
	queryVolume: {
		1: "QueryInformationVolume", 2: "QueryLabelInformationVolume", 3: "QuerySizeInformationVolume", 4: "QueryDeviceInformationVolume", 5: "QueryAttributeInformationVolume",
		6: "QueryControlInformationVolume", 7: "QueryFullSizeInformationVolume", 8: "QueryObjectIdInformationVolume",
	},
	setVolume: {
		1: "SetControlInformationVolume", 2: "SetLabelInformationVolume", 8: "SetObjectIdInformationVolume",
	},
	directoryControl: {
		1: "QueryDirectory", 2: "NotifyChangeDirectory",
	},
	lockControl: {
		1: "LockFile", 2: "UnlockFileSingle", 3: "UnlockFileAll", 4: "UnlockFileByKey",
	},
	plugAndPlay: {
		0: "StartDevice", 1: "QueryRemoveDevice", 2: "RemoveDevice", 3: "CancelRemoveDevice", 4: "StopDevice",
		5: "QueryStopDevice", 6: "CancelStopDevice", 7: "QueryDeviceRelations", 8: "QueryInterface", 9: "QueryCapabilities",
		10: "QueryResources", 11: "QueryResourceRequirements", 12: "QueryDeviceText", 13: "FilterResourceRequirements", 15: "ReadConfig",
		16: "WriteConfig", 17: "Eject", 18: "SetLock", 19: "QueryId2", 20: "QueryPnpDeviceState",
		21: "QueryBusInformation", 22: "DeviceUsageNotification", 23: "SurpriseRemoval", 24: "QueryLegacyBusInformation",
	},
}

// Codes of file operations that others are told from, or that have details of their own.
const (
	prepareWrite     = 3
	mdlReadComplete  = 4
	mdlRead          = 5
	acquireModWrite  = 17
	createMapping    = 19
	createFile       = 20
	readFile         = 23
	writeFile        = 24
	queryInformation = 25
	setInformation   = 26
	queryVolume      = 30
	setVolume        = 31
	directoryControl = 32
	fsControl        = 33
	deviceControl    = 34
	lockControl      = 37
	querySecurity    = 40
	setSecurity      = 41
	plugAndPlay      = 47
)
