package ssrp

import (
	"strconv"

	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Types are the names of the messages in the specification.
var Types = proto.Names("ssrp.type")

// Fields of a message. Wireshark has no decoder for the protocol: the names are our own.
var Fields = field.Table{Proto: "ssrp", Title: "SQL Server Resolution Protocol", Fields: []field.Field{
	proto.Named(proto.Hex("ssrp.type", "Type", 0, 1, 0), Types),
	proto.When(proto.Dec("ssrp.version", "Version", 1, 1, 0), proto.Kind(AdminQuery)),
	{Name: "ssrp.instance", Title: "Instance", Type: field.String, Find: asked},
	proto.When(proto.Little(proto.Dec("ssrp.size", "Size", 1, 2, 0)), proto.Kind(Response)),
	proto.When(proto.Little(proto.Dec("ssrp.dac.port", "Port of the administrator connection", 4, 2, 0)), func(b []byte) bool {
		var m Message
		return m.Decode(b) && m.Admin
	}),
	{Name: "ssrp.data", Title: "Data", Type: field.String, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		var m Message
		if m.Decode(b) && len(m.Data) > 0 {
			yield(field.Span{Off: responseHead, Len: len(m.Data)}, field.S(string(m.Data)))
		}
	}},
	told("ssrp.server_name", "Server name", "ServerName"),
	told("ssrp.instance_name", "Instance name", "InstanceName"),
	told("ssrp.is_clustered", "Clustered", "IsClustered"),
	told("ssrp.server_version", "Server version", "Version"),
	told("ssrp.named_pipe", "Named pipe", "np"),
	{Name: "ssrp.tcp.port", Title: "TCP port", Type: field.Uint, Width: 2, Find: port},
	told("ssrp.via", "VIA parameters", "via"),
	told("ssrp.rpc", "RPC computer name", "rpc"),
	told("ssrp.spx", "SPX service name", "spx"),
	told("ssrp.adsp", "AppleTalk object name", "adsp"),
	told("ssrp.bv", "Banyan VINES name", "bv"),
	{Name: "ssrp.other", Title: "Other", Type: field.String, Find: others},
	{Name: "ssrp.malformed", Title: "Malformed", Type: field.String, Find: wrong},
}}

// keys are those that [MC-SQLR] 2.2.5 has.
var keys = map[string]bool{
	"ServerName": true, "InstanceName": true, "IsClustered": true, "Version": true, "np": true, "tcp": true, "via": true, "rpc": true, "spx": true, "adsp": true, "bv": true,
}

// others are the keys with values that the specification does not have, and ports that are none.
func others(b []byte, yield func(field.Span, field.Value) bool) {
	var m Message
	if !m.Decode(b) {
		return
	}
	p := Pairs{Data: m.Data}
	for {
		k, v, off, _, ok := p.Next()
		if !ok {
			return
		}
		if keys[string(k)] && (string(k) != "tcp" || isPort(v)) {
			continue
		}
		if !yield(field.Span{Off: responseHead + off, Len: len(v)}, field.S(string(k)+"="+string(v))) {
			return
		}
	}
}

// wrong says where the message breaks the specification.
func wrong(b []byte, yield func(field.Span, field.Value) bool) {
	var m Message
	if m.Decode(b) && m.Wrong() != "" {
		yield(field.Span{Len: len(b)}, field.S(m.Wrong()))
	}
}

func isPort(value []byte) bool {
	_, err := strconv.ParseUint(string(value), 10, 16)
	return err == nil && len(value) <= maxPort
}

// asked is the instance that a query names.
func asked(b []byte, yield func(field.Span, field.Value) bool) {
	var m Message
	if !m.Decode(b) || m.Type != InstanceQuery && m.Type != AdminQuery {
		return
	}
	off := 1
	if m.Type == AdminQuery {
		off = adminHead
	}
	yield(field.Span{Off: off, Len: len(m.Instance)}, field.S(string(m.Instance)))
}

// told is the value of a key in the record of each instance.
func told(name, title, key string) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		values(b, key, func(s field.Span, value []byte) bool { return yield(s, field.S(string(value))) })
	}}
}

func values(b []byte, key string, yield func(field.Span, []byte) bool) {
	var m Message
	if !m.Decode(b) {
		return
	}
	p := Pairs{Data: m.Data}
	for {
		k, v, off, _, ok := p.Next()
		if !ok || string(k) == key && !yield(field.Span{Off: responseHead + off, Len: len(v)}, v) {
			return
		}
	}
}

func port(b []byte, yield func(field.Span, field.Value) bool) {
	values(b, "tcp", func(s field.Span, value []byte) bool {
		n, err := strconv.ParseUint(string(value), 10, 16)
		return err != nil || len(value) > maxPort || yield(s, field.U(n))
	})
}
