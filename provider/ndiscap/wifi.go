package ndiscap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// A Reception is what the driver says of how it received an 802.11 frame
// (DOT11_EXTSTA_RECV_CONTEXT, windot11.h).
type Reception struct {
	Flags     uint32
	PHY       uint32 // number of the station's PHY, not its type
	Frequency uint32 // centre of the channel in MHz, or the channel's number
	Units     uint16 // MPDUs that the frame was received in
	RSSI      int32  // dBm
	Rate      uint8  // in units of 500 kbit/s, 0 when unknown
}

// ParseReception reads the metadata of event 1002: NDIS_OBJECT_HEADER (type
// u8, revision u8, size u16), uReceiveFlags, uPhyId, uChCenterFrequency u32,
// usNumberOfMPDUsReceived u16, padding, lRSSI i32, ucDataRate u8.
func ParseReception(b []byte) (r Reception, ok bool) {
	c := bin.Little(b)
	c.Skip(4)
	r.Flags, r.PHY, r.Frequency = c.U32(), c.U32(), c.U32()
	r.Units = c.U16()
	c.Skip(2)
	r.RSSI, r.Rate = int32(c.U32()), c.U8()
	return r, c.Err() == nil
}

func (r *Reception) String() string {
	var b strings.Builder
	if r.Frequency > 1000 {
		fmt.Fprintf(&b, "802.11 at %d MHz", r.Frequency)
	} else {
		fmt.Fprintf(&b, "802.11 channel %d", r.Frequency)
	}
	fmt.Fprintf(&b, ", signal %d dBm", r.RSSI)
	if r.Rate > 0 {
		fmt.Fprintf(&b, ", rate %d.%d Mbit/s", r.Rate/2, r.Rate%2*5)
	}
	fmt.Fprintf(&b, ", PHY %d", r.PHY)
	if r.Units > 1 {
		fmt.Fprintf(&b, ", %d MPDUs", r.Units)
	}
	return b.String()
}

// heard is a reception whose frame has not come yet.
type heard struct {
	key pieceKey
	how Reception
}

// hear remembers event 1002: MiniportIfIndex u32, LowerIfIndex u32,
// MetadataSize u32, Metadata. The frame that it describes comes next.
func (p *Packets) hear(ev *trace.Record) {
	c := bin.Little(ev.Data)
	f := fragment{miniport: c.U32(), lower: c.U32()}
	data := c.Bytes(int(c.U32()))
	how, ok := ParseReception(data)
	if c.Err() != nil || !ok {
		p.lost(ev, "metadata that is no reception context", len(ev.Data))
		return
	}
	k := radioKey(ev.Event, &f)
	p.radio = slices.DeleteFunc(p.radio, func(h heard) bool { return h.key == k })
	if len(p.radio) == maxPending {
		p.radio = slices.Delete(p.radio, 0, 1)
	}
	p.radio = append(p.radio, heard{k, how})
}

// radioKey ties metadata to its frame; only frames received have any, whatever the keyword of 1002 says.
func radioKey(h *trace.EventHeader, f *fragment) pieceKey {
	k := keyOf(h, f)
	k.direction = keywordReceive
	return k
}

// overRadio adds how a frame was received, and clears the Protected flag of
// one that is plain text. The event keeps the bytes as they were recorded.
func (p *Packets) overRadio(ev, out *trace.Record, f *fragment) {
	k := keyOf(ev.Event, f)
	if at := slices.IndexFunc(p.radio, func(h heard) bool { return h.key == k }); at >= 0 {
		p.comment(p.radio[at].how.String())
		p.radio = slices.Delete(p.radio, at, at+1)
	}
	if !provider.Decrypted80211(out.Data) {
		return
	}
	if p.handed == nil {
		p.handed = append(p.buffer(), out.Data...)
		out.Data = p.handed
	}
	out.Data[1] &^= 0x40
	p.comment(provider.Deciphered)
}
