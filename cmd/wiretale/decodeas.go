package main

import (
	"strings"

	"github.com/spf13/pflag"
)

// decodeAsFlag adds tshark's -d. It stays hidden while no protocol of an application is decoded.
func decodeAsFlag(flags *pflag.FlagSet, to *[]string) {
	flags.StringArrayVarP(to, "decode-as", "d", nil, "take what a port carries as a protocol: `LAYER==PORT,PROTOCOL`, for example tcp.port==8443,http")
	flags.Lookup("decode-as").Hidden = true
}

// checkDecodeAs refuses a -d whose protocol is not decoded. So far that is
// every one: nothing above the transport is.
func checkDecodeAs(rules []string) error {
	if len(rules) == 0 {
		return nil
	}
	rule := rules[0]
	layer, name, ok := strings.Cut(rule, ",")
	selector, value, test := strings.Cut(layer, "==")
	if !ok || !test || selector == "" || value == "" || name == "" {
		return usage("for example -d tcp.port==8443,http", "-d %s is not of the form LAYER==PORT,PROTOCOL", rule)
	}
	return usage("", "-d %s: %s is not yet decoded, nor is another protocol above the transport", rule, name)
}
