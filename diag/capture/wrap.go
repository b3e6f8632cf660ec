package capture

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/wiretale/wiretale/diag"
	"github.com/wiretale/wiretale/internal/flow"
	"github.com/wiretale/wiretale/trace"
)

//go:embed wrap.md
var wrapPage string

// Wrap: a circular trace has lost its beginning (Q16).
var Wrap = &diag.Rule{ID: "cap.wrap", Title: "the beginning of a circular trace is overwritten", Page: wrapPage, Quality: true, Run: wrapped}

// circular is the bit of LogFileMode for a file that is written round and round (EVENT_TRACE_FILE_MODE_CIRCULAR).
const circular = 2

// minLate is how long after the session's start the first event is late: providers log within a second.
const minLate = 5 * time.Second

func wrapped(in *diag.Input) []diag.Finding {
	var out []diag.Finding
	for i, s := range in.Sources {
		switch {
		case s.Session != nil:
			if f, ok := wrappedSession(in, i, s.Session); ok {
				out = append(out, f)
			}
		default:
			if f, ok := laterFile(in, i); ok && begunBefore(in, i) {
				out = append(out, f)
			}
		}
	}
	return out
}

// wrappedSession judges an ETL file by its header: more buffers were written than are in the file, or the first event is late.
func wrappedSession(in *diag.Input, source int, s *trace.Session) (f diag.Finding, ok bool) {
	if s.Mode&circular == 0 {
		return f, false
	}
	f = diag.Finding{
		Severity: diag.Warning, Source: source,
		Fix:         []string{"record with a larger maximum size, or stop the trace sooner after the fault"},
		NextCapture: []string{"netsh trace start capture=yes maxSize=4096 fileMode=circular; or logman create trace with -max 4096 -f bincirc"},
	}
	begin := in.Spans[source].Begin
	late := time.Duration(0)
	if begin.Seen() && begin.Time != trace.NoTime && s.Start > 0 && begin.Time > s.Start {
		late = time.Duration(begin.Time - s.Start)
	}
	if late == 0 || late < length(in, source)/10 {
		return f, false
	}
	switch overwritten := s.Written - s.Buffers; {
	case overwritten > 0 && s.Buffers > 0: // a copy that was cut has too few buffers as well, but its first event
		f.Confidence, f.Count = diag.Proven, overwritten
		f.Facts = []diag.Fact{{Name: "buffers written", Value: fmt.Sprint(s.Written)}, {Name: "buffers in the file", Value: fmt.Sprint(s.Buffers)}}
		f.Summary = fmt.Sprintf("%s overwritten in this circular trace: what happened in the first %s is gone", were(overwritten), diag.Duration(late))
	case s.Written == 0 && late >= minLate: // a session that was not closed has not counted
		f.Confidence = diag.Likely
		f.Summary = fmt.Sprintf("the first event of this circular trace comes %s after its session began: the beginning is overwritten", diag.Duration(late))
	default:
		return f, false
	}
	if begin.Seen() {
		f.Where = []trace.Pos{begin.Pos}
	}
	f.Why = "the beginning of the trace is overwritten"
	return f, true
}

func were(n int) string {
	if n == 1 {
		return "1 buffer was"
	}
	return fmt.Sprintf("%d buffers were", n)
}

func length(in *diag.Input, source int) time.Duration {
	if s := in.Spans[source]; s.First != trace.NoTime {
		return time.Duration(s.Last - s.First)
	}
	return 0
}

// ringFile is how dumpcap names the files of a ring or of a series: NAME_00003_20260801120000.pcapng.
var ringFile = regexp.MustCompile(`^(.*)_(\d{5})_(\d{14})(\..*)?$`)

// laterFile reports a file of a series whose file before is not given.
func laterFile(in *diag.Input, source int) (f diag.Finding, ok bool) {
	name := filepath.Base(in.Sources[source].Name)
	m := ringFile.FindStringSubmatch(name)
	if m == nil {
		return f, false
	}
	n, err := strconv.Atoi(m[2])
	if err != nil || n < 2 {
		return f, false
	}
	for _, s := range in.Sources {
		if o := ringFile.FindStringSubmatch(filepath.Base(s.Name)); o != nil && o[1] == m[1] {
			if k, err := strconv.Atoi(o[2]); err == nil && k == n-1 {
				return f, false
			}
		}
	}
	return diag.Finding{
		Severity: diag.Note, Confidence: diag.Likely, Source: source,
		Summary: fmt.Sprintf("%s is file %d of a series: connections that began before it are in the files before", name, n),
		Fix:     []string{fmt.Sprintf("give file %d as well: wiretale %s_%05d_* %s", n-1, m[1], n-1, name)},
	}, true
}

// begunBefore reports whether a connection of the source began before it.
func begunBefore(in *diag.Input, source int) bool {
	for c := range in.Conversations.With(flow.Headless) {
		if c.Source == source && beganBefore(c) {
			return true
		}
	}
	return false
}
