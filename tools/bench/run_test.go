//go:build unix

package main

import (
	"bytes"
	"context"
	"testing"
	"time"
)

func TestMedianIsTheMiddleByWallTime(t *testing.T) {
	all := []measure{{wall: 5}, {wall: 1, peak: 7}, {wall: 1}, {wall: 9}, {wall: 3, peak: 2}}
	if got := median(all); got.wall != 3 || got.peak != 2 {
		t.Errorf("median is %+v", got)
	}
	if got := median(nil); got != (measure{}) {
		t.Errorf("median of none is %+v", got)
	}
}

func TestRunStopsWhatTakesTooLong(t *testing.T) {
	m, err := run(context.Background(), 50*time.Millisecond, nil, "sleep", "60")
	if err != nil || !m.stopped || m.wall > 30*time.Second {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestRunReportsFailures(t *testing.T) {
	if _, err := run(context.Background(), 0, nil, "sh", "-c", "echo broken >&2; exit 3"); err == nil {
		t.Error("no error")
	}
	m, err := run(context.Background(), time.Minute, []string{"BENCH=1"}, "sh", "-c", `test "$BENCH" = 1`)
	if err != nil || m.peak == 0 || m.stopped {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestCountRecords(t *testing.T) {
	file := make([]byte, 24)
	for _, n := range []byte{0, 5, 60} {
		head := make([]byte, 16)
		head[8], head[12] = n, n
		file = append(append(file, head...), make([]byte, n)...)
	}
	if n, err := countRecords(context.Background(), bytes.NewReader(file)); n != 3 || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
	if n, err := countRecords(context.Background(), bytes.NewReader(file[:len(file)-1])); err == nil {
		t.Errorf("cut file: %d records and no error", n)
	}
}
