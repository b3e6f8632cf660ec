package host

import (
	"cmp"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/session"
)

//go:embed bind_conflict.md
var bindPage string

// BindConflict: a process did not get the port that it asked for (E13).
var BindConflict = &diag.Rule{ID: "host.bind_conflict", Title: "a process did not get the port that it asked for", Page: bindPage, Run: bindConflict}

// nextTry is how soon a process that was refused a port asks for another one.
const nextTry = time.Second

// conflict is one cause: what a process was refused, and with what.
type conflict struct {
	source  int
	process *session.Process
	address netip.AddrPort
	status  uint32
}

func bindConflict(in *diag.Input) (out []diag.Finding) {
	if in.Session == nil {
		return nil
	}
	var ports *holders
	for _, list := range diag.GroupsOf(in.Session.Calls, func(c *session.Call) (conflict, bool) {
		refused := failedWith(c, statusAddressAlreadyExists) || failedWith(c, statusAccessDenied)
		return conflict{c.Socket.Source, c.Socket.Process, c.Address, c.Status}, c.Role == session.RoleBind && refused && c.Address.Port() != 0
	}) {
		if ports == nil {
			ports = holdersOf(in.Session)
		}
		out = append(out, ports.refused(in, list))
	}
	return out
}

// holders are the sockets that have ports, and the calls that got them.
type holders struct {
	sockets map[uint16][]*session.Socket
	binds   map[*session.Process][]*session.Call // in order of their ends
}

func holdersOf(s *session.Session) *holders {
	h := &holders{map[uint16][]*session.Socket{}, map[*session.Process][]*session.Call{}}
	for _, k := range s.Sockets {
		if p := k.Local.Port(); p != 0 && k.Listener == nil {
			h.sockets[p] = append(h.sockets[p], k)
		}
	}
	for _, c := range s.Calls {
		if c.Role == session.RoleBind && c.Exit.Seen() && !c.Failed() && c.Address.Port() != 0 {
			h.binds[c.Socket.Process] = append(h.binds[c.Socket.Process], c)
		}
	}
	for _, list := range h.binds {
		slices.SortStableFunc(list, func(a, b *session.Call) int { return inOrder(a.Exit.Pos, b.Exit.Pos) })
	}
	return h
}

func (p *holders) refused(in *diag.Input, list []*session.Call) diag.Finding {
	first, last := list[0], list[len(list)-1]
	f := diag.Finding{
		Severity: diag.Warning, Confidence: diag.Proven, Source: first.Socket.Source, Process: first.Socket.Process, Count: len(list), Where: exits(list),
		RuledOut: []string{"a lack of ports: the call asked for this one"},
	}
	name, who := first.StatusName(), owner(first.Socket.Process)
	f.Fix = []string{
		"is the port in a range that is set aside? netsh int ipv4 show excludedportrange protocol=tcp (Hyper-V, WinNAT and containers take such ranges)",
		"does another process hold it for itself (SO_EXCLUSIVEADDRUSE)? netstat -ano",
	}
	if first.Status == statusAddressAlreadyExists {
		f.Fix = []string{"find who has the port: netstat -anob, Get-NetTCPConnection -LocalPort N, Get-NetUDPEndpoint -LocalPort N; a second copy of the same service?"}
	}
	if first.System == session.Linux {
		f.Fix = []string{"ports below net.ipv4.ip_unprivileged_port_start (1024) need CAP_NET_BIND_SERVICE: setcap, AmbientCapabilities of the service, or another port"}
		if first.Status == statusAddressAlreadyExists {
			f.Fix = []string{
				"find who has the port: ss -lnp 'sport = :N'; a second copy of the same service?",
				"a server that is started anew while connections of its port are in TIME-WAIT needs SO_REUSEADDR",
			}
		}
	}
	f.Summary = fmt.Sprintf("%s could not bind %v: %s", who, first.Address, name)
	if len(list) > 1 {
		f.Summary = fmt.Sprintf("%s could not bind %v in %d attempts: %s", who, first.Address, len(list), name)
	}
	if h := p.holder(first); h != nil {
		f.Summary += fmt.Sprintf("; %s has it", owner(h.Process))
		f.Facts = append(f.Facts, diag.Fact{Name: "socket that has the port", Value: fmt.Sprintf("%v of %s", h.Local, owner(h.Process))})
	}
	if other := p.instead(in, last); other != nil {
		f.Severity = diag.Note
		f.Summary += fmt.Sprintf("; it got %v instead", other.Address)
		f.Fix = []string{"nothing, unless others look for it at the first port"}
		f.Where = append(f.Where, other.Exit.Pos)
	}
	return f
}

// holder is the socket that has the port that a call was refused, nil when the trace does not know it.
func (p *holders) holder(c *session.Call) *session.Socket {
	for _, s := range p.sockets[c.Address.Port()] {
		open := !after(s.Opened, c.Exit) && (!s.Closed.Seen() || after(s.Closed, c.Exit))
		if s != c.Socket && s.Source == c.Socket.Source && open && s.Protocol == c.Socket.Protocol {
			return s
		}
	}
	return nil
}

// instead is the call with which the process got a port soon after it was refused one, nil without one.
func (p *holders) instead(in *diag.Input, c *session.Call) *session.Call {
	list := p.binds[c.Socket.Process]
	from, _ := slices.BinarySearchFunc(list, c.Exit.Pos.Number+1, func(b *session.Call, n int64) int { return cmp.Compare(b.Exit.Pos.Number, n) })
	for _, b := range list[from:] {
		d, ok := in.Elapsed(c.Exit, b.Exit)
		switch {
		case ok && d > nextTry:
			return nil
		case ok && b.Socket.Source == c.Socket.Source && b.Socket.Protocol == c.Socket.Protocol:
			return b
		}
	}
	return nil
}
