package view

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
)

// NetMon is one row in the columns of Network Monitor 3.4.
type NetMon struct {
	Process             string
	Source, Destination string
	Protocol            string
	Description         string
}

// NetMonOf describes a row as Network Monitor does, with two differences: the
// process is the owner as far as it is known (Network Monitor shows whoever
// was running), and the window of every TCP segment has its negotiated scale.
func NetMonOf(row *engine.Row) NetMon {
	n := NetMon{Process: Owner(row)}
	if row.Packet == nil {
		c := ColumnsOf(row)
		n.Source, n.Destination, n.Protocol, n.Description = c.Source, c.Destination, c.Protocol, c.Info
		if row.Event != nil && row.Event.Provider != nil && row.Event.Provider.Module != "" {
			n.Protocol = row.Event.Provider.Module
		}
		return n
	}
	c := packetColumns(row)
	n.Source, n.Destination, n.Protocol = c.Source, c.Destination, c.Protocol
	top := topLayer(row)
	if top < 0 {
		n.Description = c.Info
		return n
	}
	if describe := netmonTexts[row.Packet.Layers[top].Proto]; describe != nil {
		n.Description = describe(row, row.Packet.Bytes(top))
	}
	if n.Description == "" {
		n.Description = c.Protocol + ":" + c.Info
	}
	return n
}

var netmonTexts = map[proto.ID]func(*engine.Row, []byte) string{
	proto.TCP: netmonTCP, proto.UDP: netmonUDP, proto.ARP: netmonARP, proto.ICMP: netmonICMP,
}

// Owner is the process that a row belongs to, "tcpserver.exe (2704)". An event
// without a known owner names who was running in brackets: "[Idle (0)]".
func Owner(row *engine.Row) string {
	if p := row.Object.Process; p != nil {
		return ProcessName(p)
	}
	if row.Event == nil || row.Packet != nil || row.Header.Name == "" {
		return ""
	}
	return fmt.Sprintf("[%s (%d)]", Printable(row.Header.Name), row.Header.PID)
}

// ProcessName is "tcpserver.exe (2704)", or "pid 2704" for a process without a name.
func ProcessName(p *session.Process) string {
	switch {
	case p == nil:
		return ""
	case p.Name == "":
		return fmt.Sprintf("pid %d", p.PID)
	}
	return fmt.Sprintf("%s (%d)", Printable(p.Name), p.PID)
}

func netmonFlags(f tcp.Flags) string {
	out := []byte("........")
	for i, bit := range []tcp.Flags{tcp.CWR, tcp.ECE, tcp.URG, tcp.ACK, tcp.PSH, tcp.RST, tcp.SYN, tcp.FIN} {
		if f&bit != 0 {
			out[i] = "CEUAPRSF"[i]
		}
	}
	return string(out)
}

// netmonTCP is "TCP:Flags=...AP..., SrcPort=55908, DstPort=13000, PayloadLen=13, Seq=1 - 14, Ack=1, Win=513 (scale factor 0x8) = 131328".
func netmonTCP(row *engine.Row, _ []byte) string {
	p := row.Packet
	if p.Transport != proto.TCP {
		return ""
	}
	h := &p.TCP
	var b strings.Builder
	b.WriteString("TCP:")
	if wrongChecksum(row.Sighting) {
		b.WriteString(" [Bad CheckSum]")
	}
	fmt.Fprintf(&b, "Flags=%s, SrcPort=%d, DstPort=%d, PayloadLen=%d, Seq=%d", netmonFlags(h.Flags), h.SrcPort, h.DstPort, p.PayloadLen, h.Seq)
	if p.PayloadLen > 0 {
		fmt.Fprintf(&b, " - %d", h.Seq+uint32(p.PayloadLen))
	}
	fmt.Fprintf(&b, ", Ack=%d, Win=%d", h.Ack, h.Window)
	scale, offered := scaleOption(h)
	switch {
	case h.Flags&tcp.SYN != 0 && offered && h.Flags&tcp.ACK == 0:
		fmt.Fprintf(&b, " ( Negotiating scale factor 0x%x ) = %d", scale, h.Window)
	case h.Flags&tcp.SYN != 0 && offered:
		fmt.Fprintf(&b, " ( Negotiated scale factor 0x%x ) = %d", scale, h.Window)
	case h.Flags&tcp.SYN == 0 && h.Flags&tcp.RST == 0:
		if n, known := sideScale(row); known {
			fmt.Fprintf(&b, " (scale factor 0x%x) = %d", n, uint32(h.Window)<<n)
		}
	}
	return b.String()
}

// scaleOption is the window scale that a SYN offers.
func scaleOption(h *tcp.Header) (scale uint8, ok bool) {
	for opt := h.Options; len(opt) > 0 && opt[0] != optEnd; {
		if opt[0] == optNop {
			opt = opt[1:]
			continue
		}
		if len(opt) < 2 || opt[1] < 2 || int(opt[1]) > len(opt) {
			return 0, false
		}
		if opt[0] == optScale && opt[1] == 3 {
			return opt[2], true
		}
		opt = opt[opt[1]:]
	}
	return 0, false
}

// sideScale is the scale of the sender's windows after the handshake.
func sideScale(row *engine.Row) (scale uint, known bool) {
	s := row.Sighting
	if s == nil || s.Conv == nil || s.Conv.TCP == nil || !s.ScaleKnown {
		return 0, false
	}
	side := &s.Conv.TCP.Sides[s.Dir]
	return uint(max(side.Scale, 0)), side.Scale >= 0 && side.Scale <= 14
}

func netmonUDP(row *engine.Row, b []byte) string {
	if len(b) < 8 {
		return ""
	}
	return fmt.Sprintf("UDP:SrcPort = %d, DstPort = %d, Length = %d",
		binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[4:]))
}

func netmonARP(_ *engine.Row, b []byte) string {
	if len(b) < 28 || b[4] != 6 || b[5] != 4 {
		return ""
	}
	sender, target := netip.AddrFrom4([4]byte(b[14:18])), netip.AddrFrom4([4]byte(b[24:28]))
	if binary.BigEndian.Uint16(b[6:]) == 1 {
		return fmt.Sprintf("ARP:Request, %s asks for %s", sender, target)
	}
	return fmt.Sprintf("ARP:Response, %s at %s", sender, strings.ToUpper(strings.ReplaceAll(MAC(b[8:14]), ":", "-")))
}

func netmonICMP(row *engine.Row, b []byte) string {
	if len(b) < 4 {
		return ""
	}
	name := map[byte]string{0: "Echo Reply Message", 8: "Echo Request Message", 3: "Destination Unreachable Message", 11: "Time Exceeded Message", 5: "Redirect Message"}[b[0]]
	if name == "" {
		return ""
	}
	return fmt.Sprintf("ICMP:%s, From %s To %s", name, row.Packet.Src, row.Packet.Dst)
}
