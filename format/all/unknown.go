package all

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/wiretale/wiretale/trace"
)

// UnknownError says that no format recognises a source, what its first bytes look like, and what would help.
type UnknownError struct {
	Name  string
	Head  []byte // first bytes, 16 at most
	Looks string // "a ZIP archive"
	Hint  string // what to do, "" when nothing comes to mind
}

func (e *UnknownError) Error() string {
	s := fmt.Sprintf("%s: %v: looks like %s", e.Name, trace.ErrUnknownFormat, e.Looks)
	if len(e.Head) > 0 {
		s += fmt.Sprintf(" (first bytes: % x)", e.Head)
	}
	return s
}

func (e *UnknownError) Unwrap() error { return trace.ErrUnknownFormat }

// looks lists what people hand over instead of a trace, by first bytes.
var looks = []struct{ magic, what, hint string }{
	{"PK\x03\x04", "a ZIP archive", "extract it and name the traces in it"},
	{"MSCF", "a Windows cabinet (.cab)", "extract it (cabextract) and name the .etl file in it"},
	{"PML_", "a Process Monitor log", "export it to CSV, or capture the network with netsh trace or pktmon"},
	{"ElfFile\x00", "a Windows event log (.evtx)", "name the .etl file of the trace instead"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "extract it and name the traces in it"},
	{"Rar!", "a RAR archive", "extract it and name the traces in it"},
	{"BZh", "bzip2 compressed data", "decompress it first (bunzip2)"},
	{"\xfd7zXZ", "xz compressed data", "decompress it first (unxz)"},
	{"\x89PNG", "a PNG picture", ""},
	{"%PDF", "a PDF document", ""},
	{"<!DOCTYPE html", "an HTML page", "the download gave a page instead of the file"},
	{"<html", "an HTML page", "the download gave a page instead of the file"},
	{"<?xml", "an XML document", ""},
	{"-----BEGIN", "a PEM key or certificate", ""},
	{"\x7fELF", "a program", ""},
	{"MZ", "a Windows program", ""},
}

func unknown(name string, head []byte, compression string) error {
	e := &UnknownError{Name: name, Head: head[:min(len(head), 16)]}
	inside := ""
	if compression != "" {
		inside = compression + " compressed, inside "
	}
	switch what, hint := describe(head); {
	case len(head) == 0:
		e.Looks, e.Hint = "an empty file", "was the capture stopped and saved?"
	case what != "":
		e.Looks, e.Hint = inside+what, hint
	case isText(head):
		e.Looks, e.Hint = inside+"text", "text2pcap turns a hex dump into a capture"
	default:
		e.Looks, e.Hint = inside+"binary data", "wiretale reads pcap, pcapng, Network Monitor, snoop, ERF and ETL, also compressed with gzip, zstd or lz4"
	}
	return e
}

func describe(head []byte) (what, hint string) {
	for _, l := range looks {
		if bytes.HasPrefix(head, []byte(l.magic)) {
			return l.what, l.hint
		}
	}
	return "", ""
}

// isText reports whether head is printable UTF-8.
func isText(head []byte) bool {
	for i := 0; i < len(head); {
		c, n := utf8.DecodeRune(head[i:])
		if c == utf8.RuneError && n == 1 && len(head)-i >= utf8.UTFMax || c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
		i += n
	}
	return true
}
