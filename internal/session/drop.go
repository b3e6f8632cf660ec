package session

import (
	"net/netip"

	"github.com/wiretale/wiretale/internal/flow"
)

// A host can drop packets as fast as they come, so reports are counted and not kept.
const (
	maxDropWhere     = 20   // records of one Drop
	maxDropLocations = 4    // places in the driver of one Drop
	maxDropPairs     = 4096 // drops that are told apart by their endpoints
	maxDropCauses    = 4096 // causes of one source: the maps of all Windows versions have some 400 reasons
)

// otherReasons is the reason of drops for causes beyond maxDropCauses.
const otherReasons = "further reasons"

// A dropReport is one record about dropped packets.
type dropReport struct {
	dropCause
	at       flow.Moment
	reason   string
	location uint32
	packets  uint32
	conv     *flow.Conversation
	again    bool // the packet was reported for this reason before
	syn      bool // it was a SYN without ACK
	from, to netip.AddrPort
}

// A dropCause is a reason at a component.
type dropCause struct {
	by, component string
	code          uint32
	id            uint16
}

// drops are the Drops of a source, found by what their reports have in common.
type drops struct {
	list   []*Drop
	causes map[dropCause]bool
	index  map[dropKey]*Drop
}

type dropKey struct {
	dropCause
	conv *flow.Conversation
	pair pair // of packets without a conversation
	rest bool // causes that are too many; the cause has the provider only
}

func newDrops() drops { return drops{causes: map[dropCause]bool{}, index: map[dropKey]*Drop{}} }

func (ds *drops) add(r *dropReport) {
	k := dropKey{dropCause: r.dropCause, conv: r.conv}
	if k.conv == nil && len(ds.list) < maxDropPairs {
		k.pair = pair{r.from, r.to}
	}
	d := ds.index[k]
	if d == nil {
		d = ds.begin(k, r)
	}
	d.Last = r.at
	d.Reports++
	d.locate(r.location)
	if r.again {
		return
	}
	d.Packets += int64(r.packets)
	if r.syn {
		d.SYNs += int64(r.packets)
	}
	if len(d.Where) < maxDropWhere {
		d.Where = append(d.Where, r.at)
	}
}

// begin makes a Drop for the report, or finds the one for causes that are too many.
func (ds *drops) begin(k dropKey, r *dropReport) *Drop {
	reason := r.reason
	if !ds.causes[k.dropCause] {
		if len(ds.causes) < maxDropCauses {
			ds.causes[k.dropCause] = true
		} else {
			k.dropCause, k.rest, reason = dropCause{by: k.by}, true, otherReasons
			if d := ds.index[k]; d != nil {
				return d
			}
		}
	}
	d := &Drop{
		Source: r.at.Pos.Source, By: k.by, Reason: reason, Code: k.code, Component: k.component, ID: k.id, Conv: k.conv, First: r.at,
		From: r.from, To: r.to,
	}
	ds.index[k] = d
	ds.list = append(ds.list, d)
	return d
}

func (d *Drop) locate(location uint32) {
	if location == 0 || len(d.Locations) == maxDropLocations {
		return
	}
	for _, l := range d.Locations {
		if l == location {
			return
		}
	}
	d.Locations = append(d.Locations, location)
}
