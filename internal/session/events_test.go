package session

import (
	"bufio"
	"encoding/binary"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tcp"
	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/kernel"
	"github.com/wiretale/wiretale/trace"
)

// A script feeds events written as text to a tracker. A line is
//
//	record pid[/tid] provider id Field=value ...
//	record pid[/tid] packet source destination flags seq=.. ack=.. len=.. win=..
//
// An address with a port is a SOCKADDR, one without its bytes, 0x.. a number, anything else that is no number a string.
type script struct {
	t       testing.TB
	tracker *Tracker
	flows   *flow.Tracker
	objects map[int64]Object
	defs    map[string]*provider.Definition
}

func newScript(t testing.TB) *script {
	return &script{t: t, tracker: NewTracker(0), flows: flow.NewTracker(0), objects: map[int64]Object{}, defs: map[string]*provider.Definition{}}
}

func (s *script) play(text string) *script {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		s.line(strings.Fields(line))
	}
	return s
}

func (s *script) line(w []string) {
	n, err := strconv.ParseInt(w[0], 10, 64)
	if err != nil || len(w) < 4 {
		s.t.Fatalf("line %q is not an event", w)
	}
	h := &trace.EventHeader{Header: trace.HeaderEvent, PointerSize: 4, HasThread: true}
	pid, tid, ok := strings.Cut(w[1], "/")
	h.PID = uint32(s.number(pid))
	h.TID = h.PID
	if ok {
		h.TID = uint32(s.number(tid))
	}
	rec := &trace.Record{Pos: trace.Pos{Number: n}, Time: n * 1000, Kind: trace.Event, Event: h}
	if w[2] == "packet" {
		s.objects[n] = s.packet(rec, w[3:])
		return
	}
	h.Provider = map[string]trace.GUID{"afd": guidAFD, "tcpip": guidTCPIP, "process": guidKernelProcess, "network": guidKernelNetwork}[w[2]]
	h.ID = uint16(s.number(w[3]))
	ev := s.event(h, w[4:])
	if class, ok := classes[w[2]]; ok {
		h.Header, h.Opcode, h.ID = trace.HeaderPerfInfo, uint8(h.ID), 0
		ev.Provider = &provider.Provider{GUID: class, Short: w[2], Classic: true}
	}
	s.objects[n] = s.tracker.Event(ev, rec)
}

// classes are the kernel's own events, by type.
var classes = map[string]trace.GUID{"TcpIp": kernel.TCPIPGUID, "UdpIp": kernel.UDPIPGUID, "Image": kernel.ImageGUID, "PerfInfo": {1}}

func (s *script) number(text string) uint64 {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *script) event(h *trace.EventHeader, pairs []string) *provider.Event {
	ev := &provider.Event{Header: h}
	names := ""
	for _, kv := range pairs {
		name, value, _ := strings.Cut(kv, "=")
		names += name + " "
		ev.Values = append(ev.Values, value2field(value))
	}
	def := s.defs[names]
	if def == nil {
		def = &provider.Definition{}
		for _, name := range strings.Fields(names) {
			def.Fields = append(def.Fields, provider.Field{Name: name, Map: "map of " + name})
		}
		s.defs[names] = def
	}
	ev.Def = def
	return ev
}

func value2field(text string) field.Value {
	if n, err := strconv.ParseUint(text, 0, 64); err == nil {
		return field.Value{Type: field.Uint, U: n}
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return field.Value{Type: field.SockAddr, B: sockaddr(a)}
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return field.Value{Type: field.IPv6, B: a.AsSlice()}
	}
	return field.Value{Type: field.String, S: text}
}

func sockaddr(a netip.AddrPort) []byte {
	if a.Addr().Is4() {
		b := make([]byte, 16)
		b[0] = 2
		binary.BigEndian.PutUint16(b[2:], a.Port())
		copy(b[4:], a.Addr().AsSlice())
		return b
	}
	b := make([]byte, 28)
	b[0] = 23
	binary.BigEndian.PutUint16(b[2:], a.Port())
	copy(b[8:], a.Addr().AsSlice())
	return b
}

func (s *script) packet(rec *trace.Record, w []string) Object {
	rec.Kind = trace.Packet
	src, dst := netip.MustParseAddrPort(w[0]), netip.MustParseAddrPort(w[1])
	p := &packet.Packet{Record: rec, Src: src.Addr(), Dst: dst.Addr(), SrcPort: src.Port(), DstPort: dst.Port(), VLAN: -1}
	p.Transport = proto.TCP
	if w[2] == "udp" {
		p.Transport = proto.UDP
	}
	p.TCP.SrcPort, p.TCP.DstPort = src.Port(), dst.Port()
	for _, c := range w[2] {
		p.TCP.Flags |= map[rune]tcp.Flags{'S': tcp.SYN, 'A': tcp.ACK, 'F': tcp.FIN, 'R': tcp.RST, 'P': tcp.PSH}[c]
	}
	for _, kv := range w[3:] {
		name, value, _ := strings.Cut(kv, "=")
		n := s.number(value)
		switch name {
		case "seq":
			p.TCP.Seq = uint32(n)
		case "ack":
			p.TCP.Ack = uint32(n)
		case "len":
			p.PayloadLen = int(n)
		case "win":
			p.TCP.Window = uint16(n)
		case "scale":
			p.TCP.Options = []byte{3, 3, byte(n), 0}
		}
	}
	rec.WireLen = 54 + p.PayloadLen
	var seen flow.Sighting
	s.flows.Add(p, &seen)
	return s.tracker.Packet(p, &seen)
}

func post1(t testing.TB) *script {
	t.Helper()
	text, err := os.ReadFile("testdata/post1.txt")
	if err != nil {
		t.Fatal(err)
	}
	s := newScript(t)
	s.tracker.LearnProcess(ProcessRecord{PID: 2704, Name: "tcpserver.exe", From: "kernel process rundown"})
	return s.play(string(text))
}
