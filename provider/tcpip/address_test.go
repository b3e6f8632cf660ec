package tcpip

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/wiretale/wiretale/trace"
)

func rundown(index, protocol uint32, v4 string, v6 string) []byte {
	le := binary.LittleEndian
	b := le.AppendUint64(le.AppendUint32(nil, index), 1_000_000_000)
	b = append(le.AppendUint32(b, protocol), v4...)
	b = append(le.AppendUint32(b, uint32(len(v6))), v6...)
	return append(b, 14, 0, 0, 0)
}

func TestAddressesOfInterfaces(t *testing.T) {
	v6 := "\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
	var addresses []Address
	for _, b := range [][]byte{
		rundown(14, 4, "\xc0\xa8\x02\x73", ""), rundown(14, 6, "\x00\x00\x00\x00", v6), rundown(14, 4, "\xc0\xa8\x02\x73", ""), rundown(9, 4, "\x0a\x00\x00\x01", ""),
	} {
		a, ok := ParseAddress(b)
		if !ok {
			t.Errorf("%x: no address", b)
		}
		addresses = append(addresses, a)
	}
	list := []trace.Interface{{ID: 1}, {ID: 14}}
	Name(list, addresses)
	if got := list[1].Addresses; !slices.Equal(got, []string{"192.168.2.115", "fe80::1"}) || len(list[0].Addresses) != 0 {
		t.Errorf("got %v and %v", got, list[0].Addresses)
	}
	whole := rundown(14, 6, "\x00\x00\x00\x00", v6)
	for n := range len(whole) - 4 {
		if a, ok := ParseAddress(whole[:n]); ok {
			t.Errorf("%d bytes: %v", n, a)
		}
	}
	for name, b := range map[string][]byte{"no family": rundown(1, 5, "\x0a\x00\x00\x01", ""), "0.0.0.0": rundown(1, 4, "\x00\x00\x00\x00", ""), "short": rundown(1, 6, "\x00\x00\x00\x00", "\xfe\x80")} {
		if a, ok := ParseAddress(b); ok {
			t.Errorf("%s: %v", name, a)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add(rundown(14, 4, "\xc0\xa8\x02\x73", ""))
	f.Add(rundown(14, 6, "\x00\x00\x00\x00", "\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, ok := ParseAddress(b); ok && !a.Addr.IsValid() {
			t.Fatal(a)
		}
	})
}
