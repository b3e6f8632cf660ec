package provider_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/provider"
	"github.com/wiretale/wiretale/provider/afd"
	"github.com/wiretale/wiretale/provider/tcpip"
	"github.com/wiretale/wiretale/trace"
)

const golden = "../../shared/golden/post1_events.tsv"

// A Windows 7 trace of a 32-bit machine, as Network Monitor printed it: each
// line is taken apart by the wording, put into a payload by the layout,
// decoded and worded again.
func TestPost1WordForWord(t *testing.T) {
	f, err := os.Open(golden)
	if err != nil {
		t.Skip("../shared/golden is not here: ", err)
	}
	defer f.Close()
	r := provider.NewRegistry(afd.Provider, tcpip.Provider)
	r.SetBuild(7600)
	rows, ids := 0, map[string]bool{}
	var e provider.Event
	for s := bufio.NewScanner(f); s.Scan(); {
		c := strings.Split(s.Text(), "\t")
		var p *provider.Provider
		switch c[5] {
		case "Microsoft-Windows-Winsock-AFD":
			p = afd.Provider
		case "Microsoft-Windows-TCPIP":
			p = tcpip.Provider
		default:
			continue // the packets, and the heading
		}
		rows++
		d, values := recognise(t, p, c[7])
		if d == nil {
			continue
		}
		ids[fmt.Sprint(p.Short, d.ID)] = true
		if c[6] != p.Module {
			t.Errorf("frame %s: module %q, want %q", c[0], p.Module, c[6])
		}
		rec := event(p.GUID, d.Key, encode(t, p, d, values), 4)
		if !r.Decode(rec, &e) || e.Short || len(e.Extra) != 0 {
			t.Errorf("frame %s: event %d: short %v, %d bytes left over", c[0], d.ID, e.Short, len(e.Extra))
		}
		if got := string(provider.AppendText(nil, &e)); got != c[7] {
			t.Errorf("frame %s:\n got %s\nwant %s", c[0], got, c[7])
		}
	}
	if rows != 62 || len(ids) != 33 {
		t.Errorf("%d rows with %d events, want 62 with 33", rows, len(ids))
	}
}

func event(guid trace.GUID, key provider.Key, payload []byte, pointer uint8) *trace.Record {
	return &trace.Record{Kind: trace.Event, Data: payload, Event: &trace.EventHeader{
		Header: trace.HeaderEvent, Provider: guid, ID: key.ID, Version: key.Version, PointerSize: pointer,
	}}
}

// recognise finds the one event of Windows 7 whose wording is the text, and the text of its values by field.
func recognise(t *testing.T, p *provider.Provider, text string) (*provider.Definition, map[int]string) {
	t.Helper()
	var found *provider.Definition
	var values map[int]string
	for key, variants := range p.Load().Events {
		d := variants[0]
		if key.Version != 0 || d.From != 0 || d.Message == "" {
			continue
		}
		pattern, fields := wording(d)
		m := pattern.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		if found != nil {
			t.Errorf("%q is the wording of %d and %d", text, found.ID, d.ID)
		}
		found, values = d, map[int]string{}
		for i, field := range fields {
			values[field] = m[i+1]
		}
	}
	if found == nil {
		t.Errorf("no event is worded %q", text)
	}
	return found, values
}

var reference = regexp.MustCompile(`%(\d+)`)

// wording is the message as a pattern, and the fields that its groups stand for.
func wording(d *provider.Definition) (*regexp.Regexp, []int) {
	var b strings.Builder
	var fields []int
	at := 0
	for _, m := range reference.FindAllStringSubmatchIndex(d.Message, -1) {
		b.WriteString(regexp.QuoteMeta(d.Message[at:m[0]]))
		n, _ := strconv.Atoi(d.Message[m[2]:m[3]])
		fields = append(fields, n-1)
		b.WriteString(shape(&d.Fields[n-1]))
		at = m[1]
	}
	b.WriteString(regexp.QuoteMeta(d.Message[at:]))
	return regexp.MustCompile("^" + b.String() + "$"), fields
}

// shape is the pattern of a value.
func shape(f *provider.Field) string {
	switch {
	case f.In == provider.InPointer:
		return `(0x[0-9A-F]{8})`
	case f.Map != "":
		return `(\w+|Unknown value: \d+)`
	case f.Out == provider.OutNTStatus:
		return `(Success|0x[0-9A-F]{8} - STATUS_\w+)`
	case f.Out == provider.OutSocketAddress:
		return `(\d+\.\d+\.\d+\.\d+:\d+)`
	case f.In == provider.InUnicodeString:
		return `(\w+)`
	}
	return `(\d+ \(0x[0-9A-F]+\))`
}

// encode makes the payload of a 32-bit event; fields without a value are zero or empty.
func encode(t *testing.T, p *provider.Provider, d *provider.Definition, values map[int]string) []byte {
	t.Helper()
	blobs := map[int][]byte{} // by field
	lengths := map[int]int{}  // by length field
	for i := range d.Fields {
		f := &d.Fields[i]
		if f.Out != provider.OutSocketAddress {
			continue
		}
		if values[i] != "" {
			a := netip.MustParseAddrPort(values[i])
			b := make([]byte, 16)
			b[0] = 2
			binary.BigEndian.PutUint16(b[2:], a.Port())
			copy(b[4:], a.Addr().AsSlice())
			blobs[i] = b
		}
		lengths[f.LengthOf] = len(blobs[i])
	}
	var out []byte
	for i := range d.Fields {
		f := &d.Fields[i]
		n := number(t, p, f, values[i]) + uint64(lengths[i])
		switch f.In {
		case provider.InUInt16:
			out = binary.LittleEndian.AppendUint16(out, uint16(n))
		case provider.InUInt32, provider.InPointer:
			out = binary.LittleEndian.AppendUint32(out, uint32(n))
		case provider.InUInt64:
			out = binary.LittleEndian.AppendUint64(out, n)
		case provider.InBinary:
			out = append(out, blobs[i]...)
		case provider.InUnicodeString:
			for _, c := range values[i] + "\x00" {
				out = binary.LittleEndian.AppendUint16(out, uint16(c))
			}
		default:
			t.Fatalf("event %d has a field of type %d", d.ID, f.In)
		}
	}
	return out
}

// number is the number behind the text of a value.
func number(t *testing.T, p *provider.Provider, f *provider.Field, text string) uint64 {
	t.Helper()
	if f.In == provider.InBinary || f.In == provider.InUnicodeString || text == "" || text == "Success" {
		return 0
	}
	if n, ok := strings.CutPrefix(text, "Unknown value: "); ok {
		text = n
	} else if f.Map != "" {
		for n, name := range p.Load().Maps[f.Map][0].Values {
			if name == text {
				return n
			}
		}
		t.Errorf("map %s has no %q", f.Map, text)
	}
	text, _, _ = strings.Cut(text, " ")
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		t.Error(err)
	}
	return n
}
