//go:build linux

package record

import (
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"
)

// scan learns the owners of the sockets that there are before the recording.
func (r *Recorder) scan() {
	if r.tracer == nil {
		return
	}
	inodes := map[uint64]pair{}
	for name, protocol := range map[string]uint8{"tcp": 6, "tcp6": 6, "udp": 17, "udp6": 17} {
		b, err := os.ReadFile("/proc/net/" + name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if p, inode, ok := parseSocket(line, protocol); ok {
				inodes[inode] = p
			}
		}
	}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		pid, _ := strconv.ParseUint(filepath.Base(d), 10, 32)
		if r.scope.follow != nil && !r.scope.follow[uint32(pid)] || int(pid) == os.Getpid() {
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
			if p, ok := inodes[inode]; ok {
				r.owners.set(p, owner{pid: uint32(pid)})
			}
		}
	}
}

// parseSocket reads a line of /proc/net/tcp or udp (proc(5)): the endpoints in hex, and as the tenth word the inode.
func parseSocket(line string, protocol uint8) (p pair, inode uint64, ok bool) {
	f := strings.Fields(line)
	if len(f) < 10 {
		return p, 0, false
	}
	var found [2]bool
	p.protocol = protocol
	p.local, found[0] = parseEndpoint(f[1])
	p.remote, found[1] = parseEndpoint(f[2])
	inode, err := strconv.ParseUint(f[9], 10, 64)
	return p, inode, err == nil && inode != 0 && found[0] && found[1] && p.local.Port() != 0
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
