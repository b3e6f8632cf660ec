// Package ntstatus names the status codes of Windows: NTSTATUS, Win32 and
// Winsock errors, HRESULT ([MS-ERREF] 2.1 to 2.3).
package ntstatus

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed ntstatus.tsv
var ntstatusTSV string

//go:embed win32.tsv
var win32TSV string

//go:embed hresult.tsv
var hresultTSV string

// A code is a row of a table.
type code struct {
	value uint32
	name  string
}

// The tables are parsed on first use; most runs print a handful of codes.
var (
	ntstatusTable = sync.OnceValue(func() []code { return parse(ntstatusTSV) })
	win32Table    = sync.OnceValue(func() []code { return parse(win32TSV) })
	hresultTable  = sync.OnceValue(func() []code { return parse(hresultTSV) })
)

// parse reads a table of value, tab, name, ordered by value. A test reads
// every embedded table, so a row that is not a code cannot get this far.
func parse(text string) []code {
	table := make([]code, 0, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		value, name, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		v, err := strconv.ParseUint(value, 0, 32)
		if ok && err == nil {
			table = append(table, code{uint32(v), name})
		}
	}
	return table
}

func find(table []code, value uint32) string {
	i, ok := slices.BinarySearchFunc(table, value, func(c code, v uint32) int {
		switch {
		case c.value < v:
			return -1
		case c.value > v:
			return 1
		}
		return 0
	})
	if !ok {
		return ""
	}
	return table[i].name
}

// A Status is an NTSTATUS value.
type Status uint32

// Name is the symbolic name, "" when it is not known.
func (s Status) Name() string { return find(ntstatusTable(), uint32(s)) }

// String is "Success" for 0, else "0xC0000241 - STATUS_CONNECTION_ABORTED", or the number alone.
func (s Status) String() string { return string(s.Append(nil)) }

// Append appends what String returns.
func (s Status) Append(dst []byte) []byte {
	if s == 0 {
		return append(dst, "Success"...)
	}
	return appendNamed(appendHex(dst, uint32(s)), s.Name())
}

// Failed reports whether the severity is error: the top two bits are set.
func (s Status) Failed() bool { return s>>30 == 3 }

// A Win32 is a Win32 error code; Winsock's errors are 10000 to 11999.
type Win32 uint32

// Name is the symbolic name, "" when it is not known.
func (e Win32) Name() string { return find(win32Table(), uint32(e)) }

// String is "Success" for 0, else "10061 (0x274D) - WSAECONNREFUSED", or the number alone.
func (e Win32) String() string { return string(e.Append(nil)) }

// Append appends what String returns. A code with the severity bits of an
// NTSTATUS or HRESULT is shown as such: callers pass all three in one field.
func (e Win32) Append(dst []byte) []byte {
	switch {
	case e == 0:
		return append(dst, "Success"...)
	case e>>30 == 3:
		return Status(e).Append(dst)
	case e>>31 == 1:
		return HResult(e).Append(dst)
	}
	dst = strconv.AppendUint(dst, uint64(e), 10)
	dst = append(dst, " (0x"...)
	dst = append(dst, strings.ToUpper(strconv.FormatUint(uint64(e), 16))...)
	return appendNamed(append(dst, ')'), e.Name())
}

// An HResult is an HRESULT.
type HResult uint32

// facilityWin32 is the upper half of an HRESULT that wraps a Win32 error.
const facilityWin32 = 0x8007

// Name is the symbolic name, for a wrapped Win32 error that error's name, "" when it is not known.
func (h HResult) Name() string {
	if name := find(hresultTable(), uint32(h)); name != "" {
		return name
	}
	if h>>16 == facilityWin32 {
		return Win32(h & 0xFFFF).Name()
	}
	return ""
}

// String is "Success" for 0, else "0x8009030E - SEC_E_NO_CREDENTIALS", or the number alone.
func (h HResult) String() string { return string(h.Append(nil)) }

// Append appends what String returns.
func (h HResult) Append(dst []byte) []byte {
	if h == 0 {
		return append(dst, "Success"...)
	}
	return appendNamed(appendHex(dst, uint32(h)), h.Name())
}

func appendNamed(dst []byte, name string) []byte {
	if name == "" {
		return dst
	}
	return append(append(dst, " - "...), name...)
}

func appendHex(dst []byte, v uint32) []byte {
	const digits = "0123456789ABCDEF"
	dst = append(dst, "0x"...)
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, digits[v>>shift&15])
	}
	return dst
}

// Names are the names of all NTSTATUS values that have one, by value.
func Names() map[uint64]string {
	table := ntstatusTable()
	names := make(map[uint64]string, len(table))
	for _, c := range table {
		names[uint64(c.value)] = c.name
	}
	return names
}
