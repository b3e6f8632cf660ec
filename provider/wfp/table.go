// Package wfp knows the events of Microsoft-Windows-WFP: the filtering platform and IPsec.
package wfp

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

// Provider is Microsoft-Windows-WFP: the filtering platform and IPsec.
var Provider = provider.New("{0C478C5B-0351-41B1-8C58-4A6737DA32E3}", "Microsoft-Windows-WFP", "WFP",
	"WFP_MicrosoftWindowsWFP", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
