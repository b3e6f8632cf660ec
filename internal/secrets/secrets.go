// Package secrets reads what a user knows to open what is encrypted: files of keys, told apart by their content.
//
// Keys are never printed: errors say where a file is wrong, and not what is there.
package secrets

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
)

// A Store holds secrets by their kind and by what they belong to. It is not changed while it is used.
type Store struct {
	byKind map[string]map[string][]byte
	count  int
}

// Secret is the secret of a kind for something that the wire names; nil when there is none. It is not to be changed.
func (s *Store) Secret(kind string, of []byte) []byte { return s.byKind[kind][string(of)] }

// Len is how many secrets there are.
func (s *Store) Len() int { return s.count }

func (s *Store) add(kind string, of, secret []byte) {
	if s.byKind == nil {
		s.byKind = map[string]map[string][]byte{}
	}
	if s.byKind[kind] == nil {
		s.byKind[kind] = map[string][]byte{}
	}
	if _, known := s.byKind[kind][string(of)]; !known {
		s.count++
	}
	s.byKind[kind][string(of)] = secret
}

// An Error says where a file of keys is wrong.
type Error struct {
	Name   string
	Line   int
	Detail string
}

func (e *Error) Error() string { return fmt.Sprintf("%s, line %d: %s", e.Name, e.Line, e.Detail) }

// maxLine bounds a line of a file of keys, in bytes.
const maxLine = 64 << 10

// Load adds the secrets of a file.
func (s *Store) Load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.Read(f, path)
}

// Read adds the secrets of a file; name is for errors. A line is empty, a
// comment behind a #, or in one of the forms of [forms]. What was read before an error stays.
func (s *Store) Read(r io.Reader, name string) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n, before := 0, s.count
	for lines.Scan() {
		n++
		line := strings.TrimSpace(string(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff"))))
		if line == "" || line[0] == '#' {
			continue
		}
		if detail := s.line(line); detail != "" {
			return &Error{name, n, detail}
		}
	}
	if err := lines.Err(); err != nil {
		return &Error{name, n + 1, err.Error()}
	}
	if s.count == before {
		return &Error{name, n, "no keys in the file, or only such as were given before"}
	}
	return nil
}

// line takes one line and says what is wrong with it.
func (s *Store) line(line string) (detail string) {
	if strings.Contains(line, ",") {
		return s.sessionRow(line)
	}
	return s.labelled(line)
}

// bytesOf reads hex digits, not more than n bytes of them; the error has none of them.
func bytesOf(text string, n int) (b []byte, ok bool) {
	b, err := hex.DecodeString(text)
	return b, err == nil && len(b) > 0 && len(b) <= n
}
