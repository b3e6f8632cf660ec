//go:build linux

// Package packets takes frames from interfaces of Linux with a ring that is
// shared with the kernel (packet(7), TPACKET_V3): each with its time, its
// direction, and what the kernel knows of its checksum and segmentation.
package packets

import (
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Options of a Ring.
type Options struct {
	Interface int // index; 0 for all
	Program   []bpf.Instruction
	Size      int // bytes of the ring; 0 for 32 MiB
	// Retire is after how many milliseconds the kernel hands over a block that is not full; 0 for 20.
	Retire int
}

// blockSize is more than any frame has: those of BIG TCP have 192 KiB and more.
const blockSize = 1 << 20

// A Ring is a socket with its ring. It is for one goroutine.
type Ring struct {
	fd       int
	mem      []byte
	blocks   int
	next     int // block that the kernel fills next
	held     int // blocks that were taken and not given back, behind next
	received uint64
	lost     uint64
}

// Open makes a ring. What came before its filter was set is not in it.
func Open(opt Options) (*Ring, error) {
	// Protocol 0 takes nothing until bind, so that nothing comes that the filter refuses.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	r := &Ring{fd: fd}
	if err := r.set(opt); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Ring) set(opt Options) error {
	if err := r.filter(opt.Program); err != nil {
		return fmt.Errorf("capture filter: %w", err)
	}
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("packet ring of version 3: %w", err)
	}
	size, retire := opt.Size, opt.Retire
	if size == 0 {
		size = 32 << 20
	}
	if retire == 0 {
		retire = 20
	}
	r.blocks = max(4, size/blockSize)
	const frame = 1 << 11
	req := unix.TpacketReq3{Block_size: blockSize, Block_nr: uint32(r.blocks), Frame_size: frame, Frame_nr: uint32(r.blocks * (blockSize / frame)), Retire_blk_tov: uint32(retire)}
	if err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("packet ring of %d MiB: %w", r.blocks, err)
	}
	var err error
	if r.mem, err = unix.Mmap(r.fd, 0, r.blocks*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return fmt.Errorf("packet ring: %w", err)
	}
	if err := unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: opt.Interface}); err != nil {
		return fmt.Errorf("packet socket: %w", err)
	}
	return nil
}

// once refuses packets on their way out to loopback: each comes back at once, and is taken then. What the kernel refuses takes no place in the ring.
var once = []bpf.Instruction{
	bpf.LoadExtension{Num: bpf.ExtLinkLayerType},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.ARPHRD_LOOPBACK, SkipTrue: 3},
	bpf.LoadExtension{Num: bpf.ExtType},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.PACKET_OUTGOING, SkipTrue: 1},
	bpf.RetConstant{},
}

// filter sets the program that packets must pass; an empty one takes all.
func (r *Ring) filter(prog []bpf.Instruction) error {
	if len(prog) == 0 {
		prog = []bpf.Instruction{bpf.RetConstant{Val: 1 << 18}}
	}
	raw, err := bpf.Assemble(slices.Concat(once, prog))
	if err != nil {
		return err
	}
	list := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		list[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	return unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(list)), Filter: &list[0]})
}

// Promiscuous makes the interface take frames for others too.
func (r *Ring) Promiscuous(index int) error {
	return unix.SetsockoptPacketMreq(r.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC})
}

func bigEndian(v uint16) uint16 { return v<<8 | v>>8 }

// FD is the descriptor to poll for blocks.
func (r *Ring) FD() int { return r.fd }

// Blocks is how many blocks the ring has, and Held how many of them were taken and not given back.
func (r *Ring) Blocks() int { return r.blocks }
func (r *Ring) Held() int   { return r.held }

// Offsets in a block (linux/if_packet.h, struct tpacket_block_desc): version, offset of private data, status, packets, offset of the first one, length, number, times.
const (
	blockStatus = 8
	blockCount  = 12
	blockFirst  = 16
)

// Take takes the next block that is full; false when there is none.
func (r *Ring) Take() (Block, bool) {
	if r.held == r.blocks {
		return Block{}, false
	}
	m := r.mem[r.next*blockSize : (r.next+1)*blockSize : (r.next+1)*blockSize]
	if atomic.LoadUint32((*uint32)(unsafe.Pointer(&m[blockStatus])))&unix.TP_STATUS_USER == 0 {
		return Block{}, false
	}
	r.next = (r.next + 1) % r.blocks
	r.held++
	return Block{mem: m, left: word(m, blockCount), at: word(m, blockFirst)}, true
}

// Give gives the block that was taken first back to the kernel.
func (r *Ring) Give() {
	i := (r.next - r.held + 2*r.blocks) % r.blocks
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&r.mem[i*blockSize+blockStatus])), unix.TP_STATUS_KERNEL)
	r.held--
}

// Counts are how many frames passed the filter since the ring was opened, and how many of them there was no room for.
func (r *Ring) Counts() (received, lost uint64) {
	if s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil { // it counts since it was asked
		r.received += uint64(s.Packets)
		r.lost += uint64(s.Drops)
	}
	return r.received, r.lost
}

// Stop takes no more frames; those in the ring stay.
func (r *Ring) Stop() {
	unix.Bind(r.fd, &unix.SockaddrLinklayer{Protocol: 0})
	r.filter([]bpf.Instruction{bpf.RetConstant{}})
}

// Close gives the ring up, with the blocks that were taken.
func (r *Ring) Close() {
	if r.mem != nil {
		unix.Munmap(r.mem)
		r.mem = nil
	}
	unix.Close(r.fd)
}

// Lookup is the interface of a name.
func Lookup(name string) (*net.Interface, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("interface %q: %w", name, err)
	}
	return i, nil
}
