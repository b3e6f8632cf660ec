package procmon_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/provider/procmon"
)

// logs are the logs that lie beside a CSV export of theirs: those of ../shared/captures, and of the folder that WIRETALE_PML names.
func logs(t testing.TB) []string {
	var all []string
	for _, dir := range []string{"../../../shared/captures/pml", os.Getenv("WIRETALE_PML")} {
		found, err := filepath.Glob(filepath.Join(dir, "*.pml"))
		if err != nil {
			t.Fatal(err)
		}
		if dir != "" {
			all = append(all, found...)
		}
	}
	if len(all) == 0 {
		t.Skip("../shared/captures is not here: no real logs of Process Monitor to read")
	}
	return all
}

// exported opens the CSV export beside a log.
func exported(t testing.TB, log string) *csv.Reader {
	base := strings.TrimSuffix(log, ".pml")
	var in io.Reader
	f, err := os.Open(base + ".csv")
	if err != nil {
		if f, err = os.Open(base + ".csv.gz"); err != nil {
			t.Fatal(err)
		}
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	} else {
		in = f
	}
	t.Cleanup(func() { f.Close() })
	b := bufio.NewReader(in)
	if _, err := b.Discard(len("\ufeff")); err != nil {
		t.Fatal(err)
	}
	return csv.NewReader(b)
}

// columns are the columns that an event of a log gives by itself.
var columns = map[string]func(*engine.Row) string{
	"Time of Day":  func(r *engine.Row) string { return clock(r.Record.Time) },
	"Process Name": func(r *engine.Row) string { return r.Object.Process.Name },
	"PID":          func(r *engine.Row) string { return strconv.Itoa(int(r.Object.Process.PID)) },
	"Operation":    func(r *engine.Row) string { return r.Event.Def.Name },
	"Path":         func(r *engine.Row) string { return text(r, "Path") },
	"Result":       func(r *engine.Row) string { return text(r, "Result") },
	"Detail":       func(r *engine.Row) string { return string(procmon.AppendDetail(nil, r.Event, false)) },
	"TID":          func(r *engine.Row) string { return strconv.Itoa(int(r.Record.Event.TID)) },
	"Image Path":   func(r *engine.Row) string { return r.Object.Process.Path },
	"User":         func(r *engine.Row) string { return r.Object.Process.User },
	"Command Line": func(r *engine.Row) string { return r.Object.Process.CommandLine },
	"Parent PID":   func(r *engine.Row) string { return strconv.Itoa(int(r.Object.Process.Parent)) },
	"Date & Time":  func(r *engine.Row) string { return time.Unix(0, r.Record.Time).UTC().Format("1/2/2006 3:04:05 PM") },
	"Duration": func(r *engine.Row) string {
		v, ok := r.Event.Value("Duration")
		if !ok {
			return ""
		}
		return fmt.Sprintf("%d.%07d", v.U/1e9, v.U%1e9/100)
	},
}

func clock(ns int64) string {
	return time.Unix(0, ns).UTC().Format("3:04:05.0000000 PM")
}

func text(r *engine.Row, name string) string {
	v, _ := r.Event.Value(name)
	return v.S
}

// tally counts the rows of a column by operation, and those that differ by why.
type tally struct {
	rows   int
	differ map[string]int
}

// TestLogsAgreeWithExports: every event of a log is the row of its export, in every column; what differs is on the list of reasons.
func TestLogsAgreeWithExports(t *testing.T) {
	for _, log := range logs(t) {
		t.Run(filepath.Base(log), func(t *testing.T) { compare(t, log) })
	}
}

