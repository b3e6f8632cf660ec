package session

import (
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/trace"
)

// classNetwork is the class of Process Monitor's network events, whose name begins with the protocol.
const classNetwork = "TCP "

// procmonEvent says whose operation an event of Process Monitor is: its header names the process that made it, and a
// network event ties its endpoints to that process.
func (t *Tracker) procmonEvent(ev *provider.Event, h *trace.EventHeader, now flow.Moment) Object {
	o := Object{Kind: ByKey}
	if p := t.procs.byKey[h.ProcessKey]; h.ProcessKey != 0 && p != nil {
		o.Process = p
	} else if h.HasThread {
		o.Process = t.procs.at(h.PID, now.Time)
	}
	if ev.Def == nil {
		return o
	}
	if t.operations != nil {
		t.operations.add(ev, o.Process, now)
	}
	k := ownedPair{pair{plain(ev.Addr("LocalAddress")), plain(ev.Addr("RemoteAddress"))}, proto.UDP}
	if !k.a.IsValid() || !k.b.IsValid() {
		return o
	}
	t.active = true
	if len(ev.Def.Name) > len(classNetwork) && ev.Def.Name[:len(classNetwork)] == classNetwork {
		k.proto = proto.TCP
	}
	if o.Process != nil {
		t.claim(k, o.Process, now)
		t.own(k, owner{process: o.Process, kind: ByKey, at: now, fields: "PID,LocalAddress,RemoteAddress"})
	}
	if c := t.convs[k.pair]; c != nil && c.Proto == k.proto {
		o.Conv = c
	}
	return o
}
