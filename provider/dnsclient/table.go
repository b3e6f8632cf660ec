// Package dnsclient knows the events of Microsoft-Windows-DNS-Client: name queries of the DNS client service.
package dnsclient

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

// Provider is Microsoft-Windows-DNS-Client: name queries of the DNS client service.
var Provider = provider.New("{1C95126E-7EEA-49A9-A3FE-A378B03DDB4D}", "Microsoft-Windows-DNS-Client", "DNS-Client",
	"DNSClient_MicrosoftWindowsDNSClient", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
