// Package kernelnetwork knows the events of Microsoft-Windows-Kernel-Network: bytes sent and received by process.
package kernelnetwork

import (
	_ "embed"

	"github.com/wiretale/wiretale/provider"
)

//go:embed events.tsv
var eventsTSV string

//go:embed messages.tsv
var messagesTSV string

// Provider is Microsoft-Windows-Kernel-Network: bytes sent and received by process.
var Provider = provider.New("{7DD42A49-5329-4832-8DFD-43D979153A88}", "Microsoft-Windows-Kernel-Network", "Kernel-Network",
	"KernelNetwork_MicrosoftWindowsKernelNetwork", provider.Embedded{Events: eventsTSV, Messages: messagesTSV})
