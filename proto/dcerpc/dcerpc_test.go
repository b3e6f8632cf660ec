package dcerpc_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/dcerpc"
)

// A writer makes units in one byte order.
type writer struct{ binary.AppendByteOrder }

var (
	little = writer{binary.LittleEndian}
	big    = writer{binary.BigEndian}
)

func (w writer) n(v uint64, size int) string {
	switch size {
	case 1:
		return string([]byte{byte(v)})
	case 2:
		return string(w.AppendUint16(nil, uint16(v)))
	}
	return string(w.AppendUint32(nil, uint32(v)))
}

// unit is one with a header of 16 bytes.
func (w writer) unit(kind, flags byte, call uint64, auth int, body string) string {
	drep := byte(0x10)
	if w == big {
		drep = 0
	}
	return string([]byte{5, 0, kind, flags, drep, 0, 0, 0}) + w.n(uint64(16+len(body)), 2) + w.n(uint64(auth), 2) + w.n(call, 4) + body
}

// uuid writes one from its text.
func (w writer) uuid(text string) string {
	var a uint64
	var b, c, d uint16
	var e [6]byte
	if n, err := fmt.Sscanf(text, "%08x-%04x-%04x-%04x-%02x%02x%02x%02x%02x%02x", &a, &b, &c, &d, &e[0], &e[1], &e[2], &e[3], &e[4], &e[5]); n != 10 {
		panic(err)
	}
	return w.n(a, 4) + w.n(uint64(b), 2) + w.n(uint64(c), 2) + string([]byte{byte(d >> 8), byte(d)}) + string(e[:])
}

const (
	samr    = "12345778-1234-abcd-ef00-0123456789ac"
	unknown = "11111111-2222-3333-4444-555555555555"
	ndr     = "8a885d04-1ceb-11c9-9fe8-08002b104860"
	promise = "6cb71c2c-9812-4540-0300-000000000000"
	ndr64   = "71710533-beba-4937-8319-b5dbef9ccc36"
)

func (w writer) context(id uint64, uuid string, version uint64, transfer string) string {
	return w.n(id, 2) + "\x01\x00" + w.uuid(uuid) + w.n(version&0xffff, 2) + w.n(version>>16, 2) + w.uuid(transfer) + w.n(2, 4)
}

func (w writer) bind(kind byte, call uint64, contexts ...string) string {
	return w.unit(kind, 3, call, 0, w.n(5840, 2)+w.n(4280, 2)+w.n(7, 4)+string([]byte{byte(len(contexts)), 0, 0, 0})+strings.Join(contexts, ""))
}

func (w writer) accepted(kind byte, call uint64, address string, results ...uint64) string {
	body := w.n(5840, 2) + w.n(4280, 2) + w.n(7, 4) + w.n(uint64(len(address)), 2) + address
	for (16+len(body))%4 != 0 {
		body += "\x00"
	}
	body += string([]byte{byte(len(results)), 0, 0, 0})
	for _, r := range results {
		body += w.n(r, 2) + w.n(r, 2) + w.uuid(ndr) + w.n(2, 4)
	}
	return w.unit(kind, 3, call, 0, body)
}

func (w writer) request(flags byte, call, context, operation uint64, stub string) string {
	return w.unit(dcerpc.Request, flags, call, 0, w.n(uint64(len(stub)), 4)+w.n(context, 2)+w.n(operation, 2)+stub)
}

func (w writer) response(flags byte, call, context uint64, stub string) string {
	return w.unit(dcerpc.Response, flags, call, 0, w.n(uint64(len(stub)), 4)+w.n(context, 2)+"\x00\x00"+stub)
}

func (w writer) fault(call, context, status uint64) string {
	return w.unit(dcerpc.Fault, 3, call, 0, w.n(0, 4)+w.n(context, 2)+"\x00\x01"+w.n(status, 4)+w.n(0, 4))
}

