package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/packet"
	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/trace"
	"github.com/wiretale/wiretale/view"
)

// ours are the fields that Wireshark has not: what comes from events and from the analysis. A name that ends in a dot stands for all below it.
var ours = []string{"event.", "etw.", "process.", "sighting.", "conv.", "ssrp.", "frame.process.", "frame.offset", "smb3."}

// columns of the packet list are held against tshark's rows by TestRowsAreTsharks.
const listColumn = "_ws.col."

func isOurs(name string) bool {
	return slices.ContainsFunc(ours, func(o string) bool {
		return name == o || strings.HasSuffix(o, ".") && strings.HasPrefix(name, o)
	})
}

// alike are the types that Wireshark may give to a field of ours.
var alike = map[field.Type][]string{
	field.None:     {"FT_NONE", "FT_PROTOCOL"},
	field.Uint:     {"FT_UINT8", "FT_UINT16", "FT_UINT24", "FT_UINT32", "FT_UINT48", "FT_UINT64", "FT_FRAMENUM"},
	field.Int:      {"FT_INT8", "FT_INT16", "FT_INT32", "FT_INT64"},
	field.Bool:     {"FT_BOOLEAN"},
	field.Bytes:    {"FT_BYTES", "FT_UINT_BYTES"},
	field.String:   {"FT_STRING", "FT_STRINGZ", "FT_UINT_STRING", "FT_OID"},
	field.IPv4:     {"FT_IPv4"},
	field.IPv6:     {"FT_IPv6"},
	field.Ether:    {"FT_ETHER"},
	field.GUID:     {"FT_GUID"},
	field.Time:     {"FT_ABSOLUTE_TIME"},
	field.Duration: {"FT_RELATIVE_TIME"},
	field.Float:    {"FT_FLOAT", "FT_DOUBLE"},
}

// otherType are the fields whose type differs from Wireshark's on purpose.
var otherType = map[string]string{
	"frame.time":       "printed in ISO 8601",
	"frame.time_epoch": "a time since 1970 is a relative time to Wireshark",
}

// wiresharkFields are the types of the registered fields and protocols by name. Several protocols may register one name.
var wiresharkFields = sync.OnceValues(func() (map[string][]string, error) {
	out, err := exec.Command("tshark", "-G", "fields").Output()
	if err != nil {
		return nil, err
	}
	types := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		c := strings.Split(strings.TrimRight(line, "\n"), "\t")
		switch {
		case len(c) > 3 && c[0] == "F":
			types[c[2]] = append(types[c[2]], c[3])
		case len(c) > 2 && c[0] == "P":
			types[c[2]] = append(types[c[2]], "FT_PROTOCOL")
		}
	}
	return types, nil
})

// TestFieldNamesAreWiresharks holds the name and the type of every declared field against Wireshark's registry.
func TestFieldNamesAreWiresharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	known, err := wiresharkFields()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, f := range view.FieldNames() {
		types := known[f.Name]
		switch {
		case strings.HasPrefix(f.Name, listColumn):
		case isOurs(f.Name):
			if types != nil {
				t.Errorf("%s is listed as ours, and Wireshark has it as %v", f.Name, types)
			}
		case types == nil:
			t.Errorf("%s: Wireshark has no such field", f.Name)
		case otherType[f.Name] != "":
		case !slices.ContainsFunc(types, func(ft string) bool { return slices.Contains(alike[f.Type], ft) }):
			t.Errorf("%s is of type %d here and %v in Wireshark", f.Name, f.Type, types)
		default:
			checked++
		}
	}
	t.Logf("%d fields have the name and the type of Wireshark's", checked)
}

// comparedFields are the fields that both can print.
func comparedFields(t *testing.T) []string {
	known, err := wiresharkFields()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range view.FieldNames() {
		types := known[f.Name]
		if types != nil && !isOurs(f.Name) && !strings.HasPrefix(f.Name, listColumn) && types[0] != "FT_PROTOCOL" {
			names = append(names, f.Name)
		}
	}
	return names
}

// compareAll asks for the comparison of all frames of all captures. It takes
// minutes: each capture costs tshark its start, and each frame as much as there are fields.
var compareAll = os.Getenv("WIRETALE_ALL") != ""

// Otherwise fewFrames frames of one of everyNth captures are compared.
const (
	fewFrames = 60
	everyNth  = 3
)

// sampled are those of the captures that are compared.
func sampled(files []string) (some []string) {
	for i, file := range files {
		if compareAll || i%everyNth == 0 {
			some = append(some, file)
		}
	}
	return some
}

