package capture

import (
	"fmt"
	"math/big"

	"github.com/wiretale/wiretale/format/pcapng"
	"github.com/wiretale/wiretale/trace"
)

// other writes a record that is no packet. Its data is what was in the file, in the byte order of its section.
func (w *PcapNG) other(info *trace.Info, rec *trace.Record) {
	switch rec.Kind {
	case trace.Secrets:
		b := w.block(blockSecrets)
		b.u32(rec.Block)
		b.u32(uint32(len(rec.Data)))
		b.bytes(rec.Data)
		w.buf = b.end()
	case trace.Names:
		w.names(rec.Data)
	case trace.Statistics:
		w.statistics(info, rec)
	case trace.Journal, trace.Event: // an event of this format is an entry
		b := w.block(blockJournal)
		b.bytes(rec.Data)
		w.buf = b.end()
	case trace.ProcessInfo:
		if rec.Block == blockDarwinProcess {
			w.darwinProcessBlock(rec.Data)
		} else {
			w.custom(rec)
		}
	case trace.Custom:
		w.custom(rec)
	default:
		w.unknown(rec)
	}
}

// custom writes a custom block: what follows the enterprise number is as its owner wants it.
func (w *PcapNG) custom(rec *trace.Record) {
	if rec.Block == blockCustomNo {
		w.add("custom blocks that ask not to be copied")
		return
	}
	b := w.block(rec.Block)
	b.u32(rec.Enterprise)
	b.bytes(rec.Data)
	w.buf = b.end()
}

// unknown writes a block that nobody understands, and so cannot turn into another byte order.
func (w *PcapNG) unknown(rec *trace.Record) {
	if w.current.order != w.order {
		w.add(fmt.Sprintf("blocks of type 0x%08x in the other byte order", rec.Block))
		return
	}
	b := w.block(rec.Block)
	b.bytes(rec.Data)
	w.buf = b.end()
}

// darwinProcessBlock writes Apple's process event block.
func (w *PcapNG) darwinProcessBlock(data []byte) {
	o := w.current
	b := w.block(blockDarwinProcess)
	b.u32(o.order.Uint32(data))
	b.copyOptions(blockDarwinProcess, data[4:], o.order)
	w.buf = b.end()
	o.darwin = append(o.darwin, w.darwin)
	w.darwin++
}

// copyOptions appends the options that data holds in the byte order of from.
func (b *block) copyOptions(kind uint32, data []byte, from order) {
	n := len(b.buf)
	for code, v := range pcapng.Options(data, from) {
		b.options(kind, []trace.Option{{Code: code, Value: v}}, from)
	}
	b.finish(n)
}

// names writes a name resolution block (draft, 4.5): records, an end, options.
func (w *PcapNG) names(data []byte) {
	from := w.current.order
	b := w.block(blockNames)
	for len(data) >= 4 {
		kind, n := from.Uint16(data), int(from.Uint16(data[2:]))
		if kind == 0 || n > len(data)-4 {
			break
		}
		b.option(kind, data[4:4+n])
		data = data[min(4+(n+3)&^3, len(data)):]
	}
	b.u32(0)
	if len(data) > 4 {
		b.copyOptions(blockNames, data[4:], from)
	}
	w.buf = b.end()
}

// statistics writes an interface statistics block (draft, 4.6) of an interface that the file has.
func (w *PcapNG) statistics(info *trace.Info, rec *trace.Record) {
	o := w.current
	if rec.Interface < 0 || rec.Interface >= len(o.ids) || o.ids[rec.Interface] < 0 || len(rec.Data) < 12 {
		w.add("statistics of no interface")
		return
	}
	i := &info.Interfaces[rec.Interface]
	id := o.ids[rec.Interface]
	b := w.block(blockStatistics)
	b.u32(uint32(id))
	b.ticks(w.statisticsTime(rec.Data[4:], i))
	n := len(b.buf)
	for code, v := range pcapng.Options(rec.Data[12:], o.order) {
		if (code == pcapng.OptStatStart || code == pcapng.OptStatEnd) && len(v) == 8 {
			b.u16(code)
			b.u16(8)
			b.ticks(w.statisticsTime(v, i))
			continue
		}
		b.options(blockStatistics, []trace.Option{{Code: code, Value: v}}, o.order)
	}
	b.finish(n)
	w.buf = b.end()
}

// statisticsTime is a time of statistics, which has the clock of the interface, in the clock that it has in this file.
func (w *PcapNG) statisticsTime(v []byte, i *trace.Interface) uint64 {
	order := w.current.order
	t := uint64(order.Uint32(v))<<32 | uint64(order.Uint32(v[4:]))
	_, unit := resolution(i.Resolution)
	if i.Resolution == 0 || i.Resolution == float64(unit) {
		return t
	}
	// A clock that is finer than a nanosecond, or binary.
	ns := new(big.Float).Mul(new(big.Float).SetUint64(t), big.NewFloat(i.Resolution))
	out, _ := ns.Uint64()
	return out
}
