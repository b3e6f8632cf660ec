package provider

import (
	"encoding/binary"
	"unicode/utf16"

	"github.com/wiretale/wiretale/trace"
)

// Builders of payloads and of the blocks that describe events.

var testGUID = trace.MustGUID("{11111111-2222-3333-4444-555555555555}")

// payload packs values: numbers by their Go type, strings as UTF-16 with NUL, bytes as they are.
func payload(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch v := p.(type) {
		case string:
			b = append(append(b, utf16le(v)...), 0, 0)
		case []byte:
			b = append(b, v...)
		case trace.GUID:
			b = append(b, v[:]...)
		default:
			b, _ = binary.Append(b, binary.LittleEndian, v)
		}
	}
	return b
}

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func eventRecord(id uint16, version uint8, pointer uint8, data []byte) *trace.Record {
	return &trace.Record{Kind: trace.Event, Data: data, Event: &trace.EventHeader{
		Header: trace.HeaderEvent, Provider: testGUID, ID: id, Version: version, PointerSize: pointer,
	}}
}

// described is a record of the metadata provider.
func described(opcode uint8, data []byte) *trace.Record {
	return &trace.Record{Kind: trace.Event, Data: data, Event: &trace.EventHeader{
		Header: trace.HeaderFull, Provider: metadataProvider, Opcode: opcode,
	}}
}

// A prop is a property of an event: name, flags, types or members, map, count and length.
type prop struct {
	name          string
	flags         uint32
	in, out       uint16
	mapName       string
	count, length uint16
}

// infoBlock builds a TRACE_EVENT_INFO; top is the number of properties that are not members of a structure.
func infoBlock(id uint16, version uint8, task, message string, top int, props ...prop) []byte {
	head := make([]byte, infoHeader+propertySize*len(props))
	text := func(s string) uint32 {
		if s == "" {
			return 0
		}
		off := len(head)
		head = append(append(head, utf16le(s)...), 0, 0)
		return uint32(off)
	}
	put := binary.LittleEndian.PutUint32
	copy(head, testGUID[:])
	binary.LittleEndian.PutUint16(head[32:], id)
	head[34] = version
	providerName, taskName, eventMessage := text("Test-Provider"), text(task), text(message)
	put(head[52:], providerName)
	put(head[68:], taskName)
	put(head[76:], eventMessage)
	put(head[100:], uint32(len(props)))
	put(head[104:], uint32(top))
	for i, p := range props {
		name, mapName := text(p.name), text(p.mapName)
		copy(head[infoHeader+i*propertySize:], payload(p.flags, name, p.in, p.out, mapName, p.count, p.length, uint32(0)))
	}
	return head
}

// mapBlock builds a provider GUID and an EVENT_MAP_INFO.
func mapBlock(name string, flags uint32, values []uint32, texts []string) []byte {
	head := make([]byte, mapHeader+8*len(values))
	text := func(s string) uint32 {
		off := len(head)
		head = append(append(head, utf16le(s)...), 0, 0)
		return uint32(off)
	}
	nameAt := text(name)
	copy(head, payload(nameAt, flags, uint32(len(values)), uint32(0)))
	for i := range values {
		at := text(texts[i])
		copy(head[mapHeader+8*i:], payload(at, values[i]))
	}
	return append(append([]byte(nil), testGUID[:]...), head...)
}

// schemaBlock builds an EVENT_SCHEMA_TL of an event name and the bytes of its fields.
func schemaBlock(name string, fields ...string) []byte {
	b := append([]byte{0, 0, 0}, name...)
	b = append(b, 0)
	for _, f := range fields {
		b = append(b, f...)
	}
	binary.LittleEndian.PutUint16(b, uint16(len(b)))
	return b
}
