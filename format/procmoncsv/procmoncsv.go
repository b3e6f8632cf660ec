// Package procmoncsv reads what Process Monitor exports: CSV, and XML with its table of processes. The columns are those
// that were on the screen, in any order. docs/formats/procmoncsv.md says what is known of both.
package procmoncsv

import (
	"bytes"
	"io"
	"strconv"
	"time"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/internal/row"
	"github.com/wiretale/wiretale/trace"
)

// Format registers the reader of CSV exports.
var Format = format.Format{Name: "procmoncsv", Title: "Process Monitor log, exported to CSV", Sniff: Sniff, Open: open}

// provider stands for Process Monitor in the headers of events; package provider/procmon knows it by the same GUID.
var provider = trace.MustGUID("{7B2E5A40-9C61-4B0F-8D3A-50524F434D4F}")

// maxRow bounds a row: the environment of a process and registry data are the longest values, with some 64 KiB.
const maxRow = 16 << 20

// Sniff reports whether head begins a CSV export: a first line with the columns Operation and Process Name, PID or Path.
func Sniff(head []byte) bool {
	line, _, ok := bytes.Cut(plain(head), []byte("\n"))
	if !ok {
		return false
	}
	var s row.Splitter
	found := map[string]bool{}
	for _, c := range s.CSV(bytes.TrimRight(line, "\r")) {
		found[row.Column(c.Value)] = true
	}
	return found["operation"] && (found["processname"] || found["pid"] || found["path"])
}

// columns are where the columns lie that the reader wants; -1 for one that is not there.
type columns struct {
	at [columnCount]int
}

// The columns that the reader wants.
const (
	timeOfDay = iota
	dateAndTime
	relativeTime
	processName
	pid
	tid
	imagePath
	commandLine
	user
	parentPID
	company
	description
	version
	integrity
	session
	architecture
	logonID
	processIndex
	columnCount
)

// columnNames are their names as row.Column has them.
var columnNames = [columnCount]string{
	"timeofday", "datetime", "relativetime", "processname", "pid", "tid", "imagepath", "commandline", "user", "parentpid", "company", "description", "version", "integrity",
	"session", "architecture", "authenticationid", "processindex",
}

// values are the columns of a row that the reader wants, "" for one that is not there.
type values [columnCount][]byte

// Reader reads one export.
type Reader struct {
	in       *format.Input
	w        *format.Window
	wide     *wide // nil but for UTF-16
	xml      bool
	head     []byte // the row with the names of the columns
	columns  columns
	cells    int  // columns of the first row
	ended    bool // the end of the XML document was seen
	split    row.Splitter
	values   values
	seen     map[process]bool
	clock    clock
	offset   int64 // of the next row in the file
	number   int64
	progress int64
	event    trace.EventHeader
	info     trace.Info
	err      error
}

// A process is what tells processes of an export apart.
type process struct {
	pid        uint32
	name, path string
}

// maxProcesses bounds the processes that are kept.
const maxProcesses = 1 << 16

func open(in *format.Input) (trace.Reader, error) { return start(in, false) }

func start(in *format.Input, xml bool) (*Reader, error) {
	r := &Reader{in: in, xml: xml, seen: map[process]bool{}, clock: newClock()}
	name, note := "procmoncsv", "local time, zone unknown"
	if xml {
		name = "procmonxml"
	}
	r.info = trace.Info{Name: in.Name, Format: name, FormatNote: note, Compression: in.Compression, Bytes: in.Size, Application: "Process Monitor"}
	r.event = trace.EventHeader{Header: trace.HeaderProcmon, Provider: provider}
	r.wide = newWide(in.Stream)
	r.w = format.NewWindow(r.wide)
	if b := r.w.Peek(len(utf8BOM)); bytes.Equal(b, utf8BOM) {
		r.w.Take(len(utf8BOM))
		r.offset = int64(len(utf8BOM))
	}
	if r.wide.unit > 1 {
		r.offset = int64(r.wide.unit)
	}
	if xml {
		r.head = []byte("<event>")
		return r, nil
	}
	r.cells = maxRow // a first line without an end is never whole
	line, err := r.line()
	if err != nil {
		in.Close()
		return nil, &trace.Error{Source: in.Name, Layer: "procmon csv header", Err: trace.ErrTruncated}
	}
	r.head = bytes.Clone(line)
	r.find()
	return r, nil
}

// find looks the wanted columns up in the first row.
func (r *Reader) find() {
	for i := range r.columns.at {
		r.columns.at[i] = -1
	}
	cells := r.split.CSV(r.head)
	r.cells = len(cells)
	for i, c := range cells {
		name := row.Column(c.Value)
		for k, want := range columnNames {
			if name == want && r.columns.at[k] < 0 {
				r.columns.at[k] = i
			}
		}
	}
}

// Info implements trace.Reader.
func (r *Reader) Info() *trace.Info { return &r.info }

// Close implements trace.Reader.
func (r *Reader) Close() error { return r.in.Close() }

// Next implements trace.Reader.
func (r *Reader) Next(rec *trace.Record) error {
	for r.err == nil {
		at := r.offset
		var line []byte
		if r.xml {
			line, at, r.err = r.element()
		} else {
			line, r.err = r.line()
		}
		if r.err != nil || len(line) == 0 {
			continue
		}
		r.number++
		r.take(line)
		r.fill(rec, line, at)
		if r.in.Progress != nil && r.offset-r.progress > 1<<20 {
			r.progress = r.offset
			r.in.Progress(r.offset)
		}
		return nil
	}
	return r.err
}

