package sysconfig_test

import (
	"encoding/binary"
	"testing"

	"github.com/wiretale/wiretale/provider/sysconfig"
	"github.com/wiretale/wiretale/trace"
)

func row() []byte {
	b := make([]byte, 1352)
	le := binary.LittleEndian
	le.PutUint32(b[8:], 14)
	copy(b[28:], "E\x00t\x00h\x00")
	copy(b[542:], "C\x00a\x00r\x00d\x00")
	le.PutUint32(b[1056:], 6)
	copy(b[1060:], "\x02\x00\x00\x00\x00\x01")
	le.PutUint32(b[1124:], 1500)
	le.PutUint64(b[1192:], 1_000_000_000)
	return b
}

func TestInterface(t *testing.T) {
	i, ok := sysconfig.Interface(row())
	if !ok || i.ID != 14 || i.Name != "Eth" || i.Description != "Card" || len(i.MAC) != 6 || i.MTU != 1500 || i.Speed != 1_000_000_000 {
		t.Errorf("got %+v, %v", i, ok)
	}
	if _, ok := sysconfig.Interface(row()[:1351]); ok {
		t.Error("a row that is cut was taken")
	}
}

func FuzzLearn(f *testing.F) {
	f.Add(row(), true)
	f.Add([]byte("12345678b\x00\x00\x00p\x00\x00\x00"), false)
	f.Fuzz(func(t *testing.T, b []byte, isInterface bool) {
		rec := &trace.Record{Data: b, Event: &trace.EventHeader{Provider: sysconfig.GUID, Opcode: 32}}
		if isInterface {
			rec.Event.Opcode = 36
		}
		info := &trace.Info{Session: &trace.Session{}}
		sysconfig.Learn(rec, info)
		if len(info.Interfaces) > 1 || len(info.Interfaces) == 1 && len(info.Interfaces[0].MAC) > 32 {
			t.Fatalf("%+v", info.Interfaces)
		}
	})
}
