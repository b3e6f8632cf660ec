package host

import (
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/session"
	"github.com/wiretale/wiretale/trace"
)

// Statuses with which the stack refuses a local address ([MS-ERREF] 2.3.1).
const (
	statusAccessDenied         = 0xC0000022
	statusTooManyAddresses     = 0xC0000209
	statusAddressAlreadyExists = 0xC000020A
)

// failedWith reports whether a call of the application itself ended with the status.
func failedWith(c *session.Call, status uint32) bool {
	return c.Outer == nil && !c.Indication && c.Exit.Seen() && c.Status == status
}

// isConnect reports whether a call opens a connection.
func isConnect(c *session.Call) bool { return c.Role == session.RoleConnect }

// exits are the records of the ends of calls.
func exits(list []*session.Call) (out []trace.Pos) {
	for _, c := range list[:min(len(list), maxWhere)] {
		out = append(out, c.Exit.Pos)
	}
	slices.SortFunc(out, inOrder)
	return slices.Compact(out)
}

// after reports whether a moment is a record behind another one of the same source.
func after(m, than flow.Moment) bool { return m.Seen() && m.Pos.Number > than.Pos.Number }

// local is the address that a socket has for others, as far as the trace tells.
func local(s *session.Socket) netip.AddrPort {
	if s.TCB != nil && s.TCB.Local.IsValid() {
		return s.TCB.Local
	}
	return s.Local
}

// convOf is the conversation of a socket, nil without one.
func convOf(s *session.Socket) *flow.Conversation {
	if s.Conv == nil && s.TCB != nil {
		return s.TCB.Conv
	}
	return s.Conv
}

// longest is the longest of some intervals.
func longest(in *diag.Input, list []diag.Interval) (most time.Duration) {
	for _, i := range list {
		if d, ok := in.Elapsed(i.From, i.To); ok {
			most = max(most, d)
		}
	}
	return most
}

// endsOf are the records in which intervals begin and end, in order.
func endsOf(list []diag.Interval) (out []trace.Pos) {
	for _, i := range list[:min(len(list), maxWhere)] {
		for _, m := range []flow.Moment{i.From, i.To} { // the end of the trace is no record
			if m.Seen() {
				out = append(out, m.Pos)
			}
		}
	}
	slices.SortFunc(out, inOrder)
	return slices.Compact(out)
}
