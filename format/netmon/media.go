package netmon

import "github.com/wiretale/wiretale/trace"

// Media types of frames that the format itself writes.
const (
	mediaEvent       = 0xffe0 // an ETW event
	mediaNetworkEx   = 0xfffb
	mediaPayload     = 0xfffc // a reassembled payload: repeats other frames
	mediaNetworkInfo = 0xfffd
	mediaDNSCache    = 0xfffe
	mediaPcap        = 0xe000 // the low 12 bits are a pcap link type
	mediaAnalyzer    = 0xe080 // to 0xe08a: Message Analyzer's own
	mediaAnalyzerEnd = 0xe08a
)

// links maps the media types of network adapters.
var links = map[uint16]trace.LinkType{
	0: trace.LinkEthernet, 1: trace.LinkEthernet, 2: trace.LinkTokenRing, 3: trace.LinkFDDI,
	7: trace.LinkRaw, 8: trace.LinkRaw, 9: trace.LinkRaw, // tunnel, WWAN, raw IP
	mediaEvent: trace.LinkNetMonEvent,
}

func link(media uint16) trace.LinkType {
	if l, ok := links[media]; ok {
		return l
	}
	if media >= mediaPcap && media < 0xf000 && (media < mediaAnalyzer || media > mediaAnalyzerEnd) {
		if n := media &^ mediaPcap; n == 12 || n == 14 {
			return trace.LinkRaw
		}
		return trace.LinkType(media &^ mediaPcap)
	}
	return trace.LinkNetMonOther
}

// numbered is false for the frames that Wireshark does not count.
func numbered(media uint16) bool {
	return media != mediaPayload && media != mediaNetworkInfo && media != mediaDNSCache
}
