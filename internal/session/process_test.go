package session

import "testing"

// The records of one life make one process, in whatever order they come; those of two lives two.
func TestLivesOfAProcess(t *testing.T) {
	const second = 1_000_000_000
	start, end := ProcessRecord{PID: 8, Name: "a.exe", Start: 10 * second}, ProcessRecord{PID: 8, Name: "a.exe", End: 20 * second}
	again := ProcessRecord{PID: 8, Name: "b.exe", Start: 30 * second}
	// Another provider logs the same, without the key.
	start2, end2 := ProcessRecord{PID: 8, Name: "a.exe", Start: 10*second - 1000}, ProcessRecord{PID: 8, End: 20*second + 1000}
	keyed := func(r ProcessRecord, key uint64) ProcessRecord {
		r.Key = key
		return r
	}
	tests := []struct {
		name    string
		records []ProcessRecord
		lives   int
	}{
		{"start, end", []ProcessRecord{start, end}, 1},
		{"end, start", []ProcessRecord{end, start}, 1},
		{"end, start, with a key", []ProcessRecord{keyed(end, 1), keyed(start, 1)}, 1},
		{"rundown at the end, start", []ProcessRecord{keyed(ProcessRecord{PID: 8, Name: "a.exe"}, 1), keyed(start, 1)}, 1},
		{"end, start of the next", []ProcessRecord{end, again}, 2},
		{"start of the next, end", []ProcessRecord{again, end}, 2},
		{"all, the next first", []ProcessRecord{again, end, start}, 2},
		{"all, the end first", []ProcessRecord{end, again, start}, 2},
		{"all, with keys", []ProcessRecord{keyed(end, 1), keyed(again, 2), keyed(start, 1)}, 2},
		{"all, the key is used again", []ProcessRecord{keyed(end, 1), keyed(start, 1), keyed(again, 1)}, 2},
		{"of two providers", []ProcessRecord{keyed(start, 1), keyed(end, 1), start2, end2}, 1},
		{"of two providers, the one without the key first", []ProcessRecord{start2, keyed(start, 1), end2, keyed(end, 1)}, 1},
		{"the same twice", []ProcessRecord{start, start, end, end}, 1},
	}
	for _, tt := range tests {
		tr := NewTracker(0)
		for _, r := range tt.records {
			tr.LearnProcess(r)
		}
		if n := len(tr.procs.list); n != tt.lives {
			t.Errorf("%s: %d processes, want %d", tt.name, n, tt.lives)
		}
		if p := tr.procs.at(8, 15*second); p == nil || p.Name != "a.exe" || p.End == 0 && tt.name != "rundown at the end, start" {
			t.Errorf("%s: at 15 it is %+v", tt.name, p)
		}
	}
}
