package procmoncsv

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/wiretale/wiretale/format"
	"github.com/wiretale/wiretale/format/formattest"
	"github.com/wiretale/wiretale/trace"
)

const columnsLine = `"Time of Day","Process Name","PID","Operation","Path","Result","Detail","Date & Time","TID","Image Path","Parent PID","Session","Architecture","Authentication ID","Integrity"`

const export = "\ufeff" + columnsLine + "\r\n" +
	`"6:55:07.0236729 AM","notepad.exe","2632","ReadFile","C:\Temp\a ""b"".txt","SUCCESS","Offset: 0, Length: 4,096","7/31/2020 6:55:07 AM","1720","C:\Windows\notepad.exe","3596","1","64-bit","00000001:00014794","Medium"` + "\r\n" +
	"\"12:00:00.0000001 PM\",\"notepad.exe\",\"2632\",\"Process Start\",\"\",\"SUCCESS\",\"Environment: \r;\tA=1\r\n;\tB=2\",\"7/31/2020 12:00:00 PM\",\"1720\",\"C:\\Windows\\notepad.exe\",\"3596\",\"1\",\"64-bit\",\"00000001:00014794\",\"Medium\"\r\n"

func at(s string) int64 {
	t, err := time.Parse("2006-01-02 15:04:05.0000000", s)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

// wideText is text as UTF-16 with a byte order mark.
func wideText(s string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + strings.TrimPrefix(s, "\ufeff"))) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestRows(t *testing.T) {
	for name, data := range map[string][]byte{
		"UTF-8":                 []byte(export),
		"without a mark":        []byte(strings.TrimPrefix(export, "\ufeff")),
		"UTF-16":                wideText(export, binary.LittleEndian),
		"UTF-16, big-endian":    wideText(export, binary.BigEndian),
		"without the last line": []byte(strings.TrimSuffix(export, "\r\n")),
	} {
		if !Sniff(data[:min(len(data), format.HeadSize)]) {
			t.Errorf("%s: not recognised", name)
		}
		res := formattest.Read(t, Format, data, true)
		if res.Err != io.EOF || len(res.Records) != 2 || res.Info.Damage.Any() {
			t.Fatalf("%s: %d records, %v, %+v", name, len(res.Records), res.Err, res.Info.Damage)
		}
		a, b := res.Records[0], res.Records[1]
		if a.Time != at("2020-07-31 06:55:07.0236729") || b.Time != at("2020-07-31 12:00:00.0000001") {
			t.Errorf("%s: at %d and %d", name, a.Time, b.Time)
		}
		if !strings.HasPrefix(string(a.Data), `"6:55`) || !strings.HasSuffix(string(b.Data), `"Medium"`) {
			t.Errorf("%s: %q", name, a.Data)
		}
		if name == "UTF-16" && string(data[b.Pos.Offset:b.Pos.Offset+8]) != "\"\x001\x002\x00:\x00" {
			t.Errorf("%s: the second row is at %d", name, b.Pos.Offset)
		}
		if name == "UTF-8" && string(data[b.Pos.Offset:b.Pos.Offset+4]) != `"12:` {
			t.Errorf("%s: the second row is at %d", name, b.Pos.Offset)
		}
		p := res.Info.Processes
		if len(p) != 1 || p[0].PID != 2632 || p[0].Parent != 3596 || p[0].Path != `C:\Windows\notepad.exe` || p[0].Bits != 64 || p[0].LogonID != 1<<32|0x14794 || p[0].Session != 1 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestHeader(t *testing.T) {
	rd, err := formattest.Open(Format, []byte(export), false)
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	var rec trace.Record
	if err := rd.Next(&rec); err != nil {
		t.Fatal(err)
	}
	if e := rec.Event; e.Header != trace.HeaderProcmon || e.PID != 2632 || e.TID != 1720 || string(e.Schema) != columnsLine {
		t.Errorf("%+v", e)
	}
}

// TestClock: times of day in the ways of regions, with and without a date.
func TestClock(t *testing.T) {
	first := at("1970-01-01 00:00:00.0000000")
	for _, tt := range []struct {
		clock, date string
		want        int64
	}{
		{"4:33:14.3062614 PM", "7/31/2020 4:33:14 PM", at("2020-07-31 16:33:14.3062614")},
		{"12:00:00.5000000 AM", "7/4/2020 12:00:00 AM", at("2020-07-04 00:00:00.5000000")},
		{"16:33:14,3062614", "31.07.2020 16:33:14", at("2020-07-31 16:33:14.3062614")},
		{"16:33:14.3062614", "04/07/2020 16:33:14", at("2020-07-04 16:33:14.3062614")},
		{"16:33:14.3062614", "2020-07-31 16:33:14", at("2020-07-31 16:33:14.3062614")},
		{"", "7/31/2020 4:33:14 PM", at("2020-07-31 16:33:14.0000000")},
		{"4:33:14.3062614\u202fPM", "", first + 16*3600e9 + 33*60e9 + 14_306_261_400},
		{"nonsense", "", trace.NoTime},
		{"99:99:99.1", "40/40/2020", trace.NoTime},
	} {
		c := newClock()
		v := values{timeOfDay: []byte(tt.clock), dateAndTime: []byte(tt.date)}
		if got := c.time(&v); got != tt.want {
			t.Errorf("%s, %s: got %d, want %d", tt.clock, tt.date, got, tt.want)
		}
	}
}

// TestMidnight: without a date, a time of day that begins anew is the next day, and one event of the evening may come late.
func TestMidnight(t *testing.T) {
	c := newClock()
	var got []int64
	for _, s := range []string{"11:59:59.0000000 PM", "12:00:01.0000000 AM", "11:59:59.5000000 PM", "12:00:02.0000000 AM"} {
		got = append(got, c.time(&values{timeOfDay: []byte(s)})/1e9)
	}
	if want := []int64{86399, 86401, 86399, 86402}; got[0] != want[0] || got[1] != want[1] || got[2] != want[2] || got[3] != want[3] {
		t.Errorf("got %d, want %d", got, want)
	}
}

// TestNotes: an export says what its times lack.
func TestNotes(t *testing.T) {
	for data, want := range map[string]string{
		export: "local time, zone unknown",
		"\"Time of Day\",\"PID\",\"Operation\"\n\"1:00:00.1 AM\",\"5\",\"ReadFile\"\n": "local time without date, zone unknown",
		"\"Relative Time\",\"PID\",\"Operation\"\n\"00:00:01.1\",\"5\",\"ReadFile\"\n": "times from the first event on",
	} {
		if got := formattest.Read(t, Format, []byte(data), false).Info.FormatNote; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestMissingQuote: a row without an end of its text is damage, and what follows is read.
func TestMissingQuote(t *testing.T) {
	row := "\"1:00:00.1 AM\",\"5\",\"ReadFile\"\r\n"
	data := "\"Time of Day\",\"PID\",\"Operation\"\r\n" + row + "\"open\r\n" + strings.Repeat(row, 2*maxRow/len(row))
	res := formattest.Read(t, Format, []byte(data), false)
	if res.Info.Damage.Records == 0 || len(res.Records) < 100 {
		t.Errorf("%d records, %+v", len(res.Records), res.Info.Damage)
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]bool{
		export: true, "a,b,c\n": false, "Operation,PID\n1,2\n": true, `"Operation"`: false, "": false, "\xff\xfe": false,
		"\"No.\",\"Time\",\"Source\",\"Protocol\"\n": false,
	} {
		if Sniff([]byte(head)) != want {
			t.Errorf("%q: want %v", head, want)
		}
	}
}

const xmlExport = "\ufeff" + `<?xml version="1.0" encoding="UTF-8"?>
<procmon><processlist><process>
<ProcessIndex>12</ProcessIndex><ProcessId>2632</ProcessId><ParentProcessId>3596</ParentProcessId><CreateTime>132406540707680000</CreateTime>
<ProcessName>notepad.exe</ProcessName><ImagePath>C:\Windows\notepad.exe</ImagePath><CommandLine>notepad &quot;a&quot;</CommandLine>
<modulelist><module><Path>C:\x.dll</Path></module></modulelist></process></processlist>
<eventlist>
<event><ProcessIndex>12</ProcessIndex><Time_of_Day>6:55:07.0236729 AM</Time_of_Day><Process_Name>notepad.exe</Process_Name><PID>2632</PID><Operation>ReadFile</Operation><Path>C:\a&amp;b</Path><Result>SUCCESS</Result><Detail>Offset: 0, Length: 5</Detail>
<stack><frame><depth>0</depth><path>C:\x.dll</path></frame></stack></event>
<event><ProcessIndex>12</ProcessIndex><Time_of_Day>6:55:08.0000000 AM</Time_of_Day><Process_Name>notepad.exe</Process_Name><PID>2632</PID><Operation>CloseFile</Operation></event>
</eventlist></procmon>
`

func TestXML(t *testing.T) {
	for _, data := range [][]byte{[]byte(xmlExport), wideText(xmlExport, binary.LittleEndian)} {
		if !SniffXML(data) || Sniff(data) {
			t.Error("not recognised")
		}
		res := formattest.Read(t, XML, data, true)
		if res.Err != io.EOF || len(res.Records) != 2 || res.Info.Damage.Any() {
			t.Fatalf("%d records, %v, %+v", len(res.Records), res.Err, res.Info.Damage)
		}
		if r := res.Records[0]; !strings.HasPrefix(string(r.Data), "<event>") || !strings.HasSuffix(string(r.Data), "</event>") {
			t.Errorf("%q", r.Data)
		}
		p := res.Info.Processes
		if len(p) != 1 || p[0].Key != 13 || p[0].PID != 2632 || p[0].Name != "notepad.exe" || p[0].CommandLine != `notepad "a"` || p[0].Start == 0 {
			t.Errorf("%+v", p)
		}
	}
}

func TestXMLWithoutEnd(t *testing.T) {
	_, err := formattest.Open(XML, []byte(xmlExport), false)
	if err != nil {
		t.Fatal(err)
	}
	res := formattest.Read(t, XML, []byte(xmlExport[:len(xmlExport)-60]), false)
	if !errors.Is(res.Err, trace.ErrTruncated) || len(res.Records) != 1 {
		t.Errorf("%d records, %v", len(res.Records), res.Err)
	}
}

// TestCutAtEveryByte uses short files: each cut is an opened file.
func TestCutAtEveryByte(t *testing.T) {
	// Half of a doubled quotation mark in the last column looks like the end of a last row, so it is in another one.
	const table = "\"PID\",\"Detail\",\"Operation\"\r\n\"5\",\"a \"\"b\"\"\r\n;\tc\",\"ReadFile\"\r\n\"5\",\"\",\"CloseFile\"\r\n"
	formattest.Cut(t, Format, []byte(table))
	formattest.Cut(t, Format, wideText("\"PID\",\"Operation\"\n\"5\",\"ReadFile\"\n", binary.LittleEndian))
	formattest.Cut(t, XML, []byte("<procmon><process><ProcessIndex>1</ProcessIndex></process>\n<event><PID>5</PID></event>\n<event><PID>6</PID></event></procmon>"))
}

func FuzzCSV(f *testing.F) {
	formattest.Fuzz(f, Format, []byte(export), wideText(export, binary.BigEndian), []byte("Operation,PID\n\"a\"\"b,1\n"))
}

func FuzzXML(f *testing.F) {
	formattest.Fuzz(f, XML, []byte(xmlExport), wideText(xmlExport, binary.LittleEndian), []byte("<procmon><event><event></event>"))
}

func BenchmarkCSV(b *testing.B) {
	line := strings.SplitAfter(export, "\r\n")
	data := line[0] + strings.Repeat(line[1], 20_000)
	formattest.Bench(b, Format, []byte(data), 20_000)
}