func compare(t *testing.T, log string) {
	run, err := engine.Open(context.Background(), []string{log}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	rows := exported(t, log)
	head, err := rows.Read()
	if err != nil {
		t.Fatal(err)
	}
	head = slices.Clone(head)
	rows.ReuseRecord = true
	seen := map[string]map[string]*tally{}
	failures := 0
	err = run.Each(func(r *engine.Row) error {
		want, err := rows.Read()
		if err != nil {
			t.Fatalf("event %d: %v", r.Record.Pos.Number, err)
		}
		export := map[string]string{}
		for i, name := range head {
			export[name] = want[i]
		}
		for _, name := range head {
			get := columns[name]
			if get == nil {
				continue
			}
			if seen[name] == nil {
				seen[name] = map[string]*tally{}
			}
			c := seen[name][export["Operation"]]
			if c == nil {
				c = &tally{differ: map[string]int{}}
				seen[name][export["Operation"]] = c
			}
			c.rows++
			got := get(r)
			if got == export[name] {
				continue
			}
			why := excuse(r, name, got, export[name])
			c.differ[why]++
			if why == "" {
				if failures++; failures < 20 {
					t.Errorf("event %d, %s, %s: got %q, want %q", r.Record.Pos.Number, export["Operation"], name, got, export[name])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Read(); err != io.EOF {
		t.Errorf("the export has more rows than the log has events")
	}
	if n := run.Infos()[0].Damage; n.Any() {
		t.Errorf("damage: %+v", n)
	}
	report(t, seen)
}

// report prints how far the columns agree: all operations together, and those that do not.
func report(t *testing.T, seen map[string]map[string]*tally) {
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		rows, differ := 0, 0
		var lines []string
		for _, operation := range slices.Sorted(maps.Keys(seen[name])) {
			c := seen[name][operation]
			rows += c.rows
			for why, n := range c.differ {
				differ += n
				lines = append(lines, fmt.Sprintf("    %s: %d of %d differ: %s", operation, n, c.rows, why))
			}
		}
		t.Logf("%-12s %6d of %6d equal\n%s", name, rows-differ, rows, strings.Join(lines, "\n"))
	}
}

// excuses are the details that a log does not give as Process Monitor exported them, each with its reason and how the two may differ.
var excuses = []struct {
	why     string
	applies func(r *engine.Row, operation, got, want string) bool
}{
	{"the log has the security identifier, and Process Monitor asked the system for its name", func(_ *engine.Row, _, got, want string) bool {
		a, b, ok := strings.Cut(got, "Impersonating: S-1-")
		before, after, _ := strings.Cut(want, "Impersonating: ")
		return ok && a == before && rest(b) == rest(after)
	}},
	{"Process Monitor 3.60 writes the class over the third item of a listing; ours has both", func(_ *engine.Row, operation, got, want string) bool {
		return operation == "QueryDirectory" && listing(got, want)
	}},
	{"Process Monitor on 64-bit Windows prints the lower half of the pointer behind the page protection", func(r *engine.Row, operation, got, want string) bool {
		a, _, _ := strings.Cut(got, ", PageProtection: ")
		return operation == "CreateFileMapping" && want == a+behindProtection(r.Event.Payload)
	}},
	{"Process Monitor prints the two sizes as times", func(_ *engine.Row, operation, got, want string) bool {
		a, b := strings.Split(got, ", "), strings.Split(want, ", ")
		return operation == "QueryNetworkOpenInformationFile" && len(a) == 7 && len(b) == 7 && slices.Equal(a[:4], b[:4]) && a[6] == b[6] &&
			strings.HasPrefix(b[4], "AllocationSize: 1/1/1601") && strings.HasPrefix(b[5], "EndOfFile: 1/1/1601")
	}},
	{"Process Monitor prints no REG_QWORD", func(_ *engine.Row, _, got, want string) bool {
		return strings.Contains(want, "Type: REG_QWORD") && strings.HasPrefix(got, want)
	}},
	{"Process Monitor reads registry data beyond what the log has of it", func(_ *engine.Row, operation, got, want string) bool {
		return strings.HasPrefix(operation, "Reg") && strings.Contains(got, "Data: ") && strings.HasPrefix(want, strings.TrimSuffix(got, "\n"))
	}},
	{"Process Monitor on 32-bit Windows prints the lower half of the length of a lock to the end", func(_ *engine.Row, operation, got, want string) bool {
		return (operation == "LockFile" || operation == "UnlockFileSingle") && strings.ReplaceAll(got, "18,446,744,073,709,551,615", "4,294,967,295") == want
	}},
}

// behindProtection is the page protection that the lower half of the pointer behind it would be, of a mapping on 64-bit Windows.
func behindProtection(payload []byte) string {
	const eventLen, depthAt, pointer, pointerAt = 52, 0x28, 8, 4 + 12 + 8
	at := eventLen + pointer*int(binary.LittleEndian.Uint16(payload[depthAt:])) + pointerAt
	u, name := binary.LittleEndian.Uint32(payload[at:]), ""
	for i, s := range []string{"READONLY", "READWRITE", "WRITECOPY", "EXECUTE", "EXECUTE_READ", "EXECUTE_READWRITE"} {
		if u&(2<<i) != 0 {
			name = "PAGE_" + s
			break
		}
	}
	if u&0x200 != 0 {
		name += "|PAGE_NOCACHE"
	}
	return ", PageProtection: " + name
}

// rest is what follows a value of the Detail column.
func rest(s string) string {
	_, after, _ := strings.Cut(s, ", ")
	return after
}

// listing compares two listings without the class and the item that it took the place of.
func listing(got, want string) bool {
	without := func(s string) string {
		return strings.Join(slices.DeleteFunc(strings.Split(s, ", "), func(item string) bool {
			return strings.HasPrefix(item, "FileInformationClass: ") || strings.HasPrefix(item, "2: ")
		}), ", ")
	}
	a, b := without(got), without(want)
	return a == b || len(want) > 4000 && strings.HasPrefix(a, b) // the export stops where a buffer was full
}

// unnamed are operations that the version of Process Monitor that exported the logs had no name for.
var unnamed = []string{"SetStorageReservedIdInformation", "QueryCaseSensitiveInformation"}

// excuse says why a column may differ from what Process Monitor exported, "" when it may not.
func excuse(r *engine.Row, column, got, want string) string {
	operation := r.Event.Def.Name
	if column == "Operation" && want == "<Unknown>" && slices.Contains(unnamed, got) {
		return "Process Monitor 3.53 has no name for " + got
	}
	if column != "Detail" {
		return ""
	}
	for _, e := range excuses {
		if e.applies(r, operation, got, want) {
			return e.why
		}
	}
	return ""
}
