package engine

import (
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/provider"
	providers "github.com/wiretale/wiretale/provider/all"
	"github.com/wiretale/wiretale/provider/kernel"
	"github.com/wiretale/wiretale/provider/ndiscap"
	"github.com/wiretale/wiretale/provider/pktmon"
	"github.com/wiretale/wiretale/provider/sysconfig"
	"github.com/wiretale/wiretale/provider/tcpip"
	"github.com/wiretale/wiretale/trace"
)

// host knows what a source's events say of the machine that logged them:
// event layouts, processes, interfaces, capture components; and takes packets out of events.
type host struct {
	info     *trace.Info
	registry *provider.Registry
	tracker  *session.Tracker
	names    map[uint32]string // process names by id, for headers; the last one told wins
	ndiscap  ndiscap.Packets
	pktmon   pktmon.Packets
	event    provider.Event
	packets  trace.Record
	// addresses are those of interfaces whose rows may come later.
	addresses []tcpip.Address
}

// maxAddresses bounds the addresses that are kept of a trace: a real machine has tens.
const maxAddresses = 4096

func newHost(info *trace.Info, tracker *session.Tracker) *host {
	h := &host{info: info, tracker: tracker, registry: provider.NewRegistry(providers.All()...), names: map[uint32]string{0: "Idle", 4: "System"}}
	tracker.UseMaps(h.mapText)
	tracker.UseComponents(h.pktmon.Name)
	if info.Session != nil {
		h.registry.SetBuild(provider.ParseBuild(info.Session.Build))
	}
	return h
}

// mapText is the text of a number in a provider's value map, the trace's own before the built-in one.
func (h *host) mapText(guid trace.GUID, name string, value uint64) string {
	text := h.registry.MapText(guid, name, value)
	if text == "" && guid == pktmon.GUID && name == "DropReason" {
		text = pktmon.ReasonText(uint32(value))
	}
	return text
}

// wants selects the records that must be known before the first event is decoded.
func (h *host) wants(e *trace.EventHeader) bool {
	return h.registry.Wants(e) || kernel.Learns(e) || sysconfig.Wants(e) || pktmon.Learns(e) || ndiscap.Learns(e) || tcpip.Learns(e)
}

// learn takes one of the records that wants selected.
func (h *host) learn(rec *trace.Record) {
	switch {
	case h.registry.Learn(rec):
	case sysconfig.Wants(rec.Event):
		sysconfig.Learn(rec, h.info)
	case pktmon.Learns(rec.Event):
		h.pktmon.Learn(rec)
	case ndiscap.Learns(rec.Event):
		h.ndiscap.Learn(rec)
	case kernel.Learns(rec.Event):
		h.learnKernel(rec)
	case tcpip.Learns(rec.Event):
		if a, ok := tcpip.ParseAddress(rec.Data); ok && len(h.addresses) < maxAddresses {
			h.addresses = append(h.addresses, a)
		}
	}
}

// learnKernel takes a process or a thread that the kernel tells.
func (h *host) learnKernel(rec *trace.Record) {
	h.registry.Decode(rec, &h.event)
	if t, ok := kernel.ThreadOf(&h.event); ok {
		h.learnThread(t, rec.Time)
		return
	}
	p, ok := kernel.ProcessOf(&h.event)
	if !ok {
		return
	}
	r := session.ProcessRecord{
		PID: p.PID, Parent: p.Parent, Key: p.Key, Name: p.Name, CommandLine: p.CommandLine, From: "kernel process rundown",
	}
	switch p.Kind {
	case kernel.Start:
		r.Start, r.From = rec.Time, "kernel process start"
	case kernel.End:
		r.End, r.From = rec.Time, "kernel process end"
	}
	if p.Name != "" {
		h.names[p.PID] = p.Name
	}
	h.tracker.LearnProcess(r)
}

func (h *host) learnThread(t kernel.Thread, time int64) {
	r := session.ThreadRecord{TID: t.TID, PID: t.PID}
	switch t.Kind {
	case kernel.Start:
		r.Start = time
	case kernel.End:
		r.End = time
	}
	h.tracker.LearnThread(r)
}

// ready is called between the pre-pass and the first event.
func (h *host) ready() {
	h.ndiscap.Use(h.info.Interfaces)
	h.ndiscap.Damage = &h.info.Damage
	h.pktmon.Reason = func(code uint32) string {
		return h.mapText(pktmon.GUID, "DropReason", uint64(code))
	}
	h.pktmon.Kind = func(code uint16) string {
		return h.registry.MapText(pktmon.GUID, "ComponentType", uint64(code))
	}
	tcpip.Name(h.info.Interfaces, h.addresses)
	h.info.Components = h.pktmon.Use(h.info.Interfaces)
	h.info.Filters = h.pktmon.Filters()
}

// decode names the fields of an event. The result is reused.
func (h *host) decode(rec *trace.Record) *provider.Event {
	h.registry.Decode(rec, &h.event)
	return &h.event
}

// packet takes the packet out of an event that completes one; nil for any other event.
func (h *host) packet(rec *trace.Record) *trace.Record {
	switch {
	case ndiscap.Wants(rec.Event):
		if h.ndiscap.Next(rec, &h.packets) {
			return &h.packets
		}
	case pktmon.Describes(rec.Event):
		h.pktmon.Describe(rec)
	case pktmon.Carries(rec.Event):
		if h.pktmon.Next(rec, &h.packets) {
			return &h.packets
		}
	}
	return nil
}

// header is who was running when the event was logged: the process that the header names, else that of its thread.
func (h *host) header(e *trace.EventHeader, time int64) session.Header {
	out := session.Header{PID: e.PID, TID: e.TID}
	if !e.HasThread {
		return out
	}
	if pid, ok := h.tracker.ProcessOf(e.PID, e.TID, time); ok {
		out.PID, out.Name = pid, h.names[pid]
	}
	return out
}

// name is what a count of events goes under.
func (h *host) name(key eventKey) string {
	if key.guid == (trace.GUID{}) {
		return provider.GroupName(key.group)
	}
	if p := h.registry.Provider(key.guid); p != nil {
		return p.Name
	}
	return ""
}
