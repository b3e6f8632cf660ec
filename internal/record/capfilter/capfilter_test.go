package capfilter

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

// accepted are filters that tcpdump takes too.
var accepted = []string{
	"", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "pim", "ah", "esp", "vrrp",
	"host 10.0.0.1", "src host 10.0.0.1", "dst host 10.0.0.2", "src or dst host 10.0.0.1", "src and dst host 10.0.0.1", "src 10.0.0.1",
	"ip host 10.0.0.1", "arp host 10.0.0.1", "ip src 10.0.0.2", "host fd00::1", "ip6 host fd00::1", "dst host fd00::2",
	"net 10.0.0.0/8", "net 10", "net 10.0", "src net 10.0.0", "net 10.0.0.0 mask 255.255.255.0", "net fd00::/16", "dst net fd00::/33", "ip6 net fd00::/64", "net 0.0.0.0/0",
	"port 80", "src port 80", "dst port 443", "tcp port 80", "udp dst port 53", "tcp src port 443", "portrange 80-443", "tcp portrange 50-60", "src portrange 1-100", "port http", "tcp dst port https", "port 80 or 443",
	"ether host 02:00:00:00:00:01", "ether src 02:00:00:00:00:02", "ether dst 02:00:00:00:00:01", "ether proto 0x0806", "ether proto \\arp", "ether broadcast", "broadcast", "multicast", "ether multicast", "ip multicast", "ip6 multicast",
	"ip proto 6", "ip proto \\udp", "ip6 proto 58", "proto 17",
	"less 64", "greater 100", "len > 80", "len <= 74",
	"vlan", "vlan 5", "vlan and tcp port 80", "vlan 5 and host 10.0.0.1", "not vlan",
	"tcp[13] & 2 != 0", "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp[0:2] = 80", "ip[8] < 64", "udp[4:2] > 8", "icmp[icmptype] = 8", "icmp[0] = icmp-echo", "ether[0] & 1 = 0", "ip[0] & 0xf != 5", "ip6[6] = 6", "tcp[tcpflags] == tcp-syn",
	"tcp and port 80", "not port 22", "host 10.0.0.1 and not tcp", "tcp or udp and port 53", "(tcp or icmp) and host 10.0.0.2", "host 10.0.0.1 or 10.0.0.2", "not (ip or arp)", "!tcp && !udp", "not host 10.0.0.1 and 10.0.0.2",
	"tcp port 80 and (src host 10.0.0.1 or dst net 10.0.0.0/24) and not (len < 60 or arp)",
}

// TestSameAsLibpcap: programs take the packets that those of tcpdump take.
func TestSameAsLibpcap(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		if os.Getenv("WIRETALE_CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no tcpdump to compare with")
	}
	frames := frames()
	for _, f := range accepted {
		theirs := libpcap(t, f)
		prog, err := Compile(f, Ethernet, 262144)
		if err != nil {
			t.Error(err)
			continue
		}
		ours := vm(t, prog)
		took := 0
		for _, b := range frames {
			if strings.Contains(f, "net ") && len(b) < 66 { // libpcap wants all of an address there, also what a short prefix does not look at
				continue
			}
			want, _ := theirs.Run(b)
			got, err := ours.Run(b)
			if err != nil {
				t.Fatalf("%q: %v", f, err)
			}
			if (want > 0) != (got > 0) {
				t.Errorf("%q: takes %v, libpcap %v: % x", f, got > 0, want > 0, b[:min(len(b), 80)])
				break
			}
			if got > 0 {
				took++
			}
		}
		if f != "" && f != "net 0.0.0.0/0" && (took == 0 || took == len(frames)) {
			t.Errorf("%q takes %d of %d: the frames say nothing of it", f, took, len(frames))
		}
		// Those that kernel sockets get assemble too.
		if prog, err = Compile(f, Socket, 1); err != nil {
			t.Error(err)
		} else if _, err := bpf.Assemble(prog); err != nil {
			t.Errorf("%q: %v", f, err)
		}
	}
}

// libpcap is the program of tcpdump, without its optimizer: that changes which bytes a frame that is cut must have.
func libpcap(t *testing.T, f string) *bpf.VM {
	out, err := exec.Command("tcpdump", "-O", "-ddd", "-y", "EN10MB", "-r", empty(t), f).Output()
	if err != nil {
		t.Fatalf("tcpdump %q: %v", f, err)
	}
	var raw []bpf.RawInstruction
	s := bufio.NewScanner(bytes.NewReader(out))
	for s.Scan() {
		var i bpf.RawInstruction
		if n, _ := fmt.Sscan(s.Text(), &i.Op, &i.Jt, &i.Jf, &i.K); n == 4 {
			raw = append(raw, i)
		}
	}
	prog, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatalf("%q: %v", f, raw)
	}
	return vm(t, prog)
}

