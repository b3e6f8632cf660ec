package cleartext

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/trace"
)

// TestPDU holds what is said of a message to its form: each value with its tag and its length, padded to four bytes.
func TestPDU(t *testing.T) {
	for _, test := range []struct{ ends, want string }{
		{"192.0.2.1:50000 192.0.2.2:443", "000c0008687474703200000000140004c000020100150004c0000202001800040000000200190004" + "0000c350001a0004000001bb001e00040000000700000000" + "686579"},
		{"[2001:db8::1]:50000 [2001:db8::2]:443", "000c000868747470320000000016001020010db80000000000000000000000010017001020010db8000000000000000000000002" + "001800040000000200190004" + "0000c350001a0004000001bb001e00040000000700000000" + "686579"},
	} {
		var got trace.Record
		w := NewPDUs(NewSurvey(), nil, func(rec *trace.Record) error { got = *rec; return nil })
		var talk talk
		talk.of = &conversation{}
		for i, end := range strings.Fields(test.ends) {
			talk.ends[i] = netip.MustParseAddrPort(end)
		}
		w.write(&talk, 0, 1, 7, 1, "http2", []byte("hey"))
		if hex.EncodeToString(got.Data) != test.want || got.Link != LinkUpperPDU || got.WireLen != len(got.Data) {
			t.Errorf("%x, want %s", got.Data, test.want)
		}
	}
}
