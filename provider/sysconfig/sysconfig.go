// Package sysconfig decodes the system configuration that merged traces
// carry: interfaces, build, product (provider KernelTraceControl,
// {9B79EE91-B5FD-41C0-A243-4248E266E9D0}, classic events).
package sysconfig

import (
	"encoding/binary"
	"strings"

	"github.com/wiretale/wiretale/internal/bin"
	"github.com/wiretale/wiretale/trace"
)

// GUID of the provider.
var GUID = trace.MustGUID("{9B79EE91-B5FD-41C0-A243-4248E266E9D0}")

const (
	opBuild     = 32
	opInterface = 36
	rowLen      = 1352 // MIB_IF_ROW2 of 64-bit Windows
)

// Wants reports whether Learn reads records with this header.
func Wants(h *trace.EventHeader) bool {
	return h.Header == trace.HeaderFull && h.Provider == GUID && (h.Opcode == opBuild || h.Opcode == opInterface)
}

// Learn adds what the record says to the source's info: an interface, or the build and product name.
func Learn(rec *trace.Record, info *trace.Info) {
	switch rec.Event.Opcode {
	case opBuild:
		learnBuild(rec.Data, info)
	case opInterface:
		if i, ok := Interface(rec.Data); ok {
			info.Interfaces = append(info.Interfaces, i)
		}
	}
}

func learnBuild(b []byte, info *trace.Info) {
	c := bin.Little(b)
	c.Skip(8) // time of installation
	build, product := strings.TrimSpace(c.UTF16()), strings.TrimSpace(c.UTF16())
	if c.Err() != nil || info.Session == nil || build == "" {
		return
	}
	info.Session.System = append(info.Session.System, product, build)
}

// Interface decodes a MIB_IF_ROW2 (netioapi.h). Filter layers have rows of their own.
func Interface(b []byte) (i trace.Interface, ok bool) {
	if len(b) < rowLen {
		return i, false
	}
	le := binary.LittleEndian
	i = trace.Interface{
		ID: int(le.Uint32(b[8:])), Name: name(b[28:542]), Description: name(b[542:1056]), Link: trace.LinkEthernet,
		MTU: int(le.Uint32(b[1124:])), Speed: le.Uint64(b[1192:]), Received: -1, IfDrop: -1, OSDrop: -1, Accepted: -1, Delivered: -1,
	}
	if n := le.Uint32(b[1056:]); n > 0 && n <= 32 {
		i.MAC = append([]byte(nil), b[1060:1060+n]...)
	}
	if i.Speed == 1<<64-1 { // unknown
		i.Speed = 0
	}
	return i, true
}

// name is a fixed array of UTF-16 with a NUL behind the text.
func name(b []byte) string {
	c := bin.Little(b)
	return c.UTF16()
}
