// Package wininet knows the events of Microsoft-Windows-WinINet: calls and connections of WinINet.
package wininet

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

// Provider is Microsoft-Windows-WinINet: calls and connections of WinINet.
var Provider = provider.New("{43D1A55C-76D6-4F7E-995C-64C711E5CAFE}", "Microsoft-Windows-WinINet", "WinINet",
	"WinINet_MicrosoftWindowsWinINet", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
