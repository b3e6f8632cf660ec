// Package kernel knows the classic (MOF) events of the NT kernel logger and of
// the tool that merges its traces: processes, threads, images, TCP and UDP by
// process, disk, files, the machine.
//
// Layouts: the classes of MSNT_SystemTrace as Windows documents them (Windows
// SDK, "Event Tracing MOF Classes"; root\WMI of Windows Vista to 11), each
// version of its own. Each table says which of them are held against records of
// real traces, to the last byte; the others are taken from the documentation.
package kernel

import (
	"embed"
	"strings"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// The classes that other packages ask for.
var (
	ProcessGUID        = trace.MustGUID("{3D6FA8D0-FE05-11D0-9DDA-00C04FD7BA7C}")
	ThreadGUID         = trace.MustGUID("{3D6FA8D1-FE05-11D0-9DDA-00C04FD7BA7C}")
	ImageGUID          = trace.MustGUID("{2CB15D1D-5FC1-11D2-ABE1-00A0C911F518}")
	TCPIPGUID          = trace.MustGUID("{9A280AC0-C8E0-11D1-84E2-00C04FB998A2}")
	UDPIPGUID          = trace.MustGUID("{BF3A50C5-A9C9-4988-A005-2DF0B7C80F80}")
	systemConfigExGUID = "{9B79EE91-B5FD-41C0-A243-4248E266E9D0}"
)

// imageLoad is Image/Load as the kernel logs it: EVENT_TRACE_GROUP_PROCESS, EVENT_TRACE_TYPE_LOAD.
const imageLoad = 0x030A

// classes are the tables with what tells their records.
var classes = []struct {
	name   string
	guid   string
	groups []uint8 // EVENT_TRACE_GROUP_*
	types  []uint16
}{
	{"EventTrace", "{68FDD900-4A3E-11D1-84F4-0000F80464E3}", []uint8{0x00}, nil},
	{"DiskIo", "{3D6FA8D4-FE05-11D0-9DDA-00C04FD7BA7C}", []uint8{0x01}, nil},
	{"PageFault", "{3D6FA8D3-FE05-11D0-9DDA-00C04FD7BA7C}", []uint8{0x02}, nil},
	{"Process", ProcessGUID.String(), []uint8{0x03}, nil},
	{"FileIo", "{90CBDC39-4A3E-11D1-84F4-0000F80464E3}", []uint8{0x04}, nil},
	{"Thread", ThreadGUID.String(), []uint8{0x05}, nil},
	{"TcpIp", TCPIPGUID.String(), []uint8{0x06}, nil},
	{"UdpIp", UDPIPGUID.String(), []uint8{0x08}, nil},
	{"Registry", "{AE53722E-C863-11D2-8659-00C04FA321A1}", []uint8{0x09}, nil},
	{"SystemConfig", "{01853A65-418F-4F36-AEFC-DC0F1D2FD235}", []uint8{0x0B}, nil},
	{"PerfInfo", "{CE1DBFB4-137E-4DA6-87B0-3F59AA102CBC}", []uint8{0x0F}, nil},
	{"Image", ImageGUID.String(), []uint8{0x14}, []uint16{imageLoad}},
	{"StackWalk", "{DEF2FE46-7BD6-4B80-BD94-F57FE20D0CE3}", []uint8{0x18}, nil},
	{"ImageId", "{B3E675D7-2554-4F18-830B-2762732560DE}", nil, nil},
	{"SystemConfigEx", systemConfigExGUID, nil, nil},
	{"WinSAT", "{ED54DFF8-C409-4CF6-BF83-05E1E61A09C4}", nil, nil},
	{"EventMetadata", "{BBCCF6C1-6CD1-48C4-80FF-839482E37671}", nil, nil},
}

//go:embed *.tsv
var tables embed.FS

// Providers are the classes, in the order of their groups.
var Providers = providers()

func providers() []*provider.Provider {
	out := make([]*provider.Provider, 0, len(classes))
	for _, c := range classes {
		name := c.name
		if c.groups != nil {
			name = "Kernel " + name
		}
		out = append(out, provider.NewClassic(c.guid, name, c.name, c.groups, c.types, provider.Embedded{
			Events: table(strings.ToLower(c.name) + ".tsv"), Messages: table(strings.ToLower(c.name) + "_messages.tsv"),
		}))
	}
	return out
}

// table is a file of the program, "" for one that does not exist: few classes have messages.
func table(name string) string {
	b, err := tables.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(b)
}
