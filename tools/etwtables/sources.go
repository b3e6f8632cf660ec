package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A field is one field of a layout, in the words of the tables.
type field struct {
	name, in, out, mapName, length, count string
}

// A variant is one layout of one event.
type variant struct {
	id, version int
	from, to    int
	name        string
	fields      []field
}

// sources are the JSON files.
type sources struct {
	dir       string
	valueMaps map[string]map[string]map[string]map[string]string // provider, map, build, value: text
	traceMaps map[string]map[string]map[string]map[string]string // build, GUID, map, value: text
	pktmon    map[string]map[string]map[string]string            // map, build, value: text
	tdh       map[string][]tdhEvent                              // by GUID with braces
}

// A tdhEvent is what a trace says of one of its events. Props are name,
// inType, outType number, flags, map name, count, length.
type tdhEvent struct {
	Prov    string
	ID, Ver int
	Props   [][]any
}

func readSources(dir string) (*sources, error) {
	s := &sources{dir: dir, tdh: map[string][]tdhEvent{}}
	var events []tdhEvent
	for name, into := range map[string]any{
		"valuemaps.json":              &s.valueMaps,
		"maps_from_17134_trace.json":  &s.traceMaps,
		"pktmon_maps_from_files.json": &s.pktmon,
		"tdh_info_17134_trace.json":   &events,
	} {
		if err := s.read(name, into); err != nil {
			return nil, err
		}
	}
	for _, e := range events {
		s.tdh[e.Prov] = append(s.tdh[e.Prov], e)
	}
	return s, nil
}

func (s *sources) read(name string, into any) error {
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// jsonEvent is an event of an events file. Most files hold such an object for
// each id and version; one holds the bare list of variants.
type jsonEvent struct {
	Symbol   string
	Variants []jsonVariant
}

type jsonVariant struct {
	Builds [2]string
	Fields [][]*string // inType, name, map, length field, outType, count; the last four may be missing
}

// events reads the layouts of one provider, ordered by id, version and build.
func (s *sources) events(p provider) ([]variant, error) {
	var raw map[string]json.RawMessage
	file := "events_" + p.json + ".json"
	if err := s.read(file, &raw); err != nil {
		return nil, err
	}
	var vs []variant
	for key, data := range raw {
		var e jsonEvent
		var err error
		if data[0] == '[' {
			err = json.Unmarshal(data, &e.Variants)
		} else {
			err = json.Unmarshal(data, &e)
		}
		if err == nil {
			vs, err = e.variants(vs, key)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, key, err)
		}
	}
	slices.SortFunc(vs, func(a, b variant) int {
		return cmp3(a.id-b.id, a.version-b.version, a.from-b.from)
	})
	return vs, nil
}

func cmp3(a ...int) int {
	for _, d := range a {
		if d != 0 {
			return d
		}
	}
	return 0
}

func (e *jsonEvent) variants(vs []variant, key string) ([]variant, error) {
	idText, verText, ok := strings.Cut(key, ".")
	id, err1 := strconv.Atoi(idText)
	ver, err2 := strconv.Atoi(verText)
	if !ok || err1 != nil || err2 != nil {
		return nil, fmt.Errorf("key is not id.version")
	}
	for _, jv := range e.Variants {
		v := variant{id: id, version: ver, name: eventName(e.Symbol, id)}
		var err error
		if v.from, v.to, err = buildRange(jv.Builds[0], jv.Builds[1]); err != nil {
			return nil, err
		}
		for _, jf := range jv.Fields {
			if v.fields, err = appendField(v.fields, jf); err != nil {
				return nil, err
			}
		}
		vs = append(vs, v)
	}
	return vs, nil
}

func appendField(fs []field, jf []*string) ([]field, error) {
	get := func(i int) string {
		if i < len(jf) && jf[i] != nil {
			return *jf[i]
		}
		return ""
	}
	in, ok := inTypes[get(0)]
	if !ok {
		return nil, fmt.Errorf("field %q has unknown type %q", get(1), get(0))
	}
	return append(fs, field{name: get(1), in: in, mapName: get(2), length: get(3), out: outTypes[get(4)], count: get(5)}), nil
}

// inTypes are the manifest's types in the words of the tables. Numbers are
// types that the dump tool behind the source did not know; nothing is known of
// their layout, so the field takes what is left of the payload.
var inTypes = map[string]string{
	"UnicodeString": "wstr", "AnsiString": "astr", "CountedUtf16String": "cwstr",
	"Int8": "i8", "UInt8": "u8", "Int16": "i16", "UInt16": "u16", "Int32": "i32", "UInt32": "u32",
	"Int64": "i64", "UInt64": "u64", "Float": "f32", "Double": "f64", "Boolean": "bool",
	"Binary": "bin", "GUID": "guid", "Pointer": "ptr", "FILETIME": "filetime", "SYSTEMTIME": "systime",
	"SID": "sid", "HexInt32": "hex32", "HexInt64": "hex64",
	"27": "bin", "29": "bin", "37": "bin",
}

// outTypes are the out types by their name in a manifest; others say no more than the in type.
var outTypes = map[string]string{"win:HexInt64": "hex", "win:HexInt32": "hex"}

// tdhOut are the out types by their TDH number.
var tdhOut = map[int]string{18: "hex", 23: "ipv4", 24: "ipv6", 25: "sockaddr", 30: "win32", 31: "ntstatus"}

// eventName makes a name of a symbol: without the version and the event's own
// number, which the sources append to make it unique; "" for a symbol that was
// made up from the task number.
func eventName(symbol string, id int) string {
	name := strings.TrimPrefix(symbol, "KERNEL_NETWORK_TASK_")
	if strings.HasPrefix(name, "task_0") {
		return ""
	}
	if i := strings.LastIndex(name, "_V"); i > 0 {
		if _, err := strconv.Atoi(name[i+2:]); err == nil {
			name = name[:i]
		}
	}
	name = strings.TrimSuffix(name, strconv.Itoa(id))
	return strings.TrimSuffix(name, ".")
}
