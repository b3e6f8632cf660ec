package view

import (
	"fmt"
	"strings"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/tls"
)

// tlsVersions are Wireshark's names in the Protocol column.
var tlsVersions = map[uint16]string{tls.SSL20: "SSLv2", tls.SSL30: "SSLv3", tls.TLS10: "TLSv1", tls.TLS11: "TLSv1.1", tls.TLS12: "TLSv1.2", tls.TLS13: "TLSv1.3"}

// tlsVersion is the version of the connection, before it is chosen that of the record.
func tlsVersion(row *engine.Row, i int) string {
	note := row.Packet.NoteOf(i)
	version := tls.Version(&note)
	if version == 0 {
		tls.Records(row.Packet.Bytes(i), &note, func(r *tls.Record) bool { version = r.Version; return false })
	}
	if name := tlsVersions[version]; name != "" {
		return name
	}
	return "SSL"
}

// tlsInfo lists the records of a layer and the messages in them.
func tlsInfo(row *engine.Row, i int) string {
	note := row.Packet.NoteOf(i)
	b := row.Packet.Bytes(i)
	var list []string
	end := 0
	tls.Records(b, &note, func(r *tls.Record) bool {
		list = append(list, tlsRecord(b, r)...)
		end = r.End
		return true
	})
	switch {
	case len(list) == 0 && end == 0 && tls.Version(&note) == 0:
		return "Continuation Data"
	case end < len(b):
		list = append(list, "Ignored Unknown Record")
	}
	return strings.Join(list, ", ")
}

func tlsRecord(b []byte, r *tls.Record) []string {
	switch r.Type {
	case tls.ChangeCipherSpec:
		return []string{"Change Cipher Spec"}
	case tls.Alert:
		if !tls.ClearAlert(b, r) {
			return []string{"Encrypted Alert"}
		}
		return []string{fmt.Sprintf("Alert (Level: %s, Description: %s)", named("tls.alert_message.level", b[r.Body]), named("tls.alert_message.desc", b[r.Body+1]))}
	case tls.Handshake:
		return tlsMessages(b, r)
	case tls.ApplicationData:
		return []string{"Application Data"}
	case tls.Heartbeat:
		return []string{tlsHeartbeat(b, r)}
	case 0:
		return []string{ssl2Record(b, r)}
	}
	return nil
}

func named[T byte | uint16 | uint32](of string, value T) string {
	if name := proto.Names(of)[uint64(value)]; name != "" {
		return name
	}
	return fmt.Sprintf("unknown (%d)", value)
}

func tlsMessages(b []byte, r *tls.Record) (list []string) {
	r.Messages(b, func(m *tls.Message) bool {
		switch {
		case m.Encrypted:
			list = append(list, "Encrypted Handshake Message")
		case tls.IsRetry(b, m):
			list = append(list, "Hello Retry Request")
		default:
			list = append(list, named("tls.handshake.type", m.Type))
		}
		return true
	})
	return list
}

// tlsHeartbeat is a message of RFC 6520.
func tlsHeartbeat(b []byte, r *tls.Record) string {
	if r.Body >= r.End || r.Encrypted {
		return "Encrypted Heartbeat"
	}
	switch b[r.Body] {
	case 1:
		return "Heartbeat Request"
	case 2:
		return "Heartbeat Response"
	}
	return "Encrypted Heartbeat"
}

// ssl2Record names a message of SSL 2.0.
func ssl2Record(b []byte, r *tls.Record) string {
	if r.Body < r.End {
		if name := tls.SSL2Name(b[r.Body]); name != "" {
			return name
		}
	}
	return "Encrypted Data"
}
