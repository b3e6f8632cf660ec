package procmoncsv

import (
	"bytes"
	"io"
	"math"
	"strconv"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/internal/row"
	"github.com/wiretale/wiretale/trace"
)

// XML registers the reader of XML exports.
var XML = format.Format{Name: "procmonxml", Title: "Process Monitor log, exported to XML", Sniff: SniffXML, Open: openXML}

// SniffXML reports whether head begins an XML export.
func SniffXML(head []byte) bool {
	b := bytes.TrimLeft(plain(head), " \t\r\n")
	if bytes.HasPrefix(b, []byte("<?xml")) {
		_, after, _ := bytes.Cut(b, []byte("?>"))
		b = bytes.TrimLeft(after, " \t\r\n")
	}
	return bytes.HasPrefix(b, []byte("<procmon>"))
}

func openXML(in *format.Input) (trace.Reader, error) { return start(in, true) }

// The elements that are rows: an event, and a process of the table before the events.
var (
	openEvent    = []byte("<event>")
	closeEvent   = []byte("</event>")
	openProcess  = []byte("<process>")
	closeProcess = []byte("</process>")
	// closeDocument ends the file.
	closeDocument = []byte("</procmon>")
)

// element is the next event with where it lies. Processes on the way are kept.
func (r *Reader) element() (b []byte, at int64, err error) {
	for {
		tag, closing, ok := r.seek()
		at = r.offset
		if !ok {
			if err := r.end(); err != io.EOF || r.ended {
				return nil, at, err
			}
			return nil, at, r.cut(at, 0)
		}
		n := r.until(closing)
		switch {
		case n < 0: // its end, or the end of the file, is missing; the events behind it may be good
			r.skip(len(tag))
			if bytes.Equal(tag, openEvent) {
				return nil, at, r.cut(at, int64(r.w.Left()))
			}
			r.damage(at, 0, "an element without its end", trace.ErrTruncated)
			continue
		case n == 0:
			r.skip(len(tag))
			r.damage(at, 0, "longer than an element can be", trace.ErrCorrupt)
			continue
		}
		b, _ = r.w.Take(n)
		r.offset += r.wide.size(b)
		if bytes.Equal(tag, openEvent) {
			return b, at, nil
		}
		r.addProcess(b)
	}
}

// skip consumes n bytes, as far as there are.
func (r *Reader) skip(n int) {
	b := r.w.Peek(n)
	r.offset += r.wide.size(b)
	r.w.Take(len(b))
}

// seek moves to the next element that is a row.
func (r *Reader) seek() (tag, closing []byte, ok bool) {
	const piece = 64 << 10
	for {
		b := r.w.Peek(piece)
		event, process := bytes.Index(b, openEvent), bytes.Index(b, openProcess)
		switch {
		case event >= 0 && (process < 0 || event < process):
			r.skip(event)
			return openEvent, closeEvent, true
		case process >= 0:
			r.skip(process)
			return openProcess, closeProcess, true
		case len(b) < piece:
			r.ended = bytes.Contains(b, closeDocument)
			r.skip(len(b))
			return nil, nil, false
		}
		r.skip(len(b) - len(openProcess))
	}
}

// until is the length up to and with the closing tag: negative when the file ends before, 0 when it is too far.
func (r *Reader) until(closing []byte) int {
	done := 0
	for n := 4 << 10; ; n *= 2 {
		b := r.w.Peek(n)
		if i := bytes.Index(b[done:], closing); i >= 0 {
			return done + i + len(closing)
		}
		switch {
		case len(b) < n:
			return -1
		case n >= maxRow:
			return 0
		}
		done = max(0, len(b)-len(closing))
	}
}

// addProcess keeps a process of the table.
func (r *Reader) addProcess(b []byte) {
	if len(r.info.Processes) >= maxProcesses {
		return
	}
	text := map[string]string{}
	for _, c := range r.split.XML(b) {
		text[row.Column(c.Name)] = string(c.Value)
	}
	number := func(name string) uint64 { n, _ := strconv.ParseUint(text[name], 10, 64); return n }
	index, err := strconv.ParseUint(text["processindex"], 10, 32)
	if err != nil {
		return
	}
	p := trace.Process{
		Key: index + 1, PID: uint32(number("processid")), Parent: uint32(number("parentprocessid")), Name: text["processname"], Path: text["imagepath"],
		CommandLine: text["commandline"], User: text["owner"], Company: text["companyname"], Description: text["description"], Version: text["version"],
		Integrity: text["integrity"], Start: fileTime(number("createtime")), End: fileTime(number("finishtime")), Bits: 32,
	}
	if text["isbit"] == "1" {
		p.Bits = 64
	}
	r.info.Processes = append(r.info.Processes, p)
}

// epoch is 1970-01-01 as FILETIME: 100 ns since 1601-01-01.
const epoch = 116444736000000000

// fileTime is a FILETIME since 1970, 0 when it is none.
func fileTime(t uint64) int64 {
	if t < epoch || t-epoch > math.MaxInt64/100 {
		return 0
	}
	return int64(t-epoch) * 100
}
