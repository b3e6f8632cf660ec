// Package journal takes apart entries in the Journal Export Format of systemd,
// as pcapng files have them: a line NAME=VALUE for each field, or for a value
// with bytes that are no text a line NAME, the length as eight bytes,
// little-endian, the value, and a newline.
package journal

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// maxName is the length of a name at most (systemd: DATA_FIELD names have 64 bytes).
const maxName = 64

// Fields yields the fields of an entry in order: names, and values that alias
// it. It stops at an empty line, which ends an entry, or where a field does not
// fit. Off is where the value begins in the entry.
func Fields(entry []byte) iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for off := 0; off < len(entry); {
			line := entry[off:]
			end := bytes.IndexByte(line, '\n')
			if end >= 0 {
				line = line[:end]
			}
			if len(line) == 0 {
				return
			}
			if eq := bytes.IndexByte(line, '='); eq >= 0 {
				v := Value{Bytes: line[eq+1 : len(line) : len(line)], Off: off + eq + 1}
				if eq <= maxName && !yield(string(line[:eq]), v) {
					return
				}
				off += len(line) + 1
				continue
			}
			at := off + len(line) + 1
			if end < 0 || len(line) > maxName || len(entry)-at < 8 {
				return
			}
			n := binary.LittleEndian.Uint64(entry[at:])
			if at += 8; n > uint64(len(entry)-at) {
				return
			}
			if !yield(string(line), Value{Bytes: entry[at : at+int(n) : at+int(n)], Off: at}) {
				return
			}
			off = at + int(n) + 1
		}
	}
}

// A Value is that of a field, and where it begins in the entry.
type Value struct {
	Bytes []byte
	Off   int
}

// Append appends a field to an entry: as a line where the value is text of one line, else with its length.
func Append(entry []byte, name, value string) []byte {
	entry = append(entry, name...)
	for i := range len(value) {
		if value[i] < ' ' && value[i] != '\t' {
			entry = append(entry, '\n')
			entry = binary.LittleEndian.AppendUint64(entry, uint64(len(value)))
			return append(append(entry, value...), '\n')
		}
	}
	entry = append(entry, '=')
	return append(append(entry, value...), '\n')
}
