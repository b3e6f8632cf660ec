package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/wiretale/wiretale/trace"
)

// A LinkError says that packets of a second link type came for a file that has one for all.
type LinkError struct {
	Have, Got trace.LinkType
	Written   int64 // packets before it
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("a pcap file has one link type, and there are packets of two: %v and %v", e.Have, e.Got)
}

// A pcapFile writes a pcap file, little-endian, version 2.4 (draft-ietf-opsawg-pcap, 4 and 5).
type pcapFile struct {
	w       io.Writer
	buf     []byte
	nanos   bool
	begun   bool
	link    trace.LinkType
	written int64
	omissions
}

func newPcap(w io.Writer, nanos bool) *pcapFile { return &pcapFile{w: w, nanos: nanos} }

const (
	pcapMicro = 0xa1b2c3d4
	pcapNano  = 0xa1b23c4d
	// usualSnap is the snap length that tcpdump and Wireshark write: no frame of most link types is longer.
	usualSnap = 262144
)

// longLinks are the link types whose records may be longer, with Wireshark's limits in bytes (WTAP_MAX_PACKET_SIZE_).
var longLinks = map[trace.LinkType]uint32{
	231: 128 << 20, // D-Bus
	249: 128 << 20, // USBPcap
	279: 8 << 20,   // EBHSCR
}

// Describe implements Writer. The link type is that of the first packet: sources name interfaces that captured nothing.
func (p *pcapFile) Describe(int, *trace.Info) error { return nil }

func (p *pcapFile) header(link trace.LinkType, fcs uint8) {
	le := binary.LittleEndian
	magic, snap, network := uint32(pcapMicro), uint32(usualSnap), uint32(link)
	if p.nanos {
		magic = pcapNano
	}
	if n, ok := longLinks[link]; ok {
		snap = n
	}
	if fcs > 0 && fcs%2 == 0 { // bits 28 to 31: its length in 16-bit words
		network |= 1<<26 | uint32(fcs/2)<<28
	}
	p.buf = le.AppendUint32(p.buf, magic)
	p.buf = le.AppendUint16(le.AppendUint16(p.buf, 2), 4)
	p.buf = le.AppendUint64(p.buf, 0)
	p.buf = le.AppendUint32(le.AppendUint32(p.buf, snap), network)
	p.begun, p.link = true, link
}

// Write implements Writer.
func (p *pcapFile) Write(_ *trace.Info, rec *trace.Record) error {
	switch {
	case rec.Kind != trace.Packet:
		p.add(kindNames[rec.Kind])
		return nil
	case rec.Link > maxLink:
		p.add(fmt.Sprintf("records of type %v, for which there is no link type", rec.Link))
		return nil
	case !p.begun:
		p.header(rec.Link, rec.FCS)
	case rec.Link != p.link:
		return &LinkError{p.link, rec.Link, p.written}
	}
	sec, frac := p.time(rec.Time)
	le := binary.LittleEndian
	p.buf = le.AppendUint32(le.AppendUint32(p.buf, sec), frac)
	p.buf = le.AppendUint32(le.AppendUint32(p.buf, uint32(len(rec.Data))), uint32(rec.WireLen))
	p.buf = append(p.buf, rec.Data...)
	p.written++
	if m := rec.Meta; m != nil && len(m.Comments) > 0 {
		p.add("packet comments")
	}
	return p.flush(flushAt)
}

// time is the time of a record in the file's unit.
func (p *pcapFile) time(t int64) (sec, frac uint32) {
	if t == trace.NoTime {
		p.add("times of packets without one: they are 0")
		return 0, 0
	}
	s, ns := t/1e9, t%1e9
	if t < 0 || s > math.MaxUint32 {
		p.add("times before 1970 or after 2106: they are 0")
		return 0, 0
	}
	if p.nanos {
		return uint32(s), uint32(ns)
	}
	if ns%1000 != 0 {
		p.add("times cut to microseconds; nsecpcap keeps them")
	}
	return uint32(s), uint32(ns / 1000)
}

func (p *pcapFile) flush(from int) error {
	if len(p.buf) < from {
		return nil
	}
	_, err := p.w.Write(p.buf)
	p.buf = p.buf[:0]
	return err
}

// Close implements Writer.
func (p *pcapFile) Close() error {
	if !p.begun {
		p.header(trace.LinkEthernet, 0)
	}
	return p.flush(0)
}

// Omitted implements Writer.
func (p *pcapFile) Omitted() []Omission { return p.omissions }