// A valueDifference is a difference from tshark that is wanted; the reason stands in docs/compat-tshark.md, "Fields", by the same id.
type valueDifference struct {
	id    string
	holds func(v *value) bool
}

// A value is one cell of the comparison: all occurrences of a field in a frame.
type value struct {
	file, name string
	row        *engine.Row
	got, want  []string
}

// applications are the protocols whose fields have comparisons of their own.
var applications = []string{"tls.", "dtls.", "http.", "dns.", "nbss.", "smb.", "smb2.", "ldap.", "kerberos.", "tds.", "dcerpc.", "http2.", "smtp.", "pop.", "imap.", "data.",
	"x509af.", "x509if.", "x509sat.", "x509ce.", "pkcs1.", "pkix1implicit.", "pkix1explicit.", "ns_cert_exts.", "ns.cert.exts.", "ber.bitstring."}

// TestFieldValuesAreTsharks compares every declared field below the applications, of the frames of five groups, with what tshark prints for it.
func TestFieldValuesAreTsharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	names := slices.DeleteFunc(comparedFields(t), func(n string) bool {
		return slices.ContainsFunc(applications, func(prefix string) bool { return strings.HasPrefix(n, prefix) })
	})
	var mu sync.Mutex
	used, wrong := map[string]int{}, map[string]int{}
	judge := func(v *value) {
		mu.Lock()
		defer mu.Unlock()
		for _, d := range wantedDifferences {
			if d.holds(v) {
				used[d.id]++
				return
			}
		}
		if wrong[v.name]++; wrong[v.name] <= 3 {
			t.Errorf("%s frame %d %s: got %.200q, tshark has %.200q", filepath.Base(v.file), v.row.Record.Pos.Number, v.name, v.got, v.want)
		}
	}
	total := eachFile(t, []string{"formats", "link", "tso", "tcp", "bad"}, func(file string) int { return compareFields(t, file, names, nil, judge) })
	for _, d := range wantedDifferences {
		t.Logf("wanted %-18s %d", d.id, used[d.id])
		if used[d.id] == 0 && compareAll {
			t.Errorf("the difference %q is needed nowhere: remove it here and in docs/compat-tshark.md", d.id)
		}
	}
	t.Logf("%d values of %d fields compared", total, len(names))
}

// eachFile compares the captures of the groups and returns how many values were compared.
func eachFile(t *testing.T, groups []string, compare func(file string) int) int {
	t.Helper()
	var files []string
	found := 0
	for _, group := range groups {
		list, _ := filepath.Glob(filepath.Join(captures, group, "*"))
		files = append(files, sampled(list)...)
		found += len(list)
	}
	var total atomic.Int64
	each(files, func(file string) { total.Add(int64(compare(file))) })
	if found == 0 {
		t.Skip("../shared/captures is not here: no captures to compare")
	}
	return int(total.Load())
}

