// Package winhttp knows the events of Microsoft-Windows-WinHttp: calls of WinHTTP and its search for a proxy.
package winhttp

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

// Provider is Microsoft-Windows-WinHttp: calls of WinHTTP and its search for a proxy.
var Provider = provider.New("{7D44233D-3055-4B9C-BA64-0D47CA40A232}", "Microsoft-Windows-WinHttp", "WinHttp",
	"WinHttp_MicrosoftWindowsWinHttp", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
