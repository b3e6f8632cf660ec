// Package winsocknameresolution knows the events of Microsoft-Windows-Winsock-NameResolution: getaddrinfo and the name services behind it.
package winsocknameresolution

import (
	_ "embed"

	"github.com/wiretale/wiretale/provider"
)

//go:embed events.tsv
var eventsTSV string

//go:embed messages.tsv
var messagesTSV string

// Provider is Microsoft-Windows-Winsock-NameResolution: getaddrinfo and the name services behind it.
var Provider = provider.New("{55404E71-4DB9-4DEB-A5F5-8F86E46DDE56}", "Microsoft-Windows-Winsock-NameResolution", "NameResolution",
	"WinsockNameResolution_MicrosoftWindowsWinsockNameResolution", provider.Embedded{Events: eventsTSV, Messages: messagesTSV})
