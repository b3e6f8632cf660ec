package all

import (
	"bytes"
	"fmt"
	"regexp"
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
	{"ElfFile\x00", "a Windows event log (.evtx)", "name the .etl file of the trace instead"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "extract it and name the traces in it"},
	{"Rar!", "a RAR archive", "extract it and name the traces in it"},
	{"BZh", "bzip2 compressed data", "decompress it first (bunzip2)"},
	{"\xfd7zXZ", "xz compressed data", "decompress it first (unxz)"},
	{"\x89PNG", "a PNG picture", "a screenshot cannot be analysed: ask for the capture file"},
	{"\xff\xd8\xff", "a JPEG picture", "a screenshot cannot be analysed: ask for the capture file"},
	{"%PDF", "a PDF document", "ask for the capture file that it was made from"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE compound file (.doc, .msg, .msi)", "save the attachment in it, and name that"},
	{"\x7fELF", "a program", "name the capture, not the program that made it"},
	{"MZ", "a Windows program", "name the capture, not the program that made it"},
	{"regf", "a Windows registry hive", ""},
	{"SQLite format 3\x00", "an SQLite database", ""},
	{"!<arch>", "an archive of object files", ""},
	{"\xff\xfe", "UTF-16 text", "wiretale reads captures, not what was printed from them: ask for the capture file"},
	{"\x1f\x8b", "gzip compressed data", compressedTwice},
	{"\x28\xb5\x2f\xfd", "zstd compressed data", compressedTwice},
	{"\x04\x22\x4d\x18", "lz4 compressed data", compressedTwice},
}

const compressedTwice = "it was compressed twice: undo one layer first (gunzip, zstd -d, lz4 -d)"

// texts lists the text that people hand over instead of a trace. The patterns see the first bytes without space at their start.
var texts = []struct {
	pattern    *regexp.Regexp
	what, hint string
}{
	{regexp.MustCompile(`(?i)^(<!doctype html|<html|<head)`), "an HTML page", "the download gave a page instead of the file: fetch the file itself"},
	{regexp.MustCompile(`(?is)^(<\?xml.*)?<pdml`), "packets that were exported to PDML", exported},
	{regexp.MustCompile(`^<(\?xml|[A-Za-z])`), "an XML document", exported},
	{regexp.MustCompile(`^"?No\."?,"?Time"?,`), "a packet list that was exported to CSV", exported},
	{regexp.MustCompile(`^(# .*\n)*(CLIENT_RANDOM|CLIENT_HANDSHAKE_TRAFFIC_SECRET|CLIENT_TRAFFIC_SECRET_0|SERVER_\w+) [0-9a-fA-F]`), "a TLS key log", "name the capture that it belongs to"},
	{regexp.MustCompile(`^-----BEGIN`), "a PEM key or certificate", "name the capture that it belongs to"},
	{regexp.MustCompile(`^(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+ (IP6?|ARP|[0-9a-f:]{17}|\w+ +(In|Out|M|B|P) )`), "what tcpdump printed", "have it write packets instead: tcpdump -w x.pcap"},
	{regexp.MustCompile(`^ *\d+ +\d+\.\d+ +\S+ +(→|->) `), "what tshark printed", "have it write packets instead: tshark -w x.pcapng"},
	{regexp.MustCompile(`^(0x)?[0-9a-fA-F]{4,8}:? +[0-9a-fA-F]{2}`), "a hex dump", "text2pcap turns a hex dump into a capture"},
	{regexp.MustCompile(`^[\[{]\s*["\]{}]`), "JSON", exported},
}

const exported = "wiretale reads captures, not what was exported from them: ask for the capture file"

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
		e.Looks, e.Hint = describeText(head)
		e.Looks = inside + e.Looks
	default:
		e.Looks, e.Hint = inside+"binary data", reads
	}
	return e
}

func describe(head []byte) (what, hint string) {
	for _, l := range looks {
		if bytes.HasPrefix(head, []byte(l.magic)) {
			return l.what, l.hint
		}
	}
	if len(head) > tarAt && bytes.HasPrefix(head[tarAt:], []byte(tarMagic)) {
		return "a tar archive", "extract it and name the traces in it"
	}
	return "", ""
}

// reads is said where nothing better comes to mind.
const reads = "wiretale reads pcap, pcapng, Network Monitor, snoop, ERF, ETL and Process Monitor logs, also compressed with gzip, zstd or lz4"

// describeText says what kind of text it is.
func describeText(head []byte) (what, hint string) {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	for _, t := range texts {
		if t.pattern.Match(head) {
			return t.what, t.hint
		}
	}
	return "text", reads
}

// tarMagic stands behind the first header of a tar archive, at tarAt.
const (
	tarMagic = "ustar"
	tarAt    = 257
)

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