// take finds the wanted values of a row.
func (r *Reader) take(line []byte) {
	r.values = values{}
	if r.xml {
		for _, c := range r.split.XML(line) {
			name := row.Column(c.Name)
			for k, want := range columnNames {
				if name == want {
					r.values[k] = c.Value
				}
			}
		}
		return
	}
	cells := r.split.CSV(line)
	for k, i := range r.columns.at {
		if i >= 0 && i < len(cells) {
			r.values[k] = cells[i].Value
		}
	}
}

// fill hands out a row.
func (r *Reader) fill(rec *trace.Record, line []byte, at int64) {
	e, v := &r.event, &r.values
	n, err := strconv.ParseUint(string(v[pid]), 10, 32)
	e.PID, e.HasThread = uint32(n), err == nil
	n, _ = strconv.ParseUint(string(v[tid]), 10, 32)
	e.TID, e.Schema, e.Total, e.ProcessKey = uint32(n), r.head, len(line), 0
	if n, err := strconv.ParseUint(string(v[processIndex]), 10, 32); err == nil && r.xml {
		e.ProcessKey = n + 1
	}
	when := r.clock.time(v)
	r.note()
	if e.HasThread && !(r.xml && e.ProcessKey != 0) {
		r.learn(e.PID)
	}
	*rec = trace.Record{
		Pos: trace.Pos{Source: r.in.Source, Number: r.number, Offset: at}, Time: when,
		Kind: trace.Event, Data: line, WireLen: len(line), Interface: -1, Numbered: true, Event: e,
	}
}

// note says in the source's description which times the export has.
func (r *Reader) note() {
	if r.number == 1 && len(r.values[dateAndTime]) == 0 {
		r.info.FormatNote = "local time without date, zone unknown"
		if len(r.values[timeOfDay]) == 0 {
			r.info.FormatNote = "times from the first event on"
		}
	}
}

// learn keeps the process of a row.
func (r *Reader) learn(id uint32) {
	v := &r.values
	p := process{id, string(v[processName]), string(v[imagePath])}
	if r.seen[p] || len(r.seen) >= maxProcesses || p.name == "" {
		return
	}
	r.seen[p] = true
	number := func(k, base int) uint64 { n, _ := strconv.ParseUint(string(v[k]), base, 64); return n }
	t := trace.Process{
		PID: id, Parent: uint32(number(parentPID, 10)), Name: p.name, Path: p.path, CommandLine: string(v[commandLine]), User: string(v[user]),
		Company: string(v[company]), Description: string(v[description]), Version: string(v[version]), Integrity: string(v[integrity]),
		Session: uint32(number(session, 10)), HasSession: len(v[session]) > 0, LogonID: logon(v[logonID]), Bits: bits(v[architecture]),
	}
	r.info.Processes = append(r.info.Processes, t)
}

// logon is a logon's number: two hexadecimal halves with a colon between.
func logon(b []byte) uint64 {
	high, low, _ := bytes.Cut(b, []byte(":"))
	h, _ := strconv.ParseUint(string(high), 16, 32)
	l, _ := strconv.ParseUint(string(low), 16, 32)
	return h<<32 | l
}

func bits(b []byte) int {
	switch string(b) {
	case "64-bit":
		return 64
	case "32-bit":
		return 32
	}
	return 0
}

// line is the next line without its end, which is outside of quotes. One that is too long is damage.
func (r *Reader) line() ([]byte, error) {
	quoted, done := false, 0
	for n := 4 << 10; ; n *= 2 {
		b := r.w.Peek(n)
		end := -1
		for ; done < len(b); done++ {
			if c := b[done]; c == '"' {
				quoted = !quoted
			} else if c == '\n' && !quoted {
				end = done
				break
			}
		}
		switch {
		case end >= 0:
			b, _ := r.w.Take(end + 1)
			r.offset += r.wide.size(b)
			return bytes.TrimRight(b, "\r\n"), nil
		case len(b) == 0:
			return nil, r.end()
		case len(b) < n: // the last line has no end
			b, _ := r.w.Take(len(b))
			at := r.offset
			r.offset += r.wide.size(b)
			line := bytes.TrimRight(b, "\r\n")
			if err := r.end(); err != io.EOF || quoted || len(r.split.CSV(line)) < r.cells || bytes.HasPrefix(line, quote) && !bytes.HasSuffix(line, quote) {
				return nil, r.cut(at, int64(len(b)))
			}
			return line, nil
		case n >= maxRow:
			at, skipped := r.offset, int64(0)
			skipped, _ = r.w.Search(1, func(b []byte, _ bool) bool { return b[0] == '\n' })
			r.offset += skipped
			r.damage(at, skipped, "longer than a row can be: a quotation mark is missing", trace.ErrCorrupt)
			quoted, done, n = false, 0, 2<<10
		}
	}
}

// end is why there is no more.
func (r *Reader) end() error {
	if err := r.w.Err(); err != nil && err != io.EOF {
		return &trace.Error{Source: r.in.Name, Offset: r.offset, Record: r.number + 1, Layer: "procmon export", Err: err}
	}
	return io.EOF
}

// quote stands around all values of a row, or around none.
var quote = []byte(`"`)

// cut is the error of a file that ends inside a row.
func (r *Reader) cut(at, unread int64) error {
	r.info.Damage.Unread = unread
	return &trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "procmon export", Detail: "the file ends inside a row", Err: trace.ErrTruncated}
}

func (r *Reader) damage(at, skipped int64, detail string, cause error) {
	r.info.Damage.Add(&trace.Error{Source: r.in.Name, Offset: at, Record: r.number + 1, Layer: "procmon export", Detail: detail, Err: cause}, skipped)
}

// day is the length of a day.
const day = int64(24 * time.Hour)
