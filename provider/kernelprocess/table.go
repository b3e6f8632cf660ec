// Package kernelprocess knows the events of Microsoft-Windows-Kernel-Process: processes, threads and images.
package kernelprocess

import (
	_ "embed"

	"github.com/wiretale/wiretale/provider"
)

//go:embed events.tsv
var eventsTSV string

//go:embed maps.tsv
var mapsTSV string

//go:embed messages.tsv
var messagesTSV string

// Provider is Microsoft-Windows-Kernel-Process: processes, threads and images.
var Provider = provider.New("{22FB2CD6-0E7B-422B-A0C7-2FAD1FD0E716}", "Microsoft-Windows-Kernel-Process", "Kernel-Process",
	"KernelProcess_MicrosoftWindowsKernelProcess", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
