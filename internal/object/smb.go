package object

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/wiretale/wiretale/internal/stream"
	"github.com/wiretale/wiretale/proto"
	"github.com/wiretale/wiretale/proto/smb2"
)

// A smbKey names a file: a client that reads what it wrote has it twice, as it may have changed.
type smbKey struct {
	source, conv int
	name         string
	written      bool
}

// A span is a range of bytes of a file.
type span struct{ from, to int64 }

// A smbFile is what was seen of a file.
type smbFile struct {
	file    file
	key     smbKey
	last    int64 // number of the record that brought the last bytes
	spans   []span
	private bool
}

const (
	maxSMBFiles = 1 << 16
	maxSpans    = 4096
)

// inShare is a path from the root of its share on, as tshark has it: \\server\share\dir\file is \dir\file.
func inShare(path string) string {
	if rest, ok := strings.CutPrefix(path, `\\`); ok {
		if parts := strings.SplitN(rest, `\`, 3); len(parts) == 3 {
			path = parts[2]
		}
	}
	return `\` + strings.TrimLeft(path, `\`)
}

// Message takes in a unit of a connection: see [stream.Choice.Observe].
func (s *Set) Message(m *stream.Message) {
	for i := range m.Turns {
		t := &m.Turns[i]
		if t.Name == "" || t.Layer >= len(m.Layers) || m.Layers[t.Layer].ID != proto.SMB2 || t.Failed {
			continue
		}
		var h smb2.Message
		if !h.Decode(m.Bytes(&m.Layers[t.Layer])) {
			continue
		}
		written := h.Command == smb2.Write && t.Kind == proto.Ask
		if !written && (h.Command != smb2.Read || t.Kind != proto.Answer) {
			continue
		}
		at, b, n := carried(&h, t, written)
		if at < 0 || n == 0 {
			continue
		}
		s.smbPart(smbKey{m.Source, m.Conv, t.Name, written}, m, at, b, m.Layers[t.Layer].In != 0)
	}
}

// carried are the bytes that a WRITE request ([MS-SMB2] 2.2.21) or a READ response (2.2.20) brings, where they belong, and how many they are on the wire.
func carried(h *smb2.Message, t *proto.Turn, written bool) (at int64, b []byte, n int64) {
	body := h.Body()
	if len(body) < 16 {
		return -1, nil, 0
	}
	le := binary.LittleEndian
	off := int(body[2])
	if at = t.Offset; written {
		off = int(le.Uint16(body[2:]))
	}
	n = int64(le.Uint32(body[4:]))
	if off < len(h.Bytes) {
		b = h.Bytes[off:min(int64(len(h.Bytes)), int64(off)+n)]
	}
	return at, b, n
}

func (s *Set) smbPart(k smbKey, m *stream.Message, at int64, b []byte, private bool) {
	f := s.smb[k]
	if f == nil {
		if len(s.order) == maxSMBFiles {
			return
		}
		if s.smb == nil {
			s.smb = map[smbKey]*smbFile{}
		}
		f = &smbFile{file: file{set: s}, key: k}
		s.smb[k] = f
		s.order = append(s.order, f)
	}
	f.last, f.private = m.Frame, f.private || private
	if b = b[:min(int64(len(b)), max(0, s.Most-at))]; len(b) == 0 {
		return
	}
	f.add(span{at, at + int64(len(b))})
	if s.Dir != "" && s.Err == nil {
		f.file.at(at, b)
	}
}

// add notes which bytes were seen.
func (f *smbFile) add(n span) {
	i, _ := slices.BinarySearchFunc(f.spans, n.from, func(s span, at int64) int { return int(min(max(s.to-at, -1), 1)) })
	k := i
	for k < len(f.spans) && f.spans[k].from <= n.to {
		n.from, n.to = min(n.from, f.spans[k].from), max(n.to, f.spans[k].to)
		k++
	}
	if f.spans = slices.Replace(f.spans, i, k, n); len(f.spans) > maxSpans {
		f.spans = slices.Delete(f.spans, 0, 1)
	}
}

// End finishes the files of SMB2; host is the name of the server of a connection.
func (s *Set) End(host func(source, conv int) string) {
	for _, f := range s.order {
		if len(f.spans) == 0 {
			continue
		}
		o := &Object{Protocol: "smb", Source: f.key.source, Conv: f.key.conv, Number: f.last, Host: host(f.key.source, f.key.conv), Name: inShare(f.key.name)}
		end := f.spans[len(f.spans)-1].to
		for _, sp := range f.spans {
			f.file.size += sp.to - sp.from
		}
		f.file.written = f.file.size
		if o.Lost = end - f.file.size; o.Lost > 0 {
			o.Why = fmt.Sprintf("%d bytes of the first %d were not transferred, or are missing in the capture; they are zeros", o.Lost, end)
		}
		f.file.finish(o, f.private)
	}
}