// units are some of every type.
func (w writer) units() []string {
	return []string{
		w.bind(dcerpc.Bind, 1, w.context(0, samr, 1, ndr), w.context(1, unknown, 3|1<<16, ndr64)),
		w.accepted(dcerpc.BindAck, 1, "135\x00", 0, 2),
		w.request(3, 2, 0, 1, "stub"), w.response(3, 2, 0, "answer"),
		w.request(1, 3, 1, 17, "one"), w.request(0, 3, 1, 17, "two"), w.request(2, 3, 1, 17, "three"), w.fault(3, 1, 5),
		w.bind(dcerpc.Alter, 4, w.context(2, samr, 1, ndr), w.context(3, samr, 1, promise)), w.accepted(dcerpc.AlterAnswer, 4, "", 2),
		w.unit(dcerpc.Request, 0x83, 5, 0, w.n(0, 4)+w.n(1, 2)+w.n(18, 2)+w.uuid(unknown)+"stub"),
		w.unit(dcerpc.Request, 3, 6, 8, w.n(0, 4)+w.n(1, 2)+w.n(19, 2)+"stub"+"\x0a\x06\x00\x00"+w.n(9, 4)+"12345678"),
		w.unit(dcerpc.BindNak, 3, 7, 0, w.n(4, 2)+"\x01\x05\x00"), w.unit(dcerpc.Auth3, 3, 8, 0, "\x00\x00\x00\x00"),
		w.unit(dcerpc.Cancel, 3, 9, 0, ""), w.unit(dcerpc.Orphaned, 3, 10, 0, ""), w.unit(dcerpc.Shutdown, 3, 0, 0, ""),
	}
}

// value joins what a unit has of a field.
func value(b, name string, note field.Note) string {
	var all []string
	for i := range dcerpc.Fields.Fields {
		f := &dcerpc.Fields.Fields[i]
		add := func(_ field.Span, v field.Value) bool { all = append(all, v.String()); return true }
		switch {
		case f.Name != "dcerpc."+name:
		case f.Noted != nil:
			f.Noted([]byte(b), &note, add)
		default:
			f.All([]byte(b), add)
		}
	}
	return strings.Join(all, "|")
}

func TestFields(t *testing.T) {
	const upperSAMR, upperUnknown = "{12345778-1234-ABCD-EF00-0123456789AC}", "{11111111-2222-3333-4444-555555555555}"
	for order, w := range map[string]writer{"little": little, "big": big} {
		u := w.units()
		for _, c := range []struct {
			unit       int
			name, want string
		}{
			{0, "pkt_type", "11"}, {0, "cn_call_id", "1"}, {0, "cn_frag_len", fmt.Sprint(len(u[0]))}, {0, "cn_max_xmit", "5840"}, {0, "cn_max_recv", "4280"},
			{0, "cn_num_ctx_items", "2"}, {0, "cn_ctx_id", "0|1"}, {0, "cn_bind_to_uuid", upperSAMR + "|" + upperUnknown}, {0, "cn_bind_if_ver", "1|3"},
			{0, "cn_bind_if_ver_minor", "0|1"}, {0, "cn_bind_trans_ver", "2|2"}, {0, "cn_num_results", ""}, {0, "cn_flags.first_frag", "1"},
			{1, "cn_sec_addr", "135"}, {1, "cn_num_results", "2"}, {1, "cn_ack_result", "0|2"}, {1, "cn_ack_reason", "2"}, {1, "cn_ack_trans_ver", "2|2"},
			{8, "cn_bind_trans_btfn", "3"}, {8, "cn_bind_trans_btfn.02", "1"}, {0, "cn_bind_trans_btfn", ""}, {2, "opnum", "1"}, {2, "cn_ctx_id", "0"}, {2, "cn_alloc_hint", "4"}, {4, "cn_flags.last_frag", "0"},
			{7, "cn_status", "5"}, {7, "cn_fault_flags", "1"}, {10, "obj_id", upperUnknown}, {2, "obj_id", ""},
			{11, "auth_type", "10"}, {11, "auth_level", "6"}, {11, "auth_ctx_id", "9"}, {2, "auth_type", ""}, {12, "cn_reject_reason", "4"},
		} {
			if got := value(u[c.unit], c.name, field.Note{}); got != c.want {
				t.Errorf("%s-endian, unit %d, %s: %s, want %s", order, c.unit, c.name, got, c.want)
			}
		}
	}
}

