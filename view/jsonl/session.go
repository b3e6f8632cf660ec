package jsonl

import (
	"fmt"
	"net/netip"

	"github.com/wiretale/wiretale/field/ntstatus"
	"github.com/wiretale/wiretale/internal/session"
)

// A ProcessInfo is one process of a host.
type ProcessInfo struct {
	head
	Source      int    `json:"source" doc:"index of the source"`
	PID         uint32 `json:"pid" doc:"process id"`
	Parent      uint32 `json:"parent,omitempty" doc:"id of the parent process"`
	Name        string `json:"name,omitempty" doc:"image file name without path"`
	CommandLine string `json:"command_line,omitempty" doc:"command line"`
	Key         string `json:"key,omitempty" doc:"kernel address of the process object"`
	From        string `json:"from,omitempty" doc:"where the name was learned"`
}

// A Socket is what the application calls a socket.
type Socket struct {
	head
	ID           int      `json:"id" doc:"number of the socket in its source"`
	Source       int      `json:"source" doc:"index of the source"`
	Endpoint     string   `json:"endpoint" doc:"kernel address of the AFD endpoint"`
	Process      *Process `json:"process,omitempty" doc:"owner"`
	Local        string   `json:"local,omitempty" doc:"local address and port"`
	Remote       string   `json:"remote,omitempty" doc:"remote address and port"`
	Listening    bool     `json:"listening" doc:"true after listen()"`
	AcceptedFrom *int     `json:"accepted_from,omitempty" doc:"listening socket that this one was accepted from"`
	TCB          *int     `json:"tcb,omitempty" doc:"control block that serves it"`
	Conversation *int     `json:"conversation,omitempty" doc:"conversation that it carries"`
	Opened       *Place   `json:"opened,omitempty" doc:"record of its creation"`
	Closed       *Place   `json:"closed,omitempty" doc:"record of its end"`
}

// A Step is one API call of the application as it sees it: what AFD splits is one, what blocks in parts is several.
type Step struct {
	head
	API          string   `json:"api" doc:"the call, numbered where it repeats: 'recv() #2'"`
	Arguments    string   `json:"arguments,omitempty" doc:"as far as the events have them"`
	Source       int      `json:"source" doc:"index of the source"`
	Process      *Process `json:"process,omitempty" doc:"owner of the socket"`
	Socket       *int     `json:"socket,omitempty" doc:"socket"`
	Conversation *int     `json:"conversation,omitempty" doc:"conversation of the socket"`
	Enter        *Place   `json:"enter,omitempty" doc:"record where it begins"`
	Exit         *Place   `json:"exit,omitempty" doc:"record where it ends; absent while pending"`
	Time         string   `json:"time,omitempty" doc:"of the first record"`
	DurationNS   *int64   `json:"duration_ns,omitempty" doc:"from first to last"`
	Bytes        *int64   `json:"bytes,omitempty" doc:"bytes moved"`
	Pending      bool     `json:"pending" doc:"true when it had not ended at the end of the trace"`
	Outcome      string   `json:"outcome" doc:"status and bytes in words"`
}

// A Call is one pair of AFD events, from enter to exit, or an indication.
type Call struct {
	head
	API          string   `json:"api" doc:"name of the event: 'socket', 'bind', 'recv'"`
	Source       int      `json:"source" doc:"index of the source"`
	Process      *Process `json:"process,omitempty" doc:"owner of the socket"`
	Socket       *int     `json:"socket,omitempty" doc:"socket"`
	Conversation *int     `json:"conversation,omitempty" doc:"conversation of the socket"`
	Enter        *Place   `json:"enter,omitempty" doc:"record of the enter event"`
	Exit         *Place   `json:"exit,omitempty" doc:"record of the exit event; absent while the call is pending"`
	Time         string   `json:"time,omitempty" doc:"of the enter event"`
	DurationNS   *int64   `json:"duration_ns,omitempty" doc:"from enter to exit"`
	Address      string   `json:"address,omitempty" doc:"address that was passed or returned"`
	Requested    *int64   `json:"requested,omitempty" doc:"bytes asked for"`
	Returned     *int64   `json:"returned,omitempty" doc:"bytes moved"`
	Status       string   `json:"status,omitempty" doc:"at exit: 'Success', or the NTSTATUS code and its name; of Linux the name of the error"`
	Pended       bool     `json:"pended" doc:"true when the transport completed it later"`
	Indication   bool     `json:"indication" doc:"true for an event from below that has no pair"`
	TID          uint32   `json:"tid,omitempty" doc:"thread of the call"`
}

