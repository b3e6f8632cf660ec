// Package ndis knows the events of Microsoft-Windows-NDIS: network adapters and their drivers.
package ndis

import (
	_ "embed"

	"github.com/wiretale/wiretale/provider"
)

//go:embed events.tsv
var eventsTSV string

//go:embed maps.tsv
var mapsTSV string

// Provider is Microsoft-Windows-NDIS: network adapters and their drivers.
var Provider = provider.New("{CDEAD503-17F5-4A3E-B7AE-DF8CC2902EB9}", "Microsoft-Windows-NDIS", "NDIS",
	"NDIS_MicrosoftWindowsNDIS", provider.Embedded{Events: eventsTSV, Maps: mapsTSV})
