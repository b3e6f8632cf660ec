package ndiscap

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

// Provider is Microsoft-Windows-NDIS-PacketCapture: packets of netsh trace.
var Provider = provider.New("{2ED6006E-4729-4609-B423-3EE7BCD678EF}", "Microsoft-Windows-NDIS-PacketCapture", "NDIS-PacketCapture",
	"NDISPacCap_MicrosoftWindowsNDISPacketCapture", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
