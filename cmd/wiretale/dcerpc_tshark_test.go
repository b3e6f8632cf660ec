package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/proto"
)

// dcerpcComparison holds protocol, Info and all fields of DCE/RPC over TCP against tshark's.
func dcerpcComparison(t *testing.T) *comparison {
	return &comparison{
		filter: "dcerpc", patterns: []string{"app/*dcerpc*", "app/ndpi_kerberos*", "formats/ms_[AR]*", "netmon/*", "tso/ms_ADOD*"},
		names: append([]string{"frame.number", "frame.protocols", listColumn + "Protocol", listColumn + "Info"}, fieldsOf(t, "dcerpc.")...),
		take:  func(p *packet.Packet) bool { return carries(proto.DCERPC)(p) && !carriesSMB(p) }, accepted: dcerpcAccepted, least: 10,
	}
}

// stubText is what Wireshark adds to a row from what a procedure is called with, and for an operation that it knows by name only.
var stubText = regexp.MustCompile(`^((\[TCP [^]]*\] )*\S+ (request|response))(\[Malformed Packet\])?(,? .*)?$`)

var (
	again      = regexp.MustCompile(`^(\[TCP [^]]*\] )+`)
	bindAnswer = regexp.MustCompile(`_(ack|resp|nak):`)
)

// dcerpcAccepted is why a value may differ.
func dcerpcAccepted(name, got, want string, row []string) string {
	chain := strings.TrimPrefix(row[1], "netmon_header:")
	parts := stubText.FindStringSubmatch(want)
	switch {
	case name == "frame.protocols" && strings.HasPrefix(chain, got):
		return "inner"
	case name == listColumn+"Info" && parts != nil && strings.TrimSpace(again.ReplaceAllString(parts[1], "")) == strings.TrimSpace(again.ReplaceAllString(got, "")):
		return "stub"
	case name == "dcerpc.request_in" && slices.Equal(slices.Compact(occurrences(want)), occurrences(got)):
		return "once"
	case (name == "dcerpc.request_in" || name == "dcerpc.time") && want == "" && bindAnswer.MatchString(row[3]):
		return "bind-time"
	case name == "dcerpc.obj_id" && got == "":
		return "inner"
	case name == listColumn+"Info" && again.ReplaceAllString(want, "") == got:
		return "length-zero-ipv6"
	}
	return ""
}

// TestDCERPCIsTsharks compares the captures that have DCE/RPC over TCP.
func TestDCERPCIsTsharks(t *testing.T) {
	t.Parallel()
	dcerpcComparison(t).run(t)
}

// Interfaces and transfer syntaxes as they are on the wire.
const (
	rpcSAMR    = "\x78\x57\x34\x12\x34\x12\xcd\xab\xef\x00\x01\x23\x45\x67\x89\xac"
	rpcUnknown = "\x11\x11\x11\x11\x22\x22\x33\x33\x44\x44\x55\x55\x55\x55\x55\x55"
	rpcNDR     = "\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60"
	rpcPromise = "\x2c\x1c\xb7\x6c\x12\x98\x40\x45\x03\x00\x00\x00\x00\x00\x00\x00"
	rpcNDR64   = "\x33\x05\x71\x71\xba\xbe\x37\x49\x83\x19\xb5\xdb\xef\x9c\xcc\x36"
)

// rpcUnit is a unit of DCE/RPC.
func rpcUnit(kind, flags byte, call uint64, body string) string {
	return string([]byte{5, 0, kind, flags, 0x10, 0, 0, 0}) + littleNumber(uint64(16+len(body)), 2) + littleNumber(0, 2) + littleNumber(call, 4) + body
}

func rpcContext(id uint64, uuid, transfer string) string {
	return littleNumber(id, 2) + "\x01\x00" + uuid + littleNumber(1, 4) + transfer + littleNumber(2, 4)
}

func rpcBind(kind byte, call uint64, contexts ...string) string {
	return rpcUnit(kind, 3, call, littleNumber(5840, 2)+littleNumber(5840, 2)+littleNumber(0, 4)+string([]byte{byte(len(contexts)), 0, 0, 0})+strings.Join(contexts, ""))
}

