// Package webio knows the events of Microsoft-Windows-WebIO: the HTTP transport below WinHTTP.
package webio

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

// Provider is Microsoft-Windows-WebIO: the HTTP transport below WinHTTP.
var Provider = provider.New("{50B3E73C-9370-461D-BB9F-26F32D68887D}", "Microsoft-Windows-WebIO", "WebIO",
	"WebIO_MicrosoftWindowsWebIO", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
