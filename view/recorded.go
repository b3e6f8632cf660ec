package view

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/wiretale/wiretale/trace"
)

// actions are what the programs of Linux' express data path (XDP_) and traffic control (TC_ACT_) return (linux/bpf.h, linux/pkt_cls.h).
var actions = map[trace.VerdictType]map[int64]string{
	trace.VerdictXDP: {0: "aborted", 1: "drop", 2: "pass", 3: "send back", 4: "redirect"},
	trace.VerdictTC:  {-1: "unspecified", 0: "ok", 1: "reclassify", 2: "drop", 3: "pipe", 4: "stolen", 5: "queued", 6: "repeat", 7: "redirect", 8: "trap"},
}

// Verdicts says in words what was done with a packet.
func Verdicts(m *trace.Meta) []string {
	var out []string
	for _, v := range m.Verdicts {
		switch v.Type {
		case trace.VerdictHardware:
			out = append(out, "network card: "+hex.EncodeToString(v.Data))
		case trace.VerdictTC, trace.VerdictXDP:
			who := map[trace.VerdictType]string{trace.VerdictTC: "eBPF TC", trace.VerdictXDP: "eBPF XDP"}[v.Type]
			out = append(out, fmt.Sprintf("%s: %d %s", who, v.Number, actions[v.Type][v.Number]))
		default:
			out = append(out, fmt.Sprintf("type %d: %x", v.Type, v.Data))
		}
	}
	return out
}

// Codes of options that more than one block may have (pcapng draft, 3.5.1): an
// enterprise number, then text or bytes. The second pair is not to be copied to another file.
const (
	customText       = 2988
	customBytes      = 2989
	customTextNoCopy = 19372
	customByteNoCopy = 19373
)

// darwinOptions are Apple's options of a packet.
var darwinOptions = map[uint16]string{0x8002: "service class", 0x8004: "metadata flags", 0x8005: "flow id"}

// Option is an option of a packet in words: custom ones with their enterprise, numbers of Apple's, the rest as bytes.
func Option(o trace.Option) string {
	switch o.Code {
	case customText, customTextNoCopy:
		if pen, ok := enterprise(o.Value); ok {
			return fmt.Sprintf("enterprise %d: %s", pen, o.Value[4:])
		}
	case customBytes, customByteNoCopy:
		if pen, ok := enterprise(o.Value); ok {
			return fmt.Sprintf("enterprise %d: %x", pen, o.Value[4:])
		}
	}
	if name := darwinOptions[o.Code]; name != "" {
		return fmt.Sprintf("%s: %x", name, o.Value)
	}
	return fmt.Sprintf("code %d: %x", o.Code, o.Value)
}

// maxEnterprise is beyond any number that IANA has given.
const maxEnterprise = 1 << 20

// enterprise is the number before a custom option; false when there is none,
// as early writers left it out. The byte order is the section's, which is not known here: the lower number is meant.
func enterprise(v []byte) (uint32, bool) {
	if len(v) < 4 {
		return 0, false
	}
	pen := min(binary.LittleEndian.Uint32(v), binary.BigEndian.Uint32(v))
	return pen, pen < maxEnterprise
}
