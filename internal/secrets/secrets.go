// Package secrets reads what a user knows to open what is encrypted: files of keys, told apart by their content.
//
// Keys and passwords are never printed: errors say where a file is wrong, and not what is there.
package secrets

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"
)

// A Store holds secrets by their kind and by what they belong to. It is not changed while it is used.
type Store struct {
	// Passwords are tried on files that are encrypted, behind the empty one.
	Passwords []string
	// Ask, when set, asks for the password of a file that none of them opens; again says that the one before was wrong. Not ok when there is none.
	Ask func(name string, again bool) (password string, ok bool)

	byKind map[string]*shelf
	texts  []string // of places
	count  int
	useless
}

// Secret is the secret of a kind for something that the wire names; nil when there is none. It is not to be changed.
func (s *Store) Secret(kind string, of []byte) []byte {
	shelf := s.byKind[kind]
	if e := shelf.find(of); e != nil {
		return shelf.value(e)
	}
	return nil
}

// From says where the secret is from: a file and a line, or a key. "" when there is none.
func (s *Store) From(kind string, of []byte) string {
	if e := s.byKind[kind].find(of); e != nil {
		return s.from(e)
	}
	return ""
}

func (s *Store) from(e *entry) string { return place{s.texts[e.text], int(e.line)}.String() }

// Each goes through the secrets of a kind, with what they belong to, in no order.
func (s *Store) Each(kind string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		shelf := s.byKind[kind]
		if shelf == nil {
			return
		}
		for i := range shelf.entries {
			if e := &shelf.entries[i]; !yield(string(shelf.of(e)), shelf.value(e)) {
				return
			}
		}
	}
}

// Len is how many secrets there are.
func (s *Store) Len() int { return s.count }

// OpensConnections reports whether there are secrets of TLS.
func (s *Store) OpensConnections() bool {
	for kind := range s.byKind {
		if !slices.Contains(labels, kind) {
			return true
		}
	}
	return false
}

func (s *Store) add(kind string, of, value []byte, from place) {
	if s.byKind == nil {
		s.byKind = map[string]*shelf{}
	}
	if s.byKind[kind] == nil {
		s.byKind[kind] = new(shelf)
	}
	if n := len(s.texts); n == 0 || s.texts[n-1] != from.text {
		s.texts = append(s.texts, from.text)
	}
	if s.byKind[kind].put(of, value, uint32(len(s.texts)-1), uint32(from.line)) {
		s.count++
	}
}

// An Error says where a file of keys is wrong.
type Error struct {
	Name   string
	Line   int // 0 where the file has none
	Detail string
}

func (e *Error) Error() string {
	if e.Line < 0 {
		return fmt.Sprintf("%s: %s", e.Name, e.Detail)
	}
	return fmt.Sprintf("%s, line %d: %s", e.Name, e.Line, e.Detail)
}

const (
	// maxLine bounds a line of a file of keys, in bytes.
	maxLine = 64 << 10
	// maxContainer bounds a file that is no list of lines, in bytes.
	maxContainer = 16 << 20
	// sniffed is how much of a file tells what it is: text of any length may stand before the first key of PEM.
	sniffed = 64 << 10
)

// Load adds the secrets of a file.
func (s *Store) Load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.Read(f, path)
}

// Read adds the secrets of a file; name is for errors. A file is PEM, DER, PKCS#12, or lines: see [Store.line]. What was read before an error stays.
func (s *Store) Read(r io.Reader, name string) error {
	b := bufio.NewReaderSize(r, sniffed)
	head, _ := b.Peek(sniffed)
	before := s.count
	s.useless = nil
	var line int
	var err error
	switch {
	case bytes.Contains(head, []byte("-----BEGIN ")):
		line, err = s.whole(b, name, s.pem)
	case isDER(head):
		line, err = s.whole(b, name, s.der)
	case len(head) >= 2 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff):
		line, err = s.lines(fromUTF16(b), name)
	default:
		line, err = s.lines(b, name)
	}
	switch {
	case err != nil:
		return err
	case s.count == before && len(s.useless) > 0:
		return &Error{name, -1, strings.Join(s.useless, "; ")}
	case s.count == before:
		return &Error{name, line, "no keys in the file, or only such as were given before"}
	}
	return nil
}

// whole reads a file to its end and hands it to one that takes it apart.
func (s *Store) whole(r io.Reader, name string, take func(b []byte, name string) error) (int, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxContainer+1))
	if err == nil && len(b) > maxContainer {
		err = &Error{name, -1, fmt.Sprintf("longer than the %d MiB that a file of keys has", maxContainer>>20)}
	}
	if err != nil {
		return -1, err
	}
	return -1, take(b, name)
}

// lines reads lines and returns how many there are.
func (s *Store) lines(r io.Reader, name string) (n int, err error) {
	base := filepath.Base(name)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		n++
		line := strings.TrimSpace(string(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff"))))
		if line == "" || line[0] == '#' {
			continue
		}
		if detail := s.line(line, place{base, n}); detail != "" {
			return n, &Error{name, n, detail}
		}
	}
	if err := lines.Err(); err != nil {
		return n, &Error{name, n + 1, err.Error()}
	}
	return n, nil
}

// line takes one line and says what is wrong with it. from is its place.
func (s *Store) line(line string, from place) (detail string) {
	switch {
	case strings.Contains(line, ","):
		return s.sessionRow(line, from)
	case s.keyLog(line, from), s.passwords(line, from):
		return ""
	}
	return s.labelled(line, from)
}

// bytesOf reads hex digits, not more than n bytes of them; the error has none of them.
func bytesOf(text string, n int) (b []byte, ok bool) {
	b, err := hex.DecodeString(text)
	return b, err == nil && len(b) > 0 && len(b) <= n
}

// fromUTF16 makes a text of what PowerShell writes by default.
func fromUTF16(r io.Reader) io.Reader {
	b, err := io.ReadAll(io.LimitReader(r, maxContainer))
	if err != nil {
		return bytes.NewReader(nil)
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		unit := uint16(b[i]) | uint16(b[i+1])<<8
		if b[0] == 0xfe {
			unit = uint16(b[i])<<8 | uint16(b[i+1])
		}
		units = append(units, unit)
	}
	return strings.NewReader(string(utf16.Decode(units)))
}
