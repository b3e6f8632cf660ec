// Package httpservice knows the events of Microsoft-Windows-HttpService: requests and connections of http.sys.
package httpservice

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

// Provider is Microsoft-Windows-HttpService: requests and connections of http.sys.
var Provider = provider.New("{DD5EF90A-6398-47A4-AD34-4DCECDEF795F}", "Microsoft-Windows-HttpService", "HttpService",
	"HttpService_MicrosoftWindowsHttpService", provider.Embedded{Events: eventsTSV, Maps: mapsTSV, Messages: messagesTSV})
