package main

import "testing"

func TestOnlyDeadline(t *testing.T) {
	tests := []struct {
		name, out string
		want      bool
	}{
		{"deadline", "fuzz: elapsed: 10s, execs: 120020 (7229/sec)\n--- FAIL: FuzzSchema (10.05s)\n    context deadline exceeded\nFAIL\nexit status 1\nFAIL\tx/provider\t10.060s\n", true},
		{"finding", "--- FAIL: FuzzX (1.05s)\n    --- FAIL: FuzzX (0.00s)\n        x_test.go:5: bad\n    \n    Failing input written to testdata/fuzz/FuzzX/1\nFAIL\n", false},
		{"finding at the end", "--- FAIL: FuzzX (10.05s)\n    context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzX/1\nFAIL\n", false},
		{"seed", "failure while testing seed corpus entry: FuzzX/seed#0\n--- FAIL: FuzzX (0.00s)\n    context deadline exceeded\nFAIL\n", false},
		{"panic", "--- FAIL: FuzzX (2s)\n    panic: runtime error\nFAIL\n", false},
		{"build", "FAIL\tx [build failed]\n", false},
	}
	for _, tt := range tests {
		if got := onlyDeadline([]byte(tt.out)); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
