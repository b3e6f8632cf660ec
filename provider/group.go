package provider

import (
	"fmt"
	"strconv"
)

// kernelGroups names the groups of kernel records (EVENT_TRACE_GROUP_*).
var kernelGroups = map[uint8]string{
	0x00: "EventTrace", 0x01: "DiskIo", 0x02: "PageFault", 0x03: "Process", 0x04: "FileIo", 0x05: "Thread", 0x06: "TcpIp", 0x07: "Job",
	0x08: "UdpIp", 0x09: "Registry", 0x0a: "DbgPrint", 0x0b: "SystemConfig", 0x0c: "SystemConfig", 0x0e: "Pool", 0x0f: "PerfInfo", 0x10: "Heap", 0x11: "Object", 0x12: "Power",
	0x13: "Modbound", 0x14: "Image", 0x15: "Dpc", 0x18: "StackWalk", 0x19: "Ums", 0x1a: "Alpc", 0x1b: "SplitIo", 0x1c: "ThreadPool",
}

// GroupName names a group of kernel records: "Kernel Process".
func GroupName(group uint8) string {
	if n, ok := kernelGroups[group]; ok {
		return "Kernel " + n
	}
	return fmt.Sprintf("Kernel group %s", strconv.FormatUint(uint64(group), 16))
}