// A TCB is a TCP control block of the stack.
type TCB struct {
	head
	ID           int      `json:"id" doc:"number of the control block in its source"`
	Source       int      `json:"source" doc:"index of the source"`
	Address      string   `json:"address" doc:"kernel address"`
	Local        string   `json:"local,omitempty" doc:"local address and port"`
	Remote       string   `json:"remote,omitempty" doc:"remote address and port"`
	Process      *Process `json:"process,omitempty" doc:"owner"`
	Conversation *int     `json:"conversation,omitempty" doc:"conversation"`
	Sent         int64    `json:"sent" doc:"bytes sent as the stack counts them, SYN and FIN as 1"`
	Received     int64    `json:"received" doc:"bytes received, likewise"`
	Shutdown     string   `json:"shutdown,omitempty" doc:"status of the shutdown event"`
	AbortReason  string   `json:"abort_reason,omitempty" doc:"text of the abort event on a socket of this connection"`
}

// A State is a change of TCP state as the stack reports it.
type State struct {
	head
	TCB    int    `json:"tcb" doc:"control block"`
	From   string `json:"from" doc:"state before"`
	To     string `json:"to" doc:"state after"`
	At     *Place `json:"at,omitempty" doc:"record"`
	Time   string `json:"time,omitempty" doc:"of the record"`
	SndNxt uint32 `json:"snd_nxt" doc:"next sequence number to send"`
}

// A Join is one step from an object to another, with its evidence.
type Join struct {
	head
	What     string  `json:"what" doc:"what is joined: 'afd endpoint -> tcb'"`
	From     string  `json:"from" doc:"object"`
	To       string  `json:"to" doc:"object"`
	Join     string  `json:"join" doc:"how sure: 'key' both events carry the same key, 'derived' equal endpoints and process, 'nesting' inside a call of the same thread, 'file' the capture file says so, 'order' next event of the same context"`
	Where    []Place `json:"where,omitempty" doc:"records that prove it"`
	Evidence string  `json:"evidence,omitempty" doc:"fields that prove it"`
}

// A Drop is what the host says it dropped for one reason, at one component, of one conversation.
type Drop struct {
	head
	At           *Place   `json:"at,omitempty" doc:"first record"`
	Time         string   `json:"time,omitempty" doc:"of the first record"`
	Last         *Place   `json:"last,omitempty" doc:"last record"`
	LastTime     string   `json:"last_time,omitempty" doc:"of the last record"`
	Reason       string   `json:"reason" doc:"text of the reason"`
	Code         uint32   `json:"code" doc:"number of the reason"`
	Locations    []string `json:"locations,omitempty" doc:"codes of places in the driver, in hex, the first 4"`
	Component    string   `json:"component,omitempty" doc:"that dropped them"`
	Packets      int64    `json:"packets" doc:"each once; 0 when all of them were counted at another component for the same reason"`
	Reports      int64    `json:"reports" doc:"records: each listener that refuses a packet reports it"`
	Where        []Place  `json:"where,omitempty" doc:"the first records, without further reports of a packet"`
	Conversation *int     `json:"conversation,omitempty" doc:"conversation of the packets"`
	By           string   `json:"by" doc:"provider that reported it"`
}

func (e *encoder) session() {
	s := e.c.Session
	if s == nil {
		return
	}
	for _, p := range s.Processes {
		e.put(ProcessOf(p))
	}
	for _, socket := range s.Sockets {
		e.put(socketOf(socket))
	}
	steps := s.API()
	for i := range steps {
		e.put(e.step(&steps[i]))
	}
	for _, call := range s.Calls {
		e.put(e.call(call))
	}
	for _, tcb := range s.TCBs {
		e.put(tcbOf(tcb))
		for _, t := range tcb.States {
			e.put(State{kind("state"), tcb.ID, t.From, t.To, placeOf(t.At), e.time(t.At), t.SndNxt})
		}
	}
	for _, j := range s.Joins {
		out := Join{head: kind("join"), What: j.What, From: j.From, To: j.To, Join: string(j.Kind), Evidence: j.Evidence}
		for _, m := range j.Where {
			out.Where = append(out.Where, place(m.Pos))
		}
		e.put(out)
	}
	e.drops()
}