// compareFields runs tshark over a file and calls differs for each value that is another one here. It returns how many values were compared.
func compareFields(t *testing.T, file string, names, options []string, differs func(*value)) int {
	t.Helper()
	args := []string{"-n", "-r", file}
	if !compareAll {
		args = append(args, "-c", fmt.Sprint(fewFrames))
	}
	args = append(append(args, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=|"), options...)
	columns := make([]view.Column, len(names))
	for i, n := range names {
		args = append(args, "-e", n)
		columns[i], _ = view.NewColumn(n)
	}
	cmd := exec.CommandContext(t.Context(), "tshark", args...)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return 0
	}
	defer cmd.Wait() // it fails on files that are cut, after the rows
	theirs := bufio.NewScanner(pipe)
	theirs.Buffer(nil, 16<<20)
	run, err := engine.Open(context.Background(), []string{file}, engine.Options{KeepDuplicates: true, Applications: stream.NewChoice(stream.Rules{})})
	if err != nil {
		if theirs.Scan() {
			t.Errorf("%s: %v, and tshark reads it", filepath.Base(file), err)
		}
		return 0
	}
	defer run.Close()
	compared := 0
	err = run.Each(func(row *engine.Row) error {
		if !row.Record.Numbered {
			return nil
		}
		if !theirs.Scan() {
			return errEnough
		}
		want := strings.Split(theirs.Text(), "\t")
		if len(want) != len(names) {
			t.Errorf("%s frame %d: tshark printed %d values", filepath.Base(file), row.Record.Pos.Number, len(want))
			return errEnough
		}
		for i := range columns {
			compared++
			got := columns[i].Values(row)
			if strings.Join(got, "|") == want[i] {
				continue
			}
			v := &value{file: file, name: names[i], row: row, got: got}
			if want[i] != "" {
				v.want = strings.Split(want[i], "|")
			}
			differs(v)
		}
		return nil
	})
	if err != nil && err != errEnough {
		t.Errorf("%s: %v", filepath.Base(file), err)
	}
	return compared
}

func (v *value) has(f packet.Flag) bool { return v.row.Packet != nil && v.row.Packet.Has(f) }

// prefix reports whether a list begins with another.
func prefix(long, short []string) bool {
	return len(long) >= len(short) && slices.Equal(long[:len(short)], short)
}

// long ago is a time since 1970 in seconds, where a time since another frame is asked for.
func longAgo(want []string) bool { return len(want) == 1 && len(want[0]) > len("1000000000.") }

// tooFine reports whether a time has seconds or a fraction beyond what 64 bits of nanoseconds hold.
func tooFine(epoch string) bool {
	sec, frac, _ := strings.Cut(epoch, ".")
	return len(sec) > len("9223372036") || len(frac) > 9
}

// wantedDifferences are rules on the frame, not on files.
var wantedDifferences = []valueDifference{
	{id: "protocols", holds: func(v *value) bool { return v.name == "frame.protocols" }}, // held by internal/packet
	{id: "checksum-default", holds: func(v *value) bool {
		return slices.Contains(verified, v.name) && !slices.ContainsFunc(v.want, func(w string) bool { return w != "2" })
	}},
	{id: "time-form", holds: func(v *value) bool {
		return v.name == "frame.time" || v.name == "nflog.timestamp" || v.name == "netmon_event.timestamp"
	}},
	{id: "time-range", holds: func(v *value) bool {
		return v.row.Record.Time == trace.NoTime && (strings.HasPrefix(v.name, "frame.time_") || v.name == "frame.offset_shift") ||
			strings.HasPrefix(v.name, "frame.time_") && v.name != "frame.time_epoch" && longAgo(v.want) ||
			v.name == "frame.time_epoch" && len(v.want) == 1 && tooFine(v.want[0])
	}},
	{id: "guid-form", holds: func(v *value) bool {
		return strings.HasPrefix(v.name, "netmon_event.") && strings.EqualFold(strings.Trim(strings.Join(v.got, "|"), "{}"), strings.Join(v.want, "|"))
	}},
	{id: "recorder-header", holds: func(v *value) bool {
		return (v.row.Info.Format == "erf" || v.row.Info.Format == "netmon") && (strings.HasPrefix(v.name, "erf.") || v.name == "frame.encap_type" || strings.HasPrefix(v.name, "frame.interface_"))
	}},
	{id: "netmon-comment", holds: func(v *value) bool {
		return v.name == "frame.comment" && v.row.Info.Format == "netmon" && v.want == nil
	}},
	{id: "interface-unknown", holds: func(v *value) bool {
		return v.name == "frame.interface_name" && v.got == nil && slices.Equal(v.want, []string{"unknown"})
	}},
	{id: "interface-section", holds: func(v *value) bool {
		return v.name == "frame.interface_name" && v.row.Info.Interfaces[v.row.Record.Interface].Section > 0
	}},
	{id: "section-of-block", holds: func(v *value) bool { return v.name == "frame.section_number" && v.row.Record.Kind != trace.Packet }},
	{id: "repeated", holds: func(v *value) bool { // hidden items of tshark repeat a value
		all := func(list []string) []string { s := slices.Clone(list); slices.Sort(s); return slices.Compact(s) }
		return len(v.got) > 0 && len(v.got) < len(v.want) && slices.Equal(all(v.got), all(v.want))
	}},
	{id: "length-zero", holds: func(v *value) bool {
		return v.name == "ip.len" && v.has(packet.LengthZero) && slices.Contains(v.got, "0")
	}},
	{id: "length-zero-ipv6", holds: func(v *value) bool {
		return v.has(packet.LengthZero) && v.row.Packet.Src.Is6() && (strings.HasPrefix(v.name, "tcp.") && v.want == nil || v.name == "eth.trailer" || v.name == "eth.fcs")
	}},
	{id: "offload-analysis", holds: func(v *value) bool {
		c := v.row.Object.Conv
		return analysis(v.name) && c != nil && c.Ends[0].Addr().Is6() && c.Dir[0].LengthZero+c.Dir[1].LengthZero > 0
	}},
	{id: "malformed-analysis", holds: func(v *value) bool {
		return analysis(v.name) && (v.has(packet.Malformed) || filepath.Base(v.file) == "gopacket_linux_sll_oversized_addr.pcapng")
	}},
	{id: "quoted-first", holds: func(v *value) bool {
		return v.name == "tcp.time_relative" && v.row.Object.Conv != nil && v.row.Object.Conv.ICMP != nil
	}},
	{id: "too-deep", holds: func(v *value) bool { return v.has(packet.TooDeep) && prefix(v.want, v.got) }},
	{id: "option-beyond", holds: func(v *value) bool { return strings.HasPrefix(v.name, "ipv6.opt.") && prefix(v.want, v.got) }},
	{id: "accurate-ecn", holds: func(v *value) bool {
		return slices.Contains([]string{"tcp.flags.ae", "tcp.flags.cwr", "tcp.flags.ece", "tcp.flags.str"}, v.name) && (v.want == nil || strings.Contains(v.want[0], "-"))
	}},
	{id: "inner-trailer", holds: func(v *value) bool {
		frames := 0
		for i := range v.row.Packet.N {
			if v.row.Packet.Layers[i].Proto == proto.Ethernet {
				frames++
			}
		}
		return (v.name == "eth.trailer" || v.name == "eth.fcs") && (frames > 1 || v.row.Packet.VLAN >= 0)
	}},
	{id: "undecoded-length", holds: func(v *value) bool {
		return (v.name == "eth.trailer" || v.name == "eth.fcs") && v.got == nil && !v.row.Packet.Src.IsValid()
	}},
	{id: "length-beyond", holds: func(v *value) bool {
		return strings.HasSuffix(v.name, ".checksum.status") && v.has(packet.LengthBeyond) && slices.Equal(v.got, []string{"2"})
	}},
	{id: "option-error", holds: func(v *value) bool { return v.name == "tcp.option_kind" && prefix(v.got, v.want) }},
	{id: "wrong-version", holds: func(v *value) bool {
		return strings.HasSuffix(v.name, ".version") && v.has(packet.Malformed) && v.got == nil
	}},
	{id: "missing", holds: func(v *value) bool {
		return v.name == "tcp.options" && v.got == nil && slices.Equal(v.want, []string{"<MISSING>"})
	}},
	{id: "malformed-segment", holds: func(v *value) bool {
		return v.has(packet.Malformed) && v.got == nil && slices.Contains([]string{"tcp.stream", "tcp.seq", "tcp.ack", "tcp.nxtseq", "tcp.window_size"}, v.name)
	}},
	{id: "tcp-payload", holds: func(v *value) bool { return v.name == "tcp.payload" && v.want == nil }},
	{id: "udp-payload", holds: func(v *value) bool {
		return v.name == "udp.payload" && len(v.got) == 1 && len(v.want) == 1 && strings.HasPrefix(v.want[0], v.got[0])
	}},
	{id: "cut-header", holds: func(v *value) bool { return (v.has(packet.Cut) || v.has(packet.Malformed)) && prefix(v.got, v.want) }},
}

// analysis reports whether the field follows from the segments before, so that one that is read otherwise changes later ones.
func analysis(name string) bool {
	return name == "tcp.analysis" || strings.HasPrefix(name, "tcp.analysis.") || strings.HasPrefix(name, "tcp.time_") || name == "tcp.completeness" || name == "tcp.window_size_scalefactor"
}

// verified are the checksums that tshark verifies when it is told to. It then
// reassembles fragments in another way, so that the other fields are compared without.
var verified = []string{"ip.checksum.status", "tcp.checksum.status", "udp.checksum.status"}

// TestChecksumStatusIsTsharks compares the verdicts on checksums.
func TestChecksumStatusIsTsharks(t *testing.T) {
	t.Parallel()
	need(t, "tshark")
	var offload atomic.Int64
	prefs := []string{"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"}
	total := eachFile(t, []string{"formats", "tso", "bad"}, func(file string) int {
		return compareFields(t, file, verified, prefs, func(v *value) {
			switch {
			case slices.Contains(v.got, "2") && slices.Contains(v.want, "0"): // left to the card by the sender's own stack
				offload.Add(1)
			case len(v.got) != len(v.want) && (v.has(packet.Fragment) || v.has(packet.Cut) || v.has(packet.Malformed) || v.has(packet.LengthZero)):
			case v.has(packet.LengthBeyond) && slices.Equal(v.got, []string{"2"}):
			case v.row.Packet.Tunnel > 0 || v.row.Packet.QuotedSrc.IsValid(): // only the innermost transport is verified
			default:
				t.Errorf("%s frame %d %s: got %q, tshark has %q", filepath.Base(v.file), v.row.Record.Pos.Number, v.name, v.got, v.want)
			}
		})
	})
	t.Logf("%d verdicts compared, %d of them left to the network card", total, offload.Load())
}
