package pcapng

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/trace"
)

// enhanced decodes an enhanced packet block (draft, 4.3).
func (r *Reader) enhanced(body []byte, rec *trace.Record) (bool, *trace.Error) {
	if len(body) < 20 {
		return false, short("pcapng enhanced packet block", 20, len(body))
	}
	id := r.order.Uint32(body)
	ticks := uint64(r.order.Uint32(body[4:]))<<32 | uint64(r.order.Uint32(body[8:]))
	caplen, wire := r.order.Uint32(body[12:]), r.order.Uint32(body[16:])
	return r.packet("pcapng enhanced packet block", body[20:], id, ticks, caplen, wire, rec)
}

// obsolete decodes a packet block (draft, appendix A).
func (r *Reader) obsolete(body []byte, rec *trace.Record) (bool, *trace.Error) {
	if len(body) < 20 {
		return false, short("pcapng packet block", 20, len(body))
	}
	id, drops := uint32(r.order.Uint16(body)), r.order.Uint16(body[2:])
	ticks := uint64(r.order.Uint32(body[4:]))<<32 | uint64(r.order.Uint32(body[8:]))
	caplen, wire := r.order.Uint32(body[12:]), r.order.Uint32(body[16:])
	ok, err := r.packet("pcapng packet block", body[20:], id, ticks, caplen, wire, rec)
	if ok && drops != 0 && drops != 0xffff {
		if rec.Meta == nil {
			r.meta = trace.Meta{}
			rec.Meta = &r.meta
		}
		rec.Meta.DropCount, rec.Meta.HasDropCount = uint64(drops), true
	}
	return ok, err
}

// simple decodes a simple packet block (draft, 4.4): no interface, no time, no captured length.
func (r *Reader) simple(body []byte, rec *trace.Record) (bool, *trace.Error) {
	if len(body) < 4 {
		return false, short("pcapng simple packet block", 4, len(body))
	}
	if len(r.clocks) == 0 {
		return false, &trace.Error{Layer: "pcapng simple packet block", Detail: "no interface described before it", Err: trace.ErrCorrupt}
	}
	wire := r.order.Uint32(body)
	i := &r.info.Interfaces[r.first]
	n := min(int64(wire), int64(len(body)-4))
	if i.SnapLen > 0 {
		n = min(n, int64(i.SnapLen))
	}
	r.number++
	i.Packets++
	rec.Pos.Number, rec.Kind, rec.Numbered, rec.Interface = r.number, trace.Packet, true, r.first
	rec.Link, rec.Data, rec.WireLen = i.Link, body[4:4+n], int(wire)
	return true, nil
}

func (r *Reader) packet(layer string, body []byte, id uint32, ticks uint64, caplen, wire uint32, rec *trace.Record) (bool, *trace.Error) {
	if int64(id) >= int64(len(r.clocks)) {
		return false, &trace.Error{Layer: layer, Detail: fmt.Sprintf("interface %d of %d", id, len(r.clocks)), Err: trace.ErrCorrupt}
	}
	if int64(caplen) > int64(len(body)) {
		return false, short(layer, int(caplen), len(body))
	}
	i := &r.info.Interfaces[r.first+int(id)]
	r.number++
	i.Packets++
	rec.Pos.Number, rec.Kind, rec.Numbered, rec.Interface = r.number, trace.Packet, true, r.first+int(id)
	rec.Time, rec.FCS = r.clocks[id].nanoseconds(ticks), r.clocks[id].fcs
	rec.Link, rec.Data, rec.WireLen = i.Link, body[:caplen:caplen], int(wire)
	if rest := body[min((int64(caplen)+3)&^3, int64(len(body))):]; len(rest) >= 4 {
		r.packetOptions(rest, rec)
	}
	return true, nil
}