func TestExtent(t *testing.T) {
	one := little.request(3, 2, 0, 1, "stub")
	for _, c := range []struct {
		bytes string
		n     int // on the wire
		want  proto.Extent
		looks bool
	}{
		{one + one, 0, proto.Extent(len(one)), true},
		{big.request(3, 2, 0, 1, "stub"), 0, proto.Extent(len(one)), true},
		{one[:16], 0, proto.Extent(len(one)), true},
		{one[:15], 0, proto.More, false},
		{one[:1], 0, proto.More, false},
		{one[:10], 100, 100, false},
		{"\x05\x00\x01\x03" + one[4:], 0, proto.NotThis, false}, // a ping is one of datagrams
		{"\x05\x00\x00\x03\x20" + one[5:], 0, proto.NotThis, false},
		{"\x05\x00\x00\x03\x10\x00\x00\x00\x0f\x00\x00\x00\x01\x00\x00\x00", 0, proto.NotThis, false},
		{"\x05\x00\x00\x03\x10\x00\x00\x00\x20\x00\x20\x00\x01\x00\x00\x00", 0, proto.NotThis, false},
		{"GET / HTTP/1.1\r\n", 0, proto.NotThis, false},
		{"", 10, proto.NotThis, false},
	} {
		got := dcerpc.Stream.New().Extent(&proto.Piece{Data: []byte(c.bytes), Len: max(c.n, len(c.bytes))})
		if looks := dcerpc.Stream.Looks([]byte(c.bytes)); got != c.want || looks != c.looks {
			t.Errorf("%.16q: %d, looks %v; want %d, %v", c.bytes, got, looks, c.want, c.looks)
		}
	}
}

// run gives units to a session, answers from the other side.
func run(units []string) (turns []proto.Turn, notes []field.Note) {
	s := dcerpc.Stream.New()
	for _, b := range units {
		u := &proto.Unit{Data: []byte(b), Len: len(b)}
		s.Unit(u)
		turns = append(turns, u.Turns...)
		notes = append(notes, u.Layers[0].Note)
	}
	return turns, notes
}

func TestTurns(t *testing.T) {
	turns, notes := run(little.units())
	want := []string{
		"1:1 Bind 'SAMR, 11111111-2222-3333-4444-555555555555' ''", "2:1  '' 'Acceptance'",
		"1:2 Request 'SAMR Close' ''", "2:2  '' 'Response'",
		"1:3 Request '11111111-2222-3333-4444-555555555555 opnum 17' '' more", "1:3 Request '' '' more", "1:3 Request '' ''",
		"2:3  '' 'nca_s_fault_access_denied' failed",
		"1:4 Alter Context 'SAMR' ''", "2:4  '' 'Provider rejection' failed",
		"1:5 Request '11111111-2222-3333-4444-555555555555 opnum 18' ''", "1:6 Request '11111111-2222-3333-4444-555555555555 opnum 19' ''",
		"2:7  '' 'Protocol version not supported' failed", "4:8 Auth3 '' ''", "4:9 Cancel '' ''", "4:10 Orphaned '' ''", "4:0 Shutdown '' ''",
	}
	if len(turns) != len(want) {
		t.Fatalf("%d turns, want %d", len(turns), len(want))
	}
	for i, one := range turns {
		got := fmt.Sprintf("%d:%d %s '%s' '%s'", one.Kind, one.Key&0xffff, one.Command, one.Name, one.Status)
		if one.More {
			got += " more"
		}
		if one.Failed {
			got += " failed"
		}
		if got != want[i] {
			t.Errorf("%d: %s, want %s", i, got, want[i])
		}
	}
	if s, operation, ok := dcerpc.Of(&notes[3]); !ok || operation != 1 || s.Name() != "SAMR" {
		t.Errorf("the response is to %s, operation %d, %v", s.Name(), operation, ok)
	}
	if got := value(little.units()[3], "opnum", notes[3]); got != "1" {
		t.Errorf("opnum of the response: %s", got)
	}
}

