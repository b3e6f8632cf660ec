package provider

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/trace"
)

// chunks gathers the pieces of an EventSource manifest: .NET providers log
// their own manifest as events 65534 of a 8-byte header (format, major, minor,
// magic 0x5B, number of pieces u16, number of this piece u16) and XML in UTF-8.
type chunks struct {
	header [6]byte // format to number of pieces
	parts  map[uint16][]byte
	size   int
}

const (
	chunkHeader = 8
	chunkMagic  = 0x5B
	// maxManifest bounds a manifest; real ones have some 10 to 500 KB.
	maxManifest = 16 << 20
)

// chunkLayout is the layout of such an event.
var chunkLayout = newChunkLayout()

func newChunkLayout() *Definition {
	d := &Definition{Key: Key{ID: manifestEvent}, Name: "ManifestData"}
	for _, f := range []Field{
		{Name: "Format", In: InUInt8}, {Name: "MajorVersion", In: InUInt8}, {Name: "MinorVersion", In: InUInt8},
		{Name: "Magic", In: InUInt8}, {Name: "TotalChunks", In: InUInt16}, {Name: "ChunkNumber", In: InUInt16},
		{Name: "Data", In: InBinary, Out: OutUTF8},
	} {
		f.LengthOf, f.CountOf = -1, -1
		d.Fields = append(d.Fields, f)
	}
	d.Message = "manifest of the provider, version %2.%3, part %6 of %5"
	d.complete()
	return d
}

// isChunk reports whether an event is a piece of a manifest.
func isChunk(h *trace.EventHeader, b []byte) bool {
	return h.ID == manifestEvent && len(b) >= chunkHeader && b[0] == 1 && b[3] == chunkMagic
}

// learnManifest takes one piece and, when it was the last, the manifest.
func (r *Registry) learnManifest(guid trace.GUID, b []byte) {
	total, index := binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:])
	if total == 0 || index >= total {
		return
	}
	c := r.manifest[guid]
	if c == nil || c.header != [6]byte(b[:6]) {
		c = &chunks{header: [6]byte(b[:6]), parts: map[uint16][]byte{}}
		r.manifest[guid] = c
	}
	if c.parts == nil || c.parts[index] != nil || c.size+len(b) > maxManifest {
		return // complete already, the same again, or too large
	}
	c.parts[index] = bytes.Clone(b[chunkHeader:])
	c.size += len(b)
	if len(c.parts) < int(total) {
		return
	}
	var whole []byte
	for i := range total {
		whole = append(whole, c.parts[i]...)
	}
	c.parts = nil
	if m, ok := parseManifest(whole); ok {
		r.addManifest(guid, m)
	}
}

// xmlManifest is what matters of an instrumentation manifest.
type xmlManifest struct {
	Providers []xmlProvider `xml:"instrumentation>events>provider"`
	Strings   []struct {
		ID    string `xml:"id,attr"`
		Value string `xml:"value,attr"`
	} `xml:"localization>resources>stringTable>string"`
}

type xmlProvider struct {
	Name   string `xml:"name,attr"`
	Events []struct {
		Value    string `xml:"value,attr"`
		Version  string `xml:"version,attr"`
		Symbol   string `xml:"symbol,attr"`
		Task     string `xml:"task,attr"`
		Opcode   string `xml:"opcode,attr"`
		Template string `xml:"template,attr"`
		Message  string `xml:"message,attr"`
	} `xml:"events>event"`
	Templates []struct {
		ID   string    `xml:"tid,attr"`
		Data []xmlData `xml:"data"`
	} `xml:"templates>template"`
	ValueMaps []xmlMap `xml:"maps>valueMap"`
	BitMaps   []xmlMap `xml:"maps>bitMap"`
}

type xmlData struct {
	Name   string `xml:"name,attr"`
	In     string `xml:"inType,attr"`
	Out    string `xml:"outType,attr"`
	Map    string `xml:"map,attr"`
	Length string `xml:"length,attr"`
	Count  string `xml:"count,attr"`
}

type xmlMap struct {
	Name    string `xml:"name,attr"`
	Entries []struct {
		Value   string `xml:"value,attr"`
		Message string `xml:"message,attr"`
	} `xml:"map"`
}

func parseManifest(text []byte) (*xmlManifest, bool) {
	m := &xmlManifest{}
	if err := xml.Unmarshal(text, m); err != nil || len(m.Providers) == 0 {
		return nil, false
	}
	return m, true
}

