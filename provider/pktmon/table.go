package pktmon

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

// Provider is Microsoft-Windows-PktMon: packets and drops of pktmon.
var Provider = provider.New("{4D4F80D9-C8BD-4D73-BB5B-19C90402C5AC}", "Microsoft-Windows-PktMon", "PktMon",
	"PktMon_MicrosoftWindowsPktMon", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
