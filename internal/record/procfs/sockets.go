//go:build linux

// Package procfs reads which process has which sockets.
package procfs

import (
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"
)

// A Socket is what /proc/net says of one of TCP or UDP.
type Socket struct {
	Local, Remote netip.AddrPort
	Family        uint16 // of Linux: 2 or 10
	Protocol      uint8
	Listens       bool
	Waiting       uint32 // connections that a listening one has not accepted yet
}

// Descriptors calls f with each descriptor that is a socket of this network namespace, of those processes that are wanted.
func Descriptors(want func(pid uint32) bool, f func(pid uint32, fd int32, s *Socket)) {
	inodes := map[uint64]*Socket{}
	for _, t := range []Socket{{Family: 2, Protocol: 6}, {Family: 10, Protocol: 6}, {Family: 2, Protocol: 17}, {Family: 10, Protocol: 17}} {
		name := map[uint8]string{6: "tcp", 17: "udp"}[t.Protocol]
		if t.Family == 10 {
			name += "6"
		}
		b, err := os.ReadFile("/proc/thread-self/net/" + name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			s := t
			if inode, ok := s.parse(line); ok {
				inodes[inode] = &s
			}
		}
	}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		pid, err := strconv.ParseUint(filepath.Base(d), 10, 32)
		if err != nil || !want(uint32(pid)) {
			continue
		}
		links, err := os.ReadDir(d + "/fd")
		if err != nil {
			continue
		}
		for _, l := range links {
			to, err := os.Readlink(d + "/fd/" + l.Name())
			if err != nil {
				continue
			}
			number, ok := strings.CutPrefix(to, "socket:[")
			if !ok {
				continue
			}
			inode, _ := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64)
			fd, err := strconv.ParseInt(l.Name(), 10, 32)
			if s := inodes[inode]; s != nil && err == nil {
				f(uint32(pid), int32(fd), s)
			}
		}
	}
}

// listen is the state of a listening socket in hex (include/net/tcp_states.h).
const listen = "0A"

// parse reads a line of /proc/net/tcp or udp (proc(5)): the endpoints in hex, the state, the queues, and as the tenth word the inode.
func (s *Socket) parse(line string) (inode uint64, ok bool) {
	f := strings.Fields(line)
	if len(f) < 10 {
		return 0, false
	}
	var found [2]bool
	s.Local, found[0] = parseEndpoint(f[1])
	s.Remote, found[1] = parseEndpoint(f[2])
	if s.Listens = s.Protocol == 6 && f[3] == listen; s.Listens {
		_, waiting, _ := strings.Cut(f[4], ":")
		n, _ := strconv.ParseUint(waiting, 16, 32)
		s.Waiting = uint32(n)
	}
	inode, err := strconv.ParseUint(f[9], 10, 64)
	return inode, err == nil && inode != 0 && found[0] && found[1] && s.Local.Port() != 0
}

// parseEndpoint reads 0100007F:1F90: words of the address in the order of this machine.
func parseEndpoint(s string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(s, ":")
	b, err := hex.DecodeString(host)
	n, bad := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil || bad != nil || len(b) != 4 && len(b) != 16 {
		return netip.AddrPort{}, false
	}
	if littleEndian {
		for i := 0; i < len(b); i += 4 {
			b[i], b[i+1], b[i+2], b[i+3] = b[i+3], b[i+2], b[i+1], b[i]
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), true
}

var littleEndian = func() bool {
	v := uint16(1)
	return *(*byte)(unsafe.Pointer(&v)) == 1
}()
