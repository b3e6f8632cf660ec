// Package smbclient knows the events of Microsoft-Windows-SMBClient: the SMB redirector.
package smbclient

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

// Provider is Microsoft-Windows-SMBClient: the SMB redirector.
var Provider = provider.New("{988C59C5-0A1C-45B6-A555-0C62276E327D}", "Microsoft-Windows-SMBClient", "SMBClient",
	"SMBClient_MicrosoftWindowsSMBClient", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
