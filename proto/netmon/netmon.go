// Package netmon declares the fields of the ETW event that Network Monitor
// saves as a frame: EVENT_HEADER and ETW_BUFFER_CONTEXT of evntcons.h.
package netmon

import (
	"github.com/wiretale/wiretale/field"
	"github.com/wiretale/wiretale/proto"
)

// Fields of the event's header. Numbers are little-endian.
var Fields = field.Table{Proto: "netmon_event", Title: "Network Monitor Event", Fields: []field.Field{
	proto.Little(proto.Dec("netmon_event.size", "Size", 0, 2, 0)),
	proto.Little(proto.Dec("netmon_event.header_type", "Header type", 2, 2, 0)),
	proto.Little(proto.Hex("netmon_event.flags", "Flags", 4, 2, 0)),
	proto.Little(proto.Hex("netmon_event.event_property", "Event property", 6, 2, 0)),
	proto.Little(proto.Dec("netmon_event.thread_id", "Thread ID", 8, 4, 0)),
	proto.Little(proto.Dec("netmon_event.process_id", "Process ID", 12, 4, 0)),
	{Name: "netmon_event.timestamp", Title: "Timestamp", Type: field.Time, Find: fileTime},
	proto.Fixed("netmon_event.provider_id", "Provider ID", field.GUID, 24, 16),
	proto.Little(proto.Dec("netmon_event.event_desc.id", "ID", 40, 2, 0)),
	proto.Dec("netmon_event.event_desc.version", "Version", 42, 1, 0),
	proto.Dec("netmon_event.event_desc.channel", "Channel", 43, 1, 0),
	proto.Dec("netmon_event.event_desc.level", "Level", 44, 1, 0),
	proto.Hex("netmon_event.event_desc.opcode", "Opcode", 45, 1, 0),
	proto.Little(proto.Dec("netmon_event.event_desc.task", "Task", 46, 2, 0)),
	proto.Little(proto.Hex("netmon_event.event_desc.keyword", "Keyword", 48, 8, 0)),
	proto.Fixed("netmon_event.activity_id", "Activity ID", field.GUID, 64, 16),
	proto.Dec("netmon_event.processor_number", "Processor number", 80, 1, 0),
	proto.Dec("netmon_event.alignment", "Alignment", 81, 1, 0),
	proto.Little(proto.Dec("netmon_event.logger_id", "Logger ID", 82, 2, 0)),
	proto.Little(proto.Dec("netmon_event.extended_data_count", "Extended data count", 84, 2, 0)),
	proto.Little(proto.Dec("netmon_event.user_data_length", "User data length", 86, 2, 0)),
}}

// unixEpoch is 1970-01-01 in units of 100 ns since 1601.
const unixEpoch = 116444736000000000

func fileTime(b []byte, yield func(field.Span, field.Value) bool) {
	if len(b) < 24 {
		return
	}
	t := field.Number(b[16:24], true)
	if t < unixEpoch || t-unixEpoch > 1<<63/100-1 {
		return
	}
	yield(field.Span{Off: 16, Len: 8}, field.Value{Type: field.Time, U: (t - unixEpoch) * 100})
}
