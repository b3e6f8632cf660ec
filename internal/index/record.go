package index

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// errFound ends a pass that has what it was made for.
var errFound = errors.New("found")

// Record hands out all that is known of the record at a place of the list: its row, with the layers of
// applications and the buffers of messages, and what its source says of itself. Both are valid until visit returns.
func (x *Index) Record(ctx context.Context, index int, visit func(row *engine.Row, info *trace.Info) error) error {
	x.mu.RLock()
	if x.isClosed || index < 0 || index >= x.total() {
		x.mu.RUnlock()
		return fmt.Errorf("there is no row %d", index)
	}
	k := x.look(index)
	owners := x.owners
	x.mu.RUnlock()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(x.closing, stop)()
	pair, lanes := x.pairOf(&k)
	part := x.partOf(&k, pair != nil)
	found, err := x.findRecord(ctx, &k, owners, part, pair, lanes, visit)
	if err == nil && !found {
		err = fmt.Errorf("record %d of %s is gone: the file has changed", k.row.Frame, x.paths[k.source.index])
	}
	return err
}

// partOf is what of the source a record depends on that depends on one conversation; nil when it is to be read whole.
func (x *Index) partOf(k *kept, one bool) *engine.Part {
	x.mu.RLock()
	owners := x.owners
	x.mu.RUnlock()
	base, ok := owners.base(k.source.index)
	if !one || !k.hasStance || owners == nil || !ok || k.row.Conversation < 0 {
		return nil
	}
	wanted := map[int32]bool{}
	owners.related(owners.c.Conversations.At(base+int(k.stance.conv)), func(_ int, number int32) { wanted[number] = true })
	return x.part(k.source, wanted, k.at+1)
}

// findRecord passes over the source, or the part of it, until the record comes.
func (x *Index) findRecord(ctx context.Context, k *kept, owners *owners, part *engine.Part, pair func() func(*engine.Row) bool, lanes bool, visit func(*engine.Row, *trace.Info) error) (bool, error) {
	opt := x.opt.Engine
	opt.Rules, opt.Progress = []*diag.Rule{}, nil
	if part != nil {
		opt.Part = func(int) *engine.Part { return part }
	}
	paths, opt := x.again(opt, k.source)
	run, err := engine.Open(ctx, paths, opt)
	if err != nil {
		return false, err
	}
	defer run.Close()
	wanted := func(row *engine.Row) bool { return row.Record.Numbered && row.Record.Pos.Number == k.row.Frame }
	show := func(row *engine.Row) error {
		if part != nil && row.Sighting != nil {
			row.Sighting.NStreams = 0 // counted in the part
		}
		k.settle(owners, row)
		row.Info = run.Info(0)
		if err := visit(row, run.Info(0)); err != nil {
			return err
		}
		return errFound
	}
	if lanes && part == nil {
		err = run.Select(engine.Selection{Match: func() func(*engine.Row) bool { return wanted }, Pair: pair, Visit: show, Skip: func(int64) {}})
	} else {
		err = run.Each(func(row *engine.Row) error {
			if !wanted(row) {
				return nil
			}
			return show(row)
		})
	}
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}

// early is how many records a pass in order follows in no time. Behind them the numbers of the streams around a tunnelled packet, and of one that an ICMP error
// quotes, are left out: only such a pass knows them.
const early = 1 << 16

// pairOf says how the record is looked for: in lanes or in order, and with which test of endpoints that leaves out conversations which the
// record does not depend on; nil when it may depend on all of them: keys are learned from any connection.
func (x *Index) pairOf(k *kept) (pair func() func(*engine.Row) bool, lanes bool) {
	if k.offset < 0 { // a record that only a pass in order can follow
		return nil, false
	}
	row, err := x.maker().remake(k)
	if err != nil {
		return nil, true
	}
	p := row.Packet
	if (p.Tunnel > 0 || p.QuotedSrc.IsValid()) && k.at < early {
		return nil, false
	}
	if x.opt.Engine.Secrets != nil || k.source.secrets {
		return nil, true
	}
	if p.Transport != proto.TCP && p.Transport != proto.UDP || p.Flags&(packet.Fragment|packet.Reassembled) != 0 {
		return nil, true
	}
	a, b := netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort)
	transport := p.Transport
	return func() func(*engine.Row) bool {
		return func(row *engine.Row) bool {
			p := row.Packet
			if p == nil || p.Transport != transport {
				return false
			}
			src, dst := netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort)
			return src == a && dst == b || src == b && dst == a
		}
	}, true
}

// settle gives the row of a record, which was found in a pass over a part of its source, the numbers and owners of the whole.
func (k *kept) settle(owners *owners, row *engine.Row) {
	row.Source, row.Record.Pos.Source = k.source.index, k.source.index
	conv := row.Object.Conv
	if conv != nil && k.row.Conversation >= 0 {
		conv.ID = k.row.Conversation
	}
	if owners == nil {
		return
	}
	base, ok := owners.base(k.source.index)
	if conv == nil || !ok || k.row.Conversation < 0 {
		owners.c.Resolve(row)
		return
	}
	conv.ID = k.row.Conversation - base // as the pass over the whole source numbers it
	owners.c.Resolve(row)
	if c, seen := row.Object.Conv, row.Sighting; c != nil && seen != nil && seen.NStreams == 0 && c.Stream >= 0 {
		seen.Streams[0], seen.NStreams = flow.Stream{Proto: c.Proto, Number: int32(c.Stream)}, 1
	}
}