// ProcessOf is a process of a host.
func ProcessOf(p *session.Process) ProcessInfo {
	return ProcessInfo{kind("process"), p.Source, p.PID, p.Parent, p.Name, p.CommandLine, address(p.Key), p.From}
}

func (e *encoder) drops() {
	if e.c.Session == nil {
		return
	}
	for _, d := range limited(e, e.c.Session.Drops) {
		e.put(e.drop(d))
	}
}

func (e *encoder) drop(d *session.Drop) Drop {
	out := Drop{
		head: kind("drop"), At: placeOf(d.First), Time: e.time(d.First), Last: placeOf(d.Last), LastTime: e.time(d.Last), Reason: d.Reason, Code: d.Code,
		Component: d.Component, Packets: d.Packets, Reports: d.Reports, By: d.By,
	}
	for _, l := range d.Locations {
		out.Locations = append(out.Locations, fmt.Sprintf("0x%08X", l))
	}
	for _, m := range d.Where {
		out.Where = append(out.Where, place(m.Pos))
	}
	if d.Conv != nil {
		out.Conversation = &d.Conv.ID
	}
	return out
}

func socketOf(s *session.Socket) Socket {
	out := Socket{
		head: kind("socket"), ID: s.ID, Source: s.Source, Endpoint: address(s.Endpoint), Process: process(s.Process), Local: endpoint(s.Local),
		Remote: endpoint(s.Remote), Listening: s.Listening, Opened: placeOf(s.Opened), Closed: placeOf(s.Closed),
	}
	if s.Listener != nil {
		out.AcceptedFrom = &s.Listener.ID
	}
	if s.TCB != nil {
		out.TCB = &s.TCB.ID
	}
	if s.Conv != nil {
		out.Conversation = &s.Conv.ID
	}
	return out
}

func (e *encoder) step(s *session.Step) Step {
	out := Step{
		head: kind("api_call"), API: s.API, Arguments: s.Arguments, Enter: placeOf(s.Enter), Exit: placeOf(s.Exit), Time: e.time(s.Enter),
		DurationNS: e.between(s.Enter, s.Exit), Pending: s.Pending(), Outcome: s.Outcome(),
	}
	out.Source = s.Enter.Pos.Source
	if s.Bytes >= 0 {
		out.Bytes = &s.Bytes
	}
	if socket := s.Socket; socket != nil {
		out.Source, out.Socket, out.Process = socket.Source, &socket.ID, process(socket.Process)
		if socket.Conv != nil {
			out.Conversation = &socket.Conv.ID
		}
	}
	return out
}

func (e *encoder) call(c *session.Call) Call {
	out := Call{
		head: kind("afd_call"), API: c.Name, Source: c.Enter.Pos.Source, Enter: placeOf(c.Enter), Exit: placeOf(c.Exit), Time: e.time(c.Enter),
		DurationNS: e.between(c.Enter, c.Exit), Address: endpoint(c.Address), Pended: c.Pended, Indication: c.Indication, TID: c.TID,
	}
	if c.Requested >= 0 {
		out.Requested = &c.Requested
	}
	if c.Returned >= 0 {
		out.Returned = &c.Returned
	}
	if c.Exit.Seen() {
		if out.Status = ntstatus.Status(c.Status).String(); c.Errno != 0 {
			out.Status = c.StatusName()
		}
	}
	if s := c.Socket; s != nil {
		out.Socket, out.Process = &s.ID, process(s.Process)
		if s.Conv != nil {
			out.Conversation = &s.Conv.ID
		}
	}
	return out
}

func tcbOf(t *session.TCB) TCB {
	out := TCB{
		head: kind("tcb"), ID: t.ID, Source: t.Source, Address: address(t.Address), Local: endpoint(t.Local), Remote: endpoint(t.Remote),
		Process: process(t.Process), Sent: t.Sent, Received: t.Received, AbortReason: t.AbortReason,
	}
	if t.Conv != nil {
		out.Conversation = &t.Conv.ID
	}
	if t.ShutdownAt.Seen() {
		out.Shutdown = ntstatus.Status(t.Shutdown).String()
	}
	return out
}

// address is a kernel address, "" for 0.
func address(a uint64) string {
	if a == 0 {
		return ""
	}
	return fmt.Sprintf("0x%08X", a)
}

func endpoint(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