func (r *Reader) packetOptions(b []byte, rec *trace.Record) {
	r.meta = trace.Meta{}
	m := &r.meta
	for code, v := range Options(b, r.order) {
		switch {
		case code == OptComment:
			m.Comments = append(m.Comments, text(v))
			processComment(text(v), m)
		case code == OptFlags && len(v) == 4:
			m.Flags, m.HasFlags = uint32(number(v, r.order)), true
			m.Direction = trace.Direction(m.Flags & 3)
			if m.Direction > trace.Outbound {
				m.Direction = trace.DirectionUnknown
			}
			if n := m.Flags >> 5 & 15; n != 0 {
				rec.FCS = uint8(n)
			}
			m.ChecksumNotReady, m.Segmented = m.Flags&(1<<9) != 0, m.Flags&(1<<11) != 0
		case code == OptHash:
			m.Hash = v
		case code == OptDropCount && len(v) == 8:
			m.DropCount, m.HasDropCount = number(v, r.order), true
		case code == OptPacketID && len(v) == 8:
			m.PacketID, m.HasPacketID = number(v, r.order), true
		case code == OptQueue && len(v) == 4:
			m.Queue, m.HasQueue = uint32(number(v, r.order)), true
		case code == OptVerdict && len(v) > 0:
			verdict := trace.Verdict{Type: trace.VerdictType(v[0]), Data: v[1:]}
			if verdict.Type == trace.VerdictTC || verdict.Type == trace.VerdictXDP {
				verdict.Number = int64(number(verdict.Data, r.order))
			}
			m.Verdicts = append(m.Verdicts, verdict)
		case code == OptProcess && len(v) >= 8:
			m.PID, m.TID, m.HasProcess, m.Running = r.order.Uint32(v), r.order.Uint32(v[4:]), true, false
			owner(m, r.named(m.PID, rec.Time))
			m.Options = append(m.Options, trace.Option{Code: code, Value: v})
		case code == OptDarwinProcess && len(v) == 4:
			owner(m, r.darwin(r.order.Uint32(v)))
			m.Options = append(m.Options, trace.Option{Code: code, Value: v})
		case code == OptDarwinEffect && len(v) == 4:
			m.Options = append(m.Options, trace.Option{Code: code, Value: v})
			if p := r.darwin(r.order.Uint32(v)); p != nil {
				m.OnBehalf, m.OnBehalfName, m.HasOnBehalf = p.PID, p.Name, true
			}
		default:
			m.Options = append(m.Options, trace.Option{Code: code, Value: v})
		}
	}
	rec.Meta = m
}

// processComment takes the process from the comments of ptcpdump ("PID: 4",
// "Cmd: /usr/bin/curl"), which names the owner of the socket, and of etl2pcapng
// ("PID=4 TID=8"), which repeats the header of the event: whoever was running.
func processComment(s string, m *trace.Meta) {
	for _, word := range strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == '\n' || c == '\t' }) {
		if v, ok := strings.CutPrefix(word, "PID="); ok {
			if !m.HasProcess {
				setNumber(&m.PID, v, m)
				m.Running = m.HasProcess
			}
		} else if v, ok := strings.CutPrefix(word, "TID="); ok && m.Running {
			setNumber(&m.TID, v, m)
		}
	}
	if !strings.HasPrefix(s, "PID: ") {
		return
	}
	for line := range strings.Lines(s) {
		switch name, v, _ := strings.Cut(strings.TrimSpace(line), ": "); name {
		case "PID":
			setNumber(&m.PID, strings.TrimSpace(v), m)
			m.Running = false
		case "Cmd":
			m.Process = v
		}
	}
}

func setNumber(to *uint32, s string, m *trace.Meta) {
	if n, err := strconv.ParseUint(s, 10, 32); err == nil {
		*to, m.HasProcess = uint32(n), true
	}
}

