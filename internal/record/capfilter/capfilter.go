// Package capfilter compiles capture filters of libpcap (pcap-filter(7)) to
// classic BPF, without libpcap: hosts, networks, ports, protocols, lengths,
// VLANs, bytes of headers, joined by and, or and not. What it does not know
// is an error that says so; names of hosts are never looked up.
package capfilter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// A Link is where a program finds the layers of a packet.
type Link uint8

const (
	// Ethernet is a frame in memory that begins with the header of Ethernet.
	Ethernet Link = iota
	// Raw is a packet in memory that begins with the header of IP.
	Raw
	// Socket is a socket of Linux: the kernel knows where the network layer is, whatever the device, and keeps tags of VLANs beside the packet.
	Socket
)

// Offsets that the kernel takes as relative to a layer (linux/filter.h: SKF_NET_OFF, SKF_LL_OFF).
const (
	networkOff = 0xfff00000
	linkOff    = 0xffe00000
)

// All is a program that takes every packet whole.
var All = []bpf.Instruction{bpf.RetConstant{Val: 0x40000}}

// Compile compiles an expression. The program returns snap for packets that it takes and 0 for others; an empty expression takes all.
func Compile(expression string, link Link, snap uint32) ([]bpf.Instruction, error) {
	p := &parser{link: link, words: lex(expression)}
	if p.peek() == "" {
		return []bpf.Instruction{bpf.RetConstant{Val: snap}}, nil
	}
	c, err := p.whole()
	if err != nil {
		return nil, fmt.Errorf("capture filter %q: %w", expression, err)
	}
	prog, err := assemble(c, snap)
	if err != nil {
		return nil, fmt.Errorf("capture filter %q: %w", expression, err)
	}
	return prog, nil
}
