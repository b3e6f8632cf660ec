package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/spell"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/all"
)

// decodeAsFlag adds tshark's -d.
func decodeAsFlag(flags *pflag.FlagSet, to *[]string) {
	flags.StringArrayVarP(to, "decode-as", "d", nil, "take what a port carries as a protocol: `LAYER==PORT,PROTOCOL`, for example tcp.port==8443,http; may be given several times")
}

// A selector is what the left side of -d may name: tshark's name of the table, the protocols that may be chosen in it, and the rules of the table.
type selector struct {
	name      string
	protocols func() []proto.ID
	rules     func(*stream.Rules) *[]packet.PortRule
}

var selectors = []selector{
	{"tcp.port", connections, func(r *stream.Rules) *[]packet.PortRule { return &r.TCP }},
	{"udp.port", packet.Datagrams, func(r *stream.Rules) *[]packet.PortRule { return &r.UDP }},
}

func connections() (ids []proto.ID) {
	for _, s := range all.Streams() {
		ids = append(ids, s.ID)
	}
	return append(ids, proto.Data)
}

// choice says which protocols connections may carry, with the rules of -d.
func (a *app) choice() *stream.Choice { return stream.NewChoice(a.rules) }

// decodeAs reads the rules of -d: "tcp.port==8443,http", with tshark's ranges "8443-8450" and "8443:8".
func decodeAs(texts []string) (stream.Rules, error) {
	var rules stream.Rules
	none := stream.Rules{}
	for _, text := range texts {
		layer, name, ok := strings.Cut(text, ",")
		table, ports, test := strings.Cut(layer, "==")
		if !ok || !test || table == "" || ports == "" || name == "" {
			return none, usage("for example -d tcp.port==8443,http", "-d %s is not of the form LAYER==PORT,PROTOCOL", text)
		}
		at := slices.IndexFunc(selectors, func(s selector) bool { return s.name == table })
		if at < 0 {
			return none, usage(oneOf(table, selectorNames()...), "-d %s: %s is none of %s", text, table, strings.Join(selectorNames(), ", "))
		}
		low, high, ok := portRange(ports)
		if !ok {
			return none, usage("for example 8443, 8443-8450 or 8443:8", "-d %s: %q is no port", text, ports)
		}
		id, err := protocolNamed(text, name, selectors[at].protocols())
		if err != nil {
			return none, err
		}
		to := selectors[at].rules(&rules)
		*to = append(*to, packet.PortRule{From: low, To: high, ID: id})
	}
	return rules, nil
}

func selectorNames() (names []string) {
	for _, s := range selectors {
		names = append(names, s.name)
	}
	return names
}

// portRange reads "8443", "8443-8450", and "8443:8" for as many ports from there on.
func portRange(text string) (from, to uint16, ok bool) {
	sep := strings.IndexAny(text, "-:")
	first, rest := text, ""
	if sep >= 0 {
		first, rest = text[:sep], text[sep+1:]
	}
	a, err := strconv.ParseUint(first, 0, 16)
	if err != nil {
		return 0, 0, false
	}
	if sep < 0 {
		return uint16(a), uint16(a), true
	}
	b, err := strconv.ParseUint(rest, 0, 16)
	if text[sep] == ':' {
		if b == 0 {
			return 0, 0, false
		}
		b += a - 1
	}
	return uint16(a), uint16(b), err == nil && b >= a && b <= 0xffff
}

// protocolNamed finds a protocol by tshark's name.
func protocolNamed(rule, name string, of []proto.ID) (proto.ID, error) {
	var names []string
	for _, id := range of {
		if id.String() == name {
			return id, nil
		}
		if !slices.Contains(names, id.String()) { // NetBIOS has two: a session service, and frames over TCP alone
			names = append(names, id.String())
		}
	}
	hint := ""
	if near := spell.Nearest(name, names); near != "" {
		hint = "did you mean " + near
	}
	return 0, usage(hint, "-d %s: %s is none of %s", rule, name, strings.Join(names, ", "))
}
