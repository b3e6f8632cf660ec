package capture

import (
	"net/netip"
	"slices"

	"github.com/wiretale/wiretale/format/pcapng"
	"github.com/wiretale/wiretale/trace"
)

// packetOptions appends what is known of a packet besides its bytes (draft, 4.3.1).
func (w *PcapNG) packetOptions(b *block, rec *trace.Record, i *iface) {
	m := rec.Meta
	if m == nil {
		m = &trace.Meta{}
	}
	b.texts(pcapng.OptComment, m.Comments)
	if flags, ok := flagsOf(m, rec.FCS, i.fcs); ok {
		b.number32(pcapng.OptFlags, flags)
	}
	if len(m.Hash) > 0 {
		b.option(pcapng.OptHash, m.Hash)
	}
	if m.HasDropCount {
		b.number64(pcapng.OptDropCount, m.DropCount)
	}
	if m.HasPacketID {
		b.number64(pcapng.OptPacketID, m.PacketID)
	}
	if m.HasQueue {
		b.number32(pcapng.OptQueue, m.Queue)
	}
	for i := range m.Verdicts {
		w.verdict(b, &m.Verdicts[i])
	}
	o := w.current
	for _, opt := range m.Options {
		if opt.Code == pcapng.OptDarwinProcess || opt.Code == pcapng.OptDarwinEffect {
			w.darwinProcess(b, opt)
			continue
		}
		b.options(blockEnhanced, []trace.Option{opt}, o.order)
	}
}

// flagsOf is the flags word of a packet: as it was, or made of what is known. A length of the frame check sequence
// that is not that of the interface is said here.
func flagsOf(m *trace.Meta, fcs, usual uint8) (flags uint32, ok bool) {
	if m.HasFlags {
		return m.Flags, true
	}
	flags = uint32(m.Direction)
	if fcs != usual {
		flags |= uint32(fcs&15) << 5
	}
	if m.ChecksumNotReady {
		flags |= 1 << 9
	}
	if m.Segmented {
		flags |= 1 << 11
	}
	return flags, flags != 0
}

// verdict writes one whose number, if it is one, is in the byte order of the section.
func (w *PcapNG) verdict(b *block, v *trace.Verdict) {
	data := append([]byte{byte(v.Type)}, v.Data...)
	if w.current.order != w.order && (v.Type == trace.VerdictTC || v.Type == trace.VerdictXDP) {
		swap(data[1:], []int{len(v.Data)})
	}
	b.option(pcapng.OptVerdict, data)
}

// darwinProcess writes a reference to a process block: its position may be another one in this file.
func (w *PcapNG) darwinProcess(b *block, opt trace.Option) {
	o := w.current
	if len(opt.Value) != 4 {
		b.option(opt.Code, opt.Value)
		return
	}
	n := o.order.Uint32(opt.Value)
	if int64(n) < int64(len(o.darwin)) {
		b.number32(opt.Code, o.darwin[n])
	} else if !w.opt.Joined {
		b.number32(opt.Code, n)
	} else {
		w.add("references to processes that come later in their file")
	}
}

func hasAddresses(options []trace.Option) bool {
	return slices.ContainsFunc(options, func(o trace.Option) bool { return o.Code == pcapng.OptIfIPv4 || o.Code == pcapng.OptIfIPv6 })
}

// addresses are those of an interface, each as "10.0.0.1" or "10.0.0.1/8".
func (b *block) addresses(list []string) {
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil {
				continue
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		v := p.Addr().AsSlice()
		if len(v) == 4 {
			mask := ^uint32(0) << (32 - p.Bits())
			b.option(pcapng.OptIfIPv4, append(v, byte(mask>>24), byte(mask>>16), byte(mask>>8), byte(mask)))
		} else {
			b.option(pcapng.OptIfIPv6, append(v, byte(p.Bits())))
		}
	}
}