// addManifest files the events and maps of the manifest's first provider under
// the GUID that logged it.
func (r *Registry) addManifest(guid trace.GUID, m *xmlManifest) {
	p := &m.Providers[0]
	text := make(map[string]string, len(m.Strings))
	for _, s := range m.Strings {
		text[s.ID] = s.Value
	}
	s := r.source(guid, p.Name)
	layouts := make(map[string]*Definition, len(p.Templates))
	for _, t := range p.Templates {
		if fields, ok := xmlFields(t.Data); ok {
			d := &Definition{Fields: fields}
			d.complete()
			layouts[t.ID] = d
		}
	}
	seen := map[Key]bool{}
	for i := range p.Events {
		e := &p.Events[i]
		id, err1 := strconv.ParseUint(e.Value, 0, 16)
		version, err2 := strconv.ParseUint("0"+e.Version, 10, 8)
		key := Key{uint16(id), uint8(version)}
		layout := layouts[e.Template]
		if e.Template == "" {
			layout = &Definition{}
		}
		if err1 != nil || err2 != nil || layout == nil || seen[key] {
			continue
		}
		seen[key] = true
		d := *layout // the fields are shared by all events of the template
		d.Key, d.Name, d.Message = key, xmlName(e.Task, e.Opcode, e.Symbol), oneLine(resolve(e.Message, text))
		r.add(s, &d)
	}
	if s.maps == nil {
		s.maps = map[string]MapVariant{}
	}
	for _, vm := range p.ValueMaps {
		s.maps[vm.Name] = vm.variant(false, text)
	}
	for _, bm := range p.BitMaps {
		s.maps[bm.Name] = bm.variant(true, text)
	}
}

// xmlName is the name of an event: task and opcode; opcodes of the win: kind other than start and stop say nothing.
func xmlName(task, opcode, symbol string) string {
	switch opcode {
	case "win:Start", "win:Stop":
		opcode = strings.TrimPrefix(opcode, "win:")
	default:
		if strings.HasPrefix(opcode, "win:") {
			opcode = ""
		}
	}
	switch {
	case task == "":
		return symbol
	case opcode == "" || strings.HasSuffix(task, opcode):
		return task
	}
	return task + "/" + opcode
}

// resolve looks up a reference to the string table: $(string.event_Name).
func resolve(ref string, text map[string]string) string {
	id, ok := strings.CutPrefix(ref, "$(string.")
	if !ok {
		return ref
	}
	return text[strings.TrimSuffix(id, ")")]
}

func (m *xmlMap) variant(bits bool, text map[string]string) MapVariant {
	v := MapVariant{Bits: bits, Values: field.Names{}}
	for _, e := range m.Entries {
		if n, err := strconv.ParseUint(e.Value, 0, 64); err == nil {
			v.Values[n] = strings.TrimSpace(resolve(e.Message, text))
		}
	}
	return v
}

// maxTemplate bounds the fields of one event; Windows takes 128.
const maxTemplate = 1024

func xmlFields(data []xmlData) ([]Field, bool) {
	if len(data) > maxTemplate {
		return nil, false
	}
	fields := make([]Field, 0, len(data))
	for _, x := range data {
		f := Field{Name: x.Name, Out: xmlOut[x.Out], Map: x.Map, LengthOf: -1, CountOf: -1}
		var ok bool
		if f.In, ok = xmlIn[x.In]; !ok {
			return nil, false
		}
		var err1, err2 error
		f.LengthOf, f.Length, err1 = reference(x.Length, fields)
		f.CountOf, f.Count, err2 = reference(x.Count, fields)
		if err1 != nil || err2 != nil || f.Length < 0 || f.Count < 0 || f.Length > 1<<16 || f.Count > 1<<16 {
			return nil, false
		}
		fields = append(fields, f)
	}
	return fields, true
}

var xmlIn = map[string]InType{
	"win:UnicodeString": InUnicodeString, "win:AnsiString": InAnsiString, "win:Int8": InInt8, "win:UInt8": InUInt8,
	"win:Int16": InInt16, "win:UInt16": InUInt16, "win:Int32": InInt32, "win:UInt32": InUInt32, "win:Int64": InInt64,
	"win:UInt64": InUInt64, "win:Float": InFloat, "win:Double": InDouble, "win:Boolean": InBoolean, "win:Binary": InBinary,
	"win:GUID": InGUID, "win:Pointer": InPointer, "win:FILETIME": InFileTime, "win:SYSTEMTIME": InSystemTime, "win:SID": InSID,
	"win:HexInt32": InHexInt32, "win:HexInt64": InHexInt64, "trace:WBEMString": InUnicodeString,
}

var xmlOut = map[string]OutType{
	"win:HexInt8": OutHexInt8, "win:HexInt16": OutHexInt16, "win:HexInt32": OutHexInt32, "win:HexInt64": OutHexInt64,
	"win:PID": OutPID, "win:TID": OutTID, "win:Port": OutPort, "win:IPv4": OutIPv4, "win:IPv6": OutIPv6,
	"win:SocketAddress": OutSocketAddress, "win:Win32Error": OutWin32Error, "win:NTSTATUS": OutNTStatus,
	"win:HResult": OutHResult, "win:Json": OutJSON, "win:Utf8": OutUTF8, "xs:boolean": OutBoolean,
}
