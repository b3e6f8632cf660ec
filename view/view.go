// Package view holds what every view says in the same words: the name of a
// record, its time, the columns of a packet list, the text of an event, the
// measures of a conversation. The views are packages below this one, one an
// output: text for people, jsonl for programs.
//
// A view reads an engine.Case and engine.Rows. It computes nothing that
// another view would have to compute again.
package view

import (
	"path/filepath"
	"strconv"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
)

// Names gives records their names: the frame number alone when there is one
// source, "file:frame" when there are several.
type Names struct {
	labels []string // nil for one source
}

// NewNames names the records of sources by the paths the user gave. Base
// names are used as long as they differ.
func NewNames(paths []string) Names {
	if len(paths) < 2 {
		return Names{}
	}
	count := map[string]int{}
	for _, p := range paths {
		count[filepath.Base(p)]++
	}
	n := Names{labels: make([]string, len(paths))}
	for i, p := range paths {
		n.labels[i] = filepath.Base(p)
		if count[n.labels[i]] > 1 {
			n.labels[i] = p
		}
	}
	n.points(paths)
	return n
}

// points names the points of one merged file by their names alone.
func (n *Names) points(paths []string) {
	labels := make([]string, len(paths))
	first, _, _ := trace.CutPoint(paths[0])
	for i, p := range paths {
		file, point, ok := trace.CutPoint(p)
		if !ok || file != first {
			return
		}
		labels[i] = point
	}
	n.labels = labels
}

// Several reports whether names carry the file.
func (n Names) Several() bool { return n.labels != nil }

// Pos is the name of a record: "17", or "client.pcap:17".
func (n Names) Pos(p trace.Pos) string {
	if n.labels == nil || p.Source < 0 || p.Source >= len(n.labels) {
		return strconv.FormatInt(p.Number, 10)
	}
	return n.labels[p.Source] + ":" + strconv.FormatInt(p.Number, 10)
}

// Source is the label of a source, "" when there is only one.
func (n Names) Source(i int) string {
	if n.labels == nil || i < 0 || i >= len(n.labels) {
		return ""
	}
	return n.labels[i]
}

// Lane says which layer of the host a row belongs to.
type Lane uint8

const (
	Application Lane = iota // calls and events of sockets, web libraries, processes
	Stack                   // events of the TCP/IP stack and the drivers below it
	Wire                    // packets
)

func (l Lane) String() string { return [...]string{"application", "stack", "wire"}[l] }

// stackProviders are the providers that report from below the socket layer, by short name.
var stackProviders = map[string]bool{
	"TCPIP": true, "NDIS": true, "NDIS-PacketCapture": true, "PktMon": true, "WFP": true, "Kernel-Network": true, "TcpIp": true, "UdpIp": true, "LinuxTCP": true,
}

// LaneOf is the layer that a row belongs to.
func LaneOf(row *engine.Row) Lane {
	switch {
	case row.Packet != nil:
		return Wire
	case row.Event != nil && row.Event.Provider != nil && stackProviders[row.Event.Provider.Short]:
		return Stack
	}
	return Application
}

// topLayer is the innermost layer of the packet that is neither quoted by an ICMP error nor mere data; -1 without one.
func topLayer(row *engine.Row) int {
	p := row.Packet
	for i := p.N - 1; i >= 0; i-- {
		l := &p.Layers[i]
		if l.Quoted || l.Proto == proto.Data || l.Proto == proto.Trailer || l.Proto == proto.Malformed {
			continue
		}
		return i
	}
	return -1
}