func vm(t *testing.T, prog []bpf.Instruction) *bpf.VM {
	m, err := bpf.NewVM(prog)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// empty is a capture of Ethernet without packets, so that tcpdump asks no device.
func empty(t *testing.T) string {
	h := make([]byte, 24)
	binary.LittleEndian.PutUint32(h, 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(h[4:], 2)
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], 262144)
	binary.LittleEndian.PutUint32(h[20:], 1)
	name := t.TempDir() + "/empty.pcap"
	if err := os.WriteFile(name, h, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// frames are packets of many kinds, cut and not, with values from few so that filters hit.
func frames() (list [][]byte) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(v ...int) int { return v[r.IntN(len(v))] }
	be := binary.BigEndian
	for range 6000 {
		b := []byte{byte(pick(2, 2, 3, 255)), 0, 0, 0, 0, byte(pick(1, 2)), 2, 0, 0, 0, 0, byte(pick(1, 2))}
		if b[0] == 255 {
			copy(b, "\xff\xff\xff\xff\xff\xff")
		}
		for range pick(0, 0, 0, 1, 2) {
			b = append(b, 0x81, 0, byte(pick(0, 0x20)), byte(pick(5, 6)))
		}
		kind := pick(typeIPv4, typeIPv4, typeIPv4, typeIPv6, typeIPv6, typeARP, typeRARP, 0x88cc, 100)
		b = be.AppendUint16(b, uint16(kind))
		proto := byte(pick(6, 6, 6, 17, 17, 1, 58, 132, 2, 103, 51, 50, 112))
		v4 := func() []byte { return []byte{byte(pick(10, 10, 10, 224)), 0, byte(pick(0, 0, 1)), byte(pick(1, 2, 3))} }
		v6 := func() []byte {
			a := make([]byte, 16)
			a[0], a[4], a[15] = byte(pick(0xfd, 0xfd, 0xff)), byte(pick(0, 0x80)), byte(pick(1, 2, 3))
			return a
		}
		switch kind {
		case typeIPv4:
			words := pick(5, 5, 6)
			h := make([]byte, 4*words)
			h[0], h[8], h[9] = byte(0x40|words), byte(pick(1, 63, 64)), proto
			be.PutUint16(h[6:], uint16(pick(0, 0, 0x4000, 0x2000, 5)))
			copy(h[12:], v4())
			copy(h[16:], v4())
			b = append(b, h...)
		case typeIPv6:
			h := make([]byte, 8)
			h[0], h[6] = 0x60, proto
			if pick(0, 0, 0, 1) == 1 {
				h[6] = 44
			}
			b = append(append(append(b, h...), v6()...), v6()...)
			if h[6] == 44 {
				b = append(b, proto, 0, 0, 0, 0, 0, 0, 0)
			}
		case typeARP, typeRARP:
			b = append(b, 0, 1, 8, 0, 6, 4, 0, byte(pick(1, 2)))
			b = append(append(append(append(b, make([]byte, 6)...), v4()...), make([]byte, 6)...), v4()...)
		}
		port := func() uint16 { return uint16(pick(80, 443, 53, 22, 40000)) }
		b = be.AppendUint16(be.AppendUint16(b, port()), port())
		if proto == 1 {
			b[len(b)-4] = byte(pick(0, 8, 3))
		}
		b = append(b, 0, byte(pick(8, 20)), 0, 0, 0, 0, 0, 0, 0x50, byte(pick(0, 1, 2, 16, 18)))
		b = append(b, make([]byte, r.IntN(60))...)
		if pick(0, 0, 0, 0, 1) == 1 {
			b = b[:r.IntN(len(b))]
		}
		list = append(list, b)
	}
	return list
}

func TestRefused(t *testing.T) {
	for f, want := range map[string]string{
		"host example.org": "names are never looked up", "net 10.0.0.1/8": "bits behind", "port": "value of port", "tcp host 10.0.0.1": "has no addresses",
		"tcp and": "where a test should be", "(tcp": "not closed", "frobnicate": "no test of a capture filter", "icmp port 3": "has no ports", "portrange 1-99999": "no port",
		"tcp udp": "no address", "10.0.0.1": "no test of", "tcp) or udp": "not expected", "vlan 5000": "no number", "tcp[1:3] = 0": "a size of 3", "tcp[x] = 0": "no number", "ether host 1:2": "no address of Ethernet",
		"net 10.0.0.0 mask 255.0.255.0": "gaps", "inbound": "while recording", "gateway 10.0.0.1": "no test", "host fd00::1 and arp host fd00::1": "no addresses of IPv6",
		strings.Repeat("(", 100) + "tcp" + strings.Repeat(")", 100): "inside one another", strings.Repeat("not ", 100) + "tcp": "inside one another",
	} {
		_, err := Compile(f, Ethernet, 1)
		if err == nil {
			t.Errorf("%q is taken", f)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", f, err, want)
		}
	}
}

// TestLong: jumps over more than 255 instructions.
func TestLong(t *testing.T) {
	var parts []string
	for i := range 120 {
		parts = append(parts, fmt.Sprintf("host 10.1.%d.%d", i, i))
	}
	prog, err := Compile(strings.Join(parts, " or ")+" or udp port 53", Ethernet, 1)
	if err != nil {
		t.Fatal(err)
	}
	m := vm(t, prog)
	frame := make([]byte, 60)
	frame[12], frame[14] = 8, 0x45
	for i := range 125 {
		copy(frame[30:], []byte{10, 1, byte(i), byte(i)})
		if n, err := m.Run(frame); err != nil || (n > 0) != (i < 120) {
			t.Fatalf("host %d: %v %v", i, n, err)
		}
	}
	if _, err := Compile(strings.Repeat("host fd00::1 or ", 600)+"tcp", Ethernet, 1); err == nil {
		t.Error("a program that is too long is taken")
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range accepted {
		f.Add(s, []byte("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45"))
	}
	f.Fuzz(func(t *testing.T, s string, frame []byte) {
		for _, l := range []Link{Ethernet, Raw, Socket} {
			prog, err := Compile(s, l, 7)
			if err != nil {
				continue
			}
			if _, err := bpf.Assemble(prog); err != nil {
				t.Fatalf("%q: %v", s, err)
			}
			if l == Socket {
				continue
			}
			m, err := bpf.NewVM(prog)
			if err != nil {
				t.Fatalf("%q: %v", s, err)
			}
			if n, err := m.Run(frame); err != nil || n != 0 && n != 7 {
				t.Fatalf("%q: %d, %v", s, n, err)
			}
		}
	})
}