func rpcAccepted(kind byte, call uint64, address string, results ...uint64) string {
	body := littleNumber(5840, 2) + littleNumber(5840, 2) + littleNumber(7, 4) + littleNumber(uint64(len(address)), 2) + address
	for len(body)%4 != 0 {
		body += "\x00"
	}
	body += string([]byte{byte(len(results)), 0, 0, 0})
	for _, r := range results {
		body += littleNumber(r, 2) + littleNumber(r, 2) + rpcNDR + littleNumber(2, 4)
	}
	return rpcUnit(kind, 3, call, body)
}

func rpcRequest(flags byte, call, context, operation uint64, stub string) string {
	return rpcUnit(0, flags, call, littleNumber(uint64(len(stub)), 4)+littleNumber(context, 2)+littleNumber(operation, 2)+stub)
}

func rpcResponse(flags byte, call, context uint64, stub string) string {
	return rpcUnit(2, flags, call, littleNumber(uint64(len(stub)), 4)+littleNumber(context, 2)+"\x00\x00"+stub)
}

// TestGeneratedDCERPCIsTsharks compares a connection that has each kind of unit.
func TestGeneratedDCERPCIsTsharks(t *testing.T) {
	t.Parallel()
	c := dcerpcComparison(t)
	k := segmentTalk{ports: [2]uint16{40000, 49152}}
	k.say(0, rpcBind(11, 1, rpcContext(0, rpcSAMR, rpcNDR), rpcContext(1, rpcSAMR, rpcNDR64), rpcContext(2, rpcSAMR, rpcPromise), rpcContext(3, rpcUnknown, rpcNDR)))
	k.say(1, rpcAccepted(12, 1, "49152\x00", 0, 2, 0))
	k.say(0, rpcRequest(3, 2, 3, 17, "abcd"))
	k.say(1, rpcResponse(3, 2, 3, "efgh"))
	k.say(0, rpcRequest(3, 3, 3, 18, ""))
	k.say(1, rpcUnit(3, 3, 3, littleNumber(0, 4)+littleNumber(3, 2)+"\x00\x00"+littleNumber(5, 4)+littleNumber(0, 4)))
	k.say(0, rpcRequest(1, 5, 3, 20, strings.Repeat("x", 32))+rpcRequest(0, 5, 3, 20, strings.Repeat("y", 32))+rpcRequest(2, 5, 3, 20, "z"))
	k.say(1, rpcResponse(1, 5, 3, strings.Repeat("a", 32)))
	k.say(1, rpcResponse(2, 5, 3, strings.Repeat("b", 32)))
	k.say(0, rpcBind(14, 7, rpcContext(4, rpcSAMR, rpcNDR)))
	k.say(1, rpcAccepted(15, 7, "", 0))
	k.say(0, rpcRequest(3, 8, 0, 1, strings.Repeat("\x00", 20)))
	k.say(1, rpcResponse(3, 8, 0, strings.Repeat("\x00", 24)))
	k.say(0, rpcUnit(18, 3, 9, ""))
	k.say(0, rpcUnit(19, 3, 10, ""))
	k.say(1, rpcUnit(17, 3, 0, ""))
	k.say(0, rpcRequest(3, 11, 0, 200, ""))
	k.say(0, rpcRequest(3, 13, 0, 200, "stub"))
	k.say(1, rpcResponse(3, 13, 0, "stub"))
	k.say(0, rpcRequest(3, 14, 0, 200, "stub"))
	k.say(1, rpcResponse(3, 14, 0, ""))
	k.say(0, rpcUnit(0, 0x83, 12, littleNumber(0, 4)+littleNumber(3, 2)+littleNumber(22, 2)+rpcUnknown+"stub"))
	k.say(1, rpcUnit(13, 3, 12, littleNumber(4, 2)+"\x01\x05\x00"))
	file := filepath.Join(t.TempDir(), "dcerpc.pcap")
	if err := os.WriteFile(file, pcapOf(k.frames), 0o600); err != nil {
		t.Fatal(err)
	}
	c.file(t, file)
	t.Logf("%d rows and %d values compared; accepted differences: %v", c.rows, c.values, c.reasons)
	if c.rows != len(k.frames) {
		t.Errorf("%d of %d rows compared", c.rows, len(k.frames))
	}
}

// littleNumber is a number of some bytes, little-endian.
func littleNumber(n uint64, size int) string {
	return string(binary.LittleEndian.AppendUint64(nil, n)[:size])
}
