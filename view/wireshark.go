package view

import (
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// A wording is how a version of Wireshark puts a TCP segment into its Info column.
type wording struct {
	arrow         string
	sackPermitted string
	value, echo   string // of the time stamps
	shift         bool   // a window scale is the shift, not the factor
	checksums     bool   // a wrong checksum is named; an offloaded one is wrong
	labels        map[flow.Analysis]string
}

var (
	// current is the wording of Wireshark 4.
	current = wording{arrow: "→", sackPermitted: "SACK_PERM", value: "TSval", echo: "TSecr"}
	// early is the wording of Wireshark 1.0 to 1.6, as listings of that time have it.
	early = wording{
		arrow: ">", sackPermitted: "SACK_PERM=1", value: "TSV", echo: "TSER", shift: true, checksums: true,
		labels: map[flow.Analysis]string{flow.AckLostSegment: "ACKed lost segment", flow.LostSegment: "Previous segment lost"},
	}
)

// WiresharkOf fills the columns of a row as Wireshark 1 did, with the checksums
// of TCP checked: what offload left to the network card reads TCP CHECKSUM
// INCORRECT. The verdicts are those of Wireshark 4, in the older words.
func WiresharkOf(row *engine.Row) Columns {
	c := ColumnsOf(row)
	if row.Packet == nil {
		return c
	}
	if c.Protocol == protocolNames[proto.IPv4] {
		c.Protocol = "IP"
	}
	switch top := topLayer(row); {
	case top >= 0 && row.Packet.Layers[top].Proto == proto.TCP:
		now, then := tcpText(row, top, &current), tcpText(row, top, &early)
		c.Info = strings.Replace(c.Info, now, then, 1)
	default:
		if s := row.Sighting; s != nil && s.TCP { // an application's text behind the verdicts
			c.Info = strings.Replace(c.Info, verdicts(s, &current), verdicts(s, &early), 1)
		}
		c.Info = strings.ReplaceAll(c.Info, " "+current.arrow+" ", " "+early.arrow+" ")
	}
	return c
}

// wrongChecksum reports whether the checksum of a segment is not what its bytes add up to, for whatever reason.
func wrongChecksum(s *flow.Sighting) bool {
	if s == nil {
		return false
	}
	return s.Checksum == packet.ChecksumBad || s.Checksum == packet.ChecksumPartial || s.Checksum == packet.ChecksumPartialLSO
}

// scaleText is the value of the window scale option.
func (w *wording) scaleText(shift byte) uint32 {
	if w.shift {
		return uint32(shift)
	}
	return 1 << min(shift, 14)
}

func (w *wording) label(v flow.Analysis, otherwise string) string {
	if l, ok := w.labels[v]; ok {
		return l
	}
	return otherwise
}
