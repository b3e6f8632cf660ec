// Package tcpip knows the events of Microsoft-Windows-TCPIP: the TCP/IP stack.
package tcpip

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

// Provider is Microsoft-Windows-TCPIP: the TCP/IP stack.
var Provider = provider.New("{2F07E2EE-15DB-40F1-90EF-9D7BA282188A}", "Microsoft-Windows-TCPIP", "TCPIP",
	"TCPIP_MicrosoftWindowsTCPIP", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
