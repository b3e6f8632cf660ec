// Package afd knows the events of Microsoft-Windows-Winsock-AFD: the socket calls of applications (afd.sys).
package afd

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

// Provider is Microsoft-Windows-Winsock-AFD: the socket calls of applications (afd.sys).
var Provider = provider.New("{E53C6823-7BB8-44BB-90DC-3F86090D48A6}", "Microsoft-Windows-Winsock-AFD", "AFD",
	"Wscore_MicrosoftWindowsWinsockAFD", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