// secrets decodes a decryption secrets block (draft, 4.7): Block is the secrets type.
func (r *Reader) secrets(body []byte, rec *trace.Record) (bool, *trace.Error) {
	if len(body) < 8 {
		return false, short("pcapng decryption secrets block", 8, len(body))
	}
	n := r.order.Uint32(body[4:])
	if int64(n) > int64(len(body)-8) {
		return false, short("pcapng decryption secrets block", int(n), len(body)-8)
	}
	rec.Kind, rec.Block, rec.Data = trace.Secrets, r.order.Uint32(body), body[8:8+n]
	s := secretText(rec.Block, rec.Data)
	rec.Text = fmt.Sprintf("%s, %d lines, %d bytes", s.Type, s.Lines, s.Bytes)
	if len(r.info.Secrets) < maxSecrets {
		r.info.Secrets = append(r.info.Secrets, s)
	}
	return true, nil
}

func short(layer string, need, have int) *trace.Error {
	return &trace.Error{Layer: layer, Need: int64(need), Have: int64(have), Err: trace.ErrCorrupt}
}

// maxSecrets bounds the list of what secrets there are.
const maxSecrets = 1024

// maxBlocks bounds the kinds of blocks that are told apart.
const maxBlocks = 64

// count counts a record that is no packet.
func (r *Reader) count(rec *trace.Record) {
	var what string
	switch rec.Kind {
	case trace.Secrets:
		what = "decryption secrets"
	case trace.Names:
		what = "name resolution"
	case trace.Statistics:
		what = "interface statistics"
	case trace.Journal:
		what = "systemd journal entries"
	case trace.ProcessInfo:
		what = "process information"
	case trace.Custom:
		what = fmt.Sprintf("custom blocks of enterprise %d", rec.Enterprise)
	default:
		what = fmt.Sprintf("blocks of type 0x%08x", rec.Block)
	}
	for i := range r.info.Blocks {
		if b := &r.info.Blocks[i]; b.What == what || i == maxBlocks-1 {
			b.Count++
			return
		}
	}
	r.info.Blocks = append(r.info.Blocks, trace.BlockCount{What: what, Count: 1})
}

// penNetflix is the enterprise number of Netflix, whose blocks have a type after it.
const penNetflix = 10949

// custom hands out a custom block (draft, 4.8): Data is what follows the
// enterprise number. Wireshark counts it as a frame.
func (r *Reader) custom(body []byte, rec *trace.Record) (bool, *trace.Error) {
	if len(body) < 4 {
		return false, short("pcapng custom block", 4, len(body))
	}
	rec.Enterprise, rec.Data = r.order.Uint32(body), body[4:]
	// A Wireshark that knows the process entry does not count it as a frame.
	if rec.Enterprise == penWireshark && len(rec.Data) >= 8 && binary.LittleEndian.Uint32(rec.Data) == entryProcess {
		return r.wiresharkProcess(rec.Data, rec)
	}
	r.number++
	rec.Pos.Number, rec.Numbered, rec.Kind = r.number, true, trace.Custom
	rec.Text = fmt.Sprintf("enterprise %d, %d bytes", rec.Enterprise, len(rec.Data))
	rec.WireLen = len(rec.Data)
	if rec.Enterprise == penNetflix {
		rec.WireLen = max(0, rec.WireLen-4)
	}
	return true, nil
}

// sysdigHeader: CPU u16, time u64 (ns since 1970), thread u64, event length u32, event type u16.
const sysdigHeader = 24

// sysdig hands out a Sysdig event, whole. Wireshark counts it as a frame.
func (r *Reader) sysdig(body []byte, rec *trace.Record) (bool, *trace.Error) {
	if len(body) < sysdigHeader {
		return false, short("pcapng Sysdig event block", sysdigHeader, len(body))
	}
	r.number++
	rec.Pos.Number, rec.Numbered, rec.Kind, rec.Data = r.number, true, trace.Unknown, body
	rec.Time, rec.WireLen = int64(min(r.order.Uint64(body[2:]), 1<<63-1)), int(r.order.Uint32(body[18:]))
	return true, nil
}