// Contexts that are offered without end, and calls that nobody answers, do not pile up.
func TestBounds(t *testing.T) {
	var units []string
	for i := range uint64(1000) {
		units = append(units, little.bind(dcerpc.Alter, i, little.context(i, samr, 1, ndr)), little.request(3, i, i, 1, ""))
	}
	_, notes := run(units)
	if _, _, ok := dcerpc.Of(&notes[1]); !ok {
		t.Error("the first context is not known")
	}
	if _, _, ok := dcerpc.Of(&notes[1999]); ok {
		t.Error("the last context is known")
	}
}

// The tables name the interfaces and operations that every domain has.
func TestNames(t *testing.T) {
	_, notes := run([]string{little.bind(dcerpc.Bind, 1, little.context(0, "e3514235-4b06-11d1-ab04-00c04fc2dcd2", 4, ndr)), little.request(3, 2, 0, 12, "")})
	s, operation, _ := dcerpc.Of(&notes[1])
	known := s.Interface()
	if known == nil || known.Name != "DRSUAPI" || known.Operations[operation] != "DsCrackNames" {
		t.Errorf("%+v", known)
	}
	s.Version++
	if s.Interface() != nil {
		t.Error("another version is known by the same name")
	}
}

// everything asks for all that can be asked of bytes, and holds it against them.
func everything(t testing.TB, b []byte) {
	s := dcerpc.Stream.New()
	dcerpc.Stream.Looks(b)
	for at := 0; at < len(b); {
		n := s.Extent(&proto.Piece{Dir: at & 1, Data: b[at:], Len: len(b) - at})
		if n <= 0 || int(n) > len(b)-at {
			n = proto.Extent(len(b) - at)
		}
		u := &proto.Unit{Dir: at & 1, Data: b[at : at+int(n)], Len: int(n)}
		s.Unit(u)
		for _, turn := range u.Turns {
			if len(turn.Name) > 1000 {
				t.Errorf("a name of %d bytes", len(turn.Name))
			}
		}
		check(t, u.Data, u.Layers[0].Note)
		at += int(n)
	}
	check(t, b, field.Note{})
}

func check(t testing.TB, b []byte, note field.Note) {
	for i := range dcerpc.Fields.Fields {
		f := &dcerpc.Fields.Fields[i]
		hold := func(s field.Span, v field.Value) bool {
			if s.Off < 0 || s.Len < 0 || s.Off+s.Len > len(b) {
				t.Errorf("%s at %+v of %d bytes", f.Name, s, len(b))
			}
			_ = v.String()
			return true
		}
		if f.Noted != nil {
			f.Noted(b, &note, hold)
		} else {
			f.All(b, hold)
		}
	}
	dcerpc.Contexts(b, func(c *dcerpc.Context) bool { c.Transfer(b); return true })
	dcerpc.Sizes(b)
}

func TestEveryCut(t *testing.T) {
	for _, w := range []writer{little, big} {
		for _, u := range w.units() {
			for n := range len(u) + 1 {
				everything(t, []byte(u[:n]))
			}
		}
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	b := []byte(little.fault(3, 1, 5))
	var u dcerpc.Unit
	if n := testing.AllocsPerRun(100, func() { u.Decode(b) }); n != 0 || u.Status != 5 {
		t.Errorf("%v allocations, %+v", n, u)
	}
}

func FuzzSession(f *testing.F) {
	for _, w := range []writer{little, big} {
		f.Add([]byte(strings.Join(w.units(), "")))
		for _, u := range w.units() {
			f.Add([]byte(u))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { everything(t, b) })
}
