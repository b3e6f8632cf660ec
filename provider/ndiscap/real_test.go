package ndiscap_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wiretale/wiretale/format/etl"
	"github.com/wiretale/wiretale/provider/ndiscap"
	"github.com/wiretale/wiretale/provider/sysconfig"
	"github.com/wiretale/wiretale/trace"
)

const pingTrace = "../../../shared/captures/etl/small-system-misc-ping.etl"

// taken is a packet of the real trace with what the event says of it.
type taken struct {
	time      int64
	data      []byte
	direction trace.Direction
	layer     string
	iface     string
}

func packetsOf(t *testing.T, path string) []taken {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Skip("../shared/captures is not here: ", err)
	}
	r, err := etl.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := ndiscap.Packets{Damage: &trace.Damage{}}
	err = r.Prepass(func(h *trace.EventHeader) bool { return sysconfig.Wants(h) || ndiscap.Learns(h) }, func(rec *trace.Record) {
		if sysconfig.Wants(rec.Event) {
			sysconfig.Learn(rec, r.Info())
		} else {
			p.Learn(rec)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	list := r.Info().Interfaces
	p.Use(list)
	var all []taken
	var out trace.Record
	for rec, err := range trace.Records(r) {
		if err != nil {
			t.Fatal(err)
		}
		if !ndiscap.Wants(rec.Event) || !p.Next(rec, &out) {
			continue
		}
		if out.Link != trace.LinkEthernet || out.WireLen != len(out.Data) || out.Interface < 0 {
			t.Fatalf("%+v", out)
		}
		all = append(all, taken{out.Time, bytes.Clone(out.Data), out.Meta.Direction, out.Meta.Layer, list[out.Interface].Name})
	}
	if p.End(); p.Lost > 0 {
		t.Errorf("%d fragments lost: %v", p.Lost, p.Damage.First)
	}
	return all
}

func TestPingTrace(t *testing.T) {
	all := packetsOf(t, pingTrace)
	if len(all) != 43 {
		t.Fatalf("%d packets, want 43", len(all))
	}
	layers, directions := map[string]int{}, map[trace.Direction]int{}
	for _, p := range all {
		layers[p.layer+" | "+p.iface]++
		directions[p.direction]++
	}
	if diff := cmp.Diff(map[string]int{"miniport 14 Ethernet | Ethernet": 39, "miniport 2 Npcap Loopback Adapter | Npcap Loopback Adapter": 4}, layers); diff != "" {
		t.Error(diff)
	}
	if directions[trace.DirectionUnknown] != 0 {
		t.Error("packets without direction")
	}
	// What the stack sends has the adapter's address as source, what it receives has not.
	own := [6]byte{0x8c, 0x89, 0xa5, 0xcb, 0xb1, 0x3f}
	for i, p := range all {
		if strings.HasPrefix(p.layer, "miniport 14") && ([6]byte(p.data[6:12]) == own) != (p.direction == trace.Outbound) {
			t.Errorf("packet %d: direction %d, from %x", i+1, p.direction, p.data[6:12])
		}
	}
}

// plain reads addresses and ports of a frame with nothing but offsets, to hold against tshark.
func plain(b []byte) (src, dst string, sport, dport int) {
	be := binary.BigEndian.Uint16
	ip := b[14:]
	var next byte
	var rest []byte
	switch be(b[12:]) {
	case 0x800:
		src, dst = netip.AddrFrom4([4]byte(ip[12:16])).String(), netip.AddrFrom4([4]byte(ip[16:20])).String()
		next, rest = ip[9], ip[int(ip[0]&15)*4:]
	case 0x86dd:
		src, dst = netip.AddrFrom16([16]byte(ip[8:24])).String(), netip.AddrFrom16([16]byte(ip[24:40])).String()
		next, rest = ip[6], ip[40:]
	default:
		return "", "", 0, 0
	}
	if next == 6 || next == 17 {
		return src, dst, int(be(rest)), int(be(rest[2:]))
	}
	return src, dst, 0, 0
}

func writePcap(t *testing.T, all []taken) string {
	t.Helper()
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b23c4d) // nanoseconds
	b = le.AppendUint32(b, 2|4<<16)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(le.AppendUint32(b, 262144), 1)
	for _, p := range all {
		b = le.AppendUint32(le.AppendUint32(b, uint32(p.time/1e9)), uint32(p.time%1e9))
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(p.data))), uint32(len(p.data)))
		b = append(b, p.data...)
	}
	path := filepath.Join(t.TempDir(), "ping.pcap")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tshark decodes what was taken out: every frame whole, none malformed, and
// the protocols that the capture is known to hold.
func TestPingTraceInTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: no second opinion on the packets")
	}
	all := packetsOf(t, pingTrace)
	out, err := exec.Command(tshark, "-n", "-r", writePcap(t, all), "-T", "fields", "-E", "occurrence=f", "-e", "frame.len", "-e", "_ws.malformed",
		"-e", "ip.src", "-e", "ipv6.src", "-e", "ip.dst", "-e", "ipv6.dst", "-e", "tcp.srcport", "-e", "udp.srcport", "-e", "tcp.dstport", "-e", "udp.dstport",
		"-e", "frame.protocols").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	if len(lines) != 43 {
		t.Fatalf("tshark reads %d frames, want 43", len(lines))
	}
	protocols := map[string]int{}
	for i, line := range lines {
		f := strings.Split(line, "\t")
		src, dst, sport, dport := plain(all[i].data)
		got := fmt.Sprint(len(all[i].data), src, dst, sport, dport)
		want := fmt.Sprint(f[0], f[2]+f[3], f[4]+f[5], number(f[6]+f[7]), number(f[8]+f[9]))
		if got != want || f[1] != "" {
			t.Errorf("frame %d: %s, tshark says %s, malformed %q", i+1, got, want, f[1])
		}
		for _, name := range []string{"tcp", "icmpv6", "igmp", "ssdp", "arp", "dns", "lldp"} {
			if slices.Contains(strings.Split(f[10], ":"), name) {
				protocols[name]++
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"tcp": 11, "icmpv6": 6, "igmp": 4, "ssdp": 15, "arp": 2, "dns": 4, "lldp": 1}, protocols); diff != "" {
		t.Error(diff)
	}
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
