package pktmon

import (
	_ "embed"
	"slices"

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

// ReasonText is the built-in text of a drop reason, "" when it has none. It is
// for traces whose own map lacks the code: Windows adds reasons and changes
// none (259 codes in build 19042, 399 in 26200).
func ReasonText(code uint32) string {
	for _, m := range slices.Backward(Provider.Load().Maps[reasonMap]) {
		if text, ok := m.Values[uint64(code)]; ok {
			return text
		}
	}
	return ""
}

const reasonMap = "DropReason"
