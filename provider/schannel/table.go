// Package schannel knows the events of Microsoft-Windows-Schannel-Events: calls of the TLS library.
package schannel

import (
	_ "embed"

	"github.com/wiretale/wiretale/provider"
)

//go:embed events.tsv
var eventsTSV string

//go:embed messages.tsv
var messagesTSV string

// Provider is Microsoft-Windows-Schannel-Events: calls of the TLS library.
var Provider = provider.New("{91CC1150-71AA-47E2-AE18-C96E61736B6F}", "Microsoft-Windows-Schannel-Events", "Schannel",
	"Schannel_MicrosoftWindowsSchannelEvents", provider.Embedded{Events: eventsTSV, Messages: messagesTSV})
