package jsonl

import (
	"encoding/hex"
	"fmt"
	"io"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// A Source is one input file.
type Source struct {
	head
	Source      int         `json:"source" doc:"index of the source, as places refer to it"`
	Name        string      `json:"name" doc:"as given on the command line, '-' for standard input"`
	Format      string      `json:"format" doc:"short name of the format: 'pcap', 'pcapng', 'etl'"`
	FormatNote  string      `json:"format_note,omitempty" doc:"what matters of the variant"`
	Compression string      `json:"compression,omitempty" doc:"'gzip', 'zstd', 'lz4'"`
	Bytes       *int64      `json:"bytes,omitempty" doc:"size in bytes, when known"`
	Records     int64       `json:"records" doc:"records read"`
	Packets     int64       `json:"packets" doc:"packets among them"`
	Events      int64       `json:"events" doc:"events among them"`
	Sightings   int64       `json:"sightings,omitempty" doc:"of the packets: those that show one again, at another place of the stack or of the network"`
	DropsOnly   int64       `json:"drops_only,omitempty" doc:"of the packets: reports of a drop of a packet that was seen nowhere else"`
	Filters     []string    `json:"filters,omitempty" doc:"filters of the recorder: packets that match none of them are not in the source"`
	Components  []Component `json:"components,omitempty" doc:"places in the stack, as pktmon names them"`
	Timed       bool        `json:"timed" doc:"false when the order of records is known but not their times"`
	First       string      `json:"first,omitempty" doc:"time of the first record"`
	Last        string      `json:"last,omitempty" doc:"time of the last record"`
	DurationNS  *int64      `json:"duration_ns,omitempty" doc:"from first to last"`
	Hardware    string      `json:"hardware,omitempty" doc:"of the recording machine"`
	OS          string      `json:"os,omitempty" doc:"of the recording machine"`
	Application string      `json:"application,omitempty" doc:"that recorded"`
	Comments    []string    `json:"comments,omitempty" doc:"of the whole file"`
	Interfaces  []Interface `json:"interfaces,omitempty" doc:"interfaces or capture layers that the source names"`
	Session     *Session    `json:"session,omitempty" doc:"header of an ETL file"`
	Providers   []Provider  `json:"providers,omitempty" doc:"events counted by provider"`
	Malformed   int64       `json:"malformed" doc:"packets that contradict themselves"`
	Undecoded   int64       `json:"undecoded" doc:"events whose layout is unknown or did not fit"`
	Processes   []Described `json:"processes,omitempty" doc:"processes that the file describes"`
	Names       []Name      `json:"names,omitempty" doc:"names of addresses that the file brings"`
	Secrets     []Secret    `json:"secrets,omitempty" doc:"key material that the file holds; the keys themselves are not printed"`
	Encrypted   []Encrypted `json:"encrypted,omitempty" doc:"encrypted messages by session and by what became of them, where messages of applications were looked at"`
	TLS         []TLS       `json:"tls,omitempty" doc:"sessions of TLS and what became of them, where there were keys for any"`
	MoreTLS     int64       `json:"more_tls,omitempty" doc:"sessions of TLS that are only counted"`
	Blocks      []Blocks    `json:"blocks,omitempty" doc:"records that are neither packets nor events"`
}

// Described is a process as the file describes it.
type Described struct {
	PID         uint32   `json:"pid" doc:"process id"`
	Parent      uint32   `json:"parent,omitempty" doc:"process id of the parent"`
	Name        string   `json:"name,omitempty" doc:"name"`
	Path        string   `json:"path,omitempty" doc:"path of the program"`
	CommandLine string   `json:"command_line,omitempty" doc:"arguments, joined with spaces"`
	User        string   `json:"user,omitempty" doc:"name of the user"`
	UID         *uint32  `json:"uid,omitempty" doc:"number of the user"`
	UUID        string   `json:"uuid,omitempty" doc:"of the program, in hex"`
	Start       string   `json:"start,omitempty" doc:"when it was started"`
	End         string   `json:"end,omitempty" doc:"when it ended"`
	Session     *uint32  `json:"session,omitempty" doc:"Windows session"`
	Logon       string   `json:"logon,omitempty" doc:"number of the logon, in hex"`
	Integrity   string   `json:"integrity,omitempty" doc:"integrity level"`
	Bits        int      `json:"bits,omitempty" doc:"32 or 64"`
	Company     string   `json:"company,omitempty" doc:"maker of the program"`
	Description string   `json:"description,omitempty" doc:"of the program"`
	Version     string   `json:"version,omitempty" doc:"of the program"`
	Comments    []string `json:"comments,omitempty" doc:"comments"`
}

// A Name is an address with its names.
type Name struct {
	Address string   `json:"address" doc:"IPv4 or IPv6 address"`
	Names   []string `json:"names" doc:"its names"`
}

// A Secret is key material of a kind.
type Secret struct {
	Type  string `json:"type" doc:"'TLS key log', 'SSH key log', ..."`
	Bytes int64  `json:"bytes" doc:"length"`
	Lines int    `json:"lines" doc:"lines that are neither empty nor comments"`
}

// Encrypted are messages that one key belongs to.
type Encrypted struct {
	Session string `json:"session" doc:"what has the key, such as 'SMB3 session 0x0000400000000039'"`
	Count   int64  `json:"count" doc:"messages"`
	First   int64  `json:"first" doc:"number of the record with the first of them"`
	Closed  string `json:"closed,omitempty" doc:"why they were not decrypted; absent when they were"`
}

// TLS is a session: what one handshake agreed on.
type TLS struct {
	First        int64    `json:"first" doc:"number of the record that it begins with"`
	Conversation int      `json:"conversation" doc:"number of the conversation in the source"`
	Name         string   `json:"name,omitempty" doc:"of the server, as the client asked for it"`
	Version      string   `json:"version,omitempty" doc:"that was agreed on"`
	Suite        string   `json:"suite,omitempty" doc:"that was agreed on"`
	Resumed      string   `json:"resumed,omitempty" doc:"what it goes on with, absent for a new one"`
	Source       string   `json:"source,omitempty" doc:"where its secrets are from; never the secrets"`
	Closed       string   `json:"closed,omitempty" doc:"why it was not decrypted, or not all of it, and what to ask for"`
	Opened       int64    `json:"opened" doc:"records that were decrypted"`
	NotOpened    int64    `json:"not_opened" doc:"records that were not"`
	Bytes        int64    `json:"bytes" doc:"of application data that were decrypted"`
	Failed       int64    `json:"failed,omitempty" doc:"number of the record with the first that was not"`
	Steps        []string `json:"steps,omitempty" doc:"what was decided on the way to its keys"`
}

// Blocks are records of a kind.
type Blocks struct {
	What  string `json:"what" doc:"what they are"`
	Count int64  `json:"count" doc:"how many there are"`
}

// An Interface of a source.
type Interface struct {
	ID          int      `json:"id" doc:"as the format numbers it"`
	Name        string   `json:"name,omitempty" doc:"name"`
	Description string   `json:"description,omitempty" doc:"description"`
	Link        string   `json:"link" doc:"link type, Wireshark's short name"`
	SnapLen     int      `json:"snap_len,omitempty" doc:"bytes captured of a packet at most"`
	MTU         int      `json:"mtu,omitempty" doc:"in bytes"`
	MAC         string   `json:"mac,omitempty" doc:"link address"`
	Addresses   []string `json:"addresses,omitempty" doc:"network addresses"`
	OS          string   `json:"os,omitempty" doc:"of the machine"`
	Hardware    string   `json:"hardware,omitempty" doc:"description of the card"`
	Filter      string   `json:"filter,omitempty" doc:"capture filter"`
	Comments    []string `json:"comments,omitempty" doc:"comments"`
	Section     int      `json:"section,omitempty" doc:"pcapng section, from 0"`
	Packets     int64    `json:"packets" doc:"packets of this interface"`
	Dropped     *int64   `json:"dropped,omitempty" doc:"packets that the interface or the system dropped, when the source has statistics"`
}

// A Component is a place in the stack that pktmon names.
type Component struct {
	ID          uint16    `json:"id" doc:"pktmon's number"`
	Kind        string    `json:"kind,omitempty" doc:"such as 'Miniport', 'Filter', 'Protocol'"`
	Name        string    `json:"name" doc:"name"`
	Description string    `json:"description,omitempty" doc:"description"`
	Interface   *int      `json:"interface,omitempty" doc:"id of the interface that it belongs to"`
	Addresses   []string  `json:"addresses,omitempty" doc:"network addresses"`
	Switch      string    `json:"switch,omitempty" doc:"virtual switch that it is part of"`
	VLAN        *int      `json:"vlan,omitempty" doc:"VLAN of the component"`
	Drops       *Counters `json:"drops,omitempty" doc:"what it dropped while pktmon ran; each listener that refuses a packet counts"`
	Edges       []Edge    `json:"edges,omitempty" doc:"where packets enter and leave it"`
}

// An Edge of a component.
type Edge struct {
	ID    uint16   `json:"id" doc:"pktmon's number"`
	Name  string   `json:"name,omitempty" doc:"'Upper', 'Lower'"`
	Flows Counters `json:"flows" doc:"what passed it"`
}

// Counters of packets and bytes.
type Counters struct {
	PacketsIn  uint64 `json:"packets_in" doc:"packets from below"`
	BytesIn    uint64 `json:"bytes_in" doc:"their bytes"`
	PacketsOut uint64 `json:"packets_out" doc:"packets from above"`
	BytesOut   uint64 `json:"bytes_out" doc:"their bytes"`
}

// A Session is the header of an ETL file.
type Session struct {
	Logger      string `json:"logger,omitempty" doc:"name of the session"`
	Build       string `json:"build,omitempty" doc:"Windows version: '10.0.17134'"`
	Processors  int    `json:"processors" doc:"number of processors"`
	PointerSize int    `json:"pointer_size" doc:"4 or 8"`
	Start       string `json:"start,omitempty" doc:"start of the session"`
	End         string `json:"end,omitempty" doc:"end of the session, when it was closed"`
	Boot        string `json:"boot,omitempty" doc:"start of the machine"`
	EventsLost  uint32 `json:"events_lost" doc:"events that the recorder lost"`
	BuffersLost uint32 `json:"buffers_lost" doc:"buffers that the recorder lost"`
	Finalised   bool   `json:"finalised" doc:"true when the recorder closed the file"`
}

// A Provider with the number of its events.
type Provider struct {
	GUID   string `json:"guid,omitempty" doc:"of the provider; kernel groups have none"`
	Name   string `json:"name,omitempty" doc:"of the provider"`
	Events int64  `json:"events" doc:"number of events"`
}

// A Loss is what could not be read of a source.
type Loss struct {
	head
	Source   int      `json:"source" doc:"index of the source"`
	Records  int64    `json:"records" doc:"records skipped or cut"`
	Bytes    int64    `json:"bytes" doc:"bytes skipped"`
	Unread   *int64   `json:"unread,omitempty" doc:"bytes after the point where reading had to stop, when known"`
	Error    string   `json:"error,omitempty" doc:"why reading stopped before the end"`
	Examples []string `json:"examples,omitempty" doc:"the first errors, with their byte offsets"`
}

// Sources writes the sources of a case, what the rules on the captures themselves found, and what was lost.
func Sources(w io.Writer, c *engine.Case) error {
	e := newEncoder(w, c)
	e.sources()
	e.findings(func(f *diag.Finding) bool { return f.Rule.Quality })
	e.losses()
	return e.err
}

func (e *encoder) sources() {
	for i, src := range e.c.Sources {
		e.put(source(i, src))
	}
}

func source(i int, src *engine.Source) Source {
	in := src.Info
	out := Source{
		head: kind("source"), Source: i, Name: in.Name, Format: in.Format, FormatNote: in.FormatNote, Compression: in.Compression,
		Records: src.Records, Packets: src.Packets, Events: src.Events, Timed: !in.Untimed && src.First != trace.NoTime,
		Hardware: in.Hardware, OS: in.OS, Application: in.Application, Comments: in.Comments, Malformed: src.Malformed, Undecoded: src.Undecoded,
		Session: sessionOf(in.Session), Sightings: src.Sightings, DropsOnly: src.Dropped, Filters: in.Filters,
	}
	if in.Bytes >= 0 {
		out.Bytes = &in.Bytes
	}
	if out.Timed {
		d := src.Last - src.First
		out.First, out.Last, out.DurationNS = view.ISO(src.First), view.ISO(src.Last), &d
	}
	for k := range in.Interfaces {
		out.Interfaces = append(out.Interfaces, interfaceOf(&in.Interfaces[k]))
	}
	for k := range in.Components {
		out.Components = append(out.Components, componentOf(&in.Components[k], in.Interfaces))
	}
	described(&out, in)
	for k := range src.Locks {
		l := &src.Locks[k]
		out.Encrypted = append(out.Encrypted, Encrypted{view.LockOwner(l), l.Count, l.First, l.Why})
	}
	for k := range src.Accounts {
		a := &src.Accounts[k]
		out.TLS = append(out.TLS, TLS{a.Frame, a.Conv, a.Name, a.Version, a.Suite, a.Resumed, a.Source, a.Why, a.Opened, a.Closed, a.Bytes, a.Failed, a.Steps})
	}
	out.MoreTLS = src.MoreAccounts
	for _, p := range src.Providers {
		guid := ""
		if p.GUID != (trace.GUID{}) {
			guid = p.GUID.String()
		}
		out.Providers = append(out.Providers, Provider{guid, p.Name, p.Count})
	}
	return out
}

// described fills in what the file brings besides records.
func described(out *Source, in *trace.Info) {
	for i := range in.Processes {
		p := &in.Processes[i]
		d := Described{
			PID: p.PID, Parent: p.Parent, Name: p.Name, Path: p.Path, CommandLine: p.CommandLine, User: p.User, UUID: hex.EncodeToString(p.UUID), Comments: p.Comments,
			Integrity: p.Integrity, Bits: p.Bits, Company: p.Company, Description: p.Description, Version: p.Version,
		}
		if p.HasSession {
			d.Session = &p.Session
		}
		if p.LogonID != 0 {
			d.Logon = fmt.Sprintf("0x%x", p.LogonID)
		}
		if p.End != 0 {
			d.End = view.ISO(p.End)
		}
		if p.HasUID {
			d.UID = &p.UID
		}
		if p.Start != 0 {
			d.Start = view.ISO(p.Start)
		}
		out.Processes = append(out.Processes, d)
	}
	for _, n := range in.Names {
		out.Names = append(out.Names, Name{n.Address, n.Names})
	}
	for _, s := range in.Secrets {
		out.Secrets = append(out.Secrets, Secret{s.Type, s.Bytes, s.Lines})
	}
	for _, b := range in.Blocks {
		out.Blocks = append(out.Blocks, Blocks{b.What, b.Count})
	}
}

func interfaceOf(in *trace.Interface) Interface {
	out := Interface{
		ID: in.ID, Name: in.Name, Description: in.Description, Link: in.Link.String(), SnapLen: in.SnapLen, MTU: in.MTU,
		MAC: view.MAC(in.MAC), Addresses: in.Addresses, OS: in.OS, Hardware: in.Hardware, Filter: in.Filter, Comments: in.Comments,
		Section: in.Section, Packets: in.Packets,
	}
	if in.HasStatistics {
		n := max(in.IfDrop, 0) + max(in.OSDrop, 0)
		out.Dropped = &n
	}
	return out
}

func componentOf(c *trace.Component, interfaces []trace.Interface) Component {
	out := Component{ID: c.ID, Kind: c.Kind, Name: c.Name, Description: c.Description, Addresses: c.Addresses, Switch: c.Switch}
	if c.Interface >= 0 && c.Interface < len(interfaces) {
		out.Interface = &interfaces[c.Interface].ID
	}
	if c.VLAN >= 0 {
		out.VLAN = &c.VLAN
	}
	if c.HasDrops {
		n := Counters(c.Drops)
		out.Drops = &n
	}
	for _, e := range c.Edges {
		out.Edges = append(out.Edges, Edge{e.ID, e.Name, Counters(e.Flows)})
	}
	return out
}

func sessionOf(s *trace.Session) *Session {
	if s == nil {
		return nil
	}
	iso := func(t int64) string {
		if t == 0 {
			return ""
		}
		return view.ISO(t)
	}
	return &Session{
		Logger: s.LoggerName, Build: s.Build, Processors: s.Processors, PointerSize: s.PointerSize, Start: iso(s.Start), End: iso(s.End),
		Boot: iso(s.Boot), EventsLost: s.EventsLost, BuffersLost: s.BuffersLost, Finalised: s.Finalised,
	}
}

func (e *encoder) losses() {
	for i, src := range e.c.Sources {
		d := &src.Info.Damage
		if src.Err == nil && !d.Any() {
			continue
		}
		out := Loss{head: kind("loss"), Source: i, Records: d.Records, Bytes: d.Bytes}
		if d.Unread >= 0 {
			out.Unread = &d.Unread
		}
		if src.Err != nil {
			out.Error = src.Err.Error()
		}
		for _, ex := range d.First {
			out.Examples = append(out.Examples, ex.Error())
		}
		e.put(out)
	}
}
